"""One line: the proof behind it, and what a biller does with it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from billing import services
from billing.models import Batch, ChargeLine
from billing.rules import BY_CODE
from config.accounts.access import role_required
from config.audit.services import record_view
from review.beats import review_time


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
        "batch": Batch.objects.filter(batch_lines__line=line, batch_lines__is_live=True).first(),
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
