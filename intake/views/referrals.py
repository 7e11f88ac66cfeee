"""A referring clinician starts a referral: first the patient, then the question."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from config.accounts.access import role_required
from config.audit.services import record_view
from intake import referrals
from intake.models import Specialty
from intake.services import IntakeRefused
from intake.views.common import words_in

SHOWN = 25


class ReferralForm(forms.Form):
    specialty = forms.ChoiceField(
        label="For whom",
        choices=[(Specialty.DERMATOLOGY, "Skin specialist"), (Specialty.OPHTHALMOLOGY, "Eye specialist")],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose skin or eye."},
    )
    note = forms.CharField(
        label="Your question",
        help_text="What you saw, what was tried, what you ask. The specialist reads it beside the photos.",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={"required": "Write what you saw and what you ask."},
    )


@role_required("referrer")
def referral_find(request: HttpRequest) -> HttpResponse:
    text = words_in(request.GET, "q")
    rows = list(referrals.patients_of(request.user, text)[: SHOWN + 1]) if text else []
    record_view(request, "patient.listed", request.user, patients=[str(patient.pk) for patient in rows])
    context = {"text": text, "rows": rows[:SHOWN], "more": len(rows) > SHOWN}
    return render(request, "intake/referral_find.html", context)


@role_required("referrer")
def referral_new(request: HttpRequest, patient_id) -> HttpResponse:
    patient = get_object_or_404(referrals.patients_of(request.user), pk=patient_id)
    form = ReferralForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            case = referrals.start_referral(by=request.user, patient=patient, **form.cleaned_data)
        except IntakeRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"Referral {case.number} is started. {patient.name} is asked for photos.")
            return redirect("review:referrer_home")
    record_view(request, "patient.viewed", patient)
    return render(
        request, "intake/referral_new.html", {"patient": patient, "form": form}, status=422 if form.is_bound else 200
    )
