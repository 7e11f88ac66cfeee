"""The triage desk: the queue, one case on one screen, and the decisions."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from config.accounts.access import role_required
from config.audit.services import record_view
from intake import completeness, desk_forms, queue, services, triage
from intake.alarms import alarms_of
from intake.models import Case, CaseStatus, InformationRequest
from intake.uploads import offset as arrived_bytes
from intake.views.common import page, slots_with_photos, visible_case, words_in
from intake.workflow import moved_on, verbs_for


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 7 else 0


@role_required("staff")
def triage_queue(request: HttpRequest) -> HttpResponse:
    key = request.GET.get("show", "all")
    key = key if key in queue.FILTERS else "all"
    text = words_in(request.GET, "q")
    start = _whole(request.GET.get("from", ""))
    rows = queue.page(request.user, key, text, start)
    counts = queue.counts(request.user)
    record_view(request, "case.listed", request.user, cases=[str(row.case.pk) for row in rows])
    context = {
        "rows": rows,
        "counts": counts,
        "total": counts[0][3],
        "late": next(count for name, _, _, count in counts if name == "late"),
        "shown": key,
        "text": text,
        "next_start": start + queue.PAGE if len(rows) == queue.PAGE else None,
        "previous_start": max(0, start - queue.PAGE) if start else None,
    }
    template = "intake/partials/queue_table.html" if request.headers.get("HX-Request") else "intake/triage_queue.html"
    return render(request, template, context)


@role_required("staff")
def asked(request: HttpRequest) -> HttpResponse:
    cases = list(queue.asked(request.user)[:200])
    for case in cases:
        case.open_request = next((r for r in case.requests.all() if not r.outcome), None)
    record_view(request, "case.listed", request.user, cases=[str(case.pk) for case in cases])
    return render(request, "intake/triage_asked.html", {"cases": cases, "now": timezone.now()})


@role_required("staff")
def all_cases(request: HttpRequest) -> HttpResponse:
    text = words_in(request.GET, "q")
    found = (
        queue.search(Case.objects.filter(clinic__in=request.user.clinics("staff")), text)
        if text
        else queue.recent(request.user)
    )
    cases = list(found.exclude(status=CaseStatus.DRAFT).select_related("patient").order_by("-updated_at")[:100])
    drafts = list(
        Case.objects.filter(clinic__in=request.user.clinics("staff"), status=CaseStatus.DRAFT)
        .exclude(started_by__patient__isnull=False)
        .select_related("patient")[:50]
    )
    record_view(request, "case.listed", request.user, cases=[str(case.pk) for case in cases + drafts])
    return render(request, "intake/triage_cases.html", {"cases": cases, "drafts": drafts, "text": text})


def _staff_case(request: HttpRequest, case_id, *statuses: str) -> Case:
    case = visible_case(request, case_id, *statuses)
    if not request.user.has_role("staff", case.clinic):
        raise Http404
    return case


@role_required("staff")
def triage_case(request: HttpRequest, case_id) -> HttpResponse:
    case = _staff_case(request, case_id)
    if case.status == CaseStatus.DRAFT:
        return redirect("intake:case_draft", case.pk)
    record_view(request, "case.viewed", case)
    return _show(request, case, desk_forms.AcceptForm(case=case, initial=_suggestion(case)))


def _suggestion(case: Case) -> dict:
    return {"urgency": completeness.suggested_urgency(case)[0], "specialty": case.specialty}


def _show(request: HttpRequest, case: Case, accept_form: desk_forms.AcceptForm, status: int = 200) -> HttpResponse:
    urgency, why = completeness.suggested_urgency(case)
    checks = completeness.checklist(case)
    coverage = case.patient.coverage_on(timezone.localdate())
    context = {
        "case": case,
        "accept_form": accept_form,
        "verbs": verbs_for(case, request.user),
        "suggested": urgency,
        "suggested_why": why,
        "checks": checks,
        "fine": sum(check.fine for check in checks),
        "slots": [entry for entry in slots_with_photos(case) if entry["photos"]],
        "uploads": [
            (upload, round(100 * arrived_bytes(upload) / upload.byte_size)) for upload in case.uploads.arriving()
        ],
        "alarms": alarms_of(case, list(case.photos.live().select_related("twin__case", "case"))),
        "answers": services.answered_lines(case),
        "seven_point": completeness.seven_point_words(case),
        "events": case.events.select_related("by"),
        "requests": case.requests.prefetch_related("items__photo__renditions").select_related("asked_by"),
        "open_request": case.requests.filter(outcome="").first(),
        "earlier": case.patient.cases.exclude(pk=case.pk).exclude(status=CaseStatus.DRAFT).order_by("-created_at")[:10],
        "coverage": coverage,
        "share": queue.used_share(case.submitted_at, case.triage_due_at),
    }
    context["due_tone"] = queue.tone_of(context["share"])
    return render(request, "intake/triage_case.html", context, status=status)


@role_required("staff")
@require_POST
def accept(request: HttpRequest, case_id) -> HttpResponse:
    case = _staff_case(request, case_id)
    form = desk_forms.AcceptForm(request.POST, case=case)
    if form.is_valid():
        group, person = form.chosen()
        data = form.cleaned_data
        try:
            triage.accept_case(
                case=case,
                by=request.user,
                urgency=data["urgency"],
                specialty=data["specialty"],
                group=group,
                assigned_to=person,
                note=data["note"],
                lower_reason=data["lower_reason"],
            )
        except (triage.TriageRefused, services.TransitionRefused) as refused:
            case.refresh_from_db()
            if case.status == CaseStatus.SUBMITTED:
                form.add_error(None, str(refused))
            else:
                # the page has no form any more that could say it
                messages.error(request, str(refused))
        else:
            messages.success(request, f"Case {case.number} is accepted and waits for {person or group}.")
            return redirect("intake:triage_queue")
    return _show(request, case, form, status=422)


@role_required("staff")
def ask(request: HttpRequest, case_id) -> HttpResponse:
    case = _staff_case(request, case_id)
    may_ask = case.status in {CaseStatus.SUBMITTED, CaseStatus.READY}
    if not may_ask and request.method != "POST":
        raise Http404
    form = desk_forms.AskForm(request.POST or None, case=case)
    if request.method == "POST" and not may_ask:
        # somebody was faster; what was typed stays on the page
        form.add_error(None, moved_on(case))
    elif request.method == "POST" and form.is_valid():
        try:
            triage.request_information(
                case=case,
                by=request.user,
                items=form.items(),
                deadline=form.deadline_at(),
                message=form.cleaned_data["message"],
                asked_from="clinic",
            )
        except (triage.TriageRefused, services.TransitionRefused) as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"{case.patient.name} is asked. The target pauses until the answer.")
            return redirect("intake:triage_queue")
    return page(request, "intake/triage_ask.html", case, form=form, back="intake:triage_case")


@role_required("staff")
def redirect_away(request: HttpRequest, case_id) -> HttpResponse:
    case = _staff_case(request, case_id)
    form = desk_forms.RedirectForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            triage.redirect_case(case=case, by=request.user, **form.cleaned_data)
        except (triage.TriageRefused, services.TransitionRefused) as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"Case {case.number} is sent to in-person care. It is never billed.")
            return redirect("intake:triage_case", case.pk)
    return page(request, "intake/triage_redirect.html", case, form=form)


@role_required("staff")
@require_POST
def back_to_triage(request: HttpRequest, case_id) -> HttpResponse:
    case = _staff_case(request, case_id)
    try:
        triage.return_to_triage(case=case, by=request.user, reason=words_in(request.POST, "reason"))
        messages.success(request, f"Case {case.number} is back in triage.")
    except services.TransitionRefused as refused:
        messages.error(request, refused.text)
    return redirect("intake:triage_case", case.pk)


@role_required("staff")
@require_POST
def go_on_without(request: HttpRequest, case_id) -> HttpResponse:
    case = _staff_case(request, case_id, CaseStatus.NEEDS_INFORMATION)
    open_request = get_object_or_404(InformationRequest, case=case, outcome="")
    try:
        triage.no_answer(request=open_request, by=request.user, reason=words_in(request.POST, "reason"))
        messages.success(request, f"Case {case.number} goes on without an answer.")
    except (triage.TriageRefused, services.TransitionRefused) as refused:
        messages.error(request, str(refused))
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
