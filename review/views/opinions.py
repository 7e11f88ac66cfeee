"""Asking a colleague, and closing such a question."""

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from config.accounts.access import role_required
from review import opinions
from review.errors import ReviewRefused
from review.models import SecondOpinion
from review.views.common import reading_case, to_room


class OpinionForm(forms.Form):
    colleague = forms.ChoiceField(
        label="Who",
        error_messages={"required": "Choose a colleague.", "invalid_choice": "Choose a colleague of the list."},
    )
    question = forms.CharField(
        label="What you want to know",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": "Write what you want to know."},
    )

    def __init__(self, *args, people, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.people = {str(person.pk): person for person in people}
        self.fields["colleague"].choices = [("", "Choose"), *((pk, str(person)) for pk, person in self.people.items())]

    def clean_colleague(self):
        return self.people[self.cleaned_data["colleague"]]


@role_required("specialist")
def opinion(request: HttpRequest, case_id) -> HttpResponse:
    case = reading_case(request, case_id)
    if not opinions.may_ask(case, request.user):
        raise Http404
    people = opinions.colleagues(case, request.user)
    form = OpinionForm(request.POST or None, people=people)
    if request.method == "POST" and form.is_valid():
        try:
            asked = opinions.ask(case=case, by=request.user, **form.cleaned_data)
        except ReviewRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"{asked.colleague} is asked. The answer appears beside the case.")
            return to_room(case)
    asked_before = opinions.of_case(case)
    opinions.see(request.user, asked_before)
    context = {"case": case, "form": form, "people": people, "asked": asked_before}
    return render(request, "review/opinion.html", context, status=422 if form.is_bound and form.errors else 200)


@role_required("specialist")
@require_POST
def close_opinion(request: HttpRequest, opinion_id) -> HttpResponse:
    asked = get_object_or_404(SecondOpinion.objects.select_related("case__group"), pk=opinion_id)
    if request.user.pk not in (asked.asked_by_id, asked.colleague_id):
        raise Http404
    try:
        opinions.close(asked=asked, by=request.user, reason=request.POST.get("reason", ""))
    except ReviewRefused as refused:
        messages.error(request, str(refused))
        return to_room(asked.case)
    messages.success(request, "The question is closed. What was typed is kept.")
    return redirect("review:worklist")
