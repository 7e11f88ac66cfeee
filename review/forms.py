"""Forms of the reading room."""

from datetime import datetime, timedelta

from django import forms
from django.utils import timezone

from intake.models import Case, Urgency
from intake.routing import Person
from review import rows, vocabulary
from review.languages import name_of, other_language
from review.models import ActionItem, AddedTime, Review, TextTemplate
from review.models.review import in_words
from review.plan import PlanLine, line_from


class ReviewForm(forms.ModelForm):
    """The whole draft. Nothing is required here: a draft may be half empty, the signature asks for the rest."""

    finding_terms = forms.MultipleChoiceField(
        label="Structured terms", required=False, choices=list(vocabulary.WORDS.items()),
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    version = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = Review
        fields = [
            "photos_adequate", "no_opinion", "findings", "finding_terms", "assessment", "confidence", "plan", "follow_up",
            "follow_up_own", "patient_text", "patient_text_own", "disposition", "urgency", "urgency_reason", "eye_side",
            "acuity_given", "eye_segment", "visit_before", "visit_after", "live_contact", "handover_note",
        ]  # fmt: skip
        labels = {
            "photos_adequate": "Are the photos enough to decide?",
            "no_opinion": "They allow no opinion",
            "findings": "What you see",
            "assessment": "Most likely",
            "confidence": "How sure are you?",
            "plan": "More about the plan",
            "follow_up": "Follow-up",
            "patient_text": "For the patient",
            "disposition": "Where the care goes on",
            "urgency": "How urgent is what comes next?",
            "urgency_reason": "Why less urgent than the clinic said",
            "eye_side": "Eye",
            "acuity_given": "Acuity as given",
            "eye_segment": "Part of the eye",
            "visit_before": "At first look: would you have asked for a visit?",
            "visit_after": "Now: would you still ask for a visit?",
            "live_contact": "I had live contact with the patient about this",
            "handover_note": "Note for a colleague who takes over",
        }
        help_texts = {
            "patient_text": "In plain words: what to do first, then what it is.",
            "patient_text_own": "Only if you write it well yourself, or from the texts in both languages below. Without it the "
            "letter says that this part is in English, and whom to call for an interpreter.",
            "acuity_given": "Like “20/25 by chart in the clinic”. Write “not given” when nobody measured it.",
            "handover_note": "Shown to whoever claims the case after you. Never to the patient.",
        }
        widgets = {
            name: forms.RadioSelect
            for name in ("photos_adequate", "confidence", "eye_side", "eye_segment", "visit_before", "visit_after")
        } | {
            "findings": forms.Textarea(attrs={"rows": 3}),
            "assessment": forms.Textarea(attrs={"rows": 2}),
            "plan": forms.Textarea(attrs={"rows": 2}),
            "follow_up": forms.Textarea(attrs={"rows": 2}),
            "patient_text": forms.Textarea(attrs={"rows": 5}),
            "follow_up_own": forms.Textarea(attrs={"rows": 2}),
            "patient_text_own": forms.Textarea(attrs={"rows": 5}),
            "handover_note": forms.Textarea(attrs={"rows": 2}),
        }

    CHOICES = {
        "photos_adequate": Review.Adequate.choices,
        "confidence": Review.Confidence.choices,
        "eye_side": Review.EyeSide.choices,
        "eye_segment": Review.Segment.choices,
        "visit_before": Review.YesNo.choices,
        "visit_after": Review.YesNo.choices,
        "disposition": [("", "Not chosen"), *Review.Disposition.choices],
        "urgency": [("", "As the clinic said"), *Urgency.choices],
    }

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in self.CHOICES.items():
            self.fields[name].choices = choices
        self.own_language = other_language(self.instance.case.patient)
        self.own_language_name = name_of(self.own_language)
        for name, label in (("follow_up_own", "Follow-up"), ("patient_text_own", "For the patient")):
            if not self.own_language or self.instance.second_opinion:
                del self.fields[name]
                continue
            self.fields[name].label = f"{label}, in {self.own_language_name}"
            self.fields[name].widget.attrs["lang"] = self.own_language
        self.initial["finding_terms"] = self.instance.finding_terms
        self.initial["version"] = self.instance.version
        sent = self.data if self.is_bound else None
        self.lines, self.line_errors = rows.lines_from(typed := rows.plan_rows(sent, self.instance))
        self.plan_rows = [rows.shown_line(row) for row in typed if any(row.values())]
        self.entries = rows.differential_from(
            rows.differential_rows(sent, self.instance), up=self.data.get("diff_up", "") if self.is_bound else ""
        )
        self.photo_answers = rows.photo_answers(sent, self.instance)

    def clean(self) -> dict:
        for error in self.line_errors:
            self.add_error(None, error)
        return super().clean()

    def name_what_signing_needs(self) -> None:
        """Call it after validation: a draft may be half empty, but these are not called optional on the page."""
        self.use_required_attribute = False
        for name in ("findings", "assessment", "patient_text"):
            self.fields[name].required = True

    def term_groups(self) -> list[dict]:
        chosen = set(self["finding_terms"].value() or [])
        return [
            {
                "label": group.label,
                "terms": [{"key": key, "word": word, "is_chosen": key in chosen} for key, word in group.terms],
                "count": sum(key in chosen for key, _ in group.terms),
            }
            for group in vocabulary.groups_for(self.instance.case.specialty)
        ]

    @property
    def terms_in_words(self) -> str:
        return vocabulary.in_words(self["finding_terms"].value() or [])

    def draft(self) -> dict:
        """What `save_draft` takes."""
        data = {name: self.cleaned_data[name] for name in self.Meta.fields if name in self.fields}
        return data | {"differential": self.entries, "lines": self.lines, "photos": self.photo_answers}

    def differences(self, stored: Review) -> list[dict]:
        """Every part whose stored text is not the typed one: both are shown, nothing is lost."""
        there = texts_of(stored)
        typed = {
            "differential": "; ".join(map(in_words, self.entries)),
            "finding_terms": vocabulary.in_words(self.data.getlist("finding_terms")),
            "lines": _lines_in_words(self.lines),
        }
        labels = {
            "differential": "Also possible",
            "finding_terms": "Structured terms",
            "lines": "Plan",
            "follow_up_own": "Follow-up, in the patient's language",
            "patient_text_own": "For the patient, in their language",
        }
        found = []
        for name, text in there.items():
            mine = typed[name] if name in typed else self.data.get(name, "")
            if text.strip() != mine.strip():
                found.append({"label": labels.get(name) or self.fields[name].label, "text": text})
        return found


_TYPED = (
    "findings",
    "assessment",
    "plan",
    "follow_up",
    "follow_up_own",
    "patient_text",
    "patient_text_own",
    "urgency_reason",
    "acuity_given",
    "handover_note",
)


def texts_of(review: Review) -> dict[str, str]:
    """Everything that somebody typed or chose from lists, as text."""
    return {name: getattr(review, name) for name in _TYPED} | {
        "differential": "; ".join(review.differential_words),
        "finding_terms": vocabulary.in_words(review.finding_terms),
        "lines": _lines_in_words([line_from(item) for item in review.action_items.all()]),
    }


def _lines_in_words(lines: list[PlanLine]) -> str:
    return "\n".join(
        ActionItem(text=line.text, owner=line.owner, due_on=line.due_on, due_weeks=line.due_weeks).in_words
        for line in lines
    )


class TextTemplateForm(forms.ModelForm):
    class Meta:
        model = TextTemplate
        fields = ["name", *TextTemplate.TEXTS]
        help_texts = {
            "plan": "One step a line: it becomes a plan line, with the time that it names (“within 2 weeks”)."
        }
        widgets = {name: forms.Textarea(attrs={"rows": 3}) for name in TextTemplate.TEXTS}
        error_messages = {"name": {"required": "Give it a short name, like “Seborrheic keratosis”."}}

    def clean(self) -> dict:
        data = super().clean()
        if not any((data.get(name) or "").strip() for name in TextTemplate.TEXTS):
            self.add_error("findings", "Write at least one of the texts.")
        named = TextTemplate.objects.filter(owner=self.instance.owner_id, name=data.get("name")).exclude(
            pk=self.instance.pk
        )
        if named.exists():
            self.add_error("name", "You have a text of this name. Choose another name.")
        return data


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


class AssistantForm(forms.Form):
    who = forms.CharField(label="Who", max_length=100, error_messages={"required": "Write who it was."})
    minutes = forms.IntegerField(
        label="Minutes", min_value=1, max_value=240, error_messages={"required": "Write how many minutes."}
    )
    note = forms.CharField(label="What they did", max_length=300, error_messages={"required": "Write what they did."})


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
    """To the pool, or to one of the people offered."""

    POOL = "pool"

    to = forms.ChoiceField(label="To whom", initial=POOL, widget=forms.RadioSelect)
    handover_note = forms.CharField(
        label="Note for a colleague who takes over",
        help_text="The only text of yours that they see. Your draft and your time stay with you.",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args, case: Case, people: list[Person], is_own: bool, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if not is_own:
            self.fields["handover_note"].label = f"Note for {case.holder}"
            self.fields["handover_note"].help_text = "Why you end the hold. It stays in the history of the case."
            self.fields["handover_note"].required = True
            self.fields["handover_note"].error_messages["required"] = f"Write to {case.holder} why you end the hold."
        self.people = {str(one.user.pk): one.user for one in people}
        named = [(str(one.user.pk), f"{one.user} ({one.words})") for one in people]
        self.fields["to"].choices = [(self.POOL, f"The pool of {case.group}: whoever is free first"), *named]  # type: ignore[attr-defined]

    def clean(self) -> dict:
        data = super().clean() or {}
        data["to"] = self.people.get(data.get("to", ""))
        if data["to"] is not None and not data.get("handover_note", "").strip():
            self.add_error("handover_note", f"Write to {data['to']} what is left to do.")
        return data


def today_in(zone) -> str:
    return timezone.localdate(None, zone).isoformat()
