"""What staff set in a case on its page: adequacy, urgency, place, and answers that came by phone."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from config.accounts.access import role_required
from intake import adequacy, consents, correction_forms, corrections, services, trace
from intake.models import Case, Photo
from intake.requests import TriageRefused
from intake.topics import topic_of
from intake.views.common import page, staff_case


def version_in(request: HttpRequest) -> int | None:
    text = request.POST.get("version", "")
    return int(text) if text.isdecimal() and len(text) < 10 else None


def changed_meanwhile(request: HttpRequest, case: Case) -> list[trace.Entry]:
    """What others did since the page was opened."""
    opened = trace.seen_at(request.POST.get("seen_at", ""))
    return trace.since(case, opened, but_not=request.user) if opened else []


@role_required("staff")
@require_POST
def judge(request: HttpRequest, photo_id) -> HttpResponse:
    photos = Photo.objects.visible_to(request.user).select_related("case__clinic", "case__patient")
    photo = get_object_or_404(photos, pk=photo_id, case__clinic__in=request.user.clinics("staff"))
    try:
        judged = adequacy.judge_photo(photo=photo, by=request.user, reason_code=request.POST.get("verdict", ""))
        messages.success(request, f"{photo.slot_info.label}: {judged.get_verdict_display().lower()}.")
    except TriageRefused as refused:
        messages.error(request, str(refused))
    return redirect("intake:triage_case", photo.case_id)


@role_required("staff")
def urgency(request: HttpRequest, case_id) -> HttpResponse:
    case = staff_case(request, case_id)
    form = correction_forms.UrgencyForm(request.POST or None, initial={"urgency": case.urgency})
    if request.method == "POST" and form.is_valid():
        try:
            corrections.set_urgency(case=case, by=request.user, version=version_in(request), **form.cleaned_data)
        except TriageRefused as refused:
            return _refused(request, "intake/urgency.html", case, form, refused)
        messages.success(request, f"Case {case.number} is {case.get_urgency_display().lower()} now.")
        return redirect("intake:triage_case", case.pk)
    return _form_page(request, "intake/urgency.html", case, form)


@role_required("staff")
def place(request: HttpRequest, case_id) -> HttpResponse:
    case = staff_case(request, case_id)
    initial = {"site": case.site, "side": case.side}
    form = correction_forms.PlaceForm(request.POST or None, initial=initial, case=case)
    if request.method == "POST" and form.is_valid():
        try:
            corrections.correct_place(case=case, by=request.user, version=version_in(request), **form.cleaned_data)
        except TriageRefused as refused:
            return _refused(request, "intake/place.html", case, form, refused)
        messages.success(request, f"Corrected to {case.site_label.lower()}. The specialist sees what stood there.")
        return redirect("intake:triage_case", case.pk)
    return _form_page(request, "intake/place.html", case, form)


@role_required("staff")
def by_phone(request: HttpRequest, case_id, topic: str) -> HttpResponse:
    case = staff_case(request, case_id)
    found = topic_of(case, topic)
    if found is None:
        raise Http404
    form = correction_forms.phone_form(request.POST or None, topic=found)
    if request.method == "POST" and form.is_valid():
        try:
            change = corrections.add_by_phone(
                case=case,
                by=request.user,
                topic=topic,
                value=form.value(),
                said_by=form.cleaned_data["said_by"],
                said_by_name=form.cleaned_data["said_by_name"],
                version=version_in(request),
            )
        except TriageRefused as refused:
            return _refused(request, "intake/by_phone.html", case, form, refused, topic=found)
        beside = change.kind == corrections.Kind.ADDED
        messages.success(
            request, f"{found.label}: {'kept beside the patient’s own answer' if beside else 'filled in'}."
        )
        return redirect("intake:triage_case", case.pk)
    return _form_page(
        request, "intake/by_phone.html", case, form, topic=found, said=corrections.by_topic(case).get(topic)
    )


@role_required("staff")
def consent(request: HttpRequest, case_id) -> HttpResponse:
    """The words to read out, in the patient's language, and who agreed to them."""
    case = staff_case(request, case_id)
    form = correction_forms.ConsentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            corrections.record_consent(case=case, by=request.user, kinds=set(consents.REQUIRED), **form.spoken())
        except TriageRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "Consent is recorded.")
            return redirect("intake:triage_case", case.pk)
    texts = [consents.text(kind, services.language_of(case)) for kind in consents.REQUIRED]
    return _form_page(request, "intake/consent_by_phone.html", case, form, texts=texts)


def _form_page(request: HttpRequest, template: str, case: Case, form, status: int = 200, **context) -> HttpResponse:
    status = 422 if status == 200 and form.is_bound else status
    return page(request, template, case, form=form, status=status, **context)


def _refused(request: HttpRequest, template: str, case: Case, form, refused: TriageRefused, **context) -> HttpResponse:
    """What was entered stays; who was overtaken sees what changed, and sends again on top of it."""
    form.add_error(None, str(refused))
    if not isinstance(refused, corrections.StaleCase):
        case.refresh_from_db()
        return _form_page(request, template, case, form, status=422, **context)
    context |= {"meanwhile": changed_meanwhile(request, refused.case)}
    return _form_page(request, template, refused.case, form, status=409, **context)
