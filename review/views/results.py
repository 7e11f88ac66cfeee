"""The recommendation as each recipient reads it, and the clinic's work until everybody has read it."""

from collections import Counter

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_POST

from config.accounts.access import role_required
from config.audit.services import record_view
from intake import referrals
from intake.models import Case
from intake.services import IntakeRefused
from intake.views.common import words_in
from intake.workflow import TransitionRefused, may
from review import delivery, items
from review.languages import name_of, other_language
from review.letters import access, making
from review.models import Addendum, Delivery, Review


class AddendumForm(forms.Form):
    text = forms.CharField(
        label="Addendum",
        help_text="For the referring clinician and the record.",
        widget=forms.Textarea(attrs={"rows": 5}),
        max_length=8000,
        error_messages={"required": "Write the addendum."},
    )
    patient_text = forms.CharField(
        label="For the patient, in plain words",
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=8000,
        required=False,
    )
    patient_text_own = forms.CharField(
        help_text="Without it the letter says that this part is in English, and whom to call for an interpreter.",
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=8000,
        required=False,
    )
    diagnosis = forms.BooleanField(label="The diagnosis changed", required=False)
    plan = forms.BooleanField(label="The plan changed", required=False)
    side = forms.BooleanField(label="The side or place changed", required=False)
    person = forms.BooleanField(
        label="This was filed under the wrong person",
        help_text="Patient and referring clinician are told, and nothing is charged.",
        required=False,
    )

    def __init__(self, *args, language: str, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        own = self.fields["patient_text_own"]
        own.label = f"For the patient, in {name_of(language)}"
        own.widget.attrs["lang"] = language
        if not language:
            del self.fields["patient_text_own"]


def wrong_person_words(case: Case) -> dict:
    """What the addendum starts from where the clinic reported that the case stands under the wrong person."""
    reported = case.misfilings.filter(kind="reported").last()
    if reported is None:
        return {}
    mistake = _lazy("This result was put into your record by mistake. It is not about you. Your clinic will call you.")
    with translation.override(case.patient.preferred_language):
        own = str(mistake)
    return {
        "text": f"This case was filed under the wrong person and must not be used for them. {reported.reason}",
        "patient_text": str(mistake),
        "patient_text_own": own,
        "person": True,
    }


def _result(request: HttpRequest, case_id) -> tuple[Case, Review]:
    cases = Case.objects.visible_to(request.user).select_related(
        "patient__user", "clinic", "group", "referring_clinician", "referring_clinic"
    )
    case = get_object_or_404(cases, pk=case_id)
    review = delivery.signed_review(case)
    if review is None:
        raise Http404
    return case, review


def _context(request: HttpRequest, case: Case, review: Review) -> dict:
    photos = [photo for photo in case.photos.live().prefetch_related("renditions") if photo.status == "ready"]
    for photo in photos:
        photo.case = case
    return {
        "case": case,
        "review": review,
        "patient": case.patient,
        "photos": photos,
        "addenda": making.leaving(review),
        "deliveries": case.deliveries.select_related("recipient", "told_by", "acknowledged_by"),
        "zone": review.time_zone,
        "steps": review.action_items.all(),
        "critical": case.criticals.filter(review=review).prefetch_related("steps__person").first(),
        "reports": review.pathology.select_related("by", "seen_by"),
        "today": timezone.localdate(),
        "letters": access.letters_for(request.user, review),
        "stopped": review.letter_pairs.stopped().last(),
    }


def _unacknowledged(case: Case, kind: str) -> bool:
    return case.deliveries.filter(recipient_kind=kind, acknowledged_at__isnull=True).exists()


@role_required("patient")
def patient_result(request: HttpRequest, case_id) -> HttpResponse:
    case, review = _result(request, case_id)
    if not case.patient.belongs_to(request.user):
        raise Http404
    both = making.pages(review)
    if not both:
        return render(request, "review/result_waits.html", {"frame": "base_patient.html"})
    delivery.record_opened(case=case, kind="patient")
    record_view(request, "result.viewed", review, as_role="patient")
    context = _context(request, case, review) | {
        "letter": both["patient"],
        "to_acknowledge": _unacknowledged(case, "patient"),
        "own_steps": {str(item.pk): item for item in review.action_items.filter(owner="patient")},
    }
    return render(request, "review/result_patient.html", context)


@role_required("patient", "referrer", "staff")
@require_POST
def acknowledge(request: HttpRequest, case_id, kind: str) -> HttpResponse:
    case, _review = _result(request, case_id)
    try:
        delivery.acknowledge(case=case, kind=kind, by=request.user, how=request.POST.get("how", ""))
    except delivery.NotYours as refused:
        raise Http404 from refused
    except delivery.DeliveryRefused as refused:
        messages.error(request, str(refused))
        return redirect("review:staff_result", case.pk)
    messages.success(request, _("Thank you. We noted that you have read this."))
    if case.is_cared_for_by(request.user):
        return redirect("intake:patient_home")
    if request.user.has_role("staff", case.clinic):
        return redirect("review:staff_result", case.pk)
    return redirect("review:referrer_home")


@role_required("referrer")
def referrer_home(request: HttpRequest) -> HttpResponse:
    cases = list(delivery.referred(request.user).order_by("-signed_at", "-submitted_at").select_related("thread")[:200])
    mine = items.of_referrer(request.user).open()
    open_by_case = Counter(mine.values_list("review__case", flat=True))
    for case in cases:
        case.open_steps = open_by_case.get(case.pk, 0)
        case.has_question = bool(getattr(case, "thread", None) and case.thread.question_at)
        rows = [row for row in case.deliveries.all() if row.recipient_kind == "referrer"]
        case.is_new = any(row.acknowledged_at is None for row in rows)
        case.has_result = bool(case.signed_at)
    cases.sort(key=lambda case: (not case.is_new, not case.has_result))
    record_view(request, "case.listed", request.user, cases=[str(case.pk) for case in cases])
    context = {
        "cases": cases,
        "new": sum(case.is_new and case.has_result for case in cases),
        "drafts": list(referrals.started(request.user)[:20]),
        "steps": sum(open_by_case.values()),
        "late": mine.filter(due_on__lt=timezone.localdate()).count(),
    }
    return render(request, "review/referrer_home.html", context)


@role_required("referrer")
def referrer_result(request: HttpRequest, case_id) -> HttpResponse:
    case, review = _result(request, case_id)
    if case.referring_clinic is None or not request.user.has_role("referrer", case.referring_clinic):
        raise Http404
    both = making.pages(review)
    if not both:
        return render(request, "review/result_waits.html", {"frame": "base.html"})
    delivery.record_opened(case=case, kind="referrer")
    record_view(request, "result.viewed", review, as_role="referrer")
    context = _context(request, case, review) | {
        "letter": both["clinician"],
        "to_acknowledge": _unacknowledged(case, "referrer"),
        "may_steps": True,
        "back": "review:referrer_home",
    }
    return render(request, "review/result_clinical.html", context)


@role_required("staff")
def results_to_close(request: HttpRequest) -> HttpResponse:
    cases = list(delivery.to_close(request.user)[:200])
    record_view(request, "case.listed", request.user, cases=[str(case.pk) for case in cases])
    return render(request, "review/results_to_close.html", {"cases": cases})


@role_required("staff")
def staff_result(request: HttpRequest, case_id) -> HttpResponse:
    case, review = _result(request, case_id)
    if not request.user.has_role("staff", case.clinic):
        raise Http404
    record_view(request, "result.viewed", review, as_role="staff")
    both = making.pages(review, also_stopped=True)
    if not both:
        return render(request, "review/result_waits.html", {"frame": "base.html", "is_clinic": True})
    context = _context(request, case, review) | {
        "letter": both["clinician"],
        "addenda": review.addenda.all(),
        "back": "review:results_to_close",
        "is_staff_page": True,
        "told_how": Delivery.ToldHow.choices,
        "read_how": [choice for choice in Delivery.ReadHow.choices if choice[0] != Delivery.ReadHow.PORTAL],
        "may_steps": True,
        "open_steps": sum(item.is_open for item in review.action_items.all()),
        "may_close": may(case, "close", request.user),
    }
    return render(request, "review/result_clinical.html", context)


@role_required("staff")
@require_POST
def told(request: HttpRequest, delivery_id) -> HttpResponse:
    row = get_object_or_404(Delivery, pk=delivery_id, case__in=Case.objects.visible_to(request.user))
    try:
        delivery.record_told(delivery=row, by=request.user, how=request.POST.get("how", ""))
        messages.success(request, "Recorded.")
    except delivery.DeliveryRefused as refused:
        messages.error(request, str(refused))
    return redirect("review:staff_result", row.case_id)


@role_required("staff")
@require_POST
def close(request: HttpRequest, case_id) -> HttpResponse:
    case, _review = _result(request, case_id)
    try:
        delivery.close_case(case=case, by=request.user, reason=request.POST.get("reason", ""))
        messages.success(request, f"Case {case.number} is closed.")
    except (delivery.DeliveryRefused, TransitionRefused) as refused:
        messages.error(request, str(refused))
        return redirect("review:staff_result", case.pk)
    return redirect("review:results_to_close")


@role_required("staff")
def report_wrong_person(request: HttpRequest, case_id) -> HttpResponse:
    """Nothing signed is moved: the charge is held now, and the signer's addendum tells the recipients."""
    case, review = _result(request, case_id)
    if not request.user.has_role("staff", case.clinic) or case.filed_in_error_at:
        raise Http404
    reason, refused = words_in(request.POST, "reason"), ""
    if request.method == "POST":
        try:
            delivery.report_wrong_person(review=review, by=request.user, reason=reason)
        except IntakeRefused as error:
            refused = str(error)
        else:
            messages.success(request, f"Reported. {review.specialist} is asked for the addendum; the charge is held.")
            return redirect("review:staff_result", case.pk)
    context = {"case": case, "review": review, "reason": reason, "refused": refused}
    return render(request, "review/report_wrong_person.html", context, status=422 if refused else 200)


@role_required("specialist")
def addendum(request: HttpRequest, review_id) -> HttpResponse:
    review = get_object_or_404(
        Review.objects.signed().select_related("case__patient", "case__group", "case__clinic"),
        pk=review_id,
        case__group__in=request.user.clinics("specialist"),
    )
    if not may(review.case, "addend", request.user):
        raise Http404
    language = other_language(review.case.patient)
    form = AddendumForm(request.POST or None, initial=wrong_person_words(review.case), language=language)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            delivery.add_addendum(
                review=review,
                by=request.user,
                text=data["text"],
                patient_text=data["patient_text"],
                patient_text_own=data.get("patient_text_own", ""),
                changes={part: data[part] for part in Addendum.CHANGES},
            )
        except (delivery.DeliveryRefused, TransitionRefused) as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "The addendum is signed and on its way.")
            return redirect("review:signed", review.case_id)
    return render(request, "review/addendum.html", {"form": form, "review": review, "case": review.case})
