"""The triage desk: the queue, one case on one screen, and the decisions."""

from django.contrib import messages
from django.db.models import Exists, OuterRef, Prefetch, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from config.accounts.access import role_required
from config.audit.services import record_view
from intake import adequacy, completeness, corrections, desk_forms, queue, queue_rows, routing, services, trace, triage
from intake import messages as threads
from intake.alarms import alarms_of
from intake.models import CallTask, Case, CaseStatus, Misfiling, MovedNotice, Redirect
from intake.reasons import RETAKE_REASONS
from intake.requests import paused_words
from intake.topics import topics_of
from intake.uploads import offset as arrived_bytes
from intake.views.common import slots_with_photos, staff_case, with_words, words_in
from intake.views.corrections import changed_meanwhile, version_in
from intake.views.presence import seen_by
from intake.workflow import verbs_for


@role_required("staff")
def asked(request: HttpRequest) -> HttpResponse:
    cases = list(queue.asked(request.user)[:200])
    for case in cases:
        case.open_request = next((r for r in case.requests.all() if not r.outcome), None)
        case.paused = paused_words(case)
    record_view(request, "case.listed", request.user, cases=[str(case.pk) for case in cases])
    return render(request, "intake/triage_asked.html", {"cases": cases, "now": timezone.now()})


@role_required("staff")
def all_cases(request: HttpRequest) -> HttpResponse:
    text = words_in(request.GET, "q")
    cases = list((queue.found(request.user, text) if text else queue.recent(request.user))[:100])
    drafts = list(
        Case.objects.filter(clinic__in=request.user.clinics("staff"), status=CaseStatus.DRAFT)
        .exclude(started_by__patient__isnull=False)
        .select_related("patient")[:50]
    )
    record_view(request, "case.listed", request.user, cases=[str(case.pk) for case in cases + drafts])
    return render(request, "intake/triage_cases.html", {"cases": cases, "drafts": drafts, "text": text})


@role_required("staff")
def triage_case(request: HttpRequest, case_id) -> HttpResponse:
    case = staff_case(request, case_id)
    if case.status == CaseStatus.DRAFT:
        return redirect("intake:case_draft", case.pk)
    record_view(request, "case.viewed", case)
    return _show(request, case, desk_forms.AcceptForm(case=case, initial=_suggestion(case)))


def _suggestion(case: Case) -> dict:
    best = routing.suggested(case) if case.status == CaseStatus.SUBMITTED else None
    return {
        "urgency": case.urgency or completeness.suggested_urgency(case)[0],
        "specialty": case.specialty,
        "route": best.key if best else "",
    }


def _photos(case: Case) -> dict:
    """The slots that have a photo, each photo with the newest word of staff on it; and how many needed slots are filled."""
    said = adequacy.latest(case)
    slots = slots_with_photos(case)
    for entry in slots:
        for photo in entry["photos"]:
            photo.judged = said.get(photo.pk)
            photo.retake_words = adequacy.retake_words(photo.judged) if photo.judged else ""
    needed = [entry for entry in slots if entry["slot"].required]
    return {
        "slots": [entry for entry in slots if entry["photos"]],
        "needed": len(needed),
        "needed_here": sum(bool(entry["photos"]) for entry in needed),
        "may_judge": case.status in adequacy.AT_THE_DESK,
        "retake_reasons": [(code, words) for code, (words, _) in RETAKE_REASONS.items()],
    }


def _story(case: Case) -> dict:
    """The patient's own answers with what came by phone beside them; what was not answered apart."""
    by_phone = corrections.by_topic(case)
    topics = topics_of(case)
    for topic in topics:
        topic.added.extend(by_phone.get(topic.key, ()))
    fields = [topic for topic in topics if topic.question is None and topic.key != "reason"]
    asked = [topic for topic in topics if topic.question is not None]
    return {
        "reason_topic": topics[0],
        "story": [*fields[:2], *(topic for topic in asked if topic.answer or topic.added), *fields[2:]],
        "unanswered": [topic for topic in asked if not topic.answer and not topic.added],
        "changes": trace.changes(case),
        "corrected": list(corrections.corrections(case)),
        "may_change": case.status in corrections.AT_THE_DESK,
    }


def _misfilings(case: Case):
    rows = Misfiling.objects.filter(Q(case=case) | Q(to_case=case))
    called = CallTask.objects.filter(subject=OuterRef("pk"))
    notices = MovedNotice.objects.select_related("patient").annotate(
        is_called=Exists(called), is_spoken=Exists(called.filter(settled_by__isnull=False))
    )
    return rows.select_related("from_patient", "to_patient", "by").prefetch_related(Prefetch("notices", notices))


def _show(
    request: HttpRequest, case: Case, accept_form: desk_forms.AcceptForm, status: int = 200, **extra
) -> HttpResponse:
    urgency, why = completeness.suggested_urgency(case)
    checks = completeness.checklist(case)
    coverage = case.patient.coverage_on(timezone.localdate())
    context = {
        "case": case,
        "accept_form": accept_form,
        "verbs": verbs_for(case, request.user),
        "suggested": urgency,
        "suggested_why": why,
        "in_person": completeness.in_person_words(case) if case.status == CaseStatus.SUBMITTED else "",
        "checks": checks,
        "fine": sum(check.fine for check in checks),
        **_photos(case),
        "uploads": [
            (upload, round(100 * arrived_bytes(upload) / upload.byte_size)) for upload in case.uploads.arriving()
        ],
        "alarms": alarms_of(case, list(case.photos.live().select_related("twin__case", "case"))),
        **_story(case),
        "seven_point": completeness.seven_point_words(case),
        "events": case.events.select_related("by"),
        "requests": case.requests.prefetch_related("items__photo__renditions").select_related("asked_by"),
        "open_request": case.requests.filter(outcome="").first(),
        "unread_messages": threads.unread(case, request.user),
        "paused": paused_words(case),
        "misfilings": _misfilings(case),
        "consent_missing": not completeness.consent_check(case).fine,
        "redirection": Redirect.objects.filter(case=case).select_related("by", "reached_by").first(),
        "attempts": case.call_attempts.select_related("by"),
        "earlier": case.patient.cases.exclude(pk=case.pk).exclude(status=CaseStatus.DRAFT).order_by("-created_at")[:10],
        "coverage": coverage,
        "share": queue_rows.used_share(case.submitted_at, case.triage_due_at),
    }
    context["due_tone"] = queue_rows.tone_of(context["share"])
    context |= seen_by(request, case) | extra
    return render(request, "intake/triage_case.html", context, status=status)


@role_required("staff")
@require_POST
def accept(request: HttpRequest, case_id) -> HttpResponse:
    case = staff_case(request, case_id)
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
                version=version_in(request),
            )
        except triage.StaleCase as stale:
            form = desk_forms.AcceptForm(request.POST, case=stale.case)
            form.add_error(None, str(stale))
            return _show(request, stale.case, form, status=409, meanwhile=changed_meanwhile(request, stale.case))
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
@require_POST
def back_to_triage(request: HttpRequest, case_id) -> HttpResponse:
    case, reason = staff_case(request, case_id), words_in(request.POST, "reason")
    try:
        triage.return_to_triage(case=case, by=request.user, reason=reason)
        messages.success(request, f"Case {case.number} is back in triage.")
    except services.TransitionRefused as refused:
        messages.error(request, with_words(refused.text, reason))
    return redirect("intake:triage_case", case.pk)
