"""Plan lines until they are settled: the patient's own, and the lists of the desks."""

import logging

from botocore.exceptions import BotoCoreError, ClientError
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from config import storages
from config.accounts.access import role_required
from config.audit.services import record_view
from intake.models import Case
from intake.views.common import words_in
from review import delivery, items
from review.item_forms import OwnStepForm, PathologyForm, StepForm
from review.models import ActionItem, PathologyReport
from review.rows import icon_of

log = logging.getLogger(__name__)
SHOWS = {
    "open": "Open",
    "overdue": "Over its day",
    "mine": "For the clinic",
    "patient": "With the patient",
    "settled": "Settled",
}
PAGE = 50


@role_required("patient")
def own_steps(request: HttpRequest) -> HttpResponse:
    """What you need to do, the nearest day first; what is done stands below."""
    rows = list(items.of_patient(request.user)[:200])
    today = timezone.localdate()
    for row in rows:
        row.icon, row.is_late = icon_of(row.kind), row.is_open and row.due_on < today
    record_view(request, "item.listed", request.user, cases=sorted({str(row.review.case_id) for row in rows}))
    context = {
        "open": [row for row in rows if row.is_open],
        "settled": sorted(
            (row for row in rows if not row.is_open), key=lambda row: row.settled_at or timezone.now(), reverse=True
        ),
        "several": len({row.review.case.patient_id for row in rows}) > 1,
    }
    return render(request, "review/own_steps.html", context)


@role_required("patient")
def own_step(request: HttpRequest, item_id) -> HttpResponse:
    item = get_object_or_404(items.of_patient(request.user), pk=item_id)
    form = OwnStepForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            items.settle(item=item, by=request.user, **form.cleaned_data)
        except items.ItemRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Thank you. Your clinic can see it."))
            return redirect("review:own_steps")
    record_view(request, "item.viewed", item)
    context = {"item": item, "case": item.review.case, "form": form, "icon_name": icon_of(item.kind)}
    return render(request, "review/own_step.html", context, status=422 if form.is_bound else 200)


def _mine(user) -> dict[str, items.ActionItemQuerySet]:
    return {role: rows(user) for role, rows in items.LISTS.items() if user.has_role(role)}


@role_required("staff", "referrer", "specialist")
def item_list(request: HttpRequest) -> HttpResponse:
    """The desk's steps of all roles that the reader holds."""
    user, today = request.user, timezone.localdate()
    mine = items.of_user(user).exclude(pk__in=items.of_patient(user).values("pk"))
    filters = {
        "open": mine.open(),
        "overdue": mine.open().filter(due_on__lt=today),
        "mine": mine.open().exclude(owner=ActionItem.Owner.PATIENT),
        "patient": mine.open().filter(owner=ActionItem.Owner.PATIENT),
        "settled": mine.exclude(state=ActionItem.State.OPEN),
    }
    if not user.has_role("staff"):
        del filters["mine"], filters["patient"]
    show = request.GET.get("show", "open")
    show = show if show in filters else "open"
    order = ("-settled_at",) if show == "settled" else ("due_on", "review__case__number", "position")
    page = Paginator(filters[show].select_related("settled_by").order_by(*order), PAGE).get_page(
        request.GET.get("page")
    )
    for row in page:
        row.icon, row.is_late = icon_of(row.kind), row.is_open and row.due_on < today
        row.late_days = (today - row.due_on).days
    record_view(request, "item.listed", user, cases=sorted({str(row.review.case_id) for row in page}))
    context = {
        "page": page,
        "show": show,
        "filters": [(key, SHOWS[key], rows.count()) for key, rows in filters.items()],
        "late": filters["overdue"].count(),
    }
    return render(request, "review/items.html", context)


