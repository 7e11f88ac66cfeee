"""The pages of a case until it is sent, for the patient and for staff who enter it; and the patient's own pages."""

from django.contrib import messages
from django.db.models import Exists, OuterRef, Prefetch
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from config.accounts.access import role_required
from config.audit.services import record_view
from config.ui import words_of
from intake import forms, services
from intake.danger import LABELS
from intake.models import Case, CaseStatus, InformationRequest, Photo
from intake.slots import SLOTS
from intake.timeline import patient_timeline

STEPS = {
    "danger": ("danger signs", None),
    "reason": ("your question", forms.ReasonForm),
    "place": ("place", forms.PlaceForm),
    "story": ("story", forms.StoryForm),
    "medicines": ("medicines", forms.MedicinesForm),
    "photos": ("photos", None),
    "note": ("intake note", forms.NoteForm),
    "consent": ("consent", None),
    "check": ("check and send", None),
}


def steps_for(case: Case, user) -> list[str]:
    is_patient = case.patient.user_id == user.pk
    return [step for step in STEPS if step != "note" or not is_patient]


def visible_case(request: HttpRequest, case_id, *statuses: str) -> Case:
    """A case of the own record or clinic; a specialist or referrer does not work on these pages."""
    cases = Case.objects.visible_to(request.user).select_related("patient__user", "clinic", "referring_clinician")
    case = get_object_or_404(cases, pk=case_id)
    mine = case.patient.user_id == request.user.pk or request.user.has_role("staff", case.clinic)
    if not mine or (statuses and case.status not in statuses):
        raise Http404
    return case


def page(request: HttpRequest, template: str, case: Case | None, **context) -> HttpResponse:
    is_patient = case is None or case.patient.user_id == request.user.pk
    context |= {"case": case, "is_patient": is_patient, "base": "base_patient.html" if is_patient else "base.html"}
    return render(request, template, context, status=context.pop("status", 200))


@role_required("patient")
def home(request: HttpRequest) -> HttpResponse:
    patient = request.user.patient
    unread = patient.cases.filter(
        pk=OuterRef("pk"), deliveries__recipient_kind="patient", deliveries__acknowledged_at__isnull=True
    )
    cases = list(
        patient.cases.exclude(status=CaseStatus.WITHDRAWN, submitted_at__isnull=True)
        .select_related("patient", "clinic")
        .annotate(has_unread_result=Exists(unread))
        .prefetch_related(
            "events", Prefetch("requests", InformationRequest.objects.filter(outcome=""), to_attr="open_requests")
        )
        .order_by("-created_at")
    )
    for case in cases:
        case.steps = patient_timeline(case)
    record_view(request, "case.listed", patient, cases=[str(case.pk) for case in cases])
    return page(request, "intake/patient_home.html", None, patient=patient, cases=cases)


@role_required("patient")
def new_case(request: HttpRequest) -> HttpResponse:
    form = forms.StartForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        case = services.start_case(
            by=request.user, patient=request.user.patient, specialty=form.cleaned_data["specialty"]
        )
        return redirect("intake:case_step", case.pk, "danger")
    return page(request, "intake/case_new.html", None, form=form)


@role_required("patient", "staff")
def case_draft(request: HttpRequest, case_id) -> HttpResponse:
    """Go on where something is still missing."""
    case = visible_case(request, case_id, CaseStatus.DRAFT)
    missing = services.missing_for_sending(case)
    step = missing[0][0] if missing else "check"
    return redirect("intake:case_step", case.pk, step if step in STEPS else "check")


@role_required("patient", "staff")
def case_step(request: HttpRequest, case_id, step: str) -> HttpResponse:
    case = visible_case(request, case_id, CaseStatus.DRAFT)
    steps = steps_for(case, request.user)
    if step not in steps:
        raise Http404
    at = steps.index(step)
    context = {
        "step": step,
        "steps": [(name, index) for index, name in enumerate(steps)],
        "step_number": at + 1,
        "step_name": STEPS[step][0],
        "previous": steps[at - 1] if at else "",
        "following": steps[at + 1] if at + 1 < len(steps) else "",
    }
    special = {"danger": _danger, "photos": _photos, "consent": _consent, "check": _check}.get(step, _question)
    return special(request, case, context)


