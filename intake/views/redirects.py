"""Sending a patient to in-person or emergency care."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from config.accounts.access import role_required
from intake import desk_forms, services, triage
from intake.views.common import page, staff_case


@role_required("staff")
def redirect_away(request: HttpRequest, case_id) -> HttpResponse:
    case = staff_case(request, case_id)
    form = desk_forms.RedirectForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            triage.redirect_case(case=case, by=request.user, **form.cleaned_data)
        except (triage.TriageRefused, services.TransitionRefused) as refused:
            form.add_error(None, str(refused))
        else:
            reached = form.cleaned_data["reached"]
            call = "" if reached else f" {case.patient.name} is on the call list until somebody was reached."
            messages.success(request, f"Case {case.number} is sent to in-person care. It is never billed.{call}")
            return redirect("intake:triage_case", case.pk)
    return page(request, "intake/triage_redirect.html", case, form=form)
