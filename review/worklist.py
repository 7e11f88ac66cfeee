"""What waits for a specialist, in which order, how late, and why it stands where it stands."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import BooleanField, Exists, OuterRef, Prefetch, Q, QuerySet, Value, When
from django.db.models import Case as When_
from django.utils import timezone

from config.accounts.models import User
from intake.completeness import photo_check, suggested_urgency
from intake.models import Case, CaseEvent, CaseStatus, InformationRequest, Photo
from intake.queue_rows import tone_of, used_share
from review import opinions
from review.models import PathologyReport, Review

PAGE = 100
FILTERS = {
    "all": "For me",
    "late": "Over target",
    "earlier": "Has an earlier case",
    "answered": "Answered by the patient",
}


@dataclass(frozen=True)
class Row:
    case: Case
    why: str
    photos: list[Photo]
    hint_tone: str
    hint: str
    due_tone: str
    has_draft: bool
    note: str = ""


def waiting(user: User, now: datetime | None = None) -> QuerySet[Case]:
    """Ready cases that the user may answer, and those whose hold has lapsed; not the user's own held one.

    An answer to somebody's question is that person's for one working day, then the pool's.
    """
    now = now or timezone.now()
    free = Q(status=CaseStatus.READY) | Q(status=CaseStatus.IN_REVIEW, hold_expires_at__lte=now)
    others_first = Q(put_first_until__gt=now, asked_from="specialist") & ~Q(asked_by=user)
    return Case.objects.answerable_by(user).filter(free).exclude(holder=user).exclude(others_first)


def _filtered(cases: QuerySet[Case], key: str, now: datetime) -> QuerySet[Case]:
    earlier = Case.objects.filter(patient=OuterRef("patient"), created_at__lt=OuterRef("created_at")).exclude(
        status__in=[CaseStatus.DRAFT, CaseStatus.WITHDRAWN]
    )
    if key == "late":
        return cases.filter(answer_due_at__lt=now)
    if key == "earlier":
        return cases.filter(Exists(earlier))
    if key == "answered":
        return cases.filter(needs_information_at__isnull=False)
    return cases


def counts(user: User) -> list[tuple[str, str, int]]:
    """(key, label, count) of every filter, zeros too."""
    now = timezone.now()
    return [(key, label, _filtered(waiting(user, now), key, now).count()) for key, label in FILTERS.items()]


def count_waiting(user: User) -> int:
    return waiting(user).count()


def count_for_bar(user: User) -> int:
    """With the second opinions on the same page."""
    return count_waiting(user) + opinions.count_waiting(user)


def ordered(user: User, key: str = "all") -> QuerySet[Case]:
    """What came back to its asker first, then the nearest target."""
    now = timezone.now()
    first = When_(
        When(put_first_until__gt=now, asked_by=user, then=Value(True)),
        default=Value(False),
        output_field=BooleanField(),
    )
    return (
        _filtered(waiting(user, now), key, now)
        .annotate(comes_first=first, has_draft=Exists(Review.objects.filter(case=OuterRef("pk"), specialist=user)))
        .select_related("patient", "clinic", "group", "holder")
        .prefetch_related(Prefetch("photos", Photo.objects.live().prefetch_related("renditions")))
        .order_by("-comes_first", "answer_due_at", "pk")
    )


def rows(user: User, key: str = "all") -> list[Row]:
    cases = list(ordered(user, key)[:PAGE])
    handed = _handed(cases, user)
    return [_row(case, handed.get(case.pk)) for case in cases]


def _handed(cases: list[Case], user: User) -> dict[UUID, tuple[User, str]]:
    """Case -> who handed it to the user by name, and the note; what triage sent by name is not among them."""
    named = [case.pk for case in cases if case.assigned_to_id == user.pk]
    if not named:
        return {}
    last: dict[UUID, CaseEvent] = {}
    for event in (
        CaseEvent.objects.filter(case__in=named, verb__in=("accept", "release")).select_related("by").order_by("pk")
    ):
        last[event.case_id] = event
    givers = {pk: event.by for pk, event in last.items() if event.by and event.data.get("to") == str(user.pk)}
    written = Review.objects.filter(case__in=givers, specialist__in=givers.values())
    notes = {(pk, by): note for pk, by, note in written.values_list("case", "specialist", "handover_note")}
    return {pk: (by, notes.get((pk, by.pk), "")) for pk, by in givers.items()}


def _row(case: Case, handed: tuple[User, str] | None) -> Row:
    photos = list(case.photos.all())
    for photo in photos:
        photo.case = case
    check = photo_check(case)
    return Row(
        case=case,
        why=f"{handed[0]} hands it to you" if handed else _why(case),
        note=handed[1] if handed else "",
        photos=[photo for photo in photos if photo.status == "ready"][:4],
        hint_tone=check.tone,
        hint=check.words,
        due_tone=tone_of(used_share(case.ready_at, case.answer_due_at)),
        has_draft=case.has_draft,
    )


def _why(case: Case) -> str:
    if case.comes_first:
        return "The patient answered your question"
    if case.status == CaseStatus.IN_REVIEW:
        return f"{case.holder} began it; that hold has ended"
    if case.assigned_to_id:
        return "Sent to you by name"
    return suggested_urgency(case)[1]


def held(user: User) -> list[Case]:
    """The cases in the user's hands, the one that runs out first on top."""
    mine = Review.objects.filter(specialist=user)
    return list(
        Case.objects.filter(holder=user, status=CaseStatus.IN_REVIEW)
        .select_related("patient", "group")
        .prefetch_related(Prefetch("reviews", mine, to_attr="my_reviews"))
        .order_by("hold_expires_at")
    )


def asked_of_others(user: User) -> list[Case]:
    open_requests = InformationRequest.objects.filter(outcome="").prefetch_related("items")
    return list(
        Case.objects.filter(status=CaseStatus.NEEDS_INFORMATION, asked_by=user, asked_from="specialist")
        .select_related("patient")
        .prefetch_related(Prefetch("requests", open_requests, to_attr="open_requests"))
        .order_by("needs_information_at")[:20]
    )


def signed(user: User) -> QuerySet[Review]:
    return (
        Review.objects.filter(specialist=user, status=Review.Status.SIGNED)
        .select_related("case__patient")
        .annotate(new_pathology=Exists(PathologyReport.objects.filter(review=OuterRef("pk"), seen_at=None)))
        .prefetch_related("deliveries", "diagnoses")
        .order_by("-new_pathology", "-signed_at")
    )
