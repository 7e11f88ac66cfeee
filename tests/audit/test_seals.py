"""The chain: in order, keyed, unforkable, and able to say where somebody has touched it."""

import threading
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.utils import timezone

from config.audit import seals, triggers
from config.audit.models import AuditEvent, AuditSeal
from config.audit.services import record

pytestmark = pytest.mark.django_db


def make_events(by, count: int = 5) -> list[AuditEvent]:
    return [record("test.done", by=by, subject=by, data={"n": n}) for n in range(count)]


def tamper(sql: str) -> None:
    with triggers.lifted(), connection.cursor() as cursor:
        cursor.execute(sql)


def test_events_are_sealed_in_order_and_the_chain_verifies(ada):
    events = make_events(ada)
    assert seals.seal() == 5
    assert list(AuditSeal.objects.order_by("position").values_list("position", "event_id")) == [
        (n + 1, event.pk) for n, event in enumerate(events)
    ]
    assert str(seals.verify()) == "sealed to 5, 0 waiting, oldest 0 s"


def test_a_second_run_finds_nothing_and_a_third_continues_the_chain(ada):
    make_events(ada)
    seals.seal()
    assert seals.seal() == 0
    make_events(ada, 2)
    assert seals.seal() == 2
    assert seals.verify().breaks == []


def test_one_run_seals_at_most_its_limit(ada):
    make_events(ada)
    assert [seals.seal(limit=2), seals.seal(limit=2), seals.seal(limit=2)] == [2, 2, 1]


@pytest.mark.parametrize(
    "change",
    [
        "verb = 'test.undone'",
        "subject_id = 'somebody-else'",
        "ip = '203.0.113.9'",
        "role = 'patient'",
        "actor_id = NULL",
        "case_number = 'DF-0000'",
        "data = '{\"n\": 99}'",
        "at = '2020-01-01 00:00:00+00:00'",
    ],
)
def test_an_edited_event_breaks_the_chain_at_its_place(ada, change):
    events = make_events(ada)
    seals.seal()
    tamper(f"UPDATE audit_auditevent SET {change} WHERE id = {events[2].pk}")
    [sentence] = seals.verify().breaks
    assert sentence.startswith("broken at 3:")


def test_a_removed_event_with_its_seal_is_found(ada):
    events = make_events(ada)
    seals.seal()
    tamper(f"DELETE FROM audit_auditseal WHERE event_id = {events[1].pk}")
    tamper(f"DELETE FROM audit_auditevent WHERE id = {events[1].pk}")
    assert seals.verify().breaks == ["broken at 2: the next seal is 3, so 1 are gone"]


def test_swapped_seals_are_found(ada):
    a, b, *_ = make_events(ada)
    seals.seal()
    tamper("UPDATE audit_auditseal SET position = position + 100 WHERE position = 1")
    tamper("UPDATE audit_auditseal SET position = 1 WHERE position = 2")
    tamper("UPDATE audit_auditseal SET position = 2 WHERE position = 101")
    [sentence] = seals.verify().breaks
    assert sentence.startswith("broken at 1:")


def test_whoever_lacks_the_key_cannot_make_a_chain(ada, settings):
    make_events(ada)
    settings.AUDIT_KEY = "another key"
    seals.seal()
    settings.AUDIT_KEY = "only-for-tests-audit"
    [sentence] = seals.verify().breaks
    assert sentence.startswith("broken at 1:")


def test_a_late_commit_far_below_is_sealed_by_the_stragglers_run(ada, monkeypatch):
    early, *rest = make_events(ada)
    monkeypatch.setattr(seals, "LOOK_BACK", 2)
    for event in rest:  # as if `early` had committed only now
        last = AuditSeal.objects.order_by("-position").first()
        position, previous = (last.position + 1, last.digest) if last else (1, seals.GENESIS)
        AuditSeal.objects.create(position=position, event=event, digest=seals.digest(previous, position, event))
    assert seals.seal() == 0
    assert seals.seal(everything=True) == 1
    assert AuditSeal.objects.get(event=early).position == 5
    assert seals.verify().breaks == []


def test_waiting_rows_are_counted_with_their_age(ada):
    make_events(ada, 3)
    verdict = seals.verify(now=timezone.now() + timedelta(seconds=90))
    assert (verdict.sealed_to, verdict.waiting) == (0, 3)
    assert 90 <= verdict.oldest_seconds <= 95
    assert not verdict.late


def test_the_command_prints_one_sentence_and_exits_0(ada, capsys):
    make_events(ada, 2)
    seals.seal()
    call_command("verify_audit")
    assert capsys.readouterr().out == "sealed to 2, 0 waiting, oldest 0 s\n"


def test_the_command_exits_1_and_says_where_the_chain_is_broken(ada, capsys):
    events = make_events(ada, 3)
    seals.seal()
    tamper(f"UPDATE audit_auditevent SET verb = 'a.b' WHERE id = {events[1].pk}")
    with pytest.raises(SystemExit) as stopped:
        call_command("verify_audit")
    assert stopped.value.code == 1
    printed = capsys.readouterr()
    assert printed.out == "sealed to 3, 0 waiting, oldest 0 s\n"
    assert "broken at 2:" in printed.err


@pytest.mark.parametrize(("minutes", "code"), [(9, 0), (11, 1)])
def test_the_command_exits_1_once_a_row_waits_more_than_10_minutes(ada, minutes, code):
    AuditEvent.objects.create(
        verb="test.done",
        actor=ada,
        role="administrator",
        subject_type="accounts.user",
        subject_id=str(ada.pk),
        at=timezone.now() - timedelta(minutes=minutes),
    )
    try:
        call_command("verify_audit")
        got = 0
    except SystemExit as stopped:
        got = stopped.code
    assert got == code


@pytest.mark.django_db(transaction=True)
def test_eight_sealers_at_once_make_one_chain(ada):
    make_events(ada, 40)
    start = threading.Barrier(8)
    failures = []

    def run():
        try:
            start.wait()
            for _ in range(8):
                seals.seal(limit=7)
        except Exception as error:  # noqa: BLE001 collected for the assertion
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while seals.seal():
        pass
    assert failures == []
    verdict = seals.verify()
    assert (verdict.sealed_to, verdict.waiting, verdict.breaks) == (40, 0, [])
