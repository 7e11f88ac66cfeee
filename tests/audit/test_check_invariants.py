import json

import pytest
from django.core.management import call_command

from config import registry
from config.accounts.models import Clinic, Membership, User
from config.audit.services import record
from tests import factories

pytestmark = pytest.mark.django_db


def run(capsys, *args) -> tuple[int, list[str]]:
    code = 0
    try:
        call_command("check_invariants", *args)
    except SystemExit as stopped:
        code = stopped.code
    return code, capsys.readouterr().out.splitlines()


def only(monkeypatch, *names):
    monkeypatch.setattr(registry, "invariants", {name: registry.invariants[name] for name in names})
    monkeypatch.setattr("config.audit.management.commands.check_invariants.invariants", registry.invariants)


def test_a_sound_data_set_is_one_summary_line(ada, ben, dana, capsys):
    record("test.done", by=ada, subject=ada)
    code, [line] = run(capsys, "--json")
    summary = json.loads(line)
    assert (code, summary["status"], summary["breaches"]) == (0, "ok", 0)
    assert {"audit chain", "append-only tables", "memberships"} <= set(summary["checked"])


def test_each_breach_is_one_line(ada, group, clinic, monkeypatch, capsys):
    only(monkeypatch, "memberships", "addresses")
    wrong = factories.make_user("Wrong", "staff", group)
    Membership.objects.create(user=wrong, clinic=clinic, role="specialist")
    User.objects.filter(pk=wrong.pk).update(email="Wrong@example.test")
    code, lines = run(capsys, "--json")
    assert code == 1
    breaches = [json.loads(line) for line in lines]
    assert [breach["invariant"] for breach in breaches] == [
        "addresses",
        "memberships",
        "memberships",
        "memberships",
    ]
    assert "a specialist without NPI" in lines[3]


def test_without_json_it_is_readable(group, monkeypatch, capsys):
    only(monkeypatch, "memberships")
    membership = factories.make_user("Wrong", "staff", group).memberships.get()
    assert run(capsys) == (1, [f"memberships: membership {membership.pk}: staff in a group"])
    Membership.objects.update(is_active=False)
    assert run(capsys) == (0, ["1 promises hold"])
    assert Clinic.objects.exists()
