"""A patient takes the whole record away, without asking anybody."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from config import storages
from config.accounts.access import role_required
from config.audit.services import record_view
from intake.models import Patient
from review.models import RecordExport
from review.record import building

SHOWN = 5


def _people(user) -> list[Patient]:
    """The own record first, then those of the people for whom the user acts in everything."""
    found = [p for p in Patient.objects.in_care_of(user).select_related("home_clinic") if building.may_have(user, p)]
    return sorted(found, key=lambda patient: patient.user_id != user.pk)


def _context(user) -> dict:
    people = _people(user)
    for patient in people:
        patient.exports = list(patient.record_exports.all()[:SHOWN])
    waits = any(row.is_waiting for patient in people for row in patient.exports)
    return {"people": people, "waits": waits}


@role_required("patient")
@never_cache
def record(request: HttpRequest) -> HttpResponse:
    page = "review/partials/record_list.html" if request.headers.get("HX-Request") else "review/record.html"
    return render(request, page, _context(request.user))


@role_required("patient")
@require_POST
def ask(request: HttpRequest, patient_id) -> HttpResponse:
    patient = get_object_or_404(Patient.objects.in_care_of(request.user), pk=patient_id)
    try:
        building.ask(patient=patient, by=request.user)
    except building.RecordRefused as refused:
        raise Http404 from refused
    messages.success(
        request, _("Your record is being made. This takes a few minutes. You get a message when it is ready.")
    )
    return redirect("review:record")


@role_required("patient")
@never_cache
def download(request: HttpRequest, export_id) -> HttpResponse:
    row = get_object_or_404(RecordExport.objects.select_related("patient__home_clinic"), pk=export_id)
    # who acted for a child when it was asked for may not do so any more
    if not building.may_have(request.user, row.patient) or not row.is_there:
        raise Http404
    record_view(request, "record.downloaded", row, patient=str(row.patient_id))
    response = StreamingHttpResponse(storages.stream(row.key), content_type="application/zip")
    response["Content-Length"] = str(row.byte_size)
    response["Content-Disposition"] = 'attachment; filename="my-record.zip"'
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response
