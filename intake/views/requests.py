"""Asking the patient for more, and taking the answer."""

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from config.accounts.access import role_required
from intake import corrections, desk_forms, services, triage
from intake.models import CaseStatus
from intake.views.common import page, slots_with_photos, staff_case, visible_case, with_words, words_in
from intake.views.corrections import changed_meanwhile, version_in
from intake.workflow import moved_on


@role_required("staff")
def ask(request: HttpRequest, case_id) -> HttpResponse:
    case = staff_case(request, case_id)
    may_ask = case.status in {CaseStatus.SUBMITTED, CaseStatus.READY}
    if not may_ask and request.method != "POST":
        raise Http404
    form = desk_forms.AskForm(request.POST or None, case=case)
    meanwhile, status = None, 200
    if request.method == "POST" and not may_ask:
        # somebody was faster; what was typed stays on the page
        form.add_error(None, moved_on(case))
    elif request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                corrections.refuse_stale(case, version_in(request))
                triage.request_information(
                    case=case,
                    by=request.user,
                    items=form.items(),
                    deadline=form.deadline_at(),
                    message=form.cleaned_data["message"],
                    asked_from="clinic",
                )
        except corrections.StaleCase as stale:
            case, status = stale.case, 409
            meanwhile = changed_meanwhile(request, case)
            form.add_error(None, str(stale))
        except (triage.TriageRefused, services.TransitionRefused) as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"{case.patient.name} is asked. The target pauses until the answer.")
            return redirect("intake:triage_queue")
    context = {"form": form, "back": "intake:triage_case", "meanwhile": meanwhile, "status": status}
    return page(request, "intake/triage_ask.html", case, **context)


@role_required("staff")
@require_POST
def go_on_without(request: HttpRequest, case_id) -> HttpResponse:
    case, reason = staff_case(request, case_id), words_in(request.POST, "reason")
    open_request = case.requests.filter(outcome="").first()
    try:
        if open_request is None:
            raise triage.TriageRefused(moved_on(case))
        triage.no_answer(request=open_request, by=request.user, reason=reason)
        messages.success(request, f"Case {case.number} goes on without an answer.")
    except (triage.TriageRefused, services.TransitionRefused) as refused:
        messages.error(request, with_words(refused, reason))
    return redirect("intake:triage_case", case.pk)


@role_required("patient", "staff")
def case_answer(request: HttpRequest, case_id) -> HttpResponse:
    """What was asked, one row each; photos go up at once, answers with the button."""
    case = visible_case(request, case_id)
    own_page = "intake:patient_case" if case.is_cared_for_by(request.user) else "intake:triage_case"
    open_request = case.requests.filter(outcome="").first() if case.status == CaseStatus.NEEDS_INFORMATION else None
    if open_request is None:
        if request.method != "POST":
            raise Http404
        messages.error(request, _("This was already answered."))
        return redirect(own_page, case.pk)
    items = list(open_request.items.all())
    refused_text = ""
    if request.method == "POST":
        answers = {item.pk: words_in(request.POST, f"answer_{item.pk}") for item in items if item.kind == "question"}
        try:
            triage.answer_request(request=open_request, by=request.user, answers=answers)
        except (triage.TriageRefused, services.TransitionRefused) as refused:
            refused_text = str(refused)
            items = list(open_request.items.all())
        else:
            messages.success(request, _("Your answer is sent."))
            return redirect(own_page, case.pk)
    entries = {entry["slot"].key: entry for entry in slots_with_photos(case)}
    for item in items:
        entry = entries.get(item.slot)
        if entry is not None:
            fresh = [photo for photo in entry["photos"] if photo.received_at >= open_request.created_at]
            item.entry = {"slot": entry["slot"], "photos": fresh}
    return page(request, "intake/case_answer.html", case, open_request=open_request, items=items, refused=refused_text)
