"""What the clinic promises: until when a case is checked, and until when it is answered.

A promise is an instant, stored with the case at the moment it is made. Later changes of opening hours, holidays,
targets, clock or daylight saving make other promises; they move none.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q

from config.accounts.models import Clinic
from intake.hours import Calendar, Week, advance, advance_days, between
from intake.models import Case, CaseStatus, Holiday, OpeningWeek, Specialty, TargetSetting, Urgency

TRIAGE, ANSWER = TargetSetting.Kind.TRIAGE, TargetSetting.Kind.ANSWER
DEFAULT_MINUTES = {
    (TRIAGE, Urgency.URGENT): 4 * 60,
    (TRIAGE, Urgency.PRIORITY): 8 * 60,
    (TRIAGE, Urgency.ROUTINE): 24 * 60,
    (ANSWER, Urgency.URGENT): 24 * 60,
    (ANSWER, Urgency.PRIORITY): 48 * 60,
    (ANSWER, Urgency.ROUTINE): 72 * 60,
}
# an eye that hurts, sees worse or wears a lens can lose sight within the day (College of Optometrists, annex 4)
URGENT_EYE_TRIAGE_MINUTES = 60
WARN_AT = 0.75
_DAY = 24 * 60
RULE = (
    "Urgent targets run day and night, weekends and holidays too. Others count opening hours where the clinic has set "
    "them; a target of whole days then ends at the same time on that open day. Both targets pause while the patient is asked."
)


@dataclass(frozen=True)
class Promise:
    kind: str
    made_at: datetime
    warn_at: datetime
    due_at: datetime
    minutes: int
    counts: str  # "clock" or "open"

    @property
    def columns(self) -> dict[str, Any]:
        """The columns of the case; write them in the same UPDATE as their cause."""
        return {f"{self.kind}_due_at": self.due_at, f"{self.kind}_warn_at": self.warn_at}

    @property
    def evidence(self) -> dict[str, Any]:
        """What the event keeps of it."""
        return {"target": self.kind, "minutes": self.minutes, "counts": self.counts, "due_at": self.due_at.isoformat()}


def calendar_of(clinic: Clinic) -> Calendar:
    weeks = tuple(
        Week(week.valid_from, tuple((row.weekday, row.opens, row.closes) for row in week.hours.all()))
        for week in OpeningWeek.objects.filter(clinic=clinic).prefetch_related("hours")
    )
    # nobody looks at the holidays of a clinic without hours
    days = frozenset(Holiday.objects.filter(clinic=clinic).values_list("day", flat=True)) if weeks else frozenset()
    return Calendar(clinic.zone, weeks, days)


def minutes_for(clinic: Clinic, kind: str, urgency: str, specialty: str, on) -> int:
    """The row in force that day. One for the specialty comes before one for both, the clinic's before everybody's."""
    rows = TargetSetting.objects.filter(
        Q(clinic=clinic) | Q(clinic=None),
        Q(specialty=specialty) | Q(specialty=""),
        kind=kind,
        urgency=urgency,
        valid_from__lte=on,
    )
    best = max(rows, key=lambda row: (row.specialty != "", row.clinic_id is not None, row.valid_from), default=None)
    if (kind, urgency, specialty) == (TRIAGE, Urgency.URGENT, Specialty.OPHTHALMOLOGY) and (
        best is None or not best.specialty
    ):
        return URGENT_EYE_TRIAGE_MINUTES
    return best.minutes if best else DEFAULT_MINUTES[(TargetSetting.Kind(kind), Urgency(urgency))]


def promise(clinic: Clinic, kind: str, *, urgency: str, specialty: str, at: datetime) -> Promise:
    calendar = calendar_of(clinic)
    minutes = minutes_for(clinic, kind, urgency, specialty, calendar.local_day(at))
    return promised(calendar, kind, urgency, minutes, at)


def promised(calendar: Calendar, kind: str, urgency: str, minutes: int, at: datetime) -> Promise:
    """Pure: the promise that this calendar makes."""
    at = at.astimezone(UTC)
    span = timedelta(minutes=minutes)
    if runs_by_the_clock(calendar, urgency, at):
        return Promise(str(kind), at, at + span * WARN_AT, at + span, minutes, "clock")
    whole_days, rest = divmod(minutes, _DAY)
    due = advance_days(calendar, at, whole_days) if not rest else advance(calendar, at, span)
    warn = advance(calendar, at, between(calendar, at, due) * WARN_AT)
    return Promise(str(kind), at, min(warn, due), due, minutes, "open")


def runs_by_the_clock(calendar: Calendar, urgency: str, at: datetime) -> bool:
    return urgency == Urgency.URGENT or not calendar.has_hours_on(calendar.local_day(at))


def resumed(calendar: Calendar, urgency: str, paused_at: datetime, due: datetime, now: datetime) -> datetime:
    """A moment of a promise after a pause: what was left then is left now; what was over stays over by as much."""
    if due <= paused_at or runs_by_the_clock(calendar, urgency, now):
        return due + (now - paused_at)
    return advance(calendar, now, between(calendar, paused_at, due))


def after_pause(case: Case, now: datetime) -> dict[str, Any]:
    """Both targets of a case that comes back from the patient."""
    calendar, paused_at = calendar_of(case.clinic), case.needs_information_at or now
    moved = {}
    for name in ("triage_due_at", "triage_warn_at", "answer_due_at", "answer_warn_at"):
        value = getattr(case, name)
        if value is not None:
            moved[name] = resumed(calendar, case.urgency or Urgency.ROUTINE, paused_at, value, now)
    return moved


def for_urgency(case: Case, before: str, urgency: str) -> dict[str, Any]:
    """The running target when the urgency changes: it moves by as much as the two promises differ, so that pauses so far
    stay given back. A triage target never moves later by it."""
    answering = case.ready_at is not None and case.answer_due_at is not None and case.status != CaseStatus.SUBMITTED
    kind, start = (ANSWER, case.ready_at) if answering else (TRIAGE, case.submitted_at)
    due = getattr(case, f"{kind}_due_at")
    if due is None or start is None:
        return {}
    stood, fresh = (
        promise(case.clinic, kind, urgency=one, specialty=case.specialty, at=start) for one in (before, urgency)
    )
    moved, warn = due + (fresh.due_at - stood.due_at), getattr(case, f"{kind}_warn_at") or due
    if not answering and moved >= due:
        return {}
    return {f"{kind}_due_at": moved, f"{kind}_warn_at": warn + (fresh.warn_at - stood.warn_at)}


def in_words(minutes: int) -> str:
    """1 h, 90 min, 1 day, 3 days."""
    days, rest = divmod(minutes, _DAY)
    if days and not rest:
        return f"{days} day{'s' if days != 1 else ''}"
    return f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"
