"""What the server accepts as a beat, what it credits, and what never counts."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connections, transaction
from django.utils import timezone

from intake.models import Case
from review import services, timekeeping
from review.beats import LATE_MS, tape_of
from review.errors import BeatsRefused, ReviewRefused
from review.models import AddedTime, Beat, Review
from tests import factories
from tests.review.conftest import Tab

pytestmark = pytest.mark.django_db


def measured(review):
    return services.review_time(review).measured_ms


def test_work_is_credited_as_it_happened(tab, review):
    tab.work(100_000)
    time = services.review_time(review)
    assert (time.measured_ms, time.added_ms, time.lost_ms) == (100_000, 0, 0)
    assert len(time.intervals) == 1 and time.last_beat_id == Beat.objects.latest("pk").pk


def test_a_hundred_beats_in_one_second_credit_at_most_that_second(tab, review, clock):
    for i in range(100):
        tab.send(mono_ms=15_000 * i, last_input_ms=15_000 * i)
        clock.ms += 10
    tab.send("ended", mono_ms=2_000_000, last_input_ms=2_000_000)
    assert measured(review) <= 1_000


def test_two_tabs_never_exceed_the_wall_clock(tab, review, dana, clock):
    other = Tab(review, dana, clock, "tab-2")
    for _ in range(5):
        tab.send()
        other.send()
        clock.ms += 15_000
    tab.send("ended")
    other.send("ended")
    assert measured(review) == 75_000


def test_two_reviews_of_one_clinician_share_the_wall_clock(tab, review, dana, clock, patient, ana, group):
    case = factories.put_status(factories.make_draft(patient, by=ana), "ready", group=group, patient_state="OH")
    second = services.claim_case(case=case, by=dana)
    other = Tab(second, dana, clock, "tab-9")
    tab.send()
    clock.ms += 5_000
    other.send()
    for _ in range(3):
        clock.ms += 15_000
        tab.send()
        other.send()
    assert measured(review) == 5_000 and measured(second) == 45_000


def test_what_was_signed_with_one_review_is_not_credited_to_another(
    tab, filled, sign, dana, clock, patient, ana, group
):
    case = factories.put_status(factories.make_draft(patient, by=ana), "ready", group=group, patient_state="OH")
    second = services.claim_case(case=case, by=dana)
    other = Tab(second, dana, clock, "tab-9")
    tab.send()
    clock.ms += 5_000
    other.send()
    clock.ms += 15_000
    tab.send("ended")
    signed = sign(filled)
    other.send("ended")  # arrives after the signature and claims the same 15 s
    time = services.review_time(second)
    assert (signed.measured_ms, time.tape_ms, time.measured_ms) == (20_000, 15_000, 0)
    assert time.not_counted[-1].why == "other_review"


def test_beats_sent_after_an_outage_earn_nothing_for_it_and_it_is_known_as_lost(tab, review, clock, dana):
    tab.send()
    clock.ms += 15_000
    tab.send()
    waiting = []
    for _ in range(8):
        clock.ms += 15_000
        mono = clock.ms - tab.opened
        waiting.append({"tab": tab.name, "seq": tab.seq, "mono_ms": mono, "last_input_ms": mono, "state": "counting"})
        tab.seq += 1
    services.record_beats(review=review, by=dana, beats=waiting)
    time = services.review_time(review)
    assert time.measured_ms == 15_000
    assert time.lost_ms >= 105_000


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "working"}, {"tab": ""}, {"tab": "x" * 37}, {"tab": "a/b"}, {"tab": 7}, {"seq": -1}, {"seq": "1"},
        {"seq": True}, {"mono_ms": 1.5}, {"mono_ms": -1}, {"mono_ms": None}, {"last_input_ms": 10**12}, {"seq": None},
    ],
)  # fmt: skip
def test_what_no_browser_sends_is_refused_whole(tab, review, changes):
    with pytest.raises(BeatsRefused):
        tab.send(**changes)
    assert not Beat.objects.exists()


def test_too_many_at_once_and_other_shapes_are_refused(tab, review, dana):
    with pytest.raises(BeatsRefused):
        services.record_beats(review=review, by=dana, beats=["beat"])
    with pytest.raises(BeatsRefused):
        services.record_beats(
            review=review, by=dana,
            beats=[{"tab": "t", "seq": i, "mono_ms": i, "last_input_ms": 0, "state": "counting"} for i in range(241)],
        )  # fmt: skip


def test_nobody_beats_for_another(review, eli):
    with pytest.raises(ReviewRefused):
        services.record_beats(review=review, by=eli, beats=[])


def test_a_counting_beat_renews_the_hold_an_untouched_tab_does_not(tab, review, clock):
    def set_hold():
        Case.objects.filter(pk=review.case_id).update(hold_expires_at=timezone.now() + timedelta(minutes=1))

    def left():
        return Case.objects.get(pk=review.case_id).hold_expires_at - timezone.now()

    set_hold()
    tab.send()
    assert left() > timedelta(minutes=20)
    set_hold()
    clock.ms += 91_000
    tab.send(touched=False)
    assert left() < timedelta(minutes=2)
    tab.send("paused")
    assert left() < timedelta(minutes=2)


def test_the_hold_is_written_once_a_minute(tab, review, settings):
    def until():
        return Case.objects.values_list("hold_expires_at", flat=True).get(pk=review.case_id)

    begun = until()
    tab.send()
    tab.send()
    assert until() == begun, "half an hour is left: nothing is written"
    for left, renewed in (
        (timedelta(minutes=settings.HOLD_MINUTES, seconds=-50), False),
        (timedelta(minutes=28), True),
    ):
        old = timezone.now() + left
        Case.objects.filter(pk=review.case_id).update(hold_expires_at=old)
        tab.send()
        assert (until() > old) == renewed, left


def test_a_beat_asks_once_and_writes_once(tab, review, django_assert_num_queries):
    tab.send()
    for state in ("counting", "paused", "ended"):
        with django_assert_num_queries(4):  # a savepoint, the review with its hold, the beat, the savepoint's end
            tab.send(state)


def test_the_account_asks_the_same_for_a_long_tape_as_for_a_short_one(tab, review, django_assert_num_queries):
    for beats in (2, 40):
        while review.beats.count() < beats:
            tab.send()
            tab.clock.ms += 15_000
        with django_assert_num_queries(3):  # own beats, other open reviews, what was signed elsewhere
            services.review_time(review, with_added=False)


def test_whoever_has_no_review_of_the_case_has_nothing_to_beat(ready, dana, eli):
    beat = {"tab": "t", "seq": 0, "mono_ms": 0, "last_input_ms": 0, "state": "counting"}
    assert services.receive_beats(case_id=ready.pk, by=eli, beats=[beat]) is None
    assert not Beat.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_wait_for_another_writer_is_a_beats_way_too(review, dana, clock):
    """Judged before that wait, a beat would be kept with touches that lie too late."""
    under_way, got = threading.Event(), []

    def beats():
        yield {"tab": "t", "seq": 0, "mono_ms": 0, "last_input_ms": 0, "state": "counting"}
        under_way.set()

    def tell():
        case_id = review.case_id
        got.append(services.receive_beats(case_id=case_id, by=dana, beats=beats(), sent_ms=str(clock.ms)))
        connections.close_all()

    teller = threading.Thread(target=tell)
    with transaction.atomic():
        Review.objects.select_for_update().get(pk=review.pk)
        teller.start()
        assert under_way.wait(20)
        clock.ms += LATE_MS + 1
    teller.join(20)
    assert got[0].is_late and not Beat.objects.exists()


def test_what_another_case_was_signed_with_long_ago_is_not_looked_through(
    tab, review, dana, clock, patient, ana, group
):
    """Its beats ended before these began, so it cannot claim a moment of them."""
    tab.send()
    long_ago = factories.put_status(factories.make_draft(patient, by=ana), "ready", group=group, patient_state="OH")
    other = services.claim_case(case=long_ago, by=dana)
    clock.ms -= 86_400_000
    Tab(other, dana, clock, "tab-8").work(30_000)
    clock.ms += 86_400_000
    tab.work(30_000)
    assert {beat.review for beat in tape_of(review)} == {str(review.pk)}


def test_after_the_hold_is_gone_only_a_closing_beat_is_taken(tab, review, dana, clock):
    tab.send()
    services.release_case(case=Case.objects.get(pk=review.case_id), by=dana)
    clock.ms += 10_000
    assert tab.send() is False
    assert tab.send("ended") is False
    assert list(Beat.objects.values_list("state", flat=True)) == ["counting", "ended"]
    # the refused beat leaves a hole: the span is not credited
    assert measured(review) == 0


def test_a_signed_review_takes_no_more_beats(filled, tab, sign, clock):
    tab.work(30_000)
    sign(filled)
    count = Beat.objects.count()
    clock.ms += 1_000
    assert tab.send() is False
    assert Beat.objects.count() == count


def test_the_tape_cannot_be_edited(tab, review):
    tab.send()
    for change in (lambda: Beat.objects.update(server_ms=0), lambda: Beat.objects.all().delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def span(review, minutes=5, ago=30):
    stop = timezone.now() - timedelta(minutes=ago)
    return {"started_at": stop - timedelta(minutes=minutes), "stopped_at": stop}


@pytest.fixture
def submitted_long_ago(review):
    Case.objects.filter(pk=review.case_id).update(submitted_at=timezone.now() - timedelta(days=1))
    review.case.refresh_from_db()


WHY = {"reason_code": "outside_record", "note": "Pathology report of 2019"}


def test_added_time_stands_beside_the_measured(tab, review, dana, submitted_long_ago):
    tab.work(60_000)
    services.add_time(review=review, by=dana, **span(review), **WHY)
    time = services.review_time(review)
    assert (time.measured_ms, time.added_ms, time.total_ms) == (60_000, 300_000, 360_000)
    with pytest.raises(DatabaseError), transaction.atomic():
        AddedTime.objects.update(note="Something else")


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"note": "short"}, "at least 10 letters"),
        ({"reason_code": "bored"}, "Choose a reason"),
        ({"stopped_at": timezone.now() + timedelta(hours=1)}, "still to come"),
        ({"started_at": timezone.now()}, "not after the start"),
        ({"started_at": timezone.now() - timedelta(days=9)}, "not here yet"),
        ({"started_at": timezone.now() - timedelta(hours=6)}, "more than 4 hours"),
    ],
)
def test_added_time_that_cannot_be_is_refused(review, dana, submitted_long_ago, changes, text):
    with pytest.raises(ReviewRefused, match=text):
        services.add_time(review=review, by=dana, **(span(review) | WHY | changes))


def test_no_moment_is_added_twice_or_beside_the_clock(tab, review, dana, submitted_long_ago, clock):
    services.add_time(review=review, by=dana, **span(review), **WHY)
    with pytest.raises(ReviewRefused, match="already added"):
        services.add_time(review=review, by=dana, **span(review, minutes=1, ago=31), **WHY)
    began = datetime.fromtimestamp(clock.ms / 1000, UTC)
    tab.work(120_000)
    over_it = {"started_at": began - timedelta(minutes=5), "stopped_at": began + timedelta(minutes=5)}
    with pytest.raises(ReviewRefused, match="counted by the clock"):
        services.add_time(review=review, by=dana, **over_it, **WHY)


def test_who_disagrees_writes_why_and_the_measured_time_stays(tab, filled, sign, dana):
    tab.work(60_000)
    services.dispute_time(review=filled, by=dana, why="I read it for longer")
    signed = sign(filled)
    assert signed.measured_ms == 60_000
    assert signed.signed_record["opinion"]["time_dispute"] == "I read it for longer"
    with pytest.raises(ReviewRefused):
        services.dispute_time(review=filled, by=dana, why="Later")


def test_the_tape_of_a_review_holds_what_decides_it_and_nothing_else(tab, review, dana, clock, patient, ana, group):
    tab.work(30_000)
    clock.ms += 600_000
    case = factories.put_status(factories.make_draft(patient, by=ana), "ready", group=group, patient_state="OH")
    second = services.claim_case(case=case, by=dana)
    Tab(second, dana, clock, "tab-2").work(30_000)
    assert {beat.review for beat in tape_of(review)} == {str(review.pk)}
    assert timekeeping.credit(tape_of(second)).of(str(dana.pk), str(second.pk)).ms == 30_000
