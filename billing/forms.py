"""Dated facts, each with a start, an end and where it is known from."""

from django import forms
from django.db.models import Q, QuerySet

from billing.models import Alignment, Fee, PayerPolicy, Programme, RosterEntry
from config.accounts.models import Clinic, Practitioner
from intake.models import Patient

_DATE = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class DatedForm(forms.ModelForm):
    class Meta:
        fields: list[str] = []

    def __init__(self, *args, groups, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.groups = groups
        for name in ("valid_from", "valid_until"):
            self.fields[name].widget = _DATE
        self.fields["source"].required = True
        self.fields["source"].error_messages["required"] = "Write where this is known from."
        self.narrow()

    def narrow(self) -> None:
        """Offer only what belongs to the person's groups, and no model that was withdrawn."""
        if "programme" in self.fields:
            own = Q(pk=self.instance.programme_id) if self.instance.pk else Q(pk__in=[])
            self.fields["programme"].queryset = Programme.objects.filter(Q(withdrawn_at__isnull=True) | own)

    @classmethod
    def rows(cls, groups) -> QuerySet:
        """The standing rows that the person may see and change."""
        return cls._meta.model.objects.standing()


class ProgrammeForm(DatedForm):
    class Meta:
        model = Programme
        fields = [
            "is_confirmed",
            "valid_from",
            "valid_until",
            "demo_number",
            "send_demo_number",
            "modifier",
            "entity_id",
            "source",
        ]


class FeeForm(DatedForm):
    code = forms.ChoiceField(choices=[(c, c) for c in ("G9868", "G9869", "G9870")], label="Code")

    class Meta:
        model = Fee
        fields = ["group", "code", "amount", "valid_from", "valid_until", "source"]

    def narrow(self) -> None:
        super().narrow()
        self.fields["group"].queryset = self.groups

    @classmethod
    def rows(cls, groups) -> QuerySet:
        return super().rows(groups).filter(group__in=groups)


class PolicyForm(DatedForm):
    class Meta:
        model = PayerPolicy
        fields = ["payer", "pays", "note", "valid_from", "valid_until", "source"]


class RosterForm(DatedForm):
    class Meta:
        model = RosterEntry
        fields = ["programme", "practitioner", "tin", "valid_from", "valid_until", "source"]

    def narrow(self) -> None:
        super().narrow()
        self.fields["practitioner"].queryset = _specialists(self.groups)

    @classmethod
    def rows(cls, groups) -> QuerySet:
        return super().rows(groups).filter(practitioner__in=_specialists(groups))


class AlignmentForm(DatedForm):
    class Meta:
        model = Alignment
        fields = ["programme", "patient", "valid_from", "valid_until", "source"]

    def narrow(self) -> None:
        super().narrow()
        self.fields["patient"].queryset = _patients(self.groups)

    @classmethod
    def rows(cls, groups) -> QuerySet:
        return super().rows(groups).filter(patient__in=_patients(groups))


def _specialists(groups) -> QuerySet[Practitioner]:
    members = Practitioner.objects.filter(user__memberships__clinic__in=groups, user__memberships__role="specialist")
    return members.distinct()


def _patients(groups) -> QuerySet[Patient]:
    return Patient.objects.filter(cases__group__in=groups).distinct()


FORMS = {
    "programme": ("Model", ProgrammeForm),
    "fee": ("Fee", FeeForm),
    "policy": ("Payer policy", PolicyForm),
    "roster": ("Roster entry", RosterForm),
    "alignment": ("Patient alignment", AlignmentForm),
}


class ReasonForm(forms.Form):
    reason = forms.CharField(max_length=300, error_messages={"required": "Write why."})


def groups_of(user):
    """The groups whose reference data the person keeps: a biller's own, an administrator's all."""
    if user.has_role("administrator"):
        return Clinic.objects.filter(kind=Clinic.Kind.GROUP)
    return user.clinics("biller")
