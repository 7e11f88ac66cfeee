"""Marks over photographs, as the viewer draws, makes and takes them back."""

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from config.accounts.access import role_required
from intake.models import Photo
from review import annotations
from review.errors import ReviewRefused
from review.models import Annotation, Review
from review.views.common import own_review, reading_case


@role_required("specialist")
def marks(request: HttpRequest, case_id) -> HttpResponse:
    """All marks over the photos of this patient that the reader may see; a POST makes one more."""
    review = own_review(request, reading_case(request, case_id))
    if request.method != "POST":
        return _answer(request, review)
    try:
        annotations.annotate(
            review=review,
            by=request.user,
            photo=get_object_or_404(_photos(request, review), pk=request.POST.get("photo")),
            kind=request.POST.get("kind", ""),
            start=(float(request.POST["x1"]), float(request.POST["y1"])),
            end=(float(request.POST["x2"]), float(request.POST["y2"])),
            text=request.POST.get("text", ""),
            mm=float(request.POST["mm"]) if request.POST.get("mm") else None,
        )
    except (KeyError, ValueError, ValidationError):
        return JsonResponse({"error": "The mark could not be read. Draw it again."}, status=400)
    except ReviewRefused as refused:
        return JsonResponse({"error": str(refused)}, status=422)
    return _answer(request, review, status=201)


@role_required("specialist")
@require_POST
def withdraw_mark(request: HttpRequest, case_id, mark_id) -> HttpResponse:
    review = own_review(request, reading_case(request, case_id))
    annotation = get_object_or_404(Annotation, pk=mark_id, review=review)
    try:
        annotations.withdraw(annotation=annotation, by=request.user)
    except ReviewRefused as refused:
        return JsonResponse({"error": str(refused)}, status=422)
    return _answer(request, review)


def _photos(request: HttpRequest, review: Review):
    return Photo.objects.visible_to(request.user).filter(case__patient=review.case.patient_id).select_related("case")


def _answer(request: HttpRequest, review: Review, status: int = 200) -> JsonResponse:
    found = annotations.marks_of(review, list(_photos(request, review)))
    return JsonResponse({"marks": found}, status=status)
