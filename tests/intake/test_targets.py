"""What the clinic promises, in hours that it is open; a promise that was made does not move."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.urls import reverse

from config.accounts.signin_models import OutgoingMail
from config.audit.models import AuditEvent
from intake import entries, escalation, services, targets, triage
from intake.models import Case, Escalation, Holiday, OpeningHours, OpeningWeek, QueueEntry, TargetSetting
from tests import factories

pytestmark = pytest.mark.django_db
NEW_YORK = ZoneInfo("America/New_York")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)


def local(moment: datetime) -> str:
    return moment.astimezone(NEW_YORK).strftime("%Y-%m-%d %H:%M")


def open_weekdays(clinic, valid_from=date(2026, 1, 1), opens=time(8), closes=time(17)):
    week = OpeningWeek.objects.create(clinic=clinic, valid_from=valid_from)
    for day in range(5):
        OpeningHours.objects.create(week=week, weekday=day, opens=opens, closes=closes)
    return week


def promise(clinic, kind="triage", urgency="routine", specialty="dermatology", moment="2026-11-20T16:00"):
    return targets.promise(clinic, kind, urgency=urgency, specialty=specialty, at=at(moment))


@pytest.mark.parametrize(
    ("kind", "urgency", "specialty", "hours"),
    [
        ("triage", "urgent", "dermatology", 4), ("triage", "priority", "dermatology", 8),
        ("triage", "routine", "dermatology", 24), ("answer", "urgent", "dermatology", 24),
        ("answer", "priority", "ophthalmology", 48), ("answer", "routine", "dermatology", 72),
        ("triage", "urgent", "ophthalmology", 1), ("triage", "priority", "ophthalmology", 8),
    ],
)  # fmt: skip
def test_the_times_where_nothing_is_set(clinic, kind, urgency, specialty, hours):
    made = promise(clinic, kind, urgency, specialty)
    assert made.due_at - made.made_at == timedelta(hours=hours)
    assert made.warn_at - made.made_at == timedelta(hours=hours) * 0.75
    assert made.counts == "clock"


@pytest.mark.parametrize(
    ("urgency", "due"),
    [
        ("urgent", "2026-11-20 20:00"),  # day and night
        ("priority", "2026-11-23 15:00"),  # one hour on Friday, seven on Monday
        ("routine", "2026-11-23 16:00"),  # a day: the same time on the next open day
    ],
)
def test_with_hours_only_the_urgent_runs_through_the_night(clinic, urgency, due):
    open_weekdays(clinic)
    assert local(promise(clinic, urgency=urgency).due_at) == due


def test_a_holiday_and_the_change_of_the_clock_are_counted_as_the_clinic_lives_them(clinic):
    open_weekdays(clinic)
    Holiday.objects.create(clinic=clinic, day=date(2026, 11, 26), name="Thanksgiving")
    assert local(promise(clinic, moment="2026-11-25T09:00").due_at) == "2026-11-27 09:00"
    assert local(promise(clinic, moment="2026-10-30T09:00").due_at) == "2026-11-02 09:00"
    assert local(promise(clinic, urgency="urgent", moment="2026-11-01T00:30").due_at) == "2026-11-01 03:30"


def test_the_warning_stands_at_three_quarters_of_the_open_time(clinic):
    open_weekdays(clinic)
    made = promise(clinic, urgency="priority", moment="2026-11-23T08:00")
    assert (local(made.warn_at), local(made.due_at)) == ("2026-11-23 14:00", "2026-11-23 16:00")


def test_the_clinics_row_comes_before_everybodys_and_each_from_its_day_on(clinic):
    row = {"kind": "triage", "urgency": "routine", "source": "Board minutes"}
    TargetSetting.objects.create(minutes=600, valid_from=date(2026, 1, 1), **row)
    TargetSetting.objects.create(minutes=300, valid_from=date(2026, 1, 1), clinic=clinic, **row)
    TargetSetting.objects.create(minutes=120, valid_from=date(2026, 11, 21), clinic=clinic, **row)
    assert promise(clinic).minutes == 300
    assert promise(clinic, moment="2026-11-21T00:00").minutes == 120
    assert promise(factories.make_clinic()).minutes == 600


def test_a_general_row_never_loosens_the_hour_of_an_urgent_eye(clinic):
    TargetSetting.objects.create(kind="triage", urgency="urgent", minutes=480, valid_from=date(2026, 1, 1), source="x")
    assert promise(clinic, urgency="urgent", specialty="ophthalmology").minutes == 60
    TargetSetting.objects.create(
        kind="triage", urgency="urgent", specialty="ophthalmology", minutes=30, valid_from=date(2026, 1, 1), source="x"
    )
    assert promise(clinic, urgency="urgent", specialty="ophthalmology").minutes == 30
    assert promise(clinic, urgency="urgent").minutes == 480


@pytest.mark.parametrize("minutes", [0, 14, 60 * 24 * 31])
def test_a_target_without_sense_does_not_fit_the_table(minutes):
    with pytest.raises(IntegrityError), transaction.atomic():
        TargetSetting.objects.create(
            kind="triage", urgency="urgent", minutes=minutes, valid_from=date(2026, 1, 1), source="x"
        )


def test_one_row_a_day_for_a_clinic_and_for_all():
    for _ in range(2):
        row = {"kind": "triage", "urgency": "urgent", "minutes": 60, "valid_from": date(2026, 1, 1), "source": "x"}
        made = TargetSetting(**row)
        if TargetSetting.objects.exists():
            with pytest.raises(IntegrityError), transaction.atomic():
                made.save()
        else:
            made.save()


# a case and its promise


@pytest.fixture
def sent(draft, ana):
    services.give_consent(case=draft, by=ana, kinds={"treatment", "photography"})
    factories.make_ready_photo(draft, by=ana)
    Case.objects.update(reason="A spot on the arm", history="")
    draft.refresh_from_db()
    with time_machine.travel(at("2026-11-20T16:00"), tick=False):
        return services.submit_case(case=draft, by=ana)


def test_the_promise_is_kept_with_the_case_and_its_event(sent):
    assert local(sent.triage_due_at) == "2026-11-21 16:00"
    data = sent.events.get(verb="submit").data
    assert (data["target"], data["minutes"], data["counts"]) == ("triage", 1440, "clock")
    assert datetime.fromisoformat(data["due_at"]) == sent.triage_due_at


def test_new_hours_targets_and_holidays_move_no_promise(sent, clinic):
    due, warn = sent.triage_due_at, sent.triage_warn_at
    open_weekdays(clinic)
    Holiday.objects.create(clinic=clinic, day=date(2026, 11, 23), name="Closed")
    TargetSetting.objects.create(kind="triage", urgency="routine", minutes=60, valid_from=date(2026, 1, 1), source="x")
    clinic.time_zone = "America/Los_Angeles"
    clinic.save()
    entries.keep(sent.pk)
    sent.refresh_from_db()
    entry = QueueEntry.objects.get()
    assert (sent.triage_due_at, sent.triage_warn_at) == (due, warn) == (entry.due_at, entry.warn_at)


def ask(case, by):
    items = [triage.Asked("question", question="Does it itch?")]
    return triage.request_information(case=case, by=by, items=items, deadline=at("2027-01-01T00:00"))


def test_a_pause_takes_out_open_time_only(sent, clinic, ben):
    """Asked with 24 h left by the clock; the clinic has set hours meanwhile: what was left then is left afterwards."""
    open_weekdays(clinic)
    Case.objects.filter(pk=sent.pk).update(triage_due_at=at("2026-11-23T12:00"))
    sent.refresh_from_db()
    with time_machine.travel(at("2026-11-23T09:00"), tick=False):
        request = ask(sent, ben)
        assert QueueEntry.objects.get().due_at is None  # paused
    with time_machine.travel(at("2026-11-24T16:00"), tick=False):
        back = triage.no_answer(request=request, by=ben, reason="No phone")
    assert local(back.triage_due_at) == "2026-11-25 10:00"  # 3 open hours


def test_what_was_over_before_the_pause_stays_over_by_as_much(sent, ben):
    with time_machine.travel(at("2026-11-21T18:00"), tick=False):
        request = ask(sent, ben)
    with time_machine.travel(at("2026-11-25T18:00"), tick=False):
        back = triage.no_answer(request=request, by=ben, reason="No phone")
    assert local(back.triage_due_at) == "2026-11-25 16:00"


# escalation


def test_the_lead_is_told_once_for_each_case_and_target(sent, clinic, dana, group):
    lead = factories.make_user("Jo", "staff", clinic, lead=True)
    assert escalation.escalate(now=at("2026-11-21T15:59")) == 0
    for _ in range(3):
        escalation.escalate(now=at("2026-11-21T16:01"))
    row = Escalation.objects.get()
    assert (row.kind, row.told, row.due_at) == ("triage", 1, sent.triage_due_at)
    assert OutgoingMail.objects.filter(template="message_waiting", to=lead.email).count() == 1
    assert AuditEvent.objects.filter(verb="case.escalated", role="system").count() == 1
    with time_machine.travel(at("2026-11-21T17:00"), tick=False):
        accepted = triage.accept_case(case=sent, by=lead, urgency="routine", specialty="dermatology", group=group)
    assert escalation.escalate(now=accepted.answer_due_at) == 0
    assert escalation.escalate(now=accepted.answer_due_at + timedelta(seconds=1)) == 1
    assert set(Escalation.objects.values_list("kind", flat=True)) == {"triage", "answer"}


def test_in_a_clinic_without_a_lead_everybody_on_the_desk_is_told(sent, ben, clinic, sign_in):
    factories.make_user("Zoe", "staff", factories.make_clinic("clinic"))
    assert escalation.escalate(now=at("2026-11-22T00:00")) == 1
    row = Escalation.objects.get()
    assert (row.told, OutgoingMail.objects.get().to) == (1, ben.email)
    page = sign_in(ben)
    assert sent.number in page.get(reverse("intake:lead")).content.decode()
    factories.make_user("Jo", "staff", clinic, lead=True)
    assert page.get(reverse("intake:lead")).status_code == 404
    with pytest.raises(services.IntakeRefused, match="Only a lead"):
        escalation.seen(row=row, by=ben)


def test_where_nobody_is_left_on_the_desk_it_stays_on_record(sent):
    assert escalation.escalate(now=at("2026-11-22T00:00")) == 1
    assert Escalation.objects.get().told == 0
    assert not OutgoingMail.objects.exists()


def test_a_case_that_came_back_late_is_not_told_twice(sent, ben):
    escalation.escalate(now=at("2026-11-22T00:00"))
    with time_machine.travel(at("2026-11-22T01:00"), tick=False):
        request = ask(sent, ben)
        triage.no_answer(request=request, by=ben, reason="No phone")
    assert escalation.escalate(now=at("2026-11-23T00:00")) == 0
    assert Escalation.objects.count() == 1


def test_only_a_lead_of_the_clinic_settles_it_and_only_once(sent, ben, clinic):
    lead = factories.make_user("Jo", "staff", clinic, lead=True)
    escalation.escalate(now=at("2026-11-22T00:00"))
    row = Escalation.objects.get()
    with pytest.raises(services.IntakeRefused, match="Only a lead"):
        escalation.seen(row=row, by=ben)
    escalation.seen(row=row, by=lead, note="Ben calls her")
    with pytest.raises(services.IntakeRefused, match="looked at this already"):
        escalation.seen(row=row, by=lead)
    assert Escalation.objects.get().seen_note == "Ben calls her"


def test_evidence_is_utc(clinic):
    assert promise(clinic).due_at.tzinfo == UTC
