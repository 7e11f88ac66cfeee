"""The biller's desk: lines ready and held."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from billing import desk as desk_lists
from billing import reports
from billing.models import ChargeLine
from billing.places import with_places
from billing.rules import BY_CODE
from config.accounts.access import role_required
from config.audit.services import record_view


@role_required("biller")
def desk(request: HttpRequest) -> HttpResponse:
    key = request.GET.get("show", "open")
    key = key if key in desk_lists.FILTERS else "open"
    hold, age = request.GET.get("hold", ""), request.GET.get("age", "")
    hold, age = hold if hold in BY_CODE else "", age if age in reports.AGES else ""
    key = "held" if hold else key
    text = request.GET.get("q", "").strip()
    lines = list(desk_lists.lines(request.user, key, text, hold=hold, age=age)[: desk_lists.PAGE])
    for line in lines:
        line.placed = with_places(line)
    counts = desk_lists.counts(request.user)
    by_key = {name: count for name, _, _, count in counts}
    record_view(request, "charge.listed", request.user, lines=[line.number for line in lines])
    ready = [line for line in lines if line.status == ChargeLine.Status.READY]
    context = {
        "lines": lines,
        "counts": counts,
        "shown": key,
        "hold": BY_CODE.get(hold),
        "age": reports.AGES[age][0].lower() if age else "",
        "text": text,
        "ready_count": by_key["ready"],
        "held_count": by_key["held"],
        "ready": ready,
        "held": [line for line in lines if line.status == ChargeLine.Status.HELD],
        "total": sum(line.amount for line in ready),
        "standing": reports.standing(request.user),
    }
    return render(request, "billing/desk.html", context)
