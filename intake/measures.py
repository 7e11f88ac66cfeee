"""The clinic in numbers: each measure is a title, a sentence that says it, and a table; charts and CSV are made of that.

Everything is counted by the database over an indexed stretch of time; what comes back is days and sums, never cases.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Count, F, Func, IntegerField, Q
from django.db.models.functions import TruncDate
from django.utils import timezone

from intake import queue, slots
from intake.models import Case, CaseEvent, Escalation, RequestItem
from intake.reasons import RETAKE_REASONS

PERIODS = {7: "Last 7 days", 30: "Last 30 days", 90: "Last 90 days"}
_BY_WEEK_FROM = 60
_SLOTS = dict(slots.SLOT_CHOICES)


@dataclass(frozen=True)
class Measure:
    """`series` names the columns that are drawn; "" draws none and leaves the table alone."""

    key: str
    title: str
    says: str
    columns: tuple[str, ...]
    rows: list[tuple]
    chart: str = ""  # "bars" or "lines"
    series: tuple[int, ...] = ()
    unit: str = ""


@dataclass(frozen=True)
class Span:
    """Whole local days, the last one today, and how they are put together."""

    clinics: tuple[UUID, ...]
    days: int
    first: date
    last: date
    start: datetime = field(init=False)
    end: datetime = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", timezone.make_aware(datetime.combine(self.first, time())))
        object.__setattr__(self, "end", timezone.make_aware(datetime.combine(self.last + timedelta(days=1), time())))

    @property
    def by_week(self) -> bool:
        return self.days >= _BY_WEEK_FROM

    def bucket(self, day: date) -> date:
        return day - timedelta(days=day.weekday()) if self.by_week else day

    def buckets(self) -> list[date]:
        all_days = (self.first + timedelta(days=n) for n in range(self.days))
        return list(dict.fromkeys(self.bucket(day) for day in all_days))

    @property
    def column(self) -> str:
        return "Week of" if self.by_week else "Day"


class Minutes(Func):
    """Whole minutes from the second moment to the first."""

    output_field = IntegerField()

    def as_sqlite(self, compiler, connection, **extra):
        template = "CAST(ROUND((julianday(%(expressions)s)) * 1440) AS INTEGER)"
        return self.as_sql(compiler, connection, template=template, arg_joiner=") - julianday(", **extra)

    def as_postgresql(self, compiler, connection, **extra):
        template = "ROUND(EXTRACT(EPOCH FROM (%(expressions)s)) / 60)::integer"
        return self.as_sql(compiler, connection, template=template, arg_joiner=" - ", **extra)


def span_of(clinics: tuple[UUID, ...], days: int) -> Span:
    last = timezone.localdate()
    return Span(clinics, days, last - timedelta(days=days - 1), last)


def all_of(span: Span) -> list[Measure]:
    return [make(span) for make in MEASURES.values()]


def _label(day: date) -> str:
    return f"{day:%b} {day.day}"


def _per_bucket(span: Span, rows: Iterable[tuple[date, int]]) -> Counter:
    found: Counter = Counter()
    for day, count in rows:
        found[span.bucket(day)] += count
    return found


def _events(span: Span, *verbs: str):
    return CaseEvent.objects.filter(
        verb__in=verbs, at__gte=span.start, at__lt=span.end, case__clinic__in=span.clinics
    ).order_by()


def _by_day(rows, column: str):
    return rows.annotate(day=TruncDate(column)).order_by().values_list("day").annotate(n=Count("pk"))


def _of(count: int, one: str, many: str) -> str:
    return f"{queue.count_words(count)} {one if count == 1 else many}"


def arrivals(span: Span) -> Measure:
    came = Case.objects.filter(clinic__in=span.clinics, submitted_at__gte=span.start, submitted_at__lt=span.end)
    arrived = _per_bucket(span, _by_day(came, "submitted_at"))
    accepted = _per_bucket(span, _by_day(_events(span, "accept"), "at"))
    rows = [(_label(day), arrived[day], accepted[day]) for day in span.buckets()]
    total, done = sum(arrived.values()), sum(accepted.values())
    says = f"{total} came in, {done} were accepted."
    return Measure("arrivals", "Cases that came in", says, (span.column, "Came in", "Accepted"), rows, "bars", (1, 2))


def time_to_triage(span: Span) -> Measure:
    """From sent to accepted, the patient's own time included: that is how long the patient waited."""
    spent = _events(span, "accept").annotate(day=TruncDate("at"), minutes=Minutes(F("at"), F("case__submitted_at")))
    found: dict[date, Counter] = defaultdict(Counter)
    for day, minutes, count in spent.values_list("day", "minutes").annotate(n=Count("pk")):
        found[span.bucket(day)][max(0, minutes or 0)] += count
    rows = [
        (_label(day), sum(found[day].values()), _hours(quantile(found[day], 0.5)), _hours(quantile(found[day], 0.9)))
        for day in span.buckets()
    ]
    whole: Counter = sum(found.values(), Counter())
    half, most = quantile(whole, 0.5), quantile(whole, 0.9)
    says = (
        f"Half of the cases were accepted within {_hours(half):g} h, 9 of 10 within {_hours(most):g} h of being sent."
        if whole
        else "No case was accepted in this time."
    )
    columns = (span.column, "Accepted", "Half within, h", "9 of 10 within, h")
    return Measure("time-to-triage", "From sent to accepted", says, columns, rows, "lines", (2, 3), "h")


def quantile(counts: Counter, share: float) -> int | None:
    """The smallest value below or at which that share of the cases lies; None without cases."""
    total, seen = sum(counts.values()), 0
    for value in sorted(counts):
        seen += counts[value]
        if seen >= share * total:
            return value
    return None


