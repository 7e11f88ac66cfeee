"""Dated facts that an administrator or biller keeps: each with a start, an end and a source. Saving one wakes the lines
that may wait for it.

Once a decision has been made since a row was recorded, the row says for ever what it says: it may only be ended or
withdrawn, and what is true instead is a new row. The database keeps that, and refuses two rows of the same thing on the
same day (`billing/guards.py`).
"""

from datetime import date
from decimal import Decimal

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from config.accounts.models import Clinic, Practitioner
from intake.models import Patient


class DatedQuerySet(models.QuerySet):
    def standing(self) -> "DatedQuerySet":
        """Rows that were not withdrawn as wrong."""
        return self.filter(withdrawn_at__isnull=True)

    def on(self, day: date) -> "DatedQuerySet":
        return self.standing().filter(Q(valid_until__isnull=True) | Q(valid_until__gte=day), valid_from__lte=day)


class Dated(models.Model):
    """A fact with a validity. `valid_until` is the last day; a withdrawn row was wrong from its start."""

    # which fields say that two rows are about the same thing
    SAME: tuple[str, ...] = ()

    valid_from = models.DateField()
    valid_until = models.DateField("until", null=True, blank=True, help_text="The last day; empty while it goes on.")
    source = models.CharField(max_length=300, blank=True, help_text="Where this is known from.")
    recorded_at = models.DateTimeField(default=timezone.now, editable=False)
    withdrawn_at = models.DateTimeField(null=True, blank=True, editable=False)

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
        self.wake_lines()

    def wake_lines(self) -> None:
        from billing.models.charge import ChargeLine

        ChargeLine.objects.wake()
        ChargeLine.objects.wake_for(self.touches() & Q(date_of_service__gte=self.valid_from))

    def touches(self) -> Q:
        """The charge lines that may rest on this row."""
        return Q(pk__in=[])

    def overlapping(self) -> "DatedQuerySet":
        """Standing rows about the same thing, valid on a day on which this one is."""
        others = type(self).objects.standing().exclude(pk=self.pk)
        others = others.filter(**{name: getattr(self, name) for name in self.SAME})
        if self.valid_until:
            others = others.filter(valid_from__lte=self.valid_until)
        return others.filter(Q(valid_until__isnull=True) | Q(valid_until__gte=self.valid_from))

    def is_valid_on(self, day: date) -> bool:
        if self.withdrawn_at:
            return False
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)


class HcpcsCode(Dated):
    SAME = ("code",)

    code = models.CharField(max_length=5)
    short_description = models.CharField(max_length=60)
    description = models.TextField()

    class Meta(Dated.Meta):
        ordering = ["code", "-valid_from"]

    def __str__(self) -> str:
        return self.code

    def touches(self) -> Q:
        return Q(code=self.code)


class Programme(Dated):
    """A CMMI model: when it runs, whether it carries the benefit, and how its claims are sent.

    Several rows may have one key, each for its own time. Rosters and alignments name any of them and mean the key.
    """

    SAME = ("key",)

    key = models.SlugField()
    version = models.PositiveSmallIntegerField(default=1, editable=False)
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
        constraints = [
            *Dated.Meta.constraints,
            models.UniqueConstraint(fields=["key", "version"], name="programme_version_is_used_once"),
        ]

    def __str__(self) -> str:
        return self.name

    def touches(self) -> Q:
        return Q(payer__code="medicare")


class RosterEntry(Dated):
    SAME = ("programme_id", "practitioner_id", "tin")

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="roster")
    practitioner = models.ForeignKey(Practitioner, on_delete=models.PROTECT, related_name="roster_entries")
    tin = models.CharField("TIN", max_length=9)

    def __str__(self) -> str:
        return f"{self.practitioner} in {self.programme}"

    def touches(self) -> Q:
        return Q(review__specialist=self.practitioner.user_id)


