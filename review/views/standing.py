"""Where advice stands, and each of its tables as a CSV. No page or file here names a person."""

import csv

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from config.accounts.access import role_required
from config.audit.services import record_view
from review import standing


def _days(request: HttpRequest) -> int:
    text = request.GET.get("days", "")
    days = int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else 0
    return days if days in standing.PERIODS else 90


@role_required("staff", "referrer", "specialist")
@require_GET
def standing_page(request: HttpRequest) -> HttpResponse:
    days = _days(request)
    rows = standing.seen_by(request.user, days)
    context = {
        "measures": [make(rows) for make in standing.MEASURES.values()],
        "periods": standing.PERIODS.items(),
        "days": days,
    }
    return render(request, "review/standing.html", context)


@role_required("staff", "referrer", "specialist")
@require_GET
def standing_csv(request: HttpRequest, measure: str) -> HttpResponse:
    make = standing.MEASURES.get(measure)
    if make is None:
        raise Http404
    days = _days(request)
    made = make(standing.seen_by(request.user, days))
    record_view(request, "advice.standing_exported", request.user, measure=measure, days=days)
    name = f"advice-by-{measure}-{days}-days-{timezone.localdate():%Y-%m-%d}.csv"
    response = HttpResponse(
        content_type="text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
    writer = csv.writer(response)
    writer.writerow(made.columns)
    writer.writerows(["" if value is None else value for value in row] for row in made.rows)
    return response
