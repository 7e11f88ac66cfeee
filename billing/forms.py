"""Forms of the reference data: each dated row has a start, an end and where it is known from."""

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Q, QuerySet

from billing.models import (
    Alignment,
    BilledElsewhere,
    Fee,
    HcpcsCode,
    PaperOffset,
    Payer,
    PayerPolicy,
    Programme,
    RosterEntry,
    Submitter,
)
from config.accounts.models import Clinic, Practitioner
from config.identifiers import is_npi
from intake.models import Patient

CODES = ("G9868", "G9869", "G9870")
PLACES_OF_SERVICE = (("10", "10: the patient's home"), ("02", "02: telehealth, elsewhere than at home"))
_DATES = ["valid_from", "valid_until", "source"]


class Digits(forms.CharField):
    """Digits as people write them: what stands between them is left out before they are counted."""

    def to_python(self, value) -> str:
        return super().to_python(value).translate(_BETWEEN)

    def widget_attrs(self, widget) -> dict:
        return {name: value for name, value in super().widget_attrs(widget).items() if name != "maxlength"}


_BETWEEN = str.maketrans("", "", " -().")


class KeptForm(forms.ModelForm):
    """Offers only what belongs to the person's groups; writes nothing itself (`billing/keeping.py` does)."""

    def __init__(self, *args, groups, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.groups = groups
        for name, item in self.fields.items():
            if isinstance(item, forms.DateField):
                self.fields[name].widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        if "source" in self.fields:
            self.fields["source"].required = True
            self.fields["source"].error_messages["required"] = "Write where this is known from."
        self.narrow()

    def narrow(self) -> None:
        """What a person may choose from."""

    def _clean_digits(self, name: str, length: int, what: str) -> str:
        value = self.cleaned_data[name]
        if value and not (value.isascii() and value.isdigit() and len(value) == length):
            raise forms.ValidationError(f"{what} has {length} digits.")
        return value

    def _clean_npi(self, name: str) -> str:
        value = self.cleaned_data[name]
        if value and not is_npi(value):
            raise forms.ValidationError("This NPI is not possible: 10 digits, the last one checks the others.")
        return value

    def _clean_taxonomy(self) -> str:
        value = self.cleaned_data["taxonomy_code"].strip().upper()
        if value and not (len(value) == 10 and value.isascii() and value.isalnum() and value.endswith("X")):
            raise forms.ValidationError("A taxonomy code has 10 letters and digits and ends with X, like 207N00000X.")
        return value


class ProgrammeForm(KeptForm):
    codes = forms.MultipleChoiceField(
        choices=[(c, c) for c in CODES], widget=forms.CheckboxSelectMultiple, label="Codes that it carries"
    )
    places_of_service = forms.MultipleChoiceField(
        choices=PLACES_OF_SERVICE, widget=forms.CheckboxSelectMultiple, label="Places of service"
    )

    class Meta:
        model = Programme
        fields = [
            "key", "name", "is_confirmed", "codes", "demo_number", "send_demo_number", "places_of_service", "modifier",
            "entity_id", *_DATES,
        ]  # fmt: skip
        labels = {
            "key": "Short name",
            "is_confirmed": "It is confirmed that the model carries this benefit",
            "send_demo_number": "Send the demo number on claims",
            "modifier": "Modifier",
        }
        help_texts = {"key": "Letters, digits and dashes, like aco-reach. Rosters and alignments name it."}

    def narrow(self) -> None:
        if self.instance.pk:
            self.fields["key"].disabled = True

    def clean_modifier(self) -> str:
        value = self.cleaned_data["modifier"].strip().upper()
        if not (len(value) == 2 and value.isascii() and value.isalnum()):
            raise forms.ValidationError("A modifier has 2 letters or digits; 00 means that none is sent.")
        return value


class FeeForm(KeptForm):
    code = forms.ChoiceField(choices=[(c, c) for c in CODES], label="Code")

    class Meta:
        model = Fee
        fields = ["group", "code", "amount", *_DATES]

    def narrow(self) -> None:
        self.fields["group"].queryset = self.groups


class PolicyForm(KeptForm):
    class Meta:
        model = PayerPolicy
        fields = ["payer", "pays", "note", *_DATES]


class RosterForm(KeptForm):
    class Meta:
        model = RosterEntry
        fields = ["programme", "practitioner", "tin", *_DATES]
        field_classes = {"tin": Digits}

    def narrow(self) -> None:
        self.fields["programme"].queryset = latest_programmes(self.instance.programme_id)
        self.fields["practitioner"].queryset = specialists_of(self.groups)

    def clean_tin(self) -> str:
        return self._clean_digits("tin", 9, "A tax number")


class AlignmentForm(KeptForm):
    class Meta:
        model = Alignment
        fields = ["programme", "patient", *_DATES]

    def narrow(self) -> None:
        self.fields["programme"].queryset = latest_programmes(self.instance.programme_id)
        self.fields["patient"].queryset = patients_of(self.groups)


class PayerForm(KeptForm):
    class Meta:
        model = Payer
        fields = ["name", "payer_id", "claim_filing_code", "correction_mode", "takes_paper", "postal_address"]

    def clean_claim_filing_code(self) -> str:
        value = self.cleaned_data["claim_filing_code"].strip().upper()
        if not (1 <= len(value) <= 2 and value.isascii() and value.isalnum()):
            raise forms.ValidationError("One or two letters or digits: MB for Medicare Part B, CI for commercial.")
        return value


class PaperOffsetForm(forms.ModelForm):
    class Meta:
        model = PaperOffset
        fields = ["right_mm", "down_mm"]

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.min_value, field.max_value = -15, 15
            field.validators += [
                MinValueValidator(-15, "At most 15 mm: put the paper in another way."),
                MaxValueValidator(15, "At most 15 mm: put the paper in another way."),
            ]


class SubmitterForm(KeptForm):
    class Meta:
        model = Submitter
        fields = [
            "group", "payer", "etin", "contact_name", "contact_phone", "receiver_name", "receiver_id", "is_test",
        ]  # fmt: skip
        field_classes = {"contact_phone": Digits}

    def narrow(self) -> None:
        self.fields["group"].queryset = self.groups

    def clean_contact_phone(self) -> str:
        return self._clean_digits("contact_phone", 10, "A phone number")


class ClinicIdentifiersForm(KeptForm):
    class Meta:
        model = Clinic
        fields = [
            "npi", "tin", "taxonomy_code", "address_line1", "address_line2", "city", "state", "zip_code",
        ]  # fmt: skip
        field_classes = {"npi": Digits, "tin": Digits, "zip_code": Digits}
        help_texts = {"zip_code": "9 digits on claims.", "address_line1": "A street, not a PO box."}

    def clean_npi(self) -> str:
        return self._clean_npi("npi")

    def clean_tin(self) -> str:
        return self._clean_digits("tin", 9, "A tax number")

    def clean_taxonomy_code(self) -> str:
        return self._clean_taxonomy()

    def clean_state(self) -> str:
        return self.cleaned_data["state"].strip().upper()

    def clean_zip_code(self) -> str:
        value = self.cleaned_data["zip_code"]
        if value and not (value.isascii() and value.isdigit() and len(value) in (5, 9)):
            raise forms.ValidationError("A ZIP code has 5 or 9 digits.")
        return value


class PractitionerIdentifiersForm(KeptForm):
    class Meta:
        model = Practitioner
        fields = ["npi", "taxonomy_code"]
        field_classes = {"npi": Digits}

    def clean_npi(self) -> str:
        return self._clean_npi("npi")

    def clean_taxonomy_code(self) -> str:
        return self._clean_taxonomy()


class HcpcsForm(KeptForm):
    class Meta:
        model = HcpcsCode
        fields = ["code", "short_description", "description", *_DATES]

    def clean_code(self) -> str:
        value = self.cleaned_data["code"].strip().upper()
        if not (len(value) == 5 and value[0].isalpha() and value[1:].isdigit() and value.isascii()):
            raise forms.ValidationError("A HCPCS code is one letter and 4 digits, like G9868.")
        return value


class ElsewhereForm(KeptForm):
    class Meta:
        model = BilledElsewhere
        fields = ["patient", "code", "date_of_service", "source"]

    def narrow(self) -> None:
        self.fields["patient"].queryset = patients_of(self.groups)


class ReasonForm(forms.Form):
    reason = forms.CharField(max_length=300, error_messages={"required": "Write why."})


def specialists_of(groups) -> QuerySet[Practitioner]:
    members = Q(user__memberships__clinic__in=groups, user__memberships__role="specialist")
    return Practitioner.objects.filter(members).distinct()


def patients_of(groups) -> QuerySet[Patient]:
    return Patient.objects.filter(cases__group__in=groups).distinct()


def latest_programmes(also: int | None = None):
    """One row a model, the newest: rosters and alignments name the model, whichever of its rows is valid."""
    newest: dict[str, int] = {}
    for key, pk in Programme.objects.standing().order_by("valid_from").values_list("key", "pk"):
        newest[key] = pk
    return Programme.objects.filter(pk__in=[*newest.values(), *([also] if also else [])])


def groups_of(user):
    """The groups whose reference data the person keeps: a biller's own, an administrator's all."""
    if user.has_role("administrator"):
        return Clinic.objects.filter(kind=Clinic.Kind.GROUP)
    return user.clinics("biller")
