"""Where advice stands: what was advised, by type, clinic, owner and age, and what became of it. Numbers, never people.

Each measure is a title, a sentence and a table, like those of the clinic; the page and the CSV are made of it.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from statistics import median

from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, When
from django.utils import timezone

from config.accounts.models import User
from config.accounts.roles import Role
from intake.measures import Measure
from review.items import followed
from review.models import ActionItem
from review.models.plan import ActionItemQuerySet

PERIODS = {30: "Last 30 days", 90: "Last 90 days", 365: "Last year"}
AGES = ((7, "Up to 7 days"), (30, "8 to 30 days"), (90, "31 to 90 days"), (None, "More than 90 days"))
_STATES = ActionItem.State
_COLUMNS = ("Advised", "Open", "Over its day", "Done", "Declined", "Not possible", "Done, %", "Half done within, days")


def seen_by(user: User, days: int) -> ActionItemQuerySet:
    """Advice signed in the period: of the own clinics, the own referrals, the own group."""
    mine = Q(pk__in=[])
    if user.has_role(Role.STAFF):
        mine |= Q(review__case__clinic__in=user.clinics(Role.STAFF))
    if user.has_role(Role.REFERRER):
        mine |= Q(review__case__referring_clinic__in=user.clinics(Role.REFERRER))
    if user.has_role(Role.SPECIALIST):
        mine |= Q(review__case__group__in=user.clinics(Role.SPECIALIST))
    since = timezone.now() - timedelta(days=days)
    # no ordering: it would become part of what is grouped by
    return followed().filter(mine, frozen_at__gte=since).order_by()


def _counts(rows: QuerySet, *by: str) -> list[dict]:
    late = Q(state=_STATES.OPEN, due_on__lt=timezone.localdate())
    states = {state: Count("pk", filter=Q(state=state)) for state in _STATES.values}
    return list(rows.values(*by).annotate(total=Count("pk"), late=Count("pk", filter=late), **states).order_by(*by))


def _days_to_done(rows: QuerySet, by: str) -> dict:
    """Value of `by` -> whole days from the signature to done, half of them."""
    found: dict = {}
    for value, signed, done in rows.filter(state=_STATES.DONE).values_list(by, "frozen_at", "settled_at"):
        found.setdefault(value, []).append((done - signed).total_seconds() / 86400)
    return {value: round(median(days), 1) for value, days in found.items()}


def _row(label: str, counts: dict, days: float | None) -> tuple:
    total = counts["total"]
    share = round(100 * counts["done"] / total) if total else None
    return (
        label, total, counts["open"], counts["late"], counts["done"], counts["declined"], counts["impossible"], share, days,
    )  # fmt: skip


def _table(key: str, title: str, head: str, rows: QuerySet, by: str, label: Callable[[str], str]) -> Measure:
    counts, days = _counts(rows, by), _days_to_done(rows, by)
    body = [_row(label(row[by]), row, days.get(row[by])) for row in counts]
    body.sort(key=lambda row: -row[1])
    return Measure(key, title, _says(counts), (head, *_COLUMNS), body)


def _says(counts: Iterable[dict]) -> str:
    sums: Counter = Counter()
    for row in counts:
        sums.update({name: row[name] for name in ("total", "done", "open", "late")})
    if not sums["total"]:
        return "No advice in this time."
    share = round(100 * sums["done"] / sums["total"])
    return f"{sums['done']} of {sums['total']} steps are done ({share}%), {sums['open']} open, {sums['late']} over their day."


def by_type(rows: QuerySet) -> Measure:
    words = dict(ActionItem.Kind.choices)
    return _table("type", "By type", "Type", rows, "kind", lambda value: str(words.get(value, value)))


def by_clinic(rows: QuerySet) -> Measure:
    return _table("clinic", "By clinic", "Clinic", rows, "review__case__clinic__name", str)


def by_owner(rows: QuerySet) -> Measure:
    words = dict(ActionItem.Owner.choices)
    return _table("owner", "By who has to do it", "Owner", rows, "owner", lambda value: str(words.get(value, value)))


def by_age(rows: QuerySet) -> Measure:
    """Of what is open: how long ago it was signed, and how long it is over its day."""
    today, now = timezone.localdate(), timezone.now()
    open_ones = rows.filter(state=_STATES.OPEN)
    signed = _bands(open_ones, "frozen_at__gte", lambda days: now - timedelta(days=days))
    over = _bands(open_ones.filter(due_on__lt=today), "due_on__gte", lambda days: today - timedelta(days=days))
    body = [(label, signed.get(n, 0), over.get(n, 0)) for n, (_, label) in enumerate(AGES)]
    says = f"{sum(signed.values())} steps are open, {sum(over.values())} of them over their day."
    return Measure(
        "age", "By age of what is open", says, ("Age", "Open, since signed", "Over its day, since that day"), body
    )


def _bands(rows: QuerySet, compare: str, at: Callable[[int], date]) -> dict[int, int]:
    whens = [When(**{compare: at(days)}, then=n) for n, (days, _) in enumerate(AGES) if days is not None]
    band = Case(*whens, default=len(AGES) - 1, output_field=IntegerField())
    return {row["band"]: row["n"] for row in rows.annotate(band=band).values("band").annotate(n=Count(F("pk")))}


MEASURES: dict[str, Callable[[QuerySet], Measure]] = {
    "type": by_type,
    "clinic": by_clinic,
    "owner": by_owner,
    "age": by_age,
}