@role_required("staff", "referrer", "specialist")
def item(request: HttpRequest, item_id) -> HttpResponse:
    """One step: what was advised, what became of it, the pathology where tissue was asked for."""
    row = get_object_or_404(items.of_user(request.user), pk=item_id)
    form, pathology = StepForm(), PathologyForm()
    if request.method == "POST":
        sent = "pathology" in request.POST
        form, pathology = (
            (form, PathologyForm(request.POST, request.FILES)) if sent else (StepForm(request.POST), pathology)
        )
        used = pathology if sent else form
        if used.is_valid():
            try:
                if sent:
                    items.attach_pathology(review=row.review, by=request.user, what=used.report_of(), item=row)
                else:
                    items.settle(item=row, by=request.user, **used.cleaned_data)
            except items.ItemRefused as refused:
                used.add_error(None, str(refused))
            else:
                told = f" {row.review.specialist} is told." if sent else ""
                messages.success(request, f"Recorded.{told}")
                return redirect("review:items")
    record_view(request, "item.viewed", row)
    case = row.review.case
    context = {
        "item": row,
        "case": case,
        "patient": case.patient,
        "form": form,
        "pathology_form": pathology,
        "reports": row.review.pathology.select_related("by", "seen_by"),
        "icon_name": icon_of(row.kind),
        "may_settle": row.is_open and bool(items.role_of(row, request.user)),
        "may_attach": row.kind == ActionItem.Kind.BIOPSY,
        "may_reopen": not row.is_open and case.status != "closed",
        "result": _result_of(case, request.user),
        "follow_up": row.follow_up,
    }
    return render(request, "review/item.html", context, status=422 if request.method == "POST" else 200)


def _result_of(case: Case, user) -> str:
    """The page of the result for this reader."""
    if user.has_role("staff", case.clinic):
        return "review:staff_result"
    if case.referring_clinic is not None and user.has_role("referrer", case.referring_clinic):
        return "review:referrer_result"
    return "review:signed" if case.reviews.filter(specialist=user).exists() else ""


@role_required("staff", "referrer", "specialist")
@require_POST
def item_reopen(request: HttpRequest, item_id) -> HttpResponse:
    row = get_object_or_404(items.of_user(request.user), pk=item_id)
    try:
        items.reopen(item=row, by=request.user, why=words_in(request.POST, "why"))
        messages.success(request, "Open again.")
    except items.ItemRefused as refused:
        messages.error(request, str(refused))
    return redirect("review:item", row.pk)


@role_required("staff", "referrer", "specialist")
def pathology_new(request: HttpRequest, case_id) -> HttpResponse:
    """A report without a line that asked for it, or a second one."""
    case = get_object_or_404(Case.objects.visible_to(request.user).select_related("patient", "clinic"), pk=case_id)
    review = delivery.signed_review(case)
    if review is None:
        raise Http404
    form = PathologyForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            items.attach_pathology(review=review, by=request.user, what=form.report_of())
        except items.ItemRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"Recorded. {review.specialist} is told.")
            return redirect(_result_of(case, request.user) or "review:items", case.pk)
    context = {"case": case, "patient": case.patient, "form": form, "result": _result_of(case, request.user)}
    return render(request, "review/pathology.html", context, status=422 if form.is_bound else 200)


@role_required("staff", "referrer", "specialist")
@never_cache
def pathology_file(request: HttpRequest, report_id: int) -> HttpResponse:
    """The laboratory's paper, as it was attached."""
    row = get_object_or_404(
        PathologyReport.objects.exclude(file_sha256="").select_related("review__case"),
        pk=report_id,
        review__case__in=Case.objects.visible_to(request.user),
    )
    case = row.review.case
    record_view(request, "pathology.downloaded", row, case=str(case.pk))
    try:
        file = storages.private_storage().open(row.file_key, "rb")
    except (OSError, BotoCoreError, ClientError) as error:
        log.warning("storage does not give a report (%s)", type(error).__name__)
        return HttpResponse("The report cannot be opened just now. Try again in a minute.", status=503)
    # saved and not shown: whoever attached it could have put anything into it
    name = f"pathology-{case.number}.pdf"
    response = FileResponse(file, content_type="application/pdf", as_attachment=True, filename=name)
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, no-store"
    return response
