"""Is the work taken as it is due? Counted at each claim, when it is known what waited, so that no report has to guess.

Passed over is a case that the reader could have taken, due earlier, and there for longer than a look at the list takes.
What is no choice counts as in turn: an answer to the reader's own question, a case sent by name, going on with an own draft.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from django.db.models import Q, QuerySet
from django.utils import timezone

from config.accounts.models import Clinic, Membership, User
from config.accounts.roles import Role
from config.ui import span_words
from intake.models import Case, CaseEvent, CaseStatus
from review.worklist import waiting

MOST = 50  # a claim passes over no more than this many by name
SEEN_AFTER = timedelta(minutes=1)
DAYS = 30
OFTEN = 3  # times
FEW = 10  # claims; below it a share says little


def passed_over(case: Case, by: User, now: datetime | None = None) -> list[str]:
    """The cases that `by` leaves lying by taking this one, the one due first in front."""
    now = now or timezone.now()
    if case.answer_due_at is None:
        return []
    asked = case.asked_by_id == by.pk and case.put_first_until is not None and case.put_first_until > now
    if asked or case.assigned_to_id == by.pk or case.reviews.filter(specialist=by).exists():
        return []
    due_earlier = Q(answer_due_at__lt=case.answer_due_at) & Q(ready_at__lte=now - SEEN_AFTER)
    found = waiting(by, now).filter(due_earlier).exclude(pk=case.pk).order_by("answer_due_at", "pk")
    return [str(pk) for pk in found.values_list("pk", flat=True)[:MOST]]


@dataclass(frozen=True)
class Reader:
    user: User
    claims: int
    in_turn: int
    passed: int
    most: int
    given_back: int
    median_minutes_late: int | None

    @property
    def lateness(self) -> str:
        """Of the middle one of the cases, against its target."""
        if self.median_minutes_late is None:
            return ""
        words = span_words(timedelta(minutes=abs(self.median_minutes_late)))
        return f"{words} after the target" if self.median_minutes_late > 0 else f"{words} before the target"

    @property
    def is_few(self) -> bool:
        return self.claims < FEW


@dataclass(frozen=True)
class Passed:
    """A case that was left lying."""

    case: Case
    times: int
    readers: int
    waits: bool


@dataclass(frozen=True)
class Report:
    readers: list[Reader]
    passed: list[Passed]

    @property
    def claims(self) -> int:
        return sum(reader.claims for reader in self.readers)

    @property
    def in_turn(self) -> int:
        return sum(reader.in_turn for reader in self.readers)


def groups_for(user: User) -> QuerySet[Clinic]:
    """The groups that the user leads; an administrator sees all."""
    groups = Clinic.objects.filter(kind=Clinic.Kind.GROUP)
    if user.has_role(Role.ADMINISTRATOR):
        return groups
    led = Membership.objects.filter(user=user, role=Role.SPECIALIST, lead=True, is_active=True)
    return groups.filter(pk__in=led.values("clinic"))


def leads(user: User) -> bool:
    return any(one.lead and one.role == Role.SPECIALIST for one in user._active_memberships)


def report(groups: QuerySet[Clinic], now: datetime | None = None) -> Report:
    now = now or timezone.now()
    events = list(
        CaseEvent.objects.filter(
            verb__in=["claim", "release"], at__gte=now - timedelta(DAYS), case__group__in=groups, case__seeded=False
        )
        .select_related("by", "case")
        .only("verb", "at", "data", "by__first_name", "by__last_name", "by__email", "case__answer_due_at")
        .order_by("pk")
    )
    claims: dict[User, list[CaseEvent]] = defaultdict(list)
    back: Counter[User] = Counter()
    for event in events:
        if event.verb == "release":
            back[event.by] += 1
        elif "passed" in event.data:  # what was claimed before this was counted says nothing
            claims[event.by].append(event)
    readers = [_reader(user, taken, back[user]) for user, taken in claims.items()]
    return Report(sorted(readers, key=lambda reader: (-reader.passed, str(reader.user))), _passed(claims))


def _reader(user: User, taken: list[CaseEvent], given_back: int) -> Reader:
    counts = [len(event.data["passed"]) for event in taken]
    late = [(event.at - due).total_seconds() / 60 for event in taken if (due := event.case.answer_due_at)]
    return Reader(
        user=user,
        claims=len(taken),
        in_turn=counts.count(0),
        passed=sum(counts),
        most=max(counts),
        given_back=given_back,
        median_minutes_late=round(median(late)) if late else None,
    )


def _passed(claims: dict[User, list[CaseEvent]]) -> list[Passed]:
    times: Counter[str] = Counter()
    readers: dict[str, set[User]] = defaultdict(set)
    for user, taken in claims.items():
        for event in taken:
            times.update(event.data["passed"])
            for pk in event.data["passed"]:
                readers[pk].add(user)
    often = [pk for pk, count in times.most_common(200) if count >= OFTEN]
    found = Case.objects.in_bulk(often)
    rows = [
        Passed(case, times[str(pk)], len(readers[str(pk)]), case.status in (CaseStatus.READY, CaseStatus.IN_REVIEW))
        for pk, case in found.items()
    ]
    return sorted(rows, key=lambda row: (not row.waits, -row.times, row.case.number))[:30]
