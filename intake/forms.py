"""The patient's pages: one question a page, each a form on the draft."""

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from intake import bodymap, consents, sites
from intake.danger import SIGNS
from intake.models import Case, Patient, ProblemKind, Specialty
from intake.questions import NONE, Question

_SPECIALTY_WORDS = [
    (Specialty.DERMATOLOGY, _("Skin, hair or nails")),
    (Specialty.OPHTHALMOLOGY, _("An eye or an eyelid")),
]


class StartForm(forms.Form):
    specialty = forms.ChoiceField(
        label=_("What is it about?"),
        choices=_SPECIALTY_WORDS,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose skin or eye.")},
    )


class DangerForm(forms.Form):
    """Nothing is chosen beforehand. "None of these" and a sign together are asked again."""

    signs = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    none = forms.BooleanField(required=False)

    def __init__(self, *args, specialty: str, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["signs"].choices = SIGNS[specialty]

    def clean(self) -> dict:
        data = super().clean() or {}
        if bool(data.get("signs")) == bool(data.get("none")):
            raise forms.ValidationError(_("Tick each sign that you have, or “None of these”."))
        return data


class DraftForm(forms.ModelForm):
    """Saves only its own fields, and only where the draft did not change in another window."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Case
        fields: list[str] = []

    def changed_fields(self) -> dict:
        return {name: self.cleaned_data.get(name, "") for name in self._meta.fields or []}

    def raw_fields(self) -> dict:
        """What was typed, valid or not, for the autosave: cut to size, never refused."""
        typed = {}
        for name in self._meta.fields or []:
            value = str(self.data.get(name, "")).replace("\x00", "")
            choices = getattr(self.fields[name], "choices", None)
            if choices is not None and value and value not in {str(key) for key, _ in self.fields[name].choices}:
                continue
            typed[name] = value[: Case._meta.get_field(name).max_length]
        return typed


class KindForm(DraftForm):
    problem_kind = forms.ChoiceField(
        label=_("What does it look like?"),
        choices=[
            (ProblemKind.LESION, _("One spot, mole or lump (or a few)")),
            (ProblemKind.RASH, _("A rash, or many spots")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one. You can change it later.")},
    )

    class Meta(DraftForm.Meta):
        fields = ["problem_kind"]


class AskedForm(forms.Form):
    """One question of the versioned set; its answer is a list of keys, or the text as the only entry."""

    def __init__(self, *args, question: Question, value: list[str] | None, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.question = question
        choices = [(option.key, option.text) for option in question.options]
        given = value or []
        if question.kind == "text":
            self.fields["answer"] = forms.CharField(
                label=question.text,
                help_text=question.hint,
                max_length=1000,
                widget=forms.Textarea(attrs={"rows": 4}),
                initial=" ".join(given),
                error_messages={"required": _("Write an answer, or skip this question.")},
            )
        elif question.kind == "many":
            self.fields["answer"] = forms.MultipleChoiceField(
                label=question.text,
                help_text=question.hint,
                choices=choices,
                widget=forms.CheckboxSelectMultiple,
                initial=given,
                error_messages={"required": _("Tick what fits, or the last line if nothing does.")},
            )
        else:
            self.fields["answer"] = forms.ChoiceField(
                label=question.text,
                help_text=question.hint,
                choices=choices,
                widget=forms.RadioSelect,
                initial=given[0] if given else None,
                error_messages={"required": _("Choose an answer, or skip this question.")},
            )

    def clean_answer(self):
        answer = self.cleaned_data["answer"]
        if self.question.kind == "many" and NONE in answer and len(answer) > 1:
            raise forms.ValidationError(_("You ticked a line and also the last one. Keep what fits."))
        return answer

    def value(self) -> list[str]:
        answer = self.cleaned_data["answer"]
        return list(answer) if isinstance(answer, list) else [answer]


class ReasonForm(DraftForm):
    reason = forms.CharField(
        label=_("What is the problem?"),
        help_text=_("In your own words. Also write what you want to know."),
        widget=forms.Textarea(attrs={"rows": 5}),
        max_length=2000,
        error_messages={"required": _("Tell us what the problem is, like “A brown spot that grew”.")},
    )

    class Meta(DraftForm.Meta):
        fields = ["reason"]


class PlaceForm(DraftForm):
    site = forms.ChoiceField(
        label=_("Where is it?"), widget=forms.RadioSelect, error_messages={"required": _("Choose where it is.")}
    )
    side = forms.ChoiceField(
        label=_("Which side?"),
        help_text=_("Your own left or right, not as in a mirror."),
        choices=[
            ("left", _("My left")),
            ("right", _("My right")),
            ("both", _("Both sides")),
            ("midline", _("In the middle")),
        ],
        widget=forms.RadioSelect,
        required=False,
    )

    # set by a tap on the body map; the list above is what counts
    point_view = forms.ChoiceField(required=False, widget=forms.HiddenInput)
    point_x = forms.FloatField(required=False, min_value=0, max_value=1, widget=forms.HiddenInput)
    point_y = forms.FloatField(required=False, min_value=0, max_value=1, widget=forms.HiddenInput)

    class Meta(DraftForm.Meta):
        fields = ["site", "side", "point_view", "point_x", "point_y"]

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.offered = sites.for_specialty(self.instance.specialty)
        self.fields["site"].choices = [(site.key, site.plain) for site in self.offered]
        self.fields["point_view"].choices = [("", "")] + [(view.key, view.key) for view in bodymap.VIEWS]

    def regions(self) -> list[tuple[str, list]]:
        """The radio buttons of `site`, grouped by region."""
        by_key = {radio.data["value"]: radio for radio in self["site"]}
        regions: dict[str, list] = {}
        for site in self.offered:
            regions.setdefault(site.region, []).append(by_key[site.key])
        return list(regions.items())

    def open_region(self) -> str:
        chosen = sites.BY_KEY.get(self["site"].value() or "")
        return chosen.region if chosen else ""

    def clean(self) -> dict:
        data = super().clean() or {}
        site = sites.BY_KEY.get(data.get("site", ""))
        if site and site.has_side and data.get("side") not in {"left", "right", "both"}:
            self.add_error("side", _("Choose your left, your right, or both sides."))
        if site and not site.has_side and data.get("side") in {"both"}:
            data["side"] = ""
        if not data.get("point_view") or data.get("point_x") is None or data.get("point_y") is None:
            # half a point is none
            data |= {"point_view": "", "point_x": None, "point_y": None}
        return data

    def changed_fields(self) -> dict:
        return {name: self.cleaned_data[name] for name in self._meta.fields}

    def raw_fields(self) -> dict:
        typed = super().raw_fields()
        return {name: typed[name] for name in ("site", "side") if name in typed}


class StoryForm(DraftForm):
    onset = forms.CharField(
        label=_("Since when?"),
        help_text=_("Like “about 3 months” or “August 2026”."),
        max_length=200,
        error_messages={"required": _("Tell us since when, like “about 3 months”.")},
    )
    history = forms.CharField(
        label=_("What has happened since?"),
        help_text=_(
            "Has it changed, spread, itched, hurt or bled? What did you try? Did you or your family have skin cancer?"
        ),
        widget=forms.Textarea(attrs={"rows": 5}),
        max_length=4000,
        required=False,
    )

    class Meta(DraftForm.Meta):
        fields = ["onset", "history"]


class MedicinesForm(DraftForm):
    medicines = forms.CharField(
        label=_("Which medicines do you take?"),
        help_text=_("Also creams, drops and blood thinners. Write “none” when there are none."),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=2000,
        error_messages={"required": _("Write your medicines, or “none”.")},
    )
    allergies = forms.CharField(
        label=_("Any allergies?"),
        help_text=_("To medicines, tape or latex. Write “none” when there are none."),
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=2000,
        error_messages={"required": _("Write your allergies, or “none”.")},
    )

    class Meta(DraftForm.Meta):
        fields = ["medicines", "allergies"]


class NoteForm(DraftForm):
    intake_note = forms.CharField(
        label=_("Intake note"),
        help_text=_("What the specialist should know that the patient did not write."),
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=4000,
        required=False,
    )

    class Meta(DraftForm.Meta):
        fields = ["intake_note"]


class ConsentForm(forms.Form):
    """One unticked box a text."""

    def __init__(self, *args, given: set[str], texts: list[consents.ConsentText], **kwargs) -> None:
        super().__init__(*args, **kwargs)
        for text in texts:
            self.fields[text.kind] = forms.BooleanField(
                label=text.title,
                help_text=text.text,
                required=text.required,
                initial=text.kind in given,
                error_messages={
                    "required": _("Tick “%(title)s”: without it your clinic may not look at your case.")
                    % {"title": text.title}
                },
            )

    def kinds(self) -> set[str]:
        return {kind for kind, agreed in self.cleaned_data.items() if agreed}


class AddressForm(forms.ModelForm):
    state = forms.RegexField(
        r"^[A-Za-z]{2}$",
        label=_("State"),
        help_text=_("Two letters, like OH. It decides which specialist may answer."),
        error_messages={"invalid": _("Write the two letters of the state, like OH.")},
    )
    zip_code = forms.RegexField(
        r"^[0-9]{5}(-?[0-9]{4})?$",
        label=_("ZIP code"),
        error_messages={"invalid": _("Write 5 or 9 digits, like 43215 or 43215-0001.")},
    )

    class Meta:
        model = Patient
        fields = ["address_line1", "address_line2", "city", "state", "zip_code", "phone", "preferred_language"]
        labels = {
            "address_line1": _("Street"),
            "address_line2": _("Apartment"),
            "city": _("City"),
            "phone": _("Phone"),
            "preferred_language": _("Language"),
        }

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        tokens = {
            "address_line1": "address-line1",
            "address_line2": "address-line2",
            "city": "address-level2",
            "state": "address-level1",
            "zip_code": "postal-code",
            "phone": "tel",
            "preferred_language": "language",
        }
        for name, token in tokens.items():
            self.fields[name].widget.attrs["autocomplete"] = token
        for name in ("address_line1", "city"):
            self.fields[name].required = True
        self.fields["preferred_language"].required = False

    def clean_preferred_language(self) -> str:
        return self.cleaned_data["preferred_language"] or self.instance.preferred_language

    def clean_state(self) -> str:
        return self.cleaned_data["state"].upper()

    def clean_zip_code(self) -> str:
        return self.cleaned_data["zip_code"].replace("-", "")


class WithdrawForm(forms.Form):
    reason = forms.CharField(label=_("Why?"), required=False, max_length=300, widget=forms.Textarea(attrs={"rows": 2}))


class ToneForm(forms.Form):
    """Self-reported on the Monk scale. Optional: only to see whether the photo hints are fair."""

    tone = forms.TypedChoiceField(
        label=_("Skin tone"),
        choices=[(n, format_lazy("{} {}", _("Tone"), n)) for n in range(1, 11)],
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one, or skip this question.")},
    )


class BirthDateForm(forms.Form):
    date_of_birth = forms.DateField(
        label=_("Date of birth"),
        help_text=_("Of the patient. Your clinic asks, so that nobody else opens this."),
        widget=forms.DateInput(attrs={"type": "date", "autocomplete": "bday"}),
        error_messages={"required": _("Enter the date of birth."), "invalid": _("Enter the date of birth.")},
    )


class RelatedForm(forms.Form):
    """A parent, guardian or carer, invited by staff."""

    name = forms.CharField(label="Name", max_length=120, error_messages={"required": "Write the person's name."})
    email = forms.EmailField(
        label="E-mail address",
        error_messages={
            "required": "Write the e-mail address.",
            "invalid": "Write an e-mail address like a@b.example.",
        },
    )
    relationship = forms.ChoiceField(
        label="Acts as",
        choices=[
            ("parent", "Parent (until the 18th birthday)"),
            ("guardian", "Guardian (until the 18th birthday)"),
            ("carer", "Carer"),
        ],
        error_messages={"required": "Choose how this person is related to the patient."},
    )


class ForWhomForm(forms.Form):
    """For people who act for others: whose case it is."""

    patient = forms.ModelChoiceField(
        label=_("Who is it for?"),
        queryset=Patient.objects.none(),
        widget=forms.RadioSelect,
        empty_label=None,
        error_messages={"required": _("Choose who it is for."), "invalid_choice": _("Choose who it is for.")},
    )

    def __init__(self, *args, patients, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["patient"].queryset = patients
        self.fields["patient"].label_from_instance = lambda patient: patient.name
        self.fields["patient"].required = patients.count() > 1
