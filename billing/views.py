"""The biller's desk, the proof behind a line, batches, and dated reference data. No photographs, no clinical text."""

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from billing import batches as batching
from billing import desk as desk_lists
from billing import forms, services
from billing.models import Alignment, Batch, BatchFile, ChargeLine, Fee, Payer, PayerPolicy, Programme, RosterEntry
from billing.rules import BY_CODE
from config.accounts.access import role_required
from config.audit.services import record, record_view
from review.beats import review_time

BILLING_PEOPLE = ("biller", "administrator")


@role_required("biller")
def desk(request: HttpRequest) -> HttpResponse:
    key = request.GET.get("show", "open")
    key = key if key in desk_lists.FILTERS else "open"
    text = request.GET.get("q", "").strip()
    lines = list(desk_lists.lines(request.user, key, text)[: desk_lists.PAGE])
    counts = desk_lists.counts(request.user)
    by_key = {name: count for name, _, _, count in counts}
    record_view(request, "charge.listed", request.user, lines=[line.number for line in lines])
    ready = [line for line in lines if line.status == ChargeLine.Status.READY]
    context = {
        "lines": lines,
        "counts": counts,
        "shown": key,
        "text": text,
        "ready_count": by_key["ready"],
        "held_count": by_key["held"],
        "ready": ready,
        "total": sum(line.amount for line in ready),
    }
    return render(request, "billing/desk.html", context)


def _line(request: HttpRequest, uid) -> ChargeLine:
    lines = ChargeLine.objects.visible_to(request.user).select_related(
        "review__case__patient",
        "review__case__group",
        "review__specialist__practitioner",
        "payer",
        "programme",
        "group",
    )
    return get_object_or_404(lines, uid=uid)


@role_required("biller")
def line(request: HttpRequest, uid) -> HttpResponse:
    """The proof: what was counted, the facts as they were, each decision, who has the recommendation."""
    line = _line(request, uid)
    record_view(request, "charge.viewed", line)
    review = line.review
    time = review_time(review, review.last_beat_id)
    context = {
        "line": line,
        "review": review,
        "time": time,
        "intervals": [(start, end, end - start) for start, end in time.intervals],
        "added": review.added_times.all(),
        "decisions": line.decisions.order_by("-pk"),
        "releases": line.releases.select_related("by"),
        "deliveries": review.deliveries.select_related("recipient"),
        "batch": Batch.objects.filter(batch_lines__line=line).first(),
        "holds": [hold | {"releasable": hold["code"] in line.releasable} for hold in line.holds],
    }
    return render(request, "billing/line.html", context)


@role_required("biller")
@require_POST
def release(request: HttpRequest, uid, code: str) -> HttpResponse:
    line = _line(request, uid)
    try:
        services.release_hold(line=line, by=request.user, code=code, reason=request.POST.get("reason", ""))
        messages.success(request, f"{BY_CODE[code].sentence} This hold is released.")
    except services.BillingRefused as refused:
        messages.error(request, str(refused))
    return redirect("billing:line", line.uid)


@role_required("biller")
@require_POST
def void(request: HttpRequest, uid) -> HttpResponse:
    line = _line(request, uid)
    try:
        services.void_line(line=line, by=request.user, reason=request.POST.get("reason", ""))
        messages.success(request, f"Line {line.number} is void.")
    except services.BillingRefused as refused:
        messages.error(request, str(refused))
    return redirect("billing:line", line.uid)


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


@role_required(*BILLING_PEOPLE)
def reference(request: HttpRequest) -> HttpResponse:
    groups = forms.groups_of(request.user)
    context = {
        "programmes": Programme.objects.all(),
        "fees": Fee.objects.filter(group__in=groups).select_related("group").order_by("code", "-valid_from"),
        "policies": PayerPolicy.objects.select_related("payer").order_by("payer__name", "-valid_from"),
        "payers": Payer.objects.all(),
        "roster": RosterEntry.objects.select_related("programme", "practitioner__user"),
        "alignments": Alignment.objects.filter(patient__cases__group__in=groups)
        .select_related("programme", "patient")
        .distinct()
        .order_by("patient__last_name")[:200],
    }
    return render(request, "billing/reference.html", context)


@role_required(*BILLING_PEOPLE)
def reference_edit(request: HttpRequest, kind: str, pk: int | None = None) -> HttpResponse:
    if kind not in forms.FORMS:
        raise Http404
    label, form_class = forms.FORMS[kind]
    groups = forms.groups_of(request.user)
    instance = get_object_or_404(form_class._meta.model, pk=pk) if pk else None
    if isinstance(instance, Fee) and instance.group not in groups:
        raise Http404
    form = form_class(request.POST or None, instance=instance, groups=groups)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            saved = form.save()
            changed = {name: str(form.cleaned_data[name]) for name in form.changed_data}
            record("reference.changed", by=request.user, subject=saved, data={"kind": kind, "changed": changed})
        messages.success(request, f"{label} saved. Held lines are decided again.")
        return redirect("billing:reference")
    return render(request, "billing/reference_edit.html", {"form": form, "label": label, "instance": instance})