def _go_on(case: Case, context: dict) -> HttpResponse:
    return redirect("intake:case_step", case.pk, context["following"])


def _question(request: HttpRequest, case: Case, context: dict) -> HttpResponse:
    form_class = STEPS[context["step"]][1]
    form = form_class(request.POST or None, instance=case, initial={"version": case.version})
    if request.method != "POST":
        return page(request, "intake/case_question.html", case, form=form, **context)
    if request.headers.get("X-Draft"):
        return _autosave(request, case, form)
    if not form.is_valid():
        case.refresh_from_db()
        return page(request, "intake/case_question.html", case, form=form, **context)
    try:
        services.save_draft(
            case=case, by=request.user, version=form.cleaned_data.get("version"), **form.changed_fields()
        )
    except services.StaleDraft as stale:
        form.data = form.data.copy()
        form.data["version"] = stale.case.version
        form.add_error(None, str(stale))
        return page(request, "intake/case_question.html", case, form=form, stored=stale.case, status=409, **context)
    return _go_on(case, context)


def _autosave(request: HttpRequest, case: Case, form: forms.DraftForm) -> JsonResponse:
    version = request.POST.get("version", "")
    try:
        saved = services.save_draft(
            case=case, by=request.user, version=int(version) if version.isdigit() else None, **form.raw_fields()
        )
    except services.IntakeRefused as refused:
        return JsonResponse({"error": str(refused)}, status=409)
    return JsonResponse({"version": saved.version, "saved": words_of(timezone.now())})


def _danger(request: HttpRequest, case: Case, context: dict) -> HttpResponse:
    initial = {"none": case.danger_signs == "none"}
    form = forms.DangerForm(request.POST or None, specialty=case.specialty, initial=initial)
    if request.method == "POST" and form.is_valid():
        signs = [LABELS[key] for key in form.cleaned_data["signs"]]
        moved = services.answer_danger_signs(case=case, by=request.user, signs=signs)
        if moved.status == CaseStatus.REDIRECTED:
            return redirect("intake:case_stop", case.pk)
        return _go_on(case, context)
    return page(request, "intake/case_danger.html", case, form=form, **context)


def _slots(case: Case) -> list[dict]:
    photos: dict[str, list[Photo]] = {}
    for photo in case.photos.live().prefetch_related("renditions"):
        photo.case = case
        photos.setdefault(photo.slot_info.key, []).append(photo)
    return [{"slot": slot, "photos": photos.get(slot.key, [])} for slot in SLOTS[case.specialty]]


def _photos(request: HttpRequest, case: Case, context: dict) -> HttpResponse:
    if request.method == "POST":
        return _go_on(case, context)
    return page(request, "intake/case_photos.html", case, slots=_slots(case), **context)


def _consent(request: HttpRequest, case: Case, context: dict) -> HttpResponse:
    given = set(case.consents.filter(withdrawn_at__isnull=True).values_list("kind", flat=True))
    form = forms.ConsentForm(request.POST or None, given=given)
    if request.method == "POST" and form.is_valid():
        services.give_consent(case=case, by=request.user, kinds=form.kinds())
        return _go_on(case, context)
    return page(request, "intake/case_consent.html", case, form=form, **context)


def _check(request: HttpRequest, case: Case, context: dict) -> HttpResponse:
    missing = services.missing_for_sending(case)
    if request.method == "POST":
        try:
            services.submit_case(case=case, by=request.user)
        except services.NotComplete as incomplete:
            missing = incomplete.missing
        except services.TransitionRefused as refused:
            messages.error(request, refused.text)
            return redirect("intake:patient_home")
        else:
            messages.success(request, f"Case {case.number} is sent. Your clinic checks it next.")
            if case.patient.user_id == request.user.pk:
                return redirect("intake:patient_case", case.pk)
            return redirect("intake:triage_case", case.pk)
    return page(
        request,
        "intake/case_check.html",
        case,
        missing=missing,
        asked=request.method == "POST",
        slots=_slots(case),
        consents=case.consents.filter(withdrawn_at__isnull=True),
        **context,
    )