class Alignment(Dated):
    SAME = ("programme_id", "patient_id")

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="alignments")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="alignments")

    def __str__(self) -> str:
        return f"{self.patient} in {self.programme}"

    def touches(self) -> Q:
        return Q(review__case__patient=self.patient_id)


class Payer(models.Model):
    code = models.SlugField(unique=True)
    name = models.CharField(max_length=60)
    payer_id = models.CharField("payer identifier on claims", max_length=80, blank=True)
    claim_filing_code = models.CharField(max_length=2, default="CI", help_text="SBR09: MB for Medicare Part B.")
    correction_mode = models.CharField(
        "how it takes corrections",
        max_length=12,
        choices=[
            ("reopening", "Reopening: ask the payer to reopen its claim, send no new one"),
            ("replace_void", "Replacement or void: a new claim that names the payer's claim number"),
        ],
        default="reopening",
    )
    takes_paper = models.BooleanField(
        "takes claims on paper", default=False, help_text="Its batches can be printed on CMS-1500 forms (02/12)."
    )
    postal_address = models.TextField(
        max_length=200, blank=True, help_text="Up to 3 lines, for the form's window. Only for paper."
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class PaperOffset(models.Model):
    """How far a group's printer has to be moved so that texts stand in the boxes of the bought form."""

    group = models.OneToOneField(Clinic, on_delete=models.PROTECT, related_name="paper_offset")
    right_mm = models.DecimalField("to the right, in millimeters", max_digits=4, decimal_places=1, default=0)
    down_mm = models.DecimalField("down, in millimeters", max_digits=4, decimal_places=1, default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(right_mm__gte=-15, right_mm__lte=15, down_mm__gte=-15, down_mm__lte=15),
                name="paper_offset_stays_on_the_page",
            )
        ]

    def __str__(self) -> str:
        return f"{self.right_mm} mm right, {self.down_mm} mm down"


class PayerPolicy(Dated):
    SAME = ("payer_id",)

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

    def touches(self) -> Q:
        return Q(payer=self.payer_id)


class Fee(Dated):
    """What the group charges for a code. There is no national fee: unset is held, never 0.00."""

    SAME = ("group_id", "code")

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

    def touches(self) -> Q:
        return Q(group=self.group_id, code=self.code)


class BilledElsewhere(models.Model):
    """A service that another system billed for the patient, such as G2010: the same photographs are never billed twice."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="billed_elsewhere")
    code = models.CharField("HCPCS code", max_length=5, default="G2010")
    date_of_service = models.DateField()
    source = models.CharField(max_length=300, help_text="Where this is known from.")
    recorded_at = models.DateTimeField(default=timezone.now, editable=False)
    withdrawn_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-date_of_service"]
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "code", "date_of_service"],
                condition=Q(withdrawn_at__isnull=True),
                name="billed_elsewhere_stands_once",
            ),
            models.CheckConstraint(condition=~Q(source=""), name="billed_elsewhere_names_its_source"),
        ]

    def __str__(self) -> str:
        return f"{self.code} on {self.date_of_service}"

    def save(self, *args, **kwargs) -> None:
        super().save(*args, **kwargs)
        from billing.models.charge import ChargeLine

        ChargeLine.objects.wake_for(Q(review__case__patient=self.patient_id))


class ReferenceChange(models.Model):
    """The history of the reference data: who changed which row, when, from what to what. Never changed (trigger)."""

    class Action(models.TextChoices):
        ADDED = "added", "Added"
        ENDED = "ended", "Ended"
        REPLACED = "replaced", "Replaced by a new row"
        WITHDRAWN = "withdrawn", "Withdrawn as wrong"
        CHANGED = "changed", "Changed"

    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="reference_changes"
    )
    kind = models.CharField(max_length=20)
    row = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    action = models.CharField(max_length=10, choices=Action)
    old = models.JSONField(default=dict)
    new = models.JSONField(default=dict)
    # the file it came from, when it was imported
    file_sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["kind", "row"], name="reference_change_of_row")]

    def __str__(self) -> str:
        return f"{self.action} {self.name}"


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
