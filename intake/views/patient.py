"""The patient's own pages."""

from django.contrib import messages
from django.db.models import Exists, OuterRef, Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from config.accounts.access import role_required
from config.audit.services import record_view
from intake import consents, forms, moved, recalls, services, steps
from intake import messages as threads
from intake.models import Case, CaseStatus, InformationRequest, Patient
from intake.timeline import patient_timeline
from intake.views.common import page, slots_with_photos, visible_case
from intake.workflow import may


@role_required("patient")
def home(request: HttpRequest) -> HttpResponse:
    """Own cases, and those of the people for whom the user acts."""
    unread = Case.objects.filter(
        pk=OuterRef("pk"), deliveries__recipient_kind="patient", deliveries__acknowledged_at__isnull=True
    )
    cases = list(
        Case.objects.in_care_of(request.user)
        .exclude(status=CaseStatus.WITHDRAWN, submitted_at__isnull=True)
        .select_related("patient", "clinic")
        .annotate(has_unread_result=Exists(unread))
        .prefetch_related(
            "events", Prefetch("requests", InformationRequest.objects.filter(outcome=""), to_attr="open_requests")
        )
        .order_by("-created_at")
    )
    new_messages = threads.unread_by_case(cases, request.user)
    for case in cases:
        case.steps = patient_timeline(case)
        case.new_messages = new_messages.get(case.pk, 0)
        case.is_recall = recalls.is_recall(case)
    patients = list(Patient.objects.in_care_of(request.user))
    own = next((patient for patient in patients if patient.belongs_to(request.user)), None)
    record_view(request, "case.listed", request.user, cases=[str(case.pk) for case in cases])
    facts = {
        "cases": cases,
        "name": own.first_name if own else request.user.first_name,
        "several": len(patients) > 1 or own is None,
        **steps.counts(request.user),
        "moved_notices": list(moved.own_notices(request.user)[:20]),
        "may_start": Patient.objects.visible_to(request.user).exists(),
    }
    return page(request, "intake/patient_home.html", None, **facts)


@role_required("patient")
def moved_notice(request: HttpRequest, notice_id) -> HttpResponse:
    """A case was filed under the wrong person: what that means for this one."""
    notice = get_object_or_404(moved.own_notices(request.user), pk=notice_id)
    moved.see(notice, request.user)
    case = Case.objects.in_care_of(request.user).filter(pk=notice.misfiling.case_id, patient=notice.patient_id).first()
    facts = {
        "notice": notice,
        "lines": moved.still_read(notice),
        "its_case": case,
        "clinic": notice.patient.home_clinic,
    }
    record_view(request, "patient.move_notice_viewed", notice.patient)
    return page(request, "intake/moved_notice.html", None, **facts)


@role_required("patient")
def new_case(request: HttpRequest) -> HttpResponse:
    # the holder of a photo link has that one case
    patients = Patient.objects.in_care_of(request.user) & Patient.objects.visible_to(request.user)
    if not patients:
        raise Http404
    form = forms.StartForm(request.POST or None)
    whom = forms.ForWhomForm(request.POST or None, patients=patients)
    if request.method == "POST" and form.is_valid() and whom.is_valid():
        case = services.start_case(
            by=request.user,
            patient=whom.cleaned_data["patient"] or patients[0],
            specialty=form.cleaned_data["specialty"],
        )
        return redirect("intake:case_step", case.pk, "danger")
    return page(request, "intake/case_new.html", None, form=form, whom=whom if len(patients) > 1 else None)


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
        slots=[entry for entry in slots_with_photos(case) if entry["photos"]],
        open_request=case.requests.filter(outcome="").first(),
        unread_messages=threads.unread(case, request.user),
        answered=case.requests.filter(outcome="answered").prefetch_related("items"),
    )


@role_required("patient", "staff")
def case_withdraw(request: HttpRequest, case_id) -> HttpResponse:
    case = visible_case(request, case_id)
    if request.method != "POST" and not may(case, "withdraw", request.user):
        raise Http404
    form = forms.WithdrawForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.withdraw_case(case=case, by=request.user, reason=form.cleaned_data["reason"])
        except services.TransitionRefused as refused:
            messages.error(request, refused.text)
        else:
            messages.success(request, _("Case %(number)s is canceled.") % {"number": case.number})
        return redirect("accounts:home")
    return page(request, "intake/case_withdraw.html", case, form=form)


@role_required("patient", "staff")
@require_POST
def case_follow_up(request: HttpRequest, case_id) -> HttpResponse:
    """The same spot again."""
    case = visible_case(request, case_id)
    try:
        draft = services.start_follow_up(by=request.user, earlier=case)
    except services.IntakeRefused as refused:
        messages.error(request, str(refused))
        return redirect("accounts:home")
    return redirect("intake:case_draft", draft.pk)


@role_required("patient")
def case_consents(request: HttpRequest, case_id) -> HttpResponse:
    """What was agreed to, word for word, and taking it back."""
    case = visible_case(request, case_id)
    if not case.is_cared_for_by(request.user):
        raise Http404
    if request.method == "POST":
        moved = services.take_back_consent(case=case, by=request.user, kind=request.POST.get("kind", ""))
        if moved.status == CaseStatus.WITHDRAWN:
            messages.success(request, _("It is taken back, and case %(number)s is canceled.") % {"number": case.number})
            return redirect("intake:patient_home")
        messages.success(request, _("It is taken back."))
        return redirect("intake:case_consents", case.pk)
    given = list(case.consents.order_by("kind", "-given_at"))
    for consent in given:
        consent.words = consents.text(consent.kind, consent.language)
    return page(request, "intake/case_consents.html", case, given=given, required=consents.REQUIRED)
