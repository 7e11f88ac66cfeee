"""The text of a review until it is signed."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from config.accounts.models import User
from intake.models import Photo
from review import opinions
from review.claims import renew_hold
from review.errors import ReviewRefused, StaleReview
from review.models import Icd10Code, PhotoAdequacy, Review, ReviewDiagnosis
from review.plan import PlanLine, set_lines

DRAFT_FIELDS = frozenset(
    {
        "photos_adequate", "findings", "finding_terms", "assessment", "confidence", "differential", "plan", "follow_up",
        "follow_up_own", "patient_text", "patient_text_own", "disposition", "urgency", "urgency_reason", "eye_side", "acuity_given", "eye_segment",
        "visit_before", "visit_after", "handover_note", "no_opinion", "live_contact",
    }
)  # fmt: skip
MAX_DIAGNOSES = 12  # as many as a claim carries
MAX_DIFFERENTIAL = 10


def save_draft(
    *,
    review: Review,
    by: User,
    version: int,
    codes: Iterable[str] | None = None,
    lines: list[PlanLine] | None = None,
    photos: Mapping[str, str] | None = None,
    **fields: Any,
) -> tuple[Review, bool]:
    """Store what was typed, unless another window stored meanwhile (StaleReview). Renews the hold.

    `lines` is the whole plan, `photos` says of each photo whether it was enough ({id: "yes"}). Returns the review and
    whether the hold is still the author's: the text is kept in either case.
    """
    unknown = fields.keys() - DRAFT_FIELDS
    if unknown:
        raise ValueError(f"not a field of a draft: {', '.join(sorted(unknown))}")
    if "differential" in fields:
        fields["differential"] = [_entry(one) for one in fields["differential"]][:MAX_DIFFERENTIAL]
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
        if lines is not None:
            set_lines(review, lines)
        if photos is not None:
            _set_photos(review, photos)
        held = renew_hold(case_id=review.case_id, by=by) or opinions.is_open(review)
    review.refresh_from_db()
    return review, held


def _entry(one: str | dict) -> dict:
    return {"text": one, "confidence": ""} if isinstance(one, str) else one


def _set_diagnoses(review: Review, codes: list[str]) -> None:
    """The codes in the order of the page; the first is the main one."""
    current = list(review.diagnoses.values_list("icd10cm", flat=True))
    if current == codes:
        return
    if len(codes) > MAX_DIAGNOSES:
        raise ReviewRefused(f"A claim carries {MAX_DIAGNOSES} diagnoses. Remove one first.")
    known = Icd10Code.objects.of_codes(codes, timezone.localdate(None, review.case.group.zone))
    missing = [code for code in codes if code not in known]
    if missing:
        raise ReviewRefused(f"{', '.join(missing)} is not an ICD-10-CM code. Choose one from the list.")
    review.diagnoses.all().delete()
    ReviewDiagnosis.objects.bulk_create(
        ReviewDiagnosis(review=review, icd10cm=code, description=known[code].description, rank=rank)
        for rank, code in enumerate(codes, start=1)
    )


def _set_photos(review: Review, photos: Mapping[str, str]) -> None:
    wanted = {str(pk): value for pk, value in photos.items() if value in Review.Adequate.values}
    rows = {str(row.photo_id): row for row in review.photo_adequacies.all()}
    if {pk: row.adequate for pk, row in rows.items()} == wanted:
        return
    own = {str(pk) for pk in Photo.objects.live().filter(case=review.case_id).values_list("pk", flat=True)}
    review.photo_adequacies.exclude(photo__in=wanted.keys() & own).delete()
    PhotoAdequacy.objects.bulk_create(
        (PhotoAdequacy(review=review, photo_id=pk, adequate=wanted[pk]) for pk in wanted.keys() & own),
        update_conflicts=True, unique_fields=["review", "photo"], update_fields=["adequate"],
    )  # fmt: skip