@role_required("patient", "staff")
@require_POST
def upload_photo(request: HttpRequest, case_id) -> HttpResponse:
    """One or more files for one slot. A script gets the slot's new HTML; a plain form comes back to its page."""
    case = visible_case(request, case_id, CaseStatus.DRAFT, CaseStatus.NEEDS_INFORMATION)
    slot, refusal = request.POST.get("slot", "other"), ""
    files = request.FILES.getlist("photo")
    if not files:
        refusal = "No photo arrived. Choose it again."
    for file in files:
        try:
            _take(case, request, file, slot)
        except services.PhotoRefused as refused:
            refusal = refused.message
    if request.headers.get("X-Upload"):
        return _slot_html(request, case, slot, refusal, status=422 if refusal else 200)
    if refusal:
        messages.error(request, refusal)
    elif files:
        messages.success(request, "The photo is here.")
    if case.status == CaseStatus.DRAFT:
        return redirect("intake:case_step", case.pk, "photos")
    return redirect("intake:case_answer", case.pk)


def _take(case: Case, request: HttpRequest, file, slot: str) -> Photo:
    too_big = services.pipeline.limits.check_bytes(file.size)
    if too_big:
        raise services.PhotoRefused(too_big.reason, too_big.message)
    return services.attach_photo(case=case, by=request.user, data=file.read(), name=file.name, slot=slot)


def _slot_html(request: HttpRequest, case: Case, slot_key: str, refusal: str = "", status: int = 200) -> HttpResponse:
    entry = next((entry for entry in _slots(case) if entry["slot"].key == slot_key), None)
    if entry is None:
        raise Http404
    return render(
        request, "intake/partials/slot.html", {"case": case, "entry": entry, "refusal": refusal}, status=status
    )


@role_required("patient", "staff")
def slot(request: HttpRequest, case_id, slot_key: str) -> HttpResponse:
    """The slot as it is now; the page asks while a photo is on its way to be shown."""
    case = visible_case(request, case_id, CaseStatus.DRAFT, CaseStatus.NEEDS_INFORMATION)
    return _slot_html(request, case, slot_key)


@role_required("patient", "staff")
@require_POST
def photo_action(request: HttpRequest, photo_id, action: str) -> HttpResponse:
    photo = get_object_or_404(Photo.objects.visible_to(request.user).select_related("case__patient"), pk=photo_id)
    case = visible_case(request, photo.case_id, CaseStatus.DRAFT, CaseStatus.NEEDS_INFORMATION)
    if action == "remove":
        services.remove_photo(photo=photo, by=request.user)
    elif action == "keep":
        services.keep_photo(photo=photo, by=request.user)
    else:
        raise Http404
    if request.headers.get("HX-Request"):
        return _slot_html(request, case, photo.slot_info.key)
    if case.status == CaseStatus.DRAFT:
        return redirect("intake:case_step", case.pk, "photos")
    return redirect("intake:case_answer", case.pk)


@role_required("patient", "staff")
def case_stop(request: HttpRequest, case_id) -> HttpResponse:
    case = visible_case(request, case_id, CaseStatus.REDIRECTED)
    return page(request, "intake/case_stop.html", case)


@role_required("patient")
def case(request: HttpRequest, case_id) -> HttpResponse:
    case = visible_case(request, case_id)
    if case.status == CaseStatus.DRAFT:
        return redirect("intake:case_draft", case.pk)
    record_view(request, "case.viewed", case)
    return page(
        request,
        "intake/patient_case.html",
        case,
        timeline=patient_timeline(case),
        slots=[entry for entry in _slots(case) if entry["photos"]],
        open_request=case.requests.filter(outcome="").first(),
        answered=case.requests.exclude(outcome="").prefetch_related("items"),
    )


@role_required("patient", "staff")
def case_withdraw(request: HttpRequest, case_id) -> HttpResponse:
    case = visible_case(request, case_id)
    form = forms.WithdrawForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.withdraw_case(case=case, by=request.user, reason=form.cleaned_data["reason"])
        except services.TransitionRefused as refused:
            messages.error(request, refused.text)
        else:
            messages.success(request, f"Case {case.number} is cancelled.")
        return redirect("accounts:home")
    return page(request, "intake/case_withdraw.html", case, form=form)
