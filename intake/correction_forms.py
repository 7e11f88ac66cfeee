"""Forms of what staff set in a sent case."""

from typing import Any

from django import forms

from intake import sites
from intake.forms import AskedForm
from intake.models import Case, Spoken, Urgency
from intake.topics import Topic

SIDES = [("", "No side"), ("left", "Left"), ("right", "Right"), ("both", "Both"), ("midline", "Middle")]


class UrgencyForm(forms.Form):
    urgency = forms.ChoiceField(
        choices=Urgency.choices, widget=forms.RadioSelect, error_messages={"required": "Choose the urgency."}
    )
    reason = forms.CharField(
        label="Why",
        help_text="Needed when the case may wait longer than it says now.",
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class PlaceForm(forms.Form):
    site = forms.ChoiceField(label="Place", error_messages={"required": "Choose the place."})
    side = forms.ChoiceField(label="Side of the patient", choices=SIDES, required=False)
    said_by = forms.ChoiceField(
        label="Who said so", choices=[("", "Nobody: it is seen on the photos"), *Spoken.choices], required=False
    )
    reason = forms.CharField(
        label="How you know",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Write how you know, like “The patient confirmed it by phone”."},
    )

    def __init__(self, *args, case: Case, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["site"].choices = [(site.key, site.label) for site in sites.for_specialty(case.specialty)]


class _SaidBy(forms.Form):
    said_by = forms.ChoiceField(
        label="Who said it?",
        choices=Spoken.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose who said it."},
    )
    said_by_name = forms.CharField(
        label="Name of that person", help_text="When it was not the patient.", required=False, max_length=120
    )


class ConsentForm(_SaidBy):
    agreed = forms.BooleanField(
        label="I read out both texts, and this person agreed to both",
        error_messages={"required": "Tick this when both were agreed to."},
    )

    def spoken(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in ("said_by", "said_by_name")}


class PhoneTextForm(_SaidBy):
    answer = forms.CharField(
        label="What was said",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": "Write the answer."},
    )
    field_order = ["answer", "said_by", "said_by_name"]

    def value(self) -> list[str]:
        return [self.cleaned_data["answer"]]


class PhoneAskedForm(AskedForm, _SaidBy):
    """The patient's own question with its own answers."""

    field_order = ["answer", "said_by", "said_by_name"]

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.order_fields(self.field_order)


def phone_form(data: Any, *, topic: Topic) -> PhoneTextForm | PhoneAskedForm:
    if topic.question is None:
        return PhoneTextForm(data)
    return PhoneAskedForm(data, question=topic.question, value=None)
