"""The text of a review until it is signed."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from config.accounts.models import User
from review.claims import renew_hold
from review.errors import ReviewRefused, StaleReview
from review.models import Icd10Code, Review, ReviewDiagnosis

DRAFT_FIELDS = frozenset(
    {
        "photos_adequate", "findings", "assessment", "confidence", "differential", "plan", "follow_up", "patient_text",
        "disposition", "handover_note", "second_opinion", "no_opinion", "live_contact",
    }
)  # fmt: skip
MAX_DIAGNOSES = 12  # as many as a claim carries


def save_draft(
    *, review: Review, by: User, version: int, codes: Iterable[str] | None = None, **fields: Any
) -> tuple[Review, bool]:
    """Store what was typed, unless another window stored meanwhile (StaleReview). Renews the hold.

    Returns the review and whether the hold is still the author's: the text is kept in either case.
    """
    unknown = fields.keys() - DRAFT_FIELDS
    if unknown:
        raise ValueError(f"not a field of a draft: {', '.join(sorted(unknown))}")
    with transaction.atomic():
        saved = Review.objects.filter(pk=review.pk, specialist=by, status=Review.Status.DRAFT, version=version).update(
            **fields, version=F("version") + 1, saved_at=timezone.now()
        )
        if not saved:
            review.refresh_from_db()
            if review.is_signed:
                raise ReviewRefused("This review is signed. A change is an addendum.")
            raise StaleReview(review)
        if codes is not None:
            _set_diagnoses(review, list(dict.fromkeys(codes)))
        held = renew_hold(case_id=review.case_id, by=by)
    review.refresh_from_db()
    return review, held


def _set_diagnoses(review: Review, codes: list[str]) -> None:
    """The codes in the order of the page; the first is the main one."""
    current = list(review.diagnoses.values_list("icd10cm", flat=True))
    if current == codes:
        return
    if len(codes) > MAX_DIAGNOSES:
        raise ReviewRefused(f"A claim carries {MAX_DIAGNOSES} diagnoses. Remove one first.")
    known = Icd10Code.objects.in_bulk(codes)
    missing = [code for code in codes if code not in known]
    if missing:
        raise ReviewRefused(f"{', '.join(missing)} is not an ICD-10-CM code. Choose one from the list.")
    review.diagnoses.all().delete()
    ReviewDiagnosis.objects.bulk_create(
        ReviewDiagnosis(review=review, icd10cm=code, description=known[code].description, rank=rank)
        for rank, code in enumerate(codes, start=1)
    )


def differential_of(text: str) -> list[str]:
    """ "Dysplastic nevus; solar lentigo" or one a line."""
    parts = (part.strip() for line in text.splitlines() for part in line.split(";"))
    return [part for part in parts if part]
