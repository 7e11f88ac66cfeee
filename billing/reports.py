"""What a biller looks after: holds by code and age, charges that are missing, claims that must arrive soon."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from billing.models import ChargeLine
from billing.rules import BY_CODE, TIMELY_FILING_WARN_DAYS, Check, filing_deadline
from config.accounts.roles import Role
from review.models import Review

S = ChargeLine.Status
# days since the line was made: (label, from, below)
AGES: dict[str, tuple[str, int, int | None]] = {
    "week": ("Under 7 days", 0, 7),
    "month": ("7 to 29 days", 7, 30),
    "quarter": ("30 to 89 days", 30, 90),
    "older": ("90 days and more", 90, None),
}
# a claim of these is not with the payer, or came back
TO_ARRIVE = (S.HELD, S.READY, S.BATCHED, S.EXPORTED, S.REJECTED, S.DENIED)
DECIDED_WITHIN = timedelta(minutes=1)


@dataclass(frozen=True)
class Worklist:
    check: Check
    count: int
    oldest: datetime
    ages: list[tuple[str, str, int]]


def of_age(lines: QuerySet[ChargeLine], age: str) -> QuerySet[ChargeLine]:
    _, low, high = AGES[age]
    now = timezone.now()
    lines = lines.filter(created_at__lte=now - timedelta(days=low)) if low else lines
    return lines.filter(created_at__gt=now - timedelta(days=high)) if high else lines


def worklists(user) -> list[Worklist]:
    """Each hold of the held lines with how many lines have it, how old they are; the one with the oldest line first."""
    now, ages, oldest = timezone.now(), defaultdict(Counter), {}
    held = ChargeLine.objects.visible_to(user).filter(status=S.HELD).values_list("holds", "created_at")
    for holds, made in held.iterator(chunk_size=2000):
        age = _age((now - made).days)
        for code in {hold["code"] for hold in holds if hold["code"] in BY_CODE}:
            ages[code][age] += 1
            oldest[code] = min(oldest.get(code, made), made)
    found = [
        Worklist(BY_CODE[code], sum(ages[code].values()), oldest[code], [(key, AGES[key][0], ages[code][key]) for key in AGES])
        for code in ages
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.oldest, one.check.code))


def _age(days: int) -> str:
    return next(key for key, (_, low, high) in AGES.items() if days >= low and (high is None or days < high))


def missing(user, *, since: datetime | None = None) -> QuerySet[Review]:
    """Signed reviews of the biller's groups that have no line at all, a minute after signing and later."""
    decided = ChargeLine.objects.filter(review=OuterRef("pk"))
    found = Review.objects.signed().filter(
        case__group__in=user.clinics(Role.BILLER), signed_at__lt=timezone.now() - DECIDED_WITHIN
    )
    if since is not None:
        found = found.filter(signed_at__gte=since)
    return found.filter(~Exists(decided)).select_related("case__patient", "specialist").order_by("signed_at")


@dataclass(frozen=True)
class Deadline:
    line: ChargeLine
    last_day: date
    days_left: int

    @property
    def is_over(self) -> bool:
        return self.days_left < 0


def late_lines(user) -> QuerySet[ChargeLine]:
    """Lines whose claim is not taken in 300 days and more after the service."""
    since = timezone.localdate() - timedelta(days=TIMELY_FILING_WARN_DAYS)
    return ChargeLine.objects.visible_to(user).filter(status__in=TO_ARRIVE, date_of_service__lte=since)


def deadlines(user, limit: int) -> list[Deadline]:
    """The ones with the least time left first; then those for which it is too late."""
    lines = late_lines(user).select_related("review__case__patient", "payer", "group").order_by("date_of_service", "pk")
    rows = [
        # today where the practice is
        Deadline(line, last, (last - timezone.localdate(timezone=line.group.zone)).days)
        for line in lines[:limit]
        for last in (filing_deadline(line.date_of_service),)
    ]
    return sorted(rows, key=lambda row: (row.is_over, row.last_day, row.line.pk))


@dataclass(frozen=True)
class Standing:
    """What stands at the head of the desk."""

    oldest_held: datetime | None
    missing: int
    late: int


def standing(user) -> Standing:
    held = ChargeLine.objects.visible_to(user).filter(status=S.HELD).order_by("created_at")
    return Standing(
        oldest_held=held.values_list("created_at", flat=True).first(),
        # older ones are on the page: here the whole history is not asked each time
        missing=missing(user, since=timezone.now() - timedelta(days=31)).count(),
        late=late_lines(user).count(),
    )
