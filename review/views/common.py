"""What every page of a specialist asks first: may this person see the case, and who holds it."""

from django.db.models import Q
from django.http import HttpRequest
from django.shortcuts import get_object_or_404, redirect

from intake.models import Case, CaseStatus
from review import opinions
from review.models import Review


def reading_case(request: HttpRequest, case_id) -> Case:
    """A case that the specialist may answer, or has a review of; anything else does not exist (404)."""
    user = request.user
    mine = Q(pk__in=Case.objects.answerable_by(user).values("pk")) | Q(pk__in=user.reviews.values("case"))
    cases = Case.objects.filter(mine).select_related(
        "patient", "clinic", "group", "holder", "assigned_to", "referring_clinician"
    )
    return get_object_or_404(cases, pk=case_id)


def own_review(request: HttpRequest, case: Case) -> Review:
    review = get_object_or_404(
        Review.objects.select_related("specialist__practitioner"), case=case, specialist=request.user
    )
    review.case = case
    return review


def is_held_by(case: Case, user) -> bool:
    return case.status == CaseStatus.IN_REVIEW and case.holder_id == user.pk


def may_write(case: Case, review: Review) -> bool:
    """The holder, or a colleague whose second opinion is still asked for."""
    return is_held_by(case, review.specialist) or opinions.is_open(review)


def to_room(case: Case):
    return redirect("review:room", case.pk)
