"""The call list, one call, and the sheet that a patient who is sent away takes along."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.views.decorators.http import require_POST

from config.accounts.access import role_required
from config.audit.services import record_view
from intake import calls, desk_forms, requests
from intake.models import CallAttempt, CallTask, Case, CaseStatus, Redirect
from intake.views.common import page, staff_case, visible_case

# what was said in these may be that the result was read or the advice carried out
_ABOUT_RESULTS = {CallTask.Kind.UNREAD, CallTask.Kind.STEP}


@role_required("staff")
def call_list(request: HttpRequest) -> HttpResponse:
    found = calls.calls(request.user)
    record_view(request, "case.listed", request.user, cases=[str(call.case.pk) for call in found])
    return render(request, "intake/calls.html", {"calls": found, "now": timezone.now()})


@role_required("staff")
def call(request: HttpRequest, case_id) -> HttpResponse:
    """What to say, whom to ask for, what was tried; and the form that records the next try."""
    case = staff_case(request, case_id)
    key = request.POST.get("about") or request.GET.get("about", "")
    about = calls.call_of(case, key) if key else None
    if not key:  # a link from before calls were named: good while there is no doubt whom it means
        found = calls.calls_about(case)
        about = found[0] if len(found) == 1 else None
        if request.method != "POST" and not found:
            messages.info(request, f"Nobody needs to be called about case {case.number} now.")
            return redirect("intake:triage_case", case.pk)
        key = about.key if about else ""
    if request.method != "POST" and (about is None or not about.is_open):
        said = "This call was settled meanwhile." if key else f"Case {case.number} has several calls: choose one."
        messages.info(request, said)
        return redirect("intake:calls")
    form = desk_forms.CallForm(request.POST or None, to_clinician=about is not None and about.to_clinician)
    if request.method == "POST" and form.is_valid():
        try:
            attempt = calls.log_call(case=case, by=request.user, key=key, **form.cleaned_data)
        except requests.TriageRefused as refused:
            form.add_error(None, str(refused))
        else:
            return _after(request, case, attempt, about.name if about else case.patient.name)
    context = {"form": form, "call": about, "key": key, "more_time": desk_forms.MoreTimeForm(), "now": timezone.now()}
    return page(request, "intake/call.html", case, status=422 if form.is_bound else 200, **context)


def _after(request: HttpRequest, case: Case, attempt: CallAttempt, name: str) -> HttpResponse:
    if attempt.outcome != CallAttempt.Outcome.REACHED:
        messages.success(request, f"Recorded. {name} stays on the call list.")
        return redirect("intake:calls")
    if attempt.request_id:
        messages.success(request, "Recorded. Enter what was answered, or give more time.")
        return redirect("intake:case_answer", case.pk)
    if attempt.task is not None and attempt.task.kind in _ABOUT_RESULTS and case.signed_at:
        messages.success(request, "Recorded. If they told you that they read it, or what was done, enter it here.")
        return redirect("review:staff_result", case.pk)
    messages.success(request, f"Recorded: {name} {'knows' if attempt.redirect_id else 'was reached'}.")
    return redirect("intake:triage_case", case.pk)


@role_required("staff")
@require_POST
def more_time(request: HttpRequest, case_id) -> HttpResponse:
    case = staff_case(request, case_id)
    asked = case.requests.filter(outcome="").first()
    form = desk_forms.MoreTimeForm(request.POST)
    if asked is None or not form.is_valid():
        messages.error(request, "This was already answered." if asked is None else "Choose the new deadline.")
        return redirect("intake:triage_case", case.pk)
    try:
        requests.give_more_time(request=asked, by=request.user, deadline=form.deadline_at())
        messages.success(request, f"{case.patient.name} has more time.")
    except requests.TriageRefused as refused:
        messages.error(request, str(refused))
    return redirect("intake:triage_case", case.pk)


@role_required("patient", "staff")
def sheet(request: HttpRequest, case_id) -> HttpResponse:
    """For the patient, on paper, in the patient's language or the other one."""
    case = visible_case(request, case_id, CaseStatus.REDIRECTED)
    row = Redirect.objects.filter(case=case).first()
    if row is None:
        raise Http404
    language = request.GET.get("lang", case.patient.preferred_language)
    language = language if language in {"en", "es"} else "en"
    with translation.override(language):
        paper = render_to_string("intake/partials/sheet.html", {"case": case, "redirect": row, "lang": language})
    record_view(request, "redirect.sheet_shown", case, language=language)
    return page(request, "intake/sheet.html", case, paper=paper, language=language)
