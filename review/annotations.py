"""Marks over photographs: made and taken back by the reviewer until the signature, then frozen with it."""

import math
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from config.accounts.models import User
from config.audit.services import record
from intake.models import Photo
from review.errors import ReviewRefused
from review.models import Annotation, AnnotationWithdrawal, Review

MAX_ON_A_REVIEW = 200
Point = tuple[float, float]


def annotate(
    *,
    review: Review,
    by: User,
    photo: Photo,
    kind: str,
    start: Point,
    end: Point,
    text: str = "",
    mm: float | None = None,
) -> Annotation:
    """Put a mark over a photo of this patient. A new scale on a photo takes the place of its old one."""
    points = [*start, *end]
    if kind not in Annotation.Kind.values or not all(math.isfinite(p) and 0 <= p <= 1 for p in points):
        raise ReviewRefused("The mark lies outside of the photo. Draw it again.")
    text = " ".join(text.split())[:200]
    if kind == Annotation.Kind.TEXT and not text:
        raise ReviewRefused("Write what the mark should say.")
    if kind != Annotation.Kind.TEXT and start == end:
        raise ReviewRefused("The mark has no length. Draw it again, from one place to another.")
    if kind == Annotation.Kind.SCALE and not (mm is not None and math.isfinite(mm) and 0 < mm <= 1000):
        raise ReviewRefused("Write how long the marked part is, in millimeters, like 10.")
    if photo.case.patient_id != review.case.patient_id or photo.status != "ready":
        raise ReviewRefused("This photo is not one of this patient's.")
    with transaction.atomic():
        _still_mine(review, by)
        if review.annotations.count() >= MAX_ON_A_REVIEW:
            raise ReviewRefused("There are too many marks on this review. Take some back first.")
        if kind == Annotation.Kind.SCALE:
            for old in review.annotations.live().filter(photo=photo, kind=kind):
                AnnotationWithdrawal.objects.create(annotation=old, by=by)
        made = Annotation.objects.create(
            review=review, photo=photo, by=by, kind=kind, x1=start[0], y1=start[1], x2=end[0], y2=end[1], text=text,
            mm=mm if kind == Annotation.Kind.SCALE else None,
        )  # fmt: skip
        record("annotation.made", by=by, subject=made, data={"kind": kind, "photo": str(photo.pk)})
    return made


def withdraw(*, annotation: Annotation, by: User) -> None:
    """Take a mark back, before the signature; twice is as good as once."""
    with transaction.atomic():
        _still_mine(annotation.review, by)
        try:
            with transaction.atomic():
                AnnotationWithdrawal.objects.create(annotation=annotation, by=by)
        except IntegrityError:
            return
        record("annotation.withdrawn", by=by, subject=annotation, data={"kind": annotation.kind})


def _still_mine(review: Review, by: User) -> None:
    """The write that a signature cannot overtake: it takes the review's row, and finds it only while it is a draft."""
    mine = Review.objects.filter(pk=review.pk, specialist=by, status=Review.Status.DRAFT)
    if not mine.update(saved_at=timezone.now()):
        raise ReviewRefused(
            "Marks are made by the reviewer, before signing. This review is signed or another person's."
        )


def distance(mark: Annotation) -> float:
    """In pixels of the photo."""
    return math.hypot((mark.x2 - mark.x1) * mark.photo.width, (mark.y2 - mark.y1) * mark.photo.height)


def length_mm(mark: Annotation, scale: Annotation | None) -> float | None:
    """What a measured line, or an outline's longer axis, is long against the marked scale of the same photo."""
    if scale is None or mark.kind not in {Annotation.Kind.MEASURE, Annotation.Kind.ELLIPSE}:
        return None
    per_mm = distance(scale) / scale.mm
    if mark.kind == Annotation.Kind.MEASURE:
        return distance(mark) / per_mm
    sides = abs(mark.x2 - mark.x1) * mark.photo.width, abs(mark.y2 - mark.y1) * mark.photo.height
    return max(sides) / per_mm


def in_words(mark: Annotation, scale: Annotation | None) -> str:
    """A mark as a sentence for a list, a screen reader and the signed record."""
    length = length_mm(mark, scale)
    parts = [mark.get_kind_display()]
    if mark.kind == Annotation.Kind.SCALE:
        parts.append(f"{mark.mm:g} mm")
    elif length is not None:
        parts.append(f"{length:.1f} mm")
    elif mark.kind == Annotation.Kind.MEASURE:
        parts.append("no scale marked")
    return ": ".join([", ".join(parts), mark.text]) if mark.text else ", ".join(parts)


def marks_of(review: Review, photos: list[Photo]) -> dict[str, list[dict[str, Any]]]:
    """The marks to be drawn over these photos: the own ones, and those that a signed review left, photo by photo."""
    found = Annotation.objects.live().filter(photo__in=photos).select_related("photo", "review")
    seen = [mark for mark in found if mark.review_id == review.pk or mark.review.is_signed]
    own = {mark.photo_id: mark for mark in seen if mark.kind == Annotation.Kind.SCALE and mark.review_id == review.pk}
    scales = {mark.photo_id: mark for mark in seen if mark.kind == Annotation.Kind.SCALE} | own
    marks: dict[str, list[dict[str, Any]]] = {}
    for mark in seen:
        scale = scales.get(mark.photo_id)
        marks.setdefault(str(mark.photo_id), []).append(
            _plain(mark)
            | {"words": in_words(mark, scale), "mine": mark.review_id == review.pk and not review.is_signed}
        )
    for photo in photos:
        if circle := _circled(photo):
            marks.setdefault(str(photo.pk), []).append(circle)
    return marks


def _circled(photo: Photo) -> dict[str, Any] | None:
    """The circle that the patient drew around the spot, as an outline of nobody's review."""
    if photo.circle_x is None or photo.circle_y is None or not photo.circled_px or not photo.width or not photo.height:
        return None
    right, down = photo.circled_px / 2 / photo.width, photo.circled_px / 2 / photo.height
    return {
        "id": "", "kind": Annotation.Kind.ELLIPSE.value, "text": "", "mm": None, "mine": False,
        "words": "Outline, circled by the patient",
        "x1": photo.circle_x - right, "y1": photo.circle_y - down,
        "x2": photo.circle_x + right, "y2": photo.circle_y + down,
    }  # fmt: skip


def _plain(mark: Annotation) -> dict[str, Any]:
    return {
        "id": str(mark.pk), "kind": mark.kind, "x1": mark.x1, "y1": mark.y1, "x2": mark.x2, "y2": mark.y2,
        "text": mark.text, "mm": mark.mm,
    }  # fmt: skip


def frozen(review: Review) -> list[dict[str, Any]]:
    """What the signature covers. Coordinates as text: engines store fractions each in their own way, a hash needs one."""
    marks = list(review.annotations.live().select_related("photo"))
    scales = {mark.photo_id: mark for mark in marks if mark.kind == Annotation.Kind.SCALE}
    return [
        {
            "id": str(mark.pk),
            "photo": str(mark.photo_id),
            "slot": mark.photo.slot,
            "kind": mark.kind,
            "points": [f"{value:.6f}" for value in (mark.x1, mark.y1, mark.x2, mark.y2)],
            "text": mark.text,
            "words": in_words(mark, scales.get(mark.photo_id)),
        }
        for mark in marks
    ]
