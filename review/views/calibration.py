"""Later truth, told by whoever learned it; and a reader's own page of figures."""

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from config.accounts.access import role_required
from config.audit.services import record_view
from intake.models import Case
from review import calibration, delivery
from review.errors import ReviewRefused
from review.models import Truth


class TruthForm(forms.Form):
    kind = forms.ChoiceField(label="What came", choices=Truth.Kind.choices)
    found_on = forms.DateField(
        label="Day", widget=forms.DateInput(attrs={"type": "date"}), error_messages={"required": "Write the day."}
    )
    diagnosis = forms.CharField(
        label="What was found",
        max_length=300,
        help_text="Like “Melanoma in situ” or “Seborrheic keratosis”.",
        error_messages={"required": "Write what was found."},
    )
    agreement = forms.ChoiceField(label="How it fits the answer", choices=Truth.Agreement.choices)
    malignant = forms.NullBooleanField(
        label="Malignant",
        required=False,
        widget=forms.Select(choices=[("unknown", "Not known"), ("true", "Yes"), ("false", "No")]),
    )
    note = forms.CharField(label="Note", max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}))


@role_required("staff", "referrer", "specialist")
def truth(request: HttpRequest, case_id) -> HttpResponse:
    case = get_object_or_404(
        Case.objects.visible_to(request.user).select_related("patient", "clinic", "group", "referring_clinic"),
        pk=case_id,
    )
    review = delivery.signed_review(case)
    if review is None or not calibration.may_tell(review, request.user):
        raise Http404
    record_view(request, "review.truth_opened", review)
    form = TruthForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            calibration.tell_truth(review=review, by=request.user, **form.cleaned_data)
        except ReviewRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "Kept beside the answer. Its reader sees it on an own page.")
            return redirect("review:truth", case.pk)
    context = {
        "case": case,
        "review": review,
        "form": form,
        "truths": review.truths.select_related("by"),
        "back": _back(case, request.user),
    }
    return render(request, "review/truth.html", context, status=422 if form.is_bound and form.errors else 200)


def _back(case: Case, user) -> str:
    if user.has_role("staff", case.clinic):
        return "review:staff_result"
    if case.reviews.filter(specialist=user).exists():
        return "review:signed"
    return "review:referrer_result" if user.has_role("referrer") else "review:truth"


@role_required("specialist")
def own_figures(request: HttpRequest) -> HttpResponse:
    """Private: there is no page that shows them to anybody else."""
    truths = (
        Truth.objects.filter(review__specialist=request.user, review__second_opinion=False)
        .select_related("review__case__patient")
        .prefetch_related("review__diagnoses")
        .order_by("-at")[:30]
    )
    context = {"figures": calibration.figures(request.user), "truths": truths, "few": calibration.FEW}
    record_view(request, "case.listed", request.user, cases=[str(one.review.case_id) for one in truths])
    return render(request, "review/calibration.html", context)
