"""The biller's desk: lines ready and held."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from billing import desk as desk_lists
from billing.models import ChargeLine
from config.accounts.access import role_required
from config.audit.services import record_view


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
