"""The patient's pages: one question a page, each a form on the draft."""

from django import forms

from intake import consents, sites
from intake.danger import SIGNS
from intake.models import Case, Patient, Specialty

_SPECIALTY_WORDS = [
    (Specialty.DERMATOLOGY, "Skin, hair or nails"),
    (Specialty.OPHTHALMOLOGY, "An eye or an eyelid"),
]


class StartForm(forms.Form):
    specialty = forms.ChoiceField(
        label="What is it about?",
        choices=_SPECIALTY_WORDS,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose skin or eye."},
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
            raise forms.ValidationError("Tick each sign that you have, or “None of these”.")
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
            value = str(self.data.get(name, ""))
            choices = getattr(self.fields[name], "choices", None)
            if choices is not None and value and value not in {str(key) for key, _ in self.fields[name].choices}:
                continue
            typed[name] = value[: Case._meta.get_field(name).max_length]
        return typed


class ReasonForm(DraftForm):
    reason = forms.CharField(
        label="What is the problem?",
        help_text="In your own words. Also write what you want to know.",
        widget=forms.Textarea(attrs={"rows": 5}),
        max_length=2000,
        error_messages={"required": "Tell us what the problem is, like “A brown spot that grew”."},
    )

    class Meta(DraftForm.Meta):
        fields = ["reason"]


class PlaceForm(DraftForm):
    site = forms.ChoiceField(
        label="Where is it?", widget=forms.RadioSelect, error_messages={"required": "Choose where it is."}
    )
    side = forms.ChoiceField(
        label="Which side?",
        help_text="Your own left or right, not as in a mirror.",
        choices=[("left", "My left"), ("right", "My right"), ("both", "Both sides"), ("midline", "In the middle")],
        widget=forms.RadioSelect,
        required=False,
    )

    class Meta(DraftForm.Meta):
        fields = ["site", "side"]

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.offered = sites.for_specialty(self.instance.specialty)
        self.fields["site"].choices = [(site.key, site.plain) for site in self.offered]

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
            self.add_error("side", "Choose your left, your right, or both sides.")
        if site and not site.has_side and data.get("side") in {"both"}:
            data["side"] = ""
        return data


class StoryForm(DraftForm):
    onset = forms.CharField(
        label="Since when?",
        help_text="Like “about 3 months” or “August 2026”.",
        max_length=200,
        error_messages={"required": "Tell us since when, like “about 3 months”."},
    )
    history = forms.CharField(
        label="What has happened since?",
        help_text="Has it changed, spread, itched, hurt or bled? What did you try? Did you or your family have skin cancer?",
        widget=forms.Textarea(attrs={"rows": 5}),
        max_length=4000,
        required=False,
    )

    class Meta(DraftForm.Meta):
        fields = ["onset", "history"]


class MedicinesForm(DraftForm):
    medicines = forms.CharField(
        label="Which medicines do you take?",
        help_text="Also creams, drops and blood thinners. Write “none” when there are none.",
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=2000,
        error_messages={"required": "Write your medicines, or “none”."},
    )
    allergies = forms.CharField(
        label="Any allergies?",
        help_text="To medicines, tape or latex. Write “none” when there are none.",
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=2000,
        error_messages={"required": "Write your allergies, or “none”."},
    )

    class Meta(DraftForm.Meta):
        fields = ["medicines", "allergies"]


class NoteForm(DraftForm):
    intake_note = forms.CharField(
        label="Intake note",
        help_text="What the specialist should know that the patient did not write.",
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=4000,
        required=False,
    )

    class Meta(DraftForm.Meta):
        fields = ["intake_note"]


class ConsentForm(forms.Form):
    """One unticked box a text."""

    def __init__(self, *args, given: set[str], **kwargs) -> None:
        super().__init__(*args, **kwargs)
        for text in consents.TEXTS:
            self.fields[text.kind] = forms.BooleanField(
                label=text.title,
                help_text=text.text,
                required=text.required,
                initial=text.kind in given,
                error_messages={"required": f"Tick “{text.title}”: without it your clinic may not look at your case."},
            )

    def kinds(self) -> set[str]:
        return {kind for kind, agreed in self.cleaned_data.items() if agreed}


class AddressForm(forms.ModelForm):
    state = forms.RegexField(
        r"^[A-Za-z]{2}$",
        label="State",
        help_text="Two letters, like OH. It decides which specialist may answer.",
        error_messages={"invalid": "Write the two letters of the state, like OH."},
    )
    zip_code = forms.RegexField(
        r"^\d{5}(-?\d{4})?$",
        label="ZIP code",
        error_messages={"invalid": "Write 5 or 9 digits, like 43215 or 43215-0001."},
    )

    class Meta:
        model = Patient
        fields = ["address_line1", "address_line2", "city", "state", "zip_code", "phone"]

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        tokens = ["address-line1", "address-line2", "address-level2", "address-level1", "postal-code", "tel"]
        for name, token in zip(self._meta.fields, tokens, strict=True):
            self.fields[name].widget.attrs["autocomplete"] = token
        for name in ("address_line1", "city"):
            self.fields[name].required = True

    def clean_state(self) -> str:
        return self.cleaned_data["state"].upper()

    def clean_zip_code(self) -> str:
        return self.cleaned_data["zip_code"].replace("-", "")


class WithdrawForm(forms.Form):
    reason = forms.CharField(label="Why?", required=False, max_length=300, widget=forms.Textarea(attrs={"rows": 2}))
