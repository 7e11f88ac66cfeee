import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from billing.lifecycle import BEFORE_SENDING, ENDED, SENT
from billing.models.reference import Payer, Programme
from billing.rules import BY_CODE
from config.accounts.models import Clinic
from config.accounts.roles import Role
from config.work.models import WorkRow
from config.work.services import due_fields
from review.models import Review

FIRST_NUMBER = 20_000


class ChargeLineQuerySet(models.QuerySet["ChargeLine"]):
    def visible_to(self, user) -> "ChargeLineQuerySet":
        """Lines of the biller's own group."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(group__in=user.clinics(Role.BILLER))

    def live(self) -> "ChargeLineQuerySet":
        return self.exclude(status__in=ENDED)

    def undecided(self) -> "ChargeLineQuerySet":
        """Lines that a changed fact may still change."""
        return self.filter(status=ChargeLine.Status.HELD)

    def wake(self) -> int:
        """Have the held lines decided again; a line whose facts did not change stays as it is."""
        return self.undecided().exclude(work_status="working").update(**due_fields())

    def wake_for(self, touched: Q) -> int:
        """Have every line that is not sent and hangs on a changed row decided again."""
        pks = self.filter(touched, status__in=BEFORE_SENDING).exclude(work_status="working").values("pk")
        return ChargeLine.objects.filter(pk__in=pks).update(**due_fields())


class ChargeLine(WorkRow):
    """The one live line of a signed review. Its claim facts are a snapshot; its work row is its next decision.

    From `held` on nothing of it changes but its status (`billing/lifecycle.py`, guarded): what differs is a new version.
    """

    class Status(models.TextChoices):
        HELD = "held", "Held"
        READY = "ready", "Ready"
        BATCHED = "batched", "In a batch"
        EXPORTED = "exported", "Exported"
        ACCEPTED = "accepted", "Accepted by the payer"
        REJECTED = "rejected", "Rejected by the payer"
        PAID = "paid", "Paid"
        PARTLY_PAID = "partly_paid", "Partly paid"
        DENIED = "denied", "Denied"
        CLOSED = "closed", "Closed"
        NOT_BILLABLE = "not_billable", "Not billable"
        VOID = "void", "Void"
        SUPERSEDED = "superseded", "Superseded"

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="charge_lines")
    group = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="charge_lines")
    payer = models.ForeignKey(Payer, null=True, blank=True, on_delete=models.PROTECT, related_name="charge_lines")
    programme = models.ForeignKey(
        Programme, null=True, blank=True, on_delete=models.PROTECT, related_name="charge_lines"
    )
    status = models.CharField(max_length=15, choices=Status)
    code = models.CharField("HCPCS code", max_length=5)
    amount = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    date_of_service = models.DateField()
    holds = models.JSONField(default=list, blank=True)
    warnings = models.JSONField(default=list, blank=True)
    version = models.PositiveSmallIntegerField(default=1)
    supersedes = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="superseded_by"
    )
    # addenda up to this moment are in this version
    corrected_at = models.DateTimeField(null=True, blank=True)
    not_billable_reason = models.CharField(max_length=200, blank=True)
    snapshot = models.JSONField(default=dict)
    # 1: a new claim; 7 and 8 replace and void the payer's claim of that number
    frequency_code = models.CharField(
        max_length=1, default="1", choices=[("1", "new"), ("7", "replacement"), ("8", "void")]
    )
    original_claim_number = models.CharField(max_length=50, blank=True)
    payer_claim_number = models.CharField(max_length=50, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(default=timezone.now)
    needs_correction = models.BooleanField(default=False)
    voided_at = models.DateTimeField(null=True, blank=True)
    void_reason = models.CharField(max_length=300, blank=True)

    objects = ChargeLineQuerySet.as_manager()

    class Meta:
        ordering = ["-date_of_service", "-id"]
        indexes = [
            WorkRow.due_index("line_due"),
            models.Index(fields=["group", "status", "-date_of_service"], name="line_desk"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["review"], condition=~Q(status__in=["void", "superseded"]), name="one_live_charge_per_review"
            ),
            models.UniqueConstraint(fields=["review", "version"], name="line_version_is_used_once"),
            models.CheckConstraint(
                condition=Q(version=1, supersedes__isnull=True) | Q(version__gt=1),
                name="first_version_supersedes_nothing",
            ),
            models.CheckConstraint(
                condition=Q(status__in=[*BEFORE_SENDING, *SENT, *ENDED]), name="line_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(frequency_code="1") | ~Q(original_claim_number=""),
                name="replacement_names_the_payers_claim",
            ),
            models.CheckConstraint(
                condition=Q(amount__isnull=True) | Q(amount__gt=0), name="charge_amount_is_more_than_nothing"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["ready", *SENT]) | (Q(amount__isnull=False) & Q(payer__isnull=False)),
                name="ready_line_has_amount_and_payer",
            ),
            models.CheckConstraint(condition=~Q(status="held") | ~Q(holds=[]), name="held_line_says_why"),
            models.CheckConstraint(
                condition=~Q(status="not_billable") | ~Q(not_billable_reason=""), name="not_billable_line_says_why"
            ),
            models.CheckConstraint(
                condition=~Q(status="void") | (Q(voided_at__isnull=False) & ~Q(void_reason="")),
                name="void_line_says_when_and_why",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        return self.number_of(self.pk)

    @staticmethod
    def number_of(pk: int) -> str:
        return f"CH-{FIRST_NUMBER + pk}"

    @staticmethod
    def pk_of(number: str) -> int:
        """0, which is no line's key, for what is not a line's number."""
        digits = number.strip().upper().removeprefix("CH").removeprefix("-")  # paper forms have no room for hyphens
        return max(0, int(digits) - FIRST_NUMBER) if digits.isascii() and digits.isdigit() and len(digits) < 15 else 0

    @property
    def may_be_printed(self) -> bool:
        """On a paper form: for a payer that takes it, from the moment the line is ready."""
        is_out = self.status == self.Status.READY or self.status in SENT
        return is_out and self.payer is not None and self.payer.takes_paper

    @property
    def hold_codes(self) -> list[str]:
        return [hold["code"] for hold in self.holds]

    def all_releases(self) -> "models.QuerySet[HoldRelease]":
        """What billers took responsibility for, on this version and the ones before it."""
        return HoldRelease.objects.filter(line__review=self.review_id, line__version__lte=self.version)

    @property
    def releasable(self) -> list[str]:
        return [code for code in self.hold_codes if code in BY_CODE and BY_CODE[code].releasable]


class ChargeDecision(models.Model):
    """A decision with the facts it rests on. Never changed (trigger); one a set of facts."""

    line = models.ForeignKey(ChargeLine, on_delete=models.PROTECT, related_name="decisions")
    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="charge_decisions")
    at = models.DateTimeField(default=timezone.now)
    rule_version = models.CharField(max_length=20)
    status = models.CharField(max_length=15)
    code = models.CharField(max_length=5)
    amount = models.DecimalField(max_digits=8, decimal_places=2, null=True)
    holds = models.JSONField(default=list)
    reason = models.CharField(max_length=200, blank=True)
    facts = models.JSONField()
    facts_sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.status} {self.code}"


class HoldRelease(models.Model):
    """A biller took responsibility for a hold, and said why. Never changed (trigger)."""

    line = models.ForeignKey(ChargeLine, on_delete=models.PROTECT, related_name="releases")
    code = models.CharField(max_length=30)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="hold_releases")
    at = models.DateTimeField(default=timezone.now)
    reason = models.CharField(max_length=300)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["line", "code"], name="hold_is_released_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="release_says_why"),
        ]

    def __str__(self) -> str:
        return f"{self.code} of {self.line_id}"


class ChargeReversal(models.Model):
    """The reversing row of a void line: the line stays, and this takes its amount back. Never changed (trigger)."""

    line = models.OneToOneField(ChargeLine, on_delete=models.PROTECT, related_name="reversal")
    code = models.CharField(max_length=5)
    amount = models.DecimalField(max_digits=8, decimal_places=2, null=True)
    date_of_service = models.DateField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="charge_reversals"
    )
    at = models.DateTimeField(default=timezone.now)
    reason = models.CharField(max_length=300)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="reversal_says_why"),
            models.CheckConstraint(
                condition=Q(amount__isnull=True) | Q(amount__lt=0), name="reversal_takes_back_what_was_charged"
            ),
        ]

    def __str__(self) -> str:
        return f"reversal of {self.line_id}"
