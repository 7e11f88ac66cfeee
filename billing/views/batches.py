"""Choosing, looking, exporting; a batch's life; its kept files."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from billing import batches as batching
from billing import exporting, payer_words, posting, services
from billing.models import Batch, BatchFile, ChargeLine
from billing.views.paper import AT_ONCE as FORMS_AT_ONCE
from config.accounts.access import role_required
from config.audit.services import record_view

# so many lines are exported while the biller waits; more go to the worker
AT_ONCE = 500
LINES_SHOWN = 500


def _chosen(request: HttpRequest):
    """Ready lines of the biller's own groups: the ticked ones, or all of them."""
    mine = ChargeLine.objects.visible_to(request.user).filter(status=ChargeLine.Status.READY)
    if request.POST.get("scope") == "all":
        return mine
    return mine.filter(uid__in=_uids(request))


def _uids(request: HttpRequest) -> list[UUID]:
    found = []
    for text in request.POST.getlist("line"):
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


@role_required("biller")
def preview(request: HttpRequest) -> HttpResponse:
    """What would go, to whom, and what would stay behind and why. Nothing is written."""
    if request.method != "POST":
        return redirect("billing:desk") if request.method == "GET" else HttpResponseNotAllowed(["GET", "POST"])
    previews = batching.preview(_chosen(request))
    if not previews:
        messages.error(request, "None of the chosen lines is ready. Choose ready lines first.")
        return redirect("billing:desk")
    context = {
        "previews": previews,
        "count": sum(one.count for one in previews),
        "kept_back": sum(len(one.kept_back or ()) for one in previews),
        "is_blocked": any(one.envelope_problems for one in previews),
        "scope": request.POST.get("scope", ""),
        "uids": [] if request.POST.get("scope") == "all" else _uids(request),
    }
    return render(request, "billing/preview.html", context)


@role_required("biller")
@require_POST
def export(request: HttpRequest) -> HttpResponse:
    chosen = _chosen(request)
    count = chosen.count()
    try:
        if request.POST.get("scope") == "all":
            made = batching.start(by=request.user, groups=request.user.clinics("biller"))
        else:
            made = batching.start(by=request.user, lines=list(chosen))
    except services.BillingRefused as refused:
        messages.error(request, str(refused))
        return redirect("billing:desk")
    if count <= AT_ONCE:
        made = [exporting.finish(batch) for batch in made]
    left = [batch for batch in made if batch.status != Batch.Status.CANCELLED]
    if not left:
        why = made[0].end_reason if made else "None of the chosen lines is ready any more."
        messages.error(request, f"{why} Nothing was exported.")
        return redirect("billing:batch", made[0].pk) if made and made[0].left_out else redirect("billing:desk")
    exported = sum(batch.line_count for batch in left)
    if all(batch.status == Batch.Status.EXPORTED for batch in left):
        messages.success(request, f"{exported} {'line is' if exported == 1 else 'lines are'} exported.")
    return redirect("billing:batch", left[0].pk) if len(left) == 1 else redirect("billing:batches")


@role_required("biller")
def batches(request: HttpRequest) -> HttpResponse:
    found = Batch.objects.visible_to(request.user).select_related("payer", "created_by", "replaces")[:200]
    return render(request, "billing/batches.html", {"batches": found})


def _batch(request: HttpRequest, batch_id) -> Batch:
    mine = Batch.objects.visible_to(request.user).select_related(
        "payer", "submitter", "group", "created_by", "replaces"
    )
    return get_object_or_404(mine, pk=batch_id)


@role_required("biller")
def batch(request: HttpRequest, batch_id) -> HttpResponse:
    found = _batch(request, batch_id)
    if request.headers.get("HX-Request"):
        # a look at how far it is, every second or so: not a view of a record
        response = render(request, "billing/partials/batch_progress.html", {"batch": found})
        if found.status != Batch.Status.PREPARING:
            response["HX-Refresh"] = "true"
        return response
    record_view(request, "batch.viewed", found)
    rows = found.batch_lines.select_related("line__review__case__patient", "line__review__specialist")
    files = list(found.files.defer("content"))
    answers, money = posting.of_batch(found)
    context = {
        "batch": found,
        "answers": answers,
        "money": money,
        "files": files,
        "claim_files": [file for file in files if file.kind == BatchFile.Kind.X12],
        "lines": rows[:LINES_SHOWN],
        "lines_shown": LINES_SHOWN,
        "standing": payer_words.standing(batching.standing(found)),
        "replaced_by": found.replaced_by.exclude(status=Batch.Status.CANCELLED).first(),
        "downloads": batching.downloads(found),
        "can_send_again": batching.can_be_sent_again(found),
        "form_parts": _form_parts(found),
    }
    return render(request, "billing/batch.html", context)


def _form_parts(batch: Batch) -> range:
    made = batch.status in (Batch.Status.EXPORTED, Batch.Status.SENT, Batch.Status.REPLACED)
    return range(1, (batch.line_count - 1) // FORMS_AT_ONCE + 2) if made and batch.payer.takes_paper else range(0)


@role_required("biller")
@require_POST
def change(request: HttpRequest, batch_id, verb: str) -> HttpResponse:
    """sent, cancel or again: the three ways on for a batch whose files are made."""
    found = _batch(request, batch_id)
    reason = request.POST.get("reason", "")
    try:
        if verb == "sent":
            batching.mark_sent(batch=found, by=request.user)
            messages.success(request, f"Batch {found.number} is marked as sent.")
        elif verb == "cancel":
            batching.cancel(batch=found, by=request.user, reason=reason)
            messages.success(request, f"Batch {found.number} is canceled. Its lines are ready again.")
        else:
            made = batching.send_again(batch=found, by=request.user, reason=reason)
            if made.wanted <= AT_ONCE:
                made = exporting.finish(made)
            messages.success(request, f"The lines of {found.number} are in {made.number}, with new control numbers.")
            return redirect("billing:batch", made.pk)
    except services.BillingRefused as refused:
        messages.error(request, str(refused))
    return redirect("billing:batch", found.pk)


@role_required("biller")
def batch_file(request: HttpRequest, batch_id, file_id: int) -> HttpResponse:
    found = _batch(request, batch_id)
    file = get_object_or_404(BatchFile, pk=file_id, batch=found)
    record_view(request, "batch.downloaded", found, file=file.name, sha256=file.sha256)
    response = HttpResponse(file.read(), content_type="application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="{file.name}"'
    response["Cache-Control"] = "private, no-store"
    return response
