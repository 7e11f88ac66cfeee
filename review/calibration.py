"""A reader's own figures, for that reader alone: turnaround, time, adequacy, and how answers stood against later truth.

Small numbers are called small: a share comes with the range in which it may well lie (Wilson, 95 %).
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt
from statistics import median

from django.utils import timezone

from config.accounts.models import User
from config.accounts.roles import Role
from config.audit.services import record
from intake.models import Case
from review.errors import ReviewRefused
from review.models import Review, Truth

FEW = 20
DAYS = 365


@dataclass(frozen=True)
class Share:
    """`count` of `total`, with what may honestly be said about it."""

    count: int
    total: int

    @property
    def percent(self) -> int:
        return round(100 * self.count / self.total) if self.total else 0

    @property
    def range(self) -> tuple[int, int]:
        return wilson(self.count, self.total)

    @property
    def words(self) -> str:
        if not self.total:
            return "none yet"
        low, high = self.range
        text = f"{self.count} of {self.total}, {self.percent}%"
        if self.total < FEW:
            return f"{text}. Few cases: the true share may lie anywhere from {low} to {high}%"
        return f"{text} (between {low} and {high}%)"


def wilson(count: int, total: int, z: float = 1.96) -> tuple[int, int]:
    """Bounds in whole percent, outwards."""
    if not total:
        return 0, 100
    share, square = count / total, z * z
    middle = (share + square / (2 * total)) / (1 + square / total)
    half = z * sqrt(share * (1 - share) / total + square / (4 * total * total)) / (1 + square / total)
    return max(0, int(100 * (middle - half))), min(100, -int(-100 * (middle + half) // 1))


@dataclass(frozen=True)
class Figures:
    reviews: int
    median_ms: int | None
    median_hours: float | None
    adequacy: list[tuple[str, Share]]
    truths: int
    agreement: list[tuple[str, Share]]
    by_confidence: list[tuple[str, Share]]
    malignant_named: Share
    visit_before: Share
    visit_after: Share


def figures(user: User) -> Figures:
    """Of the user's own answers, signed in the last 12 months; second opinions and bulk demo rows stay out."""
    reviews = list(
        Review.objects.signed()
        .filter(
            specialist=user, second_opinion=False, case__seeded=False, signed_at__gte=timezone.now() - timedelta(DAYS)
        )
        .select_related("case")
        .only(
            "signed_at", "measured_ms", "added_ms", "photos_adequate", "confidence", "visit_before", "visit_after",
            "case__ready_at",
        )
        .prefetch_related("truths")
    )  # fmt: skip
    last = [(review, truth) for review in reviews if (truth := last_truth(review))]
    known = [(review, truth) for review, truth in last if truth.agreement != Truth.Agreement.UNCLEAR]
    turned = [
        (review.signed_at - review.case.ready_at).total_seconds() / 3600
        for review in reviews
        if review.case.ready_at and review.case.ready_at <= review.signed_at
    ]
    times = [review.total_ms for review in reviews if review.total_ms]
    adequate = Counter(review.photos_adequate for review in reviews)
    agreed = Counter(truth.agreement for _, truth in last)
    before = [review.visit_before for review in reviews if review.visit_before]
    after = [review.visit_after for review in reviews if review.visit_after]
    return Figures(
        reviews=len(reviews),
        median_ms=round(median(times)) if times else None,
        median_hours=median(turned) if turned else None,
        adequacy=[(label, Share(adequate[value], len(reviews))) for value, label in Review.Adequate.choices],
        truths=len(last),
        agreement=[(label, Share(agreed[value], len(last))) for value, label in Truth.Agreement.choices],
        by_confidence=[
            (label, _agreed(truth for review, truth in known if review.confidence == value))
            for value, label in Review.Confidence.choices
        ],
        malignant_named=_agreed((truth for _, truth in known if truth.malignant), named=True),
        visit_before=Share(before.count("yes"), len(before)),
        visit_after=Share(after.count("yes"), len(after)),
    )


def _agreed(truths, named: bool = False) -> Share:
    rows = list(truths)
    right = {Truth.Agreement.SAME, *([Truth.Agreement.IN_DIFFERENTIAL] if named else [])}
    return Share(sum(truth.agreement in right for truth in rows), len(rows))


def last_truth(review: Review) -> Truth | None:
    """Tissue is believed before a look, and of two of a kind the later."""
    order = [Truth.Kind.SERIAL_PHOTOS, Truth.Kind.IN_PERSON, Truth.Kind.PATHOLOGY]
    rows = list(review.truths.all())
    return max(rows, key=lambda truth: (order.index(Truth.Kind(truth.kind)), truth.found_on, truth.pk), default=None)


def may_tell(review: Review, user: User) -> bool:
    """The patient's clinic, the referring clinic, and specialists of the group that answered."""
    case: Case = review.case
    return (
        user.has_role(Role.STAFF, case.clinic)
        or user.has_role(Role.SPECIALIST, case.group)
        or (case.referring_clinic is not None and user.has_role(Role.REFERRER, case.referring_clinic))
    )


def tell_truth(*, review: Review, by: User, kind: str, found_on: date, diagnosis: str, agreement: str,
               malignant: bool | None = None, note: str = "") -> Truth:  # fmt: skip
    """What was found later. It stands beside the signed review and changes nothing of it."""
    if not review.is_signed:
        raise ReviewRefused("This review is not signed yet.")
    if not may_tell(review, by):
        raise ReviewRefused("You may not add a finding to this case.")
    if kind not in Truth.Kind.values or agreement not in Truth.Agreement.values or not diagnosis.strip():
        raise ReviewRefused("Choose what it is, write what was found, and say how it fits the answer.")
    zone = review.case.clinic.zone
    if found_on > timezone.localdate(None, zone):
        raise ReviewRefused("The day is still to come.")
    if found_on < timezone.localdate(review.case.submitted_at or review.signed_at, zone):
        raise ReviewRefused("The day is before the case. Only what was found later teaches something.")
    truth = Truth.objects.create(
        review=review, by=by, kind=kind, found_on=found_on, diagnosis=diagnosis.strip()[:300], agreement=agreement,
        malignant=malignant, note=note.strip()[:500],
    )  # fmt: skip
    record("review.truth_told", by=by, subject=review, clinic=review.case.clinic, data={"kind": kind})
    return truth
