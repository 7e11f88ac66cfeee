"""Settling a plan line, by the patient and at the desks; entering a pathology report."""

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from review.items import MAX_FILE_BYTES, ItemRefused, Report
from review.models import ActionItem, PathologyReport, Truth

State = ActionItem.State


class OwnStepForm(forms.Form):
    """The patient's own step."""

    state = forms.ChoiceField(
        label=_("How did it go?"),
        choices=[
            (State.DONE, _("I did it")),
            (State.IMPOSSIBLE, _("I cannot do it")),
            (State.DECLINED, _("I do not want to do it")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one of the answers.")},
    )
    words = forms.CharField(
        label=_("In your words"),
        help_text=_("Tell us why if you did not do it. Your clinic reads it."),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def clean(self) -> dict:
        data = super().clean() or {}
        if data.get("state") in {State.IMPOSSIBLE, State.DECLINED} and not data.get("words", "").strip():
            self.add_error("words", _("Write why."))
        return data


class StepForm(forms.Form):
    state = forms.ChoiceField(
        label="What became of it?",
        choices=[(State.DONE, "Done"), (State.DECLINED, "Declined"), (State.IMPOSSIBLE, "Not possible")],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what became of it."},
    )
    words = forms.CharField(
        label="What shows it, or why not",
        help_text="Done: the date and who did it. Declined or not possible: the reason.",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Write what shows that it was done, or why it was not."},
    )


class PathologyForm(forms.Form):
    result = forms.ChoiceField(
        label="Result",
        choices=PathologyReport.Result.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose the result."},
    )
    diagnosis = forms.CharField(
        label="Diagnosis",
        max_length=300,
        widget=forms.TextInput,
        error_messages={"required": "Write the diagnosis as the report has it."},
    )
    agreement = forms.ChoiceField(
        label="How it fits the answer", choices=Truth.Agreement.choices, initial=Truth.Agreement.UNCLEAR
    )
    reported_on = forms.DateField(
        label="Day of the report",
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"required": "Enter the day of the report.", "invalid": "Enter the day of the report."},
    )
    file = forms.FileField(
        label="Their report as a PDF",
        help_text="At most 10 MB.",
        required=False,
        widget=forms.FileInput(attrs={"accept": "application/pdf,.pdf"}),
    )
    laboratory = forms.CharField(label="Laboratory", max_length=120, required=False)
    number = forms.CharField(label="Their number", max_length=60, required=False)
    report = forms.CharField(
        label="The report in words", max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 6})
    )

    def report_of(self) -> Report:
        """What was entered, with the file as bytes."""
        sent = self.cleaned_data["file"]
        if sent is not None and sent.size > MAX_FILE_BYTES:
            raise ItemRefused("The PDF is larger than 10 MB. Attach the pages with the diagnosis.")
        return Report(**self.cleaned_data | {"file": sent.read() if sent is not None else b""})

    def clean_reported_on(self):
        day = self.cleaned_data["reported_on"]
        if day > timezone.localdate():
            raise forms.ValidationError("This day has not come yet.")
        return day
