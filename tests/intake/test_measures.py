"""The clinic in numbers: what is counted, over which days, and that page, chart and CSV say the same."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from intake import escalation, measures, queue, services, triage
from intake.models import Case, InformationRequest
from tests import factories
from tests.factories import in_days

pytestmark = pytest.mark.django_db
NEW_YORK = ZoneInfo("America/New_York")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)


@pytest.fixture
def here():
    """A day at the clinic, in its own zone."""
    with timezone.override(NEW_YORK), time_machine.travel(at("2026-11-25T12:00"), tick=False) as clock:
        yield clock


@pytest.fixture
def send(patient, ana, dana):
    def _send(**facts) -> Case:
        draft = factories.make_draft(patient, by=ana, **({"reason": "A spot", "history": ""} | facts))
        services.give_consent(case=draft, by=ana, kinds={"treatment", "photography"})
        factories.make_ready_photo(draft, by=ana)
        return services.submit_case(case=draft, by=ana)

    return _send


def accept(case, ben, group):
    return triage.accept_case(case=case, by=ben, urgency="urgent", specialty="dermatology", group=group)


def made(key, ben, days=7) -> measures.Measure:
    return measures.MEASURES[key](measures.span_of(queue.clinics_of(ben), days))


def row(measure, label):
    return next(row for row in measure.rows if row[0] == label)


def test_arrivals_fall_on_the_clinics_day(here, send, ben, group):
    here.move_to(at("2026-11-24T23:30"))  # the next day in UTC
    case = send()
    here.move_to(at("2026-11-25T09:00"))
    send()
    accept(case, ben, group)
    arrived = made("arrivals", ben)
    assert (row(arrived, "Nov 24"), row(arrived, "Nov 25")) == (("Nov 24", 1, 0), ("Nov 25", 1, 1))
    assert len(arrived.rows) == 7 and arrived.says == "2 came in, 1 were accepted."


def test_what_lies_before_the_period_is_not_counted(here, send, ben):
    here.move_to(at("2026-11-18T23:59"))
    send()
    here.move_to(at("2026-11-25T12:00"))
    assert sum(row[1] for row in made("arrivals", ben).rows) == 0
    assert sum(row[1] for row in made("arrivals", ben, 30).rows) == 1


def test_a_quarter_is_put_together_by_weeks(here, send, ben):
    send()
    quarter = made("arrivals", ben, 90)
    assert quarter.columns[0] == "Week of"
    assert row(quarter, "Nov 23")[1] == 1  # its Monday
    assert len(quarter.rows) in (13, 14)


def test_the_time_to_triage_is_told_for_half_and_for_nine_of_ten(here, send, ben, group):
    for minutes in (60, 120, 600):
        here.move_to(at("2026-11-25T01:00"))
        case = send()
        here.move_to(at("2026-11-25T01:00") + timedelta(minutes=minutes))
        accept(case, ben, group)
    spent = made("time-to-triage", ben)
    assert row(spent, "Nov 25") == ("Nov 25", 3, 2.0, 10.0)
    assert row(spent, "Nov 24") == ("Nov 24", 0, None, None)
    assert "Half of the cases were accepted within 2 h" in spent.says


@given(st.lists(st.integers(0, 500), min_size=1, max_size=40), st.sampled_from([0.5, 0.9]))
def test_a_quantile_leaves_at_least_that_share_at_or_below(values, share):
    value = measures.quantile(Counter(values), share)
    assert sum(one <= value for one in values) >= share * len(values)
    assert sum(one < value for one in values) < share * len(values)


def test_no_case_has_no_half():
    assert measures.quantile(Counter(), 0.5) is None


def ask(case, by, reason="blurred", slot="close_up"):
    items = [triage.Asked("photo", slot=slot, reason_code=reason)]
    return triage.request_information(case=case, by=by, items=items, deadline=in_days(2))


def test_a_second_photo_is_better_not_better_never_came_or_still_waits(send, ben, ana):
    better, worse, never, waits = (ask(send(), ben) for _ in range(4))
    for request, verdict in ((better, "good"), (worse, "retake_suggested")):
        photo = factories.make_ready_photo(request.case, by=ana)
        type(photo).objects.filter(pk=photo.pk).update(quality_verdict=verdict)
        request.case.refresh_from_db()
        triage.answer_request(request=request, by=ana, answers={})
    triage.no_answer(request=never, by=ben, reason="No phone")
    by_slot = made("retakes-by-slot", ben)
    assert by_slot.rows == [("Close-up", 4, 1, 1, 1, 1, 33)] or by_slot.rows[0][1:] == (4, 1, 1, 1, 1, 33)
    assert "4 photos of 4 cases were asked for again, 100% of the cases that came in." in by_slot.says
    assert made("retakes-by-reason", ben).rows[0][:2] == ("Blurred", 4)
    assert InformationRequest.objects.filter(outcome="").get() == waits


def test_what_the_specialist_sends_back_is_counted_and_what_the_desk_takes_back_is_not(send, ben, dana, group):
    one, two = accept(send(), ben, group), accept(send(), ben, group)
    triage.return_to_triage(case=one, by=dana, reason="No scale")
    triage.return_to_triage(case=two, by=ben, reason="Wrong side")
    assert "sent 1 back or asked for more, 50% of the 2 accepted" in made("returned", ben).says


def test_redirects_say_who_decided(send, ben, draft, ana):
    services.answer_danger_signs(case=draft, by=ana, signs=["Sudden loss of sight"])
    triage.redirect_case(case=send(), by=ben, kind="in_person", reason="Too deep", told="Called")
    counts = [count for _, count in made("redirects", ben).rows]
    assert counts == [1, 1, 0]


def test_targets_that_passed_are_counted_by_kind(send, ben):
    case = send()
    escalation.escalate(now=case.triage_due_at + timedelta(seconds=1))
    late = made("over-target", ben)
    assert [sum(row[n] for row in late.rows) for n in (1, 2)] == [1, 0]


# the page


@pytest.fixture
def page(sign_in, ben):
    client = sign_in(ben)
    return lambda **query: client.get(reverse("intake:clinic_page"), query).content.decode()


def test_every_measure_has_its_sentence_table_and_csv(page, send, sign_in, ben):
    send()
    shown = page()
    for key in measures.MEASURES:
        assert f'href="/triage/clinic/{key}/csv/?days=30"' in shown
        answer = sign_in(ben).get(reverse("intake:clinic_csv", args=[key]), {"days": 7})
        lines = answer.content.decode().splitlines()
        measure = made(key, ben)
        assert lines[0].split(",")[0] == measure.columns[0]
        assert len(lines) == len(measure.rows) + 1
        assert answer.headers["Content-Disposition"].startswith(f'attachment; filename="{key}-7-days-')


@pytest.mark.parametrize("days", ["", "x", "²", "8", "99999"])
def test_an_unknown_period_shows_thirty_days(page, days):
    assert '?days=30" aria-current="true"' in page(days=days)


def test_an_unknown_measure_is_not_there(sign_in, ben):
    assert sign_in(ben).get(reverse("intake:clinic_csv", args=["salaries"])).status_code == 404


def test_another_clinic_counts_nothing_of_ours(send, max_stranger):
    send()
    assert made("arrivals", max_stranger).says == "0 came in, 0 were accepted."


def test_no_name_stands_on_the_page(page, send, patient):
    send()
    assert patient.last_name not in page()


def test_days_are_whole_even_when_the_clock_changes(here, ben):
    here.move_to(at("2026-11-02T08:00"))
    span = measures.span_of(queue.clinics_of(ben), 7)
    assert (span.first, span.last) == (date(2026, 10, 27), date(2026, 11, 2))
    # one hour more than seven days: the clock went back on Nov 1
    assert span.end.astimezone(UTC) - span.start.astimezone(UTC) == timedelta(days=7, hours=1)
