"""How work reaches the workers: each kind has its task, its queue is listened to, and no task outlives its lease."""

import json
import os
import re
import subprocess
import sys

import pytest
from django.conf import settings

from config.celery import app, schedule
from config.launcher import ROOT
from config.work import services, tasks
from config.work.registry import kinds, periodics
from tests.journeys.running import free_port

app.loader.import_default_modules()
LISTENED = re.compile(r"-Q[\s\"',]+([a-z,]+)")


def queues(text: str) -> set[str]:
    return {queue for listed in LISTENED.findall(text) for queue in listed.split(",") if queue}


@pytest.mark.parametrize("name", sorted(kinds))
def test_the_task_of_a_kind_ends_before_its_lease(name):
    task = app.tasks[kinds[name].task_name]
    hard = task.time_limit or settings.CELERY_TASK_TIME_LIMIT
    soft = task.soft_time_limit or settings.CELERY_TASK_SOFT_TIME_LIMIT
    assert soft < hard < kinds[name].lease_seconds


@pytest.mark.parametrize("name", sorted(periodics))
def test_a_periodic_task_exists(name):
    assert periodics[name].task_name in app.tasks


@pytest.mark.parametrize("path", ["config/launcher.py", "Procfile", "compose.yaml"])
def test_every_queue_has_a_worker_that_listens(path):
    used = {job.queue for job in (*kinds.values(), *periodics.values())} | {"default"}
    assert queues((ROOT / path).read_text()) == used


def test_the_tick_comes_each_second_and_none_piles_up():
    schedule(app)
    tick = app.conf.beat_schedule["tick"]
    assert (tick["task"], tick["schedule"]) == ("work.tick_task", 1.0)
    for name, entry in app.conf.beat_schedule.items():
        assert entry["options"]["expires"] >= 3, name
        assert entry["options"]["retry"] is False, name


def test_a_message_to_a_dead_broker_fails_while_its_tick_still_has_time():
    """In a process of its own, whose broker address nobody listens at."""
    script = (
        "import django, json, time; django.setup()\n"
        "from config.celery import app\n"
        "from config.work.registry import kinds\n"
        "from config.work.tasks import send\n"
        "began = time.monotonic()\n"
        "try:\n"
        "    send(kinds['photo'], 'a-key'); told = 'sent'\n"
        "except Exception as error:\n"
        "    told = type(error).__name__\n"
        "print(json.dumps([told, time.monotonic() - began]))\n"
    )
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "REDIS_URL": f"redis://127.0.0.1:{free_port()}/0",
    }
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    told, seconds = json.loads(done.stdout)
    assert told == "OperationalError"
    assert seconds < app.tasks["work.tick_task"].soft_time_limit - 5


def test_a_message_ends_soon_after_its_row_is_offered_again(monkeypatch):
    """An hour in which mail waits must not leave an hour of messages behind it; five minutes are for clocks that differ."""
    sent = {}
    monkeypatch.setattr(app, "send_task", lambda name, **options: sent.update(options))
    tasks.send(kinds["notice"], 1)
    assert (sent["queue"], sent["expires"], sent["retry"]) == ("mail", services.DISPATCH_SECONDS + 300, False)
