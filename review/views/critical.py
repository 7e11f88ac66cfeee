"""The board of critical results, taking one over, and marking one after the signature."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from config.accounts.access import role_required
from config.audit.services import record_view
from intake.views.common import words_in
from review import critical
from review.critical_rules import ACKNOWLEDGE_WITHIN, DIRECTOR, LEAD, rung
from review.models import CriticalResult, CriticalStep, Review

ROLES = ("staff", "referrer", "specialist", "administrator")
_RUNGS = dict(CriticalStep.Rung.choices)


@role_required(*ROLES)
def board(request: HttpRequest) -> HttpResponse:
    """What is on the ladder, the longest first, with each step; below, what was taken over lately."""
    now = timezone.now()
    waiting, done = critical.board(request.user)
    for row in waiting:
        _show(request, row, now)
    seen = sorted({str(row.case_id) for row in [*waiting, *done]})
    record_view(request, "critical.listed", request.user, cases=seen)
    context = {
        "waiting": waiting,
        "done": done,
        "late": critical.late(waiting, now),
        "hours": int(ACKNOWLEDGE_WITHIN.total_seconds() // 3600),
    }
    return render(request, "review/critical_board.html", context)


def _show(request: HttpRequest, row: CriticalResult, now) -> None:
    user = request.user
    row.is_late = row.due_at < now
    row.next_rung = _RUNGS[rung(row.steps_done)]
    row.may_take = critical.may_acknowledge(row, user)
    row.may_phone = row.review.specialist_id == user.pk
    row.no_director = rung(row.steps_done) in {LEAD, DIRECTOR} and not critical.directors_of(row.case)
    row.result = result_page(row, user)


def result_page(row: CriticalResult, user) -> str:
    case = row.case
    if user.has_role("staff", case.clinic):
        return "review:staff_result"
    if case.referring_clinic is not None and user.has_role("referrer", case.referring_clinic):
        return "review:referrer_result"
    return "review:signed" if row.review.specialist_id == user.pk else ""


@role_required(*ROLES)
@require_POST
def take(request: HttpRequest, critical_id) -> HttpResponse:
    row = get_object_or_404(critical.visible_to(request.user), pk=critical_id)
    try:
        critical.acknowledge(
            row=row,
            by=request.user,
            action=words_in(request.POST, "action"),
            taken_by=words_in(request.POST, "taken_by"),
        )
        messages.success(request, f"Acknowledged. {row.case.patient.name} is off the ladder.")
    except critical.CriticalRefused as refused:
        messages.error(request, str(refused))
    return redirect("review:critical_board")


@role_required("specialist")
@require_POST
def mark(request: HttpRequest, review_id) -> HttpResponse:
    review = get_object_or_404(Review.objects.signed().select_related("case"), pk=review_id, specialist=request.user)
    try:
        row = critical.mark(review=review, by=request.user, note=words_in(request.POST, "note"))
        messages.success(request, f"Marked. {row.named or 'The clinic'} is told and has to acknowledge it.")
    except critical.CriticalRefused as refused:
        messages.error(request, str(refused))
    return redirect("review:signed", review.case_id)
