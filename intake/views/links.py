"""Photo request links: staff make one, the patient opens it with the date of birth and works on that one case."""

from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from config.accounts import idle, throttle
from config.accounts.access import public, role_required
from config.accounts.services import InvitationRefused
from intake import forms, related, services
from intake.models import Case, CaseStatus, RelatedPerson
from intake.views.common import visible_case
from intake.views.patients import own_patient


@public
@never_cache
def photo_link(request: HttpRequest, code: str) -> HttpResponse:
    """Says the same for a wrong code, an old link and one that was used up."""
    link = related.find_link(code)
    if link is None:
        return render(request, "intake/link_gone.html", status=404)
    form = forms.BirthDateForm(request.POST or None)
    locked = ""
    if request.method == "POST" and form.is_valid():
        here = throttle.key(throttle.CODE_ADDRESS, throttle.network(request))
        try:
            throttle.attempt((throttle.CODE_ADDRESS, here))
        except throttle.Throttled as error:
            locked = str(error)
        else:
            user = related.open_link(link=link, date_of_birth=form.cleaned_data["date_of_birth"])
            if user is not None:
                throttle.forgive([here])
                login(request, user, backend="django.contrib.auth.backends.ModelBackend")
                idle.start_session(request)
                return _to_case(link.case)
            form.add_error("date_of_birth", _("This is not the date of birth that your clinic has."))
    facts = {"form": form, "locked": locked, "clinic": link.case.clinic}
    return render(request, "intake/link_open.html", facts, status=429 if locked else 200)


def _to_case(case: Case) -> HttpResponse:
    if case.status == CaseStatus.NEEDS_INFORMATION:
        return redirect("intake:case_answer", case.pk)
    return redirect("intake:case_draft", case.pk)


@role_required("staff")
@require_POST
def link_new(request: HttpRequest, patient_id) -> HttpResponse:
    """A draft for the patient and a link to it."""
    patient = own_patient(request, patient_id)
    specialty = request.POST.get("specialty", "")
    if specialty not in {"dermatology", "ophthalmology"}:
        messages.error(request, "Choose skin or eye, then make the link.")
        return redirect("intake:patient", patient.pk)
    case = services.start_case(by=request.user, patient=patient, specialty=specialty)
    return _show_link(request, case)


@role_required("staff")
@require_POST
def link_for_case(request: HttpRequest, case_id) -> HttpResponse:
    """A link to a draft, or to the question that the case waits for."""
    return _show_link(request, visible_case(request, case_id))


def _show_link(request: HttpRequest, case: Case) -> HttpResponse:
    try:
        link, url = related.make_link(by=request.user, case=case)
    except related.RelatedRefused as refused:
        messages.error(request, str(refused))
        return redirect("intake:patient", case.patient_id)
    return render(request, "intake/link_made.html", {"link": link, "url": url, "case": case})


@role_required("staff")
@require_POST
def related_invite(request: HttpRequest, patient_id) -> HttpResponse:
    patient = own_patient(request, patient_id)
    form = forms.RelatedForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(error for errors in form.errors.values() for error in errors))
        return redirect("intake:patient", patient.pk)
    try:
        _related, _invitation, code = related.invite_related(by=request.user, patient=patient, **form.cleaned_data)
    except (related.RelatedRefused, InvitationRefused) as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"The invitation is on its way. The code is {code}; it works once.")
    return redirect("intake:patient", patient.pk)


@role_required("staff")
@require_POST
def related_end(request: HttpRequest, related_id) -> HttpResponse:
    found = get_object_or_404(
        RelatedPerson.objects.select_related("patient__home_clinic").filter(
            patient__home_clinic__in=request.user.clinics("staff")
        ),
        pk=related_id,
    )
    related.end_related(related=found, by=request.user)
    messages.success(request, f"{found.name or 'This person'} no longer acts for {found.patient.name}.")
    return redirect("intake:patient", found.patient_id)
