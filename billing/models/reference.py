"""Dated facts that an administrator or biller keeps: each with a start, an end and a source. Saving one wakes the lines
that may wait for it."""

from datetime import date
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q

from config.accounts.models import Clinic, Practitioner
from intake.models import Patient


class DatedQuerySet(models.QuerySet):
    def on(self, day: date) -> "DatedQuerySet":
        return self.filter(Q(valid_until__isnull=True) | Q(valid_until__gte=day), valid_from__lte=day)


class Dated(models.Model):
    """A fact with a validity. `valid_until` is the last day."""

    valid_from = models.DateField()
    valid_until = models.DateField("until", null=True, blank=True, help_text="The last day; empty while it goes on.")
    source = models.CharField(max_length=300, blank=True, help_text="Where this is known from.")

    objects = DatedQuerySet.as_manager()

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")),
                name="%(class)s_ends_after_it_starts",
            )
        ]

    def clean(self) -> None:
        super().clean()
        if self.valid_until and self.valid_from and self.valid_until < self.valid_from:
            raise ValidationError({"valid_until": "The end is before the start."})

    def save(self, *args, **kwargs) -> None:
        super().save(*args, **kwargs)
        from billing.models.charge import ChargeLine

        ChargeLine.objects.wake()

    def is_valid_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)


class HcpcsCode(Dated):
    code = models.CharField(max_length=5, unique=True)
    short_description = models.CharField(max_length=60)
    description = models.TextField()

    def __str__(self) -> str:
        return self.code


class Programme(Dated):
    """A CMMI model: when it runs, whether it carries the benefit, and how its claims are sent."""

    key = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    is_confirmed = models.BooleanField("carries this benefit, confirmed", default=False)
    codes = models.JSONField(default=list, help_text="HCPCS codes that the model carries.")
    demo_number = models.CharField(max_length=10, blank=True)
    send_demo_number = models.BooleanField(default=False)
    places_of_service = models.JSONField(default=list, help_text="Allowed places of service, the usual one first.")
    modifier = models.CharField(max_length=2, default="00", help_text="00: default, no modifier is sent.")
    entity_id = models.CharField("ACO identifier", max_length=20, blank=True)

    class Meta(Dated.Meta):
        ordering = ["-valid_from"]

    def __str__(self) -> str:
        return self.name


class RosterEntry(Dated):
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="roster")
    practitioner = models.ForeignKey(Practitioner, on_delete=models.PROTECT, related_name="roster_entries")
    tin = models.CharField("TIN", max_length=9)

    def __str__(self) -> str:
        return f"{self.practitioner} in {self.programme}"


class Alignment(Dated):
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="alignments")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="alignments")

    def __str__(self) -> str:
        return f"{self.patient_id} in {self.programme}"


class Payer(models.Model):
    code = models.SlugField(unique=True)
    name = models.CharField(max_length=60)
    payer_id = models.CharField("payer identifier on claims", max_length=80, blank=True)
    claim_filing_code = models.CharField(max_length=2, default="CI", help_text="SBR09: MB for Medicare Part B.")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class PayerPolicy(Dated):
    payer = models.ForeignKey(Payer, on_delete=models.PROTECT, related_name="policies")
    pays = models.BooleanField("pays for this service")
    note = models.CharField(max_length=300, blank=True)

    class Meta(Dated.Meta):
        constraints = [
            *Dated.Meta.constraints,
            models.CheckConstraint(condition=~Q(source=""), name="payer_policy_names_its_source"),
        ]

    def __str__(self) -> str:
        return f"{self.payer}: {'pays' if self.pays else 'does not pay'}"


class Fee(Dated):
    """What the group charges for a code. There is no national fee: unset is held, never 0.00."""

    group = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="fees")
    code = models.CharField(max_length=5)
    amount = models.DecimalField(max_digits=8, decimal_places=2, validators=[MinValueValidator(Decimal("0.01"))])

    class Meta(Dated.Meta):
        constraints = [
            *Dated.Meta.constraints,
            models.CheckConstraint(condition=Q(amount__gt=0), name="fee_is_more_than_nothing"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.amount}"


class Submitter(models.Model):
    """Who sends a group's claims to a payer, and the last control number used."""

    group = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="submitters")
    payer = models.ForeignKey(Payer, on_delete=models.PROTECT, related_name="submitters")
    etin = models.CharField("submitter identifier (ETIN)", max_length=15)
    contact_name = models.CharField(max_length=60)
    contact_phone = models.CharField(max_length=10)
    receiver_name = models.CharField(max_length=60)
    receiver_id = models.CharField(max_length=15)
    is_test = models.BooleanField("marks files as test (ISA15 T)", default=True)
    last_control_number = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "payer"], name="one_submitter_per_group_and_payer")]

    def __str__(self) -> str:
        return f"{self.etin} to {self.receiver_id}"
