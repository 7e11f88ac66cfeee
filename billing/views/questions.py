"""Questions of billers to the signers: asked at a line, answered on a page of the specialist's own."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from billing import queries
from billing.models import ChargeLine, ClinicianQuery
from billing.services import BillingRefused
from config.accounts.access import role_required
from config.audit.services import record_view


@role_required("biller")
@require_POST
def ask(request: HttpRequest, uid) -> HttpResponse:
    line = get_object_or_404(ChargeLine.objects.visible_to(request.user).select_related("review", "group"), uid=uid)
    text, about = request.POST.get("question", ""), request.POST.get("about", "")
    try:
        query = queries.ask(line=line, by=request.user, question=text, about=about)
    except BillingRefused as refused:
        messages.error(request, str(refused))
        return redirect("billing:line", line.uid)
    messages.success(request, f"{query.review.specialist} is asked. The line is held until the answer is here.")
    live = ChargeLine.objects.live().filter(review=line.review_id).first()
    return redirect("billing:line", live.uid if live else line.uid)


@role_required("biller")
@require_POST
def take_back(request: HttpRequest, query_id: int) -> HttpResponse:
    query = get_object_or_404(_of_billers(request), pk=query_id)
    try:
        queries.take_back(query=query, by=request.user)
        messages.success(request, "The question is taken back. The line is decided again.")
    except BillingRefused as refused:
        messages.error(request, str(refused))
    live = ChargeLine.objects.live().filter(review=query.review_id).first()
    return redirect("billing:line", live.uid if live else query.line.uid)


def _of_billers(request: HttpRequest):
    groups = request.user.clinics("biller")
    return ClinicianQuery.objects.filter(line__group__in=groups).select_related("line__group", "review")


def _own(request: HttpRequest):
    """What the specialist was asked about the own signed reviews."""
    mine = ClinicianQuery.objects.filter(review__specialist=request.user)
    return mine.select_related("line__group", "review__case__patient", "asked_by")


@role_required("specialist")
def questions(request: HttpRequest) -> HttpResponse:
    waiting = list(_own(request).open())
    answered = list(_own(request).filter(closed_at__isnull=False).order_by("-closed_at")[:20])
    record_view(request, "query.listed", request.user, cases=[query.review.case_id for query in (*waiting, *answered)])
    return render(request, "billing/questions.html", {"waiting": waiting, "answered": answered})


@role_required("specialist")
@require_POST
def answer(request: HttpRequest, query_id: int) -> HttpResponse:
    query = get_object_or_404(_own(request), pk=query_id)
    try:
        queries.answer(query=query, by=request.user, text=request.POST.get("answer", ""))
        messages.success(request, "Your answer is on record. It changes nothing in the signed review.")
    except BillingRefused as refused:
        messages.error(request, str(refused))
    return redirect("billing:questions")
