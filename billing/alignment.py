"""Which model a patient is aligned to, as the clinic's staff enter it with the patient's other facts."""

from datetime import date, timedelta

from django import forms
from django.db import transaction
from django.template.defaultfilters import date as written
from django.utils import timezone

from billing.facts import describe
from billing.models import Alignment, Programme, ReferenceChange
from config.accounts.models import User
from config.audit.services import record
from intake.models import Patient
from intake.patient_cards import PatientCard

TITLE = "Payment model"
_DATE = {"type": "date"}
Action = ReferenceChange.Action


def current(patient: Patient) -> Alignment | None:
    """The alignment that holds or will hold; the latest when none goes on."""
    return patient.alignments.standing().select_related("programme").order_by("-valid_from").first()


def align(
    *, by: User, patient: Patient, programme: Programme, valid_from: date, valid_until: date | None, source: str
) -> str:
    """Keep what staff know of a patient's alignment; returns what was done, "" when nothing was new.

    An alignment is never overwritten: another last day ends it, another model or a later start ends it the day before and
    begins a new one, an earlier start withdraws it as wrong.
    """
    with transaction.atomic():
        # of two who save at once, the second sees what the first one made
        Patient.objects.select_for_update().get(pk=patient.pk)
        wanted = {"programme": programme, "patient": patient, "valid_from": valid_from, "valid_until": valid_until}
        new, old = Alignment(**wanted, source=source), current(patient)
        goes_on = old is not None and (old.valid_until is None or old.valid_until >= valid_from)
        if old is None or (not goes_on and old.valid_from < valid_from):
            return _begin(by, new, Action.ADDED, {})
        before = describe(old)
        if (old.programme.key, old.valid_from) == (programme.key, valid_from):
            if old.valid_until == valid_until:
                return ""
            old.valid_until = valid_until
            old.save(update_fields=["valid_until"])
            return _trace(by, old, Action.ENDED, before, describe(old) | {"source": source})
        if valid_from > old.valid_from:
            old.valid_until = valid_from - timedelta(days=1)
            old.save(update_fields=["valid_until"])
        else:
            old.withdrawn_at = timezone.now()
            old.save(update_fields=["withdrawn_at"])
        return _begin(by, new, Action.REPLACED, before)


def _begin(by: User, new: Alignment, action: str, before: dict) -> str:
    new.save()
    return _trace(by, new, action, before, describe(new))


def _trace(by: User, row: Alignment, action: str, old: dict, new: dict) -> str:
    ReferenceChange.objects.create(
        by=by, kind="alignment", row=str(row.pk), name=str(row)[:200], action=action, old=old, new=new
    )
    data = {"kind": "alignment", "action": str(action)}
    record("reference.changed", by=by, subject=row, clinic=row.patient.home_clinic, data=data)
    return action


class AlignmentCard(forms.Form):
    programme = forms.ModelChoiceField(
        label="Aligned to the model",
        queryset=Programme.objects.none(),
        required=False,
        empty_label="None that we know of",
    )
    valid_from = forms.DateField(label="Aligned from", required=False, widget=forms.DateInput(_DATE, "%Y-%m-%d"))
    valid_until = forms.DateField(
        label="Last day",
        help_text="Empty while it goes on.",
        required=False,
        widget=forms.DateInput(_DATE, "%Y-%m-%d"),
    )
    source = forms.CharField(
        label="Where this is known from",
        help_text="Like “the model's list of July 2026”.",
        required=False,
        max_length=300,
    )

    def __init__(self, data=None, *, patient: Patient | None, prefix: str) -> None:
        self.patient, self.row = patient, current(patient) if patient else None
        initial = {}
        if self.row is not None:
            initial = {name: getattr(self.row, name) for name in ("programme", "valid_from", "valid_until", "source")}
        super().__init__(data, prefix=prefix, initial=initial)
        latest: dict[str, Programme] = {}
        for programme in Programme.objects.standing().order_by("valid_from", "version"):
            latest[programme.key] = programme
        offered = [row.pk for row in latest.values() if not self.row or row.key != self.row.programme.key]
        offered += [self.row.programme_id] if self.row else []
        self.fields["programme"].queryset = Programme.objects.filter(pk__in=offered).order_by("name")

    def clean(self) -> dict:
        data = super().clean() or {}
        if "programme" not in data:
            return data
        if data["programme"] is None:
            if self.row is not None:
                self.add_error("programme", "To end the alignment, leave the model and write the last day.")
            elif data.get("valid_from") or data.get("valid_until"):
                self.add_error("programme", "Choose the model, or leave the dates empty.")
            return data
        if "valid_from" in data and not data["valid_from"]:
            self.add_error("valid_from", "Write the first day of the alignment.")
        elif data.get("valid_from") and data.get("valid_until") and data["valid_until"] < data["valid_from"]:
            self.add_error("valid_until", "The last day is before the first.")
        if not data.get("source"):
            self.add_error("source", "Write where this is known from.")
        if not self.errors and (other := self._other(data)):
            self.add_error(
                "valid_from", f"There is another alignment {_period(other)}. Begin after it, or end it first."
            )
        return data

    def _other(self, data: dict) -> Alignment | None:
        """An earlier alignment to the model on the same days; the shown one gives way by itself."""
        if self.patient is None:
            return None
        wanted = {name: data[name] for name in ("programme", "valid_from", "valid_until")}
        others = Alignment(patient=self.patient, **wanted).overlapping()
        return others.exclude(pk=self.row.pk if self.row else None).first()

    def save(self, *, patient: Patient, by: User) -> None:
        if self.cleaned_data["programme"] is not None:
            align(by=by, patient=patient, **self.cleaned_data)


def _sentences(patient: Patient) -> list[str]:
    rows = patient.alignments.standing().select_related("programme").order_by("-valid_from")
    return [f"{row.programme}, {_period(row)}" for row in rows]


def _period(row: Alignment) -> str:
    days = [written(day, "M j, Y") for day in (row.valid_from, row.valid_until) if day]
    return f"from {' to '.join(days)}"


CARD = PatientCard("alignment", TITLE, AlignmentCard, _sentences)
