"""Sending a patient to in-person or emergency care."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from config.accounts.access import role_required
from intake import corrections, desk_forms, services, triage
from intake.views.common import page, staff_case
from intake.views.corrections import changed_meanwhile, version_in


@role_required("staff")
def redirect_away(request: HttpRequest, case_id) -> HttpResponse:
    case = staff_case(request, case_id)
    form = desk_forms.RedirectForm(request.POST or None)
    meanwhile, status = None, 200
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                corrections.refuse_stale(case, version_in(request))
                triage.redirect_case(case=case, by=request.user, **form.cleaned_data)
        except corrections.StaleCase as stale:
            case, status = stale.case, 409
            meanwhile = changed_meanwhile(request, case)
            form.add_error(None, str(stale))
        except (triage.TriageRefused, services.TransitionRefused) as refused:
            form.add_error(None, str(refused))
        else:
            reached = form.cleaned_data["reached"]
            call = "" if reached else f" {case.patient.name} is on the call list until somebody was reached."
            messages.success(request, f"Case {case.number} is sent to in-person care. It is never billed.{call}")
            return redirect("intake:triage_case", case.pk)
    return page(request, "intake/triage_redirect.html", case, form=form, meanwhile=meanwhile, status=status)
