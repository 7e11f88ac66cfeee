"""The clinic in numbers: charts with their tables, and each table as a CSV. No page or file here names a person."""

import csv

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from config.accounts.access import role_required
from config.audit.services import record_view
from intake import measures, queue
from intake.views.desk import own_clinics


def _span(request: HttpRequest) -> measures.Span:
    text = request.GET.get("days", "")
    days = int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else 0
    return measures.span_of(queue.clinics_of(request.user), days if days in measures.PERIODS else 30)


@role_required("staff")
@require_GET
def clinic_page(request: HttpRequest) -> HttpResponse:
    span = _span(request)
    context = {
        "measures": measures.all_of(span),
        "periods": measures.PERIODS.items(),
        "days": span.days,
        "clinics": own_clinics(request),
        "first": span.first,
        "last": span.last,
    }
    return render(request, "intake/clinic.html", context)


@role_required("staff")
@require_GET
def clinic_csv(request: HttpRequest, measure: str) -> HttpResponse:
    make = measures.MEASURES.get(measure)
    if make is None:
        raise Http404
    span = _span(request)
    made = make(span)
    record_view(request, "clinic.measures_exported", request.user, measure=measure, days=span.days)
    name = f"{measure}-{span.days}-days-{timezone.localdate():%Y-%m-%d}.csv"
    response = HttpResponse(
        content_type="text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
    writer = csv.writer(response)
    writer.writerow(made.columns)
    writer.writerows(["" if value is None else value for value in row] for row in made.rows)
    return response