def _hours(minutes: int | None) -> float | None:
    return None if minutes is None else round(minutes / 60, 1)


def late(span: Span) -> Measure:
    passed = Escalation.objects.filter(clinic__in=span.clinics, raised_at__gte=span.start, raised_at__lt=span.end)
    per_kind = {
        kind: _per_bucket(span, _by_day(passed.filter(kind=kind), "raised_at")) for kind in ("triage", "answer")
    }
    rows = [(_label(day), per_kind["triage"][day], per_kind["answer"][day]) for day in span.buckets()]
    now = queue.counts(span.clinics, None, ("late", "soon"))
    total = sum(sum(counts.values()) for counts in per_kind.values())
    says = (
        f"{_of(total, 'target', 'targets')} passed in this time. "
        f"Now {_of(now['late'], 'case is over its target', 'cases are over their target')} and "
        f"{_of(now['soon'], 'is', 'are')} past three quarters of it."
    )
    columns = (span.column, "Triage target passed", "Answer target passed")
    return Measure("over-target", "Over target", says, columns, rows, "bars", (1, 2))


_BETTER = Q(photo__isnull=False) & ~Q(photo__quality_verdict="retake_suggested") & Q(photo__refusal_reason="")
_OPEN = Q(photo__isnull=True, request__outcome="")


def _asked_again(span: Span):
    return RequestItem.objects.filter(
        kind="photo",
        request__created_at__gte=span.start,
        request__created_at__lt=span.end,
        request__case__clinic__in=span.clinics,
    ).order_by()


def _yield_rows(span: Span, column: str, words: dict[str, str]) -> list[tuple]:
    found = (
        _asked_again(span)
        .values_list(column)
        .annotate(
            n=Count("pk"), better=Count("pk", filter=_BETTER), came=Count("photo"), waits=Count("pk", filter=_OPEN)
        )
    )
    rows = [
        (
            words.get(key, key or "Not given"),
            n,
            better,
            came - better,
            n - came - waits,
            waits,
            _per_cent(better, n - waits),
        )
        for key, n, better, came, waits in found
    ]
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def _per_cent(part: int, whole: int) -> int | None:
    return round(100 * part / whole) if whole else None


_YIELD = ("Asked again", "Better", "Not better", "Never came", "Still waits", "Yield, %")


def retakes_by_slot(span: Span) -> Measure:
    rows = _yield_rows(span, "slot", {key: str(label) for key, label in _SLOTS.items()})
    asked, better, waits = (sum(row[n] for row in rows) for n in (1, 2, 5))
    came_in = Case.objects.filter(
        clinic__in=span.clinics, submitted_at__gte=span.start, submitted_at__lt=span.end
    ).count()
    cases = _asked_again(span).aggregate(n=Count("request__case", distinct=True))["n"]
    share, worth = _per_cent(cases, came_in), _per_cent(better, asked - waits)
    says = f"{_of(asked, 'photo', 'photos')} of {_of(cases, 'case', 'cases')} {'was' if asked == 1 else 'were'} asked for again"
    says += f", {share}% of the cases that came in." if share is not None else "."
    says += f" {worth}% of the second photos were better." if worth is not None else ""
    return Measure("retakes-by-slot", "Did a second photo help, by slot", says, ("Slot", *_YIELD), rows, "bars", (1, 2))


def retakes_by_reason(span: Span) -> Measure:
    rows = _yield_rows(span, "reason_code", {key: words[0] for key, words in RETAKE_REASONS.items()})
    most = rows[0] if rows else None
    says = (
        f"The most common reason: {most[0].lower()}, {_of(most[1], 'time', 'times')}."
        if most
        else "Nothing was asked for again."
    )
    return Measure("retakes-by-reason", "Did it help, by reason", says, ("Reason", *_YIELD), rows, "bars", (1, 2))


def returned(span: Span) -> Measure:
    """What the specialist sent back because something was missing: the desk let it pass too early."""
    back = _events(span, "return_to_triage", "request_information").filter(role="specialist")
    by_day = _per_bucket(span, _by_day(back, "at"))
    accepted = _per_bucket(span, _by_day(_events(span, "accept"), "at"))
    rows = [(_label(day), accepted[day], by_day[day]) for day in span.buckets()]
    total, done = sum(by_day.values()), sum(accepted.values())
    share = _per_cent(total, done)
    says = (
        f"The specialist sent {total} back or asked for more, {share}% of the {done} accepted."
        if done
        else (f"The specialist sent {total} back or asked for more. None were accepted in this time.")
    )
    columns = (span.column, "Accepted", "Came back incomplete")
    return Measure("returned", "Returned incomplete", says, columns, rows, "bars", (2,))


_WHO = {"patient": "A danger sign, answered by the patient", "staff": "The desk", "specialist": "The specialist"}


def redirects(span: Span) -> Measure:
    found = dict(_events(span, "redirect").values_list("role").annotate(n=Count("pk")))
    rows = [(words, found.get(role, 0)) for role, words in _WHO.items()]
    total = sum(found.values())
    says = f"{_of(total, 'case was', 'cases were')} sent to in-person or emergency care."
    return Measure("redirects", "Sent to in-person care", says, ("Decided by", "Cases"), rows, "bars", (1,))


MEASURES = {
    "arrivals": arrivals,
    "time-to-triage": time_to_triage,
    "over-target": late,
    "retakes-by-slot": retakes_by_slot,
    "retakes-by-reason": retakes_by_reason,
    "returned": returned,
    "redirects": redirects,
}
