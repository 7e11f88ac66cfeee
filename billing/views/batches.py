"""Export, batches and their kept files."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from billing import batches as batching
from billing import services
from billing.models import Batch, BatchFile, ChargeLine
from config.accounts.access import role_required
from config.audit.services import record_view


@role_required("biller")
@require_POST
def export(request: HttpRequest) -> HttpResponse:
    chosen = ChargeLine.objects.visible_to(request.user).filter(uid__in=_uids(request), status=ChargeLine.Status.READY)
    try:
        made = batching.export_ready(by=request.user, lines=list(chosen))
    except services.BillingRefused as refused:
        messages.error(request, str(refused))
        return redirect("billing:desk")
    if not made:
        messages.error(request, "None of the chosen lines is ready any more. Nothing was exported.")
        return redirect("billing:desk")
    exported = sum(batch.line_count for batch in made)
    messages.success(request, f"{exported} {'line is' if exported == 1 else 'lines are'} exported.")
    return redirect("billing:batch", made[0].pk) if len(made) == 1 else redirect("billing:batches")


def _uids(request: HttpRequest) -> list[str]:
    return [uid for uid in request.POST.getlist("line") if len(uid) == 36]


@role_required("biller")
def batches(request: HttpRequest) -> HttpResponse:
    found = Batch.objects.visible_to(request.user).select_related("payer", "created_by")[:200]
    return render(request, "billing/batches.html", {"batches": found})


@role_required("biller")
def batch(request: HttpRequest, batch_id) -> HttpResponse:
    found = get_object_or_404(Batch.objects.visible_to(request.user).select_related("payer", "submitter"), pk=batch_id)
    record_view(request, "batch.viewed", found)
    context = {
        "batch": found,
        "files": found.files.defer("content"),
        "lines": found.batch_lines.select_related("line__review__case__patient", "line__review__specialist"),
    }
    return render(request, "billing/batch.html", context)


@role_required("biller")
def batch_file(request: HttpRequest, batch_id, file_id: int) -> HttpResponse:
    found = get_object_or_404(Batch.objects.visible_to(request.user), pk=batch_id)
    file = get_object_or_404(BatchFile, pk=file_id, batch=found)
    record_view(request, "batch.downloaded", found, file=file.name, sha256=file.sha256)
    response = HttpResponse(bytes(file.content), content_type="application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="{file.name}"'
    response["Cache-Control"] = "private, no-store"
    return response
