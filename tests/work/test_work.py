"""A row is claimed under a lease, settled by whoever still holds its token, and gives up visibly after five attempts."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from config.accounts.services import queue_mail
from config.accounts.signin_models import OutgoingMail
from config.work import services as work
from config.work.registry import kinds
from tests.racing import race

pytestmark = pytest.mark.django_db
LATE = timedelta(seconds=1)


@pytest.fixture
def row(db):
    return queue_mail("password_changed", to="m@example.test")


def column(row, *names):
    values = OutgoingMail.objects.values_list(*names).get(pk=row.pk)
    return values[0] if len(names) == 1 else values


def change(row, **columns):
    OutgoingMail.objects.filter(pk=row.pk).update(**columns)


def lapse(row):
    change(row, due_at=timezone.now() - LATE)


def seconds_until_due(row) -> float:
    return (column(row, "due_at") - timezone.now()).total_seconds()


# --- claiming ------------------------------------------------------------------------------------------------


def test_a_claim_counts_the_attempt_and_takes_a_lease_of_a_minute(row):
    lease = work.claim(OutgoingMail, row.pk)
    assert (lease.pk, lease.attempt) == (row.pk, 1)
    assert column(row, "work_status", "attempts", "lease_token") == ("working", 1, lease.token)
    assert 55 < seconds_until_due(row) <= work.LEASE_SECONDS


def test_a_claim_may_ask_for_a_lease_of_another_length(row):
    work.claim(OutgoingMail, row.pk, lease_seconds=300)
    assert 295 < seconds_until_due(row) <= 300


def test_the_row_is_claimed_under_the_text_of_its_key_too(row):
    assert work.claim(OutgoingMail, str(row.pk)) is not None


def test_a_second_claim_finds_nothing_to_do(row):
    first = work.claim(OutgoingMail, row.pk)
    assert work.claim(OutgoingMail, row.pk) is None
    assert column(row, "attempts", "lease_token") == (1, first.token)


def test_a_lapsed_lease_can_be_taken_over_with_a_token_of_its_own(row):
    first = work.claim(OutgoingMail, row.pk)
    lapse(row)
    second = work.claim(OutgoingMail, row.pk)
    assert second.attempt == 2
    assert second.token != first.token
    assert column(row, "lease_token") == second.token


@pytest.mark.parametrize("status", ["idle", "done", "dead"])
def test_what_is_not_waiting_is_not_claimed(row, status):
    change(row, work_status=status)
    assert work.claim(OutgoingMail, row.pk) is None
    assert column(row, "work_status", "attempts") == (status, 0)


def test_a_row_out_of_attempts_is_not_claimed_again(row):
    change(row, attempts=work.MAX_ATTEMPTS)
    assert work.claim(OutgoingMail, row.pk) is None
    assert column(row, "attempts") == work.MAX_ATTEMPTS


def test_a_key_that_does_not_exist_is_nothing_to_do(db):
    assert work.claim(OutgoingMail, uuid.uuid4()) is None


# --- settling ------------------------------------------------------------------------------------------------


def test_settling_writes_the_result_and_ends_the_work(row):
    lease = work.claim(OutgoingMail, row.pk)
    change(row, last_error="Timeout")
    now = timezone.now()
    work.settle(lease, settled_at=now)
    expected = ("done", None, None, "", now)
    assert column(row, "work_status", "due_at", "lease_token", "last_error", "settled_at") == expected


def test_a_worker_that_was_taken_over_writes_nothing(row):
    stale = work.claim(OutgoingMail, row.pk)
    lapse(row)
    second = work.claim(OutgoingMail, row.pk)
    with pytest.raises(work.Fenced):
        work.settle(stale, settled_at=timezone.now())
    assert column(row, "work_status", "settled_at", "lease_token") == ("working", None, second.token)
    work.settle(second)
    assert column(row, "work_status") == "done"


def test_settling_twice_is_fenced(row):
    lease = work.claim(OutgoingMail, row.pk)
    work.settle(lease)
    with pytest.raises(work.Fenced):
        work.settle(lease, settled_at=timezone.now())
    assert column(row, "settled_at") is None


def test_a_worker_whose_row_was_offered_again_writes_nothing(row):
    stale = work.claim(OutgoingMail, row.pk)
    lapse(row)
    assert work.sweep(lambda kind, pk: None) == 1
    with pytest.raises(work.Fenced):
        work.settle(stale, settled_at=timezone.now())
    assert column(row, "work_status", "settled_at") == ("waiting", None)


# --- failing -------------------------------------------------------------------------------------------------


def fail_attempt(row, **how):
    lapse(row)
    lease = work.claim(OutgoingMail, row.pk)
    work.fail(lease, "Timeout", **how)
    return lease


def test_each_failure_waits_longer_and_the_fifth_is_the_last(row):
    for attempt, wait in enumerate((5, 15, 60, 300), start=1):
        fail_attempt(row)
        assert column(row, "work_status", "attempts", "last_error") == ("waiting", attempt, "Timeout")
        assert column(row, "lease_token") is None
        assert wait - 2 < seconds_until_due(row) <= wait
    fail_attempt(row)
    assert column(row, "work_status", "attempts", "due_at", "lease_token") == ("dead", 5, None, None)
    assert column(row, "last_error") == "Timeout"
    assert work.claim(OutgoingMail, row.pk) is None


def test_an_outage_gives_the_attempt_back_and_never_kills(row):
    for _ in range(3 * work.MAX_ATTEMPTS):
        assert fail_attempt(row, outage=True).attempt == 1
        assert column(row, "work_status", "attempts", "last_error") == ("waiting", 0, "Timeout")
        assert work.DISPATCH_SECONDS - 2 < seconds_until_due(row) <= work.DISPATCH_SECONDS


def test_an_outage_in_the_last_attempt_does_not_kill(row):
    change(row, attempts=work.MAX_ATTEMPTS - 1)
    fail_attempt(row, outage=True)
    assert column(row, "work_status", "attempts") == ("waiting", work.MAX_ATTEMPTS - 1)


@pytest.mark.parametrize("attempt", [1, work.MAX_ATTEMPTS])
@pytest.mark.parametrize("outage", [False, True])
def test_the_failure_of_a_worker_that_was_taken_over_changes_nothing(row, attempt, outage, caplog):
    change(row, attempts=attempt - 1)
    stale = work.claim(OutgoingMail, row.pk)
    change(row, attempts=0, due_at=timezone.now() - LATE)
    second = work.claim(OutgoingMail, row.pk)
    before = column(row, "work_status", "attempts", "lease_token", "due_at", "last_error")
    work.fail(stale, "Timeout", outage=outage)
    assert column(row, "work_status", "attempts", "lease_token", "due_at", "last_error") == before
    assert column(row, "lease_token") == second.token
    assert "needs attention" not in caplog.text


def test_a_long_error_is_cut(row):
    work.fail(work.claim(OutgoingMail, row.pk), "x" * 9000)
    assert len(column(row, "last_error")) == 500


# --- giving up and the second chance -------------------------------------------------------------------------


def test_what_gave_up_needs_attention_and_can_be_tried_again_from_the_start(row):
    change(row, work_status="dead", attempts=5, due_at=None, last_error="Timeout")
    assert [(kind.name, found.pk) for kind, found in work.needs_attention()] == [("account mail", row.pk)]
    assert work.try_again("account mail", row.pk)
    assert column(row, "work_status", "attempts", "lease_token", "last_error") == ("waiting", 0, None, "")
    assert seconds_until_due(row) <= 0
    assert list(work.needs_attention()) == []
    assert work.claim(OutgoingMail, row.pk).attempt == 1


@pytest.mark.parametrize("status", ["idle", "waiting", "working", "done"])
def test_only_what_gave_up_is_tried_again(row, status):
    change(row, work_status=status, attempts=3)
    assert not work.try_again("account mail", row.pk)
    assert column(row, "work_status", "attempts") == (status, 3)


# --- how late ------------------------------------------------------------------------------------------------


def test_nothing_due_is_not_late(row):
    change(row, due_at=timezone.now() + timedelta(minutes=5))
    assert work.oldest_due_seconds() == 0


def test_the_longest_waiting_row_tells_how_late_work_is(row):
    other = queue_mail("password_changed", to="n@example.test")
    change(row, due_at=timezone.now() - timedelta(seconds=300))
    change(other, due_at=timezone.now() - timedelta(seconds=40))
    assert 300 <= work.oldest_due_seconds() < 310


@pytest.mark.parametrize("status", ["idle", "done", "dead"])
def test_what_is_not_live_is_never_late(row, status):
    change(row, work_status=status, due_at=timezone.now() - timedelta(days=1))
    assert work.oldest_due_seconds() == 0


def test_a_working_row_is_late_once_its_lease_has_lapsed(row):
    work.claim(OutgoingMail, row.pk)
    assert work.oldest_due_seconds() == 0
    change(row, due_at=timezone.now() - timedelta(seconds=90))
    assert 90 <= work.oldest_due_seconds() < 100


# --- at once -------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_twelve_workers_claim_one_row_and_one_has_it(row):
    assert connection.settings_dict["NAME"] != ":memory:"
    leases = race(12, lambda _: work.claim(OutgoingMail, row.pk))
    [won] = [lease for lease in leases if lease is not None]
    assert isinstance(won, work.Lease), leases
    assert column(row, "attempts", "lease_token") == (1, won.token)


@pytest.mark.django_db(transaction=True)
def test_twelve_workers_take_over_one_lapsed_row_and_one_has_it(row):
    work.claim(OutgoingMail, row.pk)
    lapse(row)
    leases = race(12, lambda _: work.claim(OutgoingMail, row.pk))
    [won] = [lease for lease in leases if lease is not None]
    assert isinstance(won, work.Lease), leases
    assert column(row, "attempts", "lease_token") == (2, won.token)


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_comes_back_late_and_its_successor_settle_once(row):
    stale = work.claim(OutgoingMail, row.pk)
    lapse(row)
    leases = [stale, work.claim(OutgoingMail, row.pk)]
    results = race(2, lambda i: work.settle(leases[i], settled_at=timezone.now()))
    assert isinstance(results[0], work.Fenced) and results[1] is None, results
    assert column(row, "work_status") == "done"


def test_every_kind_of_work_has_an_index_of_its_live_rows():
    for kind in kinds.values():
        conditions = [index.condition for index in kind.model._meta.indexes if index.fields == ["due_at"]]
        assert conditions and conditions[0] is not None, kind.name
