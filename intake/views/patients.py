"""Staff find, register and invite patients, and start a case for one."""

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from config.accounts.access import role_required
from config.accounts.models import Clinic, User
from config.accounts.services import InvitationRefused
from config.audit.services import record, record_view
from intake import desk_forms, forms, patient_cards, people, services
from intake.models import Coverage, Patient
from intake.views.common import words_in

PAGE = 50


def own_patient(request: HttpRequest, patient_id) -> Patient:
    mine = Patient.objects.filter(home_clinic__in=request.user.clinics("staff"))
    return get_object_or_404(mine.select_related("home_clinic", "user"), pk=patient_id)


@role_required("staff")
def patients(request: HttpRequest) -> HttpResponse:
    text = words_in(request.GET, "q")
    found = Patient.objects.filter(home_clinic__in=request.user.clinics("staff"), merged_into=None)
    for word in text.split():
        found = found.filter(
            Q(first_name__icontains=word) | Q(last_name__icontains=word) | Q(mrn__iexact=word) | Q(email__iexact=word)
        )
    rows = list(found.select_related("user")[: PAGE + 1])
    more, rows = len(rows) > PAGE, rows[:PAGE]
    record_view(request, "patient.listed", request.user, patients=[str(patient.pk) for patient in rows])
    return render(request, "intake/patients.html", {"patients": rows, "text": text, "more": more})


@role_required("staff")
def patient(request: HttpRequest, patient_id) -> HttpResponse:
    patient = own_patient(request, patient_id)
    if patient.merged_into_id:
        messages.info(request, "This was a duplicate record. Here is the one that it was merged into.")
        return redirect("intake:patient", patient.merged_into_id)
    form = desk_forms.StaffStartForm(request.POST or None, clinic=patient.home_clinic)
    if request.method == "POST" and form.is_valid():
        referrer = form.cleaned_data["referring_clinician"]
        case = services.start_case(
            by=request.user,
            patient=patient,
            specialty=form.cleaned_data["specialty"],
            referring_clinician=referrer,
            referring_clinic=patient.home_clinic if referrer else None,
        )
        return redirect("intake:case_step", case.pk, "danger")
    record_view(request, "patient.viewed", patient)
    context = {
        "patient": patient,
        "form": form,
        "coverages": patient.coverages.order_by("-valid_from"),
        "cards": patient_cards.facts_of(patient),
        "related": patient.related_people.filter(ended_at=None, case=None),
        "related_form": forms.RelatedForm(),
        "cases": patient.cases.order_by("-created_at")[:50],
        "merges": patient.merges_kept.filter(undone_at=None).select_related("merged", "by"),
    }
    return render(request, "intake/patient.html", context)


@role_required("staff")
def patient_new(request: HttpRequest) -> HttpResponse:
    clinic = request.user.clinics("staff").first()
    form = desk_forms.PatientForm(request.POST or None, clinic=clinic)
    cards = patient_cards.forms_for(request.POST or None)
    if request.method == "POST" and _all_valid(form, cards):
        try:
            patient = _register(form, cards, clinic, request.user)
        except IntegrityError:
            # somebody gave the record number away since the form looked
            form.add_error("mrn", desk_forms.MRN_TAKEN)
        else:
            messages.success(request, f"{patient.name} is registered.")
            return redirect("intake:patient", patient.pk)
    return render(request, "intake/patient_new.html", {"form": form, "cards": cards, "clinic": clinic})


def _all_valid(form, cards) -> bool:
    """Each is looked at, so that all errors are said at once."""
    return all([form.is_valid(), *(card.is_valid() for _, card in cards)])


@transaction.atomic
def _register(form: desk_forms.PatientForm, cards: list, clinic: Clinic, by: User) -> Patient:
    data = form.cleaned_data
    patient = form.save(commit=False)
    patient.home_clinic = clinic
    patient.save()
    Coverage.objects.create(
        patient=patient,
        payer_code=data["payer_code"],
        plan=data["plan"],
        member_id=data["member_id"],
        valid_from=timezone.localdate().replace(month=1, day=1),
    )
    record("patient.registered", by=by, subject=patient, clinic=clinic)
    for _, card in cards:
        card.save(patient=patient, by=by)
    return patient


@role_required("staff")
def patient_edit(request: HttpRequest, patient_id) -> HttpResponse:
    patient = own_patient(request, patient_id)
    form = desk_forms.ReachForm(request.POST or None, instance=patient)
    cards = patient_cards.forms_for(request.POST or None, patient)
    if request.method == "POST" and _all_valid(form, cards):
        with transaction.atomic():
            form.save()
            record("patient.address_changed", by=request.user, subject=patient, clinic=patient.home_clinic)
            for _, card in cards:
                card.save(patient=patient, by=request.user)
        messages.success(request, f"The record of {patient.name} is saved.")
        return redirect("intake:patient", patient.pk)
    return render(request, "intake/patient_edit.html", {"form": form, "cards": cards, "patient": patient})


@role_required("staff")
@require_POST
def patient_invite(request: HttpRequest, patient_id) -> HttpResponse:
    """A single-use code by e-mail; it opens with the date of birth and links the account to this record."""
    patient = own_patient(request, patient_id)
    try:
        _, code = people.invite_patient(by=request.user, patient=patient)
    except InvitationRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"The invitation is on its way. The code is {code}; it works once.")
    return redirect("intake:patient", patient.pk)
