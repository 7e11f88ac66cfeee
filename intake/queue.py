"""The clinic's queue: which case first, how late, and why it stands where it stands."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case as When_
from django.db.models import IntegerField, Prefetch, Q, QuerySet, Value, When
from django.utils import timezone

from intake import completeness
from intake.models import Case, CaseStatus, Photo, Urgency

FILTERS = {
    "all": ("All", "", Q()),
    "late": ("Over target", "triangle-alert", None),
    "eye": ("Eye", "eye", Q(specialty="ophthalmology")),
    "returned": ("Back from patient", "undo-2", Q(needs_information_at__isnull=False)),
    "photos": (
        "Photo problems",
        "image",
        Q(photos__quality_verdict="retake_suggested", photos__removed_at__isnull=True),
    ),
}
PAGE = 50


@dataclass(frozen=True)
class Row:
    case: Case
    rank: int
    urgency: str
    why: str
    photos: list[Photo]
    photo_check: completeness.Check
    story_check: completeness.Check
    share: int
    tone: str


def _filter(key: str) -> Q:
    return Q(triage_due_at__lt=timezone.now()) if key == "late" else FILTERS[key][2]


def waiting(user) -> QuerySet[Case]:
    return Case.objects.filter(status=CaseStatus.SUBMITTED, clinic__in=user.clinics("staff"))


def counts(user) -> list[tuple[str, str, str, int]]:
    """(key, label, icon, count) of every filter, zeros too."""
    return [
        (key, label, icon, waiting(user).filter(_filter(key)).distinct().count())
        for key, (label, icon, _) in FILTERS.items()
    ]


def search(cases: QuerySet[Case], text: str) -> QuerySet[Case]:
    """Each word must be part of a name, the MRN or the case number."""
    for word in text.split():
        cases = cases.filter(
            Q(number__icontains=word)
            | Q(patient__first_name__icontains=word)
            | Q(patient__last_name__icontains=word)
            | Q(patient__mrn__iexact=word)
        )
    return cases


def page(user, key: str, text: str, start: int) -> list[Row]:
    """Urgent ones that are returned or late first, then by target."""
    rank = When_(
        When(urgency=Urgency.URGENT, then=Value(0)),
        When(specialty="ophthalmology", then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    cases = (
        search(waiting(user).filter(_filter(key)), text)
        .annotate(rank=rank)
        .order_by("triage_due_at", "rank", "submitted_at")
        .select_related("patient", "clinic")
        .prefetch_related(
            Prefetch("photos", Photo.objects.live().prefetch_related("renditions")), "consents", "uploads", "answers"
        )
        .distinct()[start : start + PAGE]
    )
    return [_row(case, start + index + 1) for index, case in enumerate(cases)]


def _row(case: Case, rank: int) -> Row:
    photos = list(case.photos.all())
    for photo in photos:
        photo.case = case
    urgency, why = completeness.suggested_urgency(case)
    share = used_share(case.submitted_at, case.triage_due_at)
    if case.needs_information_at:
        why = f"Back from the patient. {why}"
    return Row(
        case,
        rank,
        urgency,
        why,
        [photo for photo in photos if photo.status == "ready"][:4],
        completeness.photo_check(case),
        completeness.story_check(case),
        share,
        tone_of(share),
    )


def used_share(start: datetime | None, due: datetime | None) -> int:
    """Per cent of a target's time that is used up, 0 to 100."""
    if start is None or due is None or due <= start:
        return 100 if due and due <= timezone.now() else 0
    return max(0, min(100, round(100 * ((timezone.now() - start) / (due - start)))))


def tone_of(share: int) -> str:
    return "bad" if share >= 100 else "wait" if share >= 75 else "neutral"


def waiting_count(user) -> int:
    return waiting(user).count()


def asked_count(user) -> int:
    return Case.objects.filter(status=CaseStatus.NEEDS_INFORMATION, clinic__in=user.clinics("staff")).count()


def asked(user) -> QuerySet[Case]:
    """Cases that wait for the patient, the nearest deadline first."""
    return (
        Case.objects.filter(status=CaseStatus.NEEDS_INFORMATION, clinic__in=user.clinics("staff"))
        .filter(requests__outcome="")
        .select_related("patient", "asked_by")
        .prefetch_related("requests__items")
        .order_by("requests__deadline")
    )


def recent(user, days: int = 14) -> QuerySet[Case]:
    return (
        Case.objects.filter(clinic__in=user.clinics("staff"), updated_at__gte=timezone.now() - timedelta(days=days))
        .exclude(status=CaseStatus.DRAFT)
        .select_related("patient")
        .order_by("-updated_at")
    )
