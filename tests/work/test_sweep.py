"""The sweep offers each due row once a half minute, stops when the broker is away, and loses nothing."""

import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from config.accounts.services import queue_mail
from config.accounts.signin_models import OutgoingMail
from config.work import services as work
from tests.racing import race

pytestmark = pytest.mark.django_db


class Broker:
    """A `send` that keeps what was offered; after `works_for` messages it is away."""

    def __init__(self, works_for: int | None = None) -> None:
        self.works_for, self.sent, self.tried = works_for, [], 0

    def __call__(self, kind, pk) -> None:
        self.tried += 1
        if self.works_for is not None and len(self.sent) >= self.works_for:
            raise ConnectionError("broker is away")
        self.sent.append((kind.name, pk))

    @property
    def pks(self) -> list:
        return [pk for _, pk in self.sent]


@pytest.fixture
def due(db):
    """Three due rows, the longest-waiting first."""
    rows = [queue_mail("password_changed", to=f"m{n}@example.test") for n in range(3)]
    for n, row in enumerate(rows):
        change(row, due_at=timezone.now() - timedelta(seconds=30 - 10 * n))
    return rows


def change(row, **columns):
    OutgoingMail.objects.filter(pk=row.pk).update(**columns)


def statuses(rows) -> list[tuple]:
    return [OutgoingMail.objects.values_list("work_status", "attempts").get(pk=row.pk) for row in rows]


def all_due_again():
    OutgoingMail.objects.filter(work_status__in=["waiting", "working"]).update(
        due_at=timezone.now() - timedelta(seconds=1)
    )


def test_each_due_row_is_offered_once_the_oldest_first(due):
    broker = Broker()
    assert work.sweep(broker) == 3
    assert broker.sent == [("account mail", row.pk) for row in due]
    assert work.sweep(broker) == 0
    assert broker.tried == 3


def test_offering_counts_no_attempt(due):
    for _ in range(3 * work.MAX_ATTEMPTS):
        assert work.sweep(Broker()) == 3
        all_due_again()
    assert statuses(due) == [("waiting", 0)] * 3


def test_a_lost_message_is_offered_again_after_half_a_minute(due):
    work.sweep(Broker())
    waits = [(at - timezone.now()).total_seconds() for at in OutgoingMail.objects.values_list("due_at", flat=True)]
    assert all(work.DISPATCH_SECONDS - 5 < wait <= work.DISPATCH_SECONDS for wait in waits)


def test_what_is_not_due_yet_is_not_offered(due):
    change(due[0], due_at=timezone.now() + timedelta(seconds=5))
    change(due[1], work_status="done")
    broker = Broker()
    work.sweep(broker)
    assert broker.pks == [due[2].pk]


def test_a_row_under_a_live_lease_is_left_alone_and_a_lapsed_one_is_offered(due):
    alive, lapsed = work.claim(OutgoingMail, due[0].pk), work.claim(OutgoingMail, due[1].pk)
    change(due[1], due_at=timezone.now() - timedelta(seconds=1))
    broker = Broker()
    work.sweep(broker)
    assert set(broker.pks) == {due[1].pk, due[2].pk}
    work.settle(alive)
    with pytest.raises(work.Fenced):
        work.settle(lapsed)
    assert work.claim(OutgoingMail, due[1].pk).attempt == 2


def test_a_limit_leaves_the_rest_for_the_next_sweep(due):
    broker = Broker()
    assert (work.sweep(broker, limit=2), work.sweep(broker, limit=2)) == (2, 1)
    assert broker.pks == [row.pk for row in due]


# --- the broker is away --------------------------------------------------------------------------------------


def test_the_first_message_that_cannot_be_sent_ends_the_sweep(due):
    broker = Broker(works_for=1)
    assert work.sweep(broker) == 1
    assert broker.tried == 2


def test_an_outage_of_the_broker_loses_no_row_and_counts_no_attempt(due):
    for _ in range(3 * work.MAX_ATTEMPTS):
        assert work.sweep(Broker(works_for=0)) == 0
        all_due_again()
    assert statuses(due) == [("waiting", 0)] * 3
    broker = Broker()
    assert work.sweep(broker) == 3
    assert set(broker.pks) == {row.pk for row in due}


def test_rows_behind_the_failed_message_stay_due(due):
    work.sweep(Broker(works_for=0))
    broker = Broker()
    work.sweep(broker)
    assert broker.pks == [due[1].pk, due[2].pk]


# --- rows whose worker is lost each time ---------------------------------------------------------------------


def test_a_row_whose_worker_was_lost_five_times_gives_up_visibly(due, caplog):
    for attempt in range(1, work.MAX_ATTEMPTS + 1):
        assert work.claim(OutgoingMail, due[0].pk).attempt == attempt
        all_due_again()
        broker = Broker()
        work.sweep(broker)
        assert (due[0].pk in broker.pks) == (attempt < work.MAX_ATTEMPTS)
        all_due_again()
    assert statuses(due[:1]) == [("dead", work.MAX_ATTEMPTS)]
    row = OutgoingMail.objects.get(pk=due[0].pk)
    assert (row.last_error, row.lease_token, row.due_at) == ("The worker was lost at each attempt.", None, None)
    assert [found.pk for _, found in work.needs_attention()] == [due[0].pk]
    assert f"OutgoingMail {due[0].pk} needs attention" in caplog.text


def test_the_last_attempt_may_still_finish_within_its_lease(due):
    change(due[0], attempts=work.MAX_ATTEMPTS - 1)
    lease = work.claim(OutgoingMail, due[0].pk)
    work.sweep(Broker())
    work.settle(lease)
    assert statuses(due[:1]) == [("done", work.MAX_ATTEMPTS)]


# --- at once -------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_offer_a_row_once(due):
    for n in range(30):
        queue_mail("password_changed", to=f"more{n}@example.test")
    OutgoingMail.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    sent: list = []
    midway, other_is_over = threading.Event(), threading.Event()

    def send(kind, pk):
        sent.append(pk)
        if not midway.is_set():  # the first message is on its way when the other sweep walks over the same rows
            midway.set()
            assert other_is_over.wait(20)

    def sweep(number):
        if number:
            assert midway.wait(20)
            try:
                return work.sweep(send)
            finally:
                other_is_over.set()
        return work.sweep(send)

    offered = race(2, sweep)
    assert sum(offered) == 33, offered
    assert len(sent) == len(set(sent)) == 33


@pytest.mark.django_db(transaction=True)
def test_a_sweep_beside_a_worker_that_settles_never_wakes_what_is_done(due):
    for _ in range(5):
        leases = [work.claim(OutgoingMail, row.pk) for row in due]
        all_due_again()

        def run(i, leases=leases):
            return work.sweep(Broker()) if i == 3 else work.settle(leases[i])

        results = race(4, run)
        for (status, _), result in zip(statuses(due), results[:3], strict=True):
            assert (status, type(result)) in {("done", type(None)), ("waiting", work.Fenced)}
        OutgoingMail.objects.update(**work.due_fields())
