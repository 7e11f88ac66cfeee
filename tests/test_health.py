"""Readiness: 503 only when the database does not answer or migrations are missing; all else degrades with its reason."""

import json
import os
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from config import health, registry
from config.accounts.services import queue_mail
from config.accounts.signin_models import OutgoingMail
from config.launcher import _bundled_redis
from tests.journeys.running import ROOT, free_port
from tests.waiting import wait_until


@pytest.fixture
def answering_broker(settings):
    """The broker of the environment where one is given; else a Redis server of this test's own."""
    if os.environ.get("REDIS_URL"):
        yield
        return
    port = free_port()
    binary = shutil.which("redis-server") or _bundled_redis()
    if not binary:
        pytest.skip("no redis-server on PATH, no bundled one, no REDIS_URL")
    server = subprocess.Popen(
        [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
        cwd=settings.VAR, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    settings.REDIS_URL = f"redis://127.0.0.1:{port}/0"
    try:
        wait_until(lambda: health.broker() == "", 20)
        yield
    finally:
        server.kill()
        server.wait()


@pytest.fixture
def dead_broker(settings):
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"


def ready(client) -> tuple[int, dict]:
    answer = client.get("/readyz")
    return answer.status_code, answer.json()


def test_the_process_answers_without_a_database_query(client):
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok")


@pytest.mark.django_db
def test_ready_when_all_answer_and_nothing_waits(client, answering_broker):
    expected = {"status": "ready", "reasons": [], "database": "ok", "storage": "ok", "broker": "ok"}
    status, body = ready(client)
    assert status == 200
    assert {name: body[name] for name in expected} == expected
    assert body["oldest_waiting_seconds"] == 0


@pytest.mark.django_db
def test_a_dead_broker_degrades_and_is_named(client, dead_broker):
    status, body = ready(client)
    assert (status, body["status"]) == (200, "degraded")
    assert body["broker"] == "broker does not answer (ConnectionError)"
    assert body["reasons"] == [body["broker"]]


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["", "nonsense", "http://127.0.0.1/0"])
def test_an_address_that_is_no_redis_degrades(client, settings, address):
    settings.REDIS_URL = address
    status, body = ready(client)
    assert (status, body["status"]) == (200, "degraded")


@pytest.mark.django_db
def test_a_storage_that_does_not_answer_degrades_and_is_named(client, settings, tmp_path, answering_broker):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("not a folder")
    settings.STORAGE_URL = f"file://{in_the_way}"
    status, body = ready(client)
    assert (status, body["status"]) == (200, "degraded")
    assert body["reasons"] == [body["storage"]] != ["ok"]


@pytest.mark.django_db
@pytest.mark.parametrize(("waited", "status"), [(90, "ready"), (180, "degraded")])
def test_work_that_waits_for_minutes_degrades(client, answering_broker, waited, status):
    row = queue_mail("password_changed", to="m@example.test")
    OutgoingMail.objects.filter(pk=row.pk).update(due_at=timezone.now() - timedelta(seconds=waited))
    code, body = ready(client)
    assert (code, body["status"]) == (200, status)
    assert waited <= body["oldest_waiting_seconds"] < waited + 20
    assert any("work has waited for 1" in reason for reason in body["reasons"]) == (status == "degraded")


@pytest.mark.django_db
def test_an_app_can_tell_why_it_is_degraded(client, answering_broker, monkeypatch):
    monkeypatch.setitem(registry.readiness, "seals", lambda: {"waiting": 3, "degraded": "seals are late"})
    code, body = ready(client)
    assert (code, body["status"], body["reasons"]) == (200, "degraded", ["seals are late"])
    assert body["seals"]["waiting"] == 3


@pytest.mark.django_db
def test_missing_migrations_are_down(client, monkeypatch, dead_broker):
    monkeypatch.setattr(health, "_migrations_seen_complete", False)
    last = MigrationRecorder.Migration.objects.filter(app="intake").order_by("-name").first()
    last.delete()
    assert ready(client) == (503, {"status": "down", "database": "migrations are missing"})
    MigrationRecorder.Migration.objects.create(app=last.app, name=last.name)
    status, body = ready(client)
    assert (status, body["database"]) == (200, "ok")


def test_a_database_that_does_not_answer_is_down_and_the_process_still_lives(tmp_path):
    """In a process of its own, whose database address nobody listens at."""
    script = (
        "import django, json; django.setup()\n"
        "from django.test import Client\n"
        "alive, ready = Client().get('/healthz'), Client().get('/readyz')\n"
        "print(json.dumps([alive.status_code, ready.status_code, ready.json()]))\n"
    )
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "DATABASE_URL": f"postgres://nobody@127.0.0.1:{free_port()}/nothing",
        "TMPDIR": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    alive, code, body = json.loads(done.stdout)
    assert (alive, code) == (200, 503)
    assert body == {"status": "down", "database": "database does not answer (OperationalError)"}


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_monitor_needs_no_sign_in_and_is_told_no_secret(client, settings, dead_broker, path):
    settings.REDIS_URL = settings.REDIS_URL.replace("redis://", "redis://:hunter2@")
    answer = client.get(path)
    assert answer.status_code == 200
    assert "hunter2" not in answer.content.decode()
    assert str(Path(settings.VAR)) not in answer.content.decode()
