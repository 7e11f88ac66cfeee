"""Forms of the reading room."""

from datetime import datetime, timedelta

from django import forms
from django.utils import timezone

from review.drafts import differential_of
from review.models import AddedTime, Review


class ReviewForm(forms.ModelForm):
    """The whole draft. Nothing is required here: a draft may be half empty, the signature asks for the rest."""

    differential = forms.CharField(
        label="Also possible", required=False, max_length=1000, help_text="One after another, with a semicolon between."
    )
    version = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = Review
        fields = [
            "photos_adequate", "no_opinion", "findings", "assessment", "confidence", "plan", "follow_up", "patient_text",
            "disposition", "second_opinion", "live_contact", "handover_note",
        ]  # fmt: skip
        labels = {
            "photos_adequate": "Are the photos enough to decide?",
            "no_opinion": "They allow no opinion",
            "findings": "What you see",
            "assessment": "Most likely",
            "confidence": "How sure are you?",
            "plan": "Plan",
            "follow_up": "Follow-up",
            "patient_text": "For the patient",
            "disposition": "Where the care goes on",
            "second_opinion": "This is a second opinion",
            "live_contact": "I had live contact with the patient about this",
            "handover_note": "Note for a colleague who takes over",
        }
        help_texts = {
            "plan": "One step a line: what, who, by when.",
            "patient_text": "In plain words: what to do first, then what it is.",
            "handover_note": "Shown to whoever claims the case after you. Never to the patient.",
        }
        widgets = {
            "photos_adequate": forms.RadioSelect,
            "confidence": forms.RadioSelect,
            "findings": forms.Textarea(attrs={"rows": 3}),
            "assessment": forms.Textarea(attrs={"rows": 2}),
            "plan": forms.Textarea(attrs={"rows": 3}),
            "follow_up": forms.Textarea(attrs={"rows": 2}),
            "patient_text": forms.Textarea(attrs={"rows": 5}),
            "handover_note": forms.Textarea(attrs={"rows": 2}),
        }

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["photos_adequate"].choices = Review.Adequate.choices
        self.fields["confidence"].choices = Review.Confidence.choices
        self.fields["disposition"].choices = [("", "Not chosen"), *Review.Disposition.choices]
        self.initial["differential"] = "; ".join(self.instance.differential)
        self.initial["version"] = self.instance.version

    def name_what_signing_needs(self) -> None:
        """Call it after validation: a draft may be half empty, but these are not called optional on the page."""
        self.use_required_attribute = False
        for name in ("findings", "assessment", "plan", "patient_text"):
            self.fields[name].required = True

    def draft(self) -> dict:
        data = {name: self.cleaned_data[name] for name in self.Meta.fields}
        return data | {"differential": differential_of(self.cleaned_data["differential"])}


class TimeForm(forms.Form):
    day = forms.DateField(label="Day", widget=forms.DateInput(attrs={"type": "date"}))
    start = forms.TimeField(label="Start", widget=forms.TimeInput(attrs={"type": "time", "step": "1"}))
    stop = forms.TimeField(label="Stop", widget=forms.TimeInput(attrs={"type": "time", "step": "1"}))
    reason_code = forms.ChoiceField(label="What you did", choices=AddedTime.Reason.choices)
    note = forms.CharField(
        label="In a few words", max_length=500, help_text="Like “Pathology report of 2019 from the county hospital”."
    )

    def span(self, zone) -> tuple[datetime, datetime]:
        """Start and stop in the time zone of the group; a stop before the start is on the next day."""
        data = self.cleaned_data
        start = datetime.combine(data["day"], data["start"], zone)
        stop = datetime.combine(data["day"], data["stop"], zone)
        return start, stop if stop >= start else stop + timedelta(days=1)


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label="Why",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Write why, so that the clinic knows what to do."},
    )
    handover_note = forms.CharField(
        label="Note for a colleague who takes over",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class ReleaseForm(forms.Form):
    handover_note = forms.CharField(
        label="Note for a colleague who takes over",
        help_text="The only text of yours that they see. Your draft and your time stay with you.",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


def today_in(zone) -> str:
    return timezone.localdate(None, zone).isoformat()
