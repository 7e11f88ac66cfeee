"""Worklists, missing charges, filing deadlines and totals."""

import csv

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from billing import reports, totals
from billing.models import ChargeLine
from config.accounts.access import role_required
from config.audit.services import record, record_view
from config.work import services as work
from review.models import Review

SHOWN = 500


@role_required("biller")
@require_GET
def worklists(request: HttpRequest) -> HttpResponse:
    found = reports.worklists(request.user)
    return render(request, "billing/worklists.html", {"worklists": found, "ages": reports.AGES.values()})


@role_required("biller")
@require_GET
def missing(request: HttpRequest) -> HttpResponse:
    """Signed reviews that nobody decided about. It must be empty, and says so."""
    rows = list(reports.missing(request.user)[: SHOWN + 1])
    record_view(request, "charge.missing_listed", request.user, cases=[row.case_id for row in rows])
    return render(request, "billing/missing.html", {"reviews": rows[:SHOWN], "more": len(rows) > SHOWN})


@role_required("biller")
@require_POST
def decide_missing(request: HttpRequest, review_id) -> HttpResponse:
    """Have a review decided that gave up, or was never due. One decision comes of it, however often it is asked for."""
    review = get_object_or_404(reports.missing(request.user), pk=review_id)
    due = Review.objects.filter(pk=review.pk).exclude(work_status="working").update(**work.due_fields())
    if due:
        record("charge.asked_for", by=request.user, subject=review, clinic=review.case.group)
    messages.success(request, f"Case {review.case.number} is decided now. Reload this page in a minute.")
    return redirect("billing:missing")


@role_required("biller")
@require_GET
def deadlines(request: HttpRequest) -> HttpResponse:
    rows = reports.deadlines(request.user, SHOWN)
    record_view(request, "charge.listed", request.user, lines=[row.line.number for row in rows])
    context = {
        "late": [row for row in rows if not row.is_over],
        "over": [row for row in rows if row.is_over],
        "warn_days": reports.TIMELY_FILING_WARN_DAYS,
        "more": len(rows) == SHOWN,
    }
    return render(request, "billing/deadlines.html", context)


def _months(request: HttpRequest) -> int:
    text = request.GET.get("months", "")
    return int(text) if text.isdecimal() and len(text) < 4 and int(text) in totals.PERIODS else 12


@role_required("biller")
@require_GET
def totals_page(request: HttpRequest) -> HttpResponse:
    months, mine = _months(request), ChargeLine.objects.visible_to(request.user)
    context = {
        "measures": [totals.of(mine, key, months) for key in totals.BY],
        "periods": totals.PERIODS.items(),
        "months": months,
        "first": totals.first_day(months),
    }
    return render(request, "billing/totals.html", context)


@role_required("biller")
@require_GET
def totals_csv(request: HttpRequest, key: str) -> HttpResponse:
    if key not in totals.BY:
        raise Http404
    months = _months(request)
    made = totals.of(ChargeLine.objects.visible_to(request.user), key, months)
    record_view(request, "charge.totals_exported", request.user, by=key, months=months)
    name = f"totals-by-{key}-{months}-months-{timezone.localdate():%Y-%m-%d}.csv"
    response = HttpResponse(
        content_type="text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
    writer = csv.writer(response)
    writer.writerow(made.columns)
    # a spreadsheet must not run a name
    writer.writerows([f"'{row[0]}" if row[0][:1] in "=+-@" else row[0], *row[1:]] for row in made.rows)
    return response
