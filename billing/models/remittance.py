"""What payers answered: files, what stands in them, and the money it moved. All of it append-only (triggers)."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from billing.models.batch import Batch, BatchFile
from billing.models.charge import ChargeLine
from config import storages
from config.accounts.models import Clinic
from config.accounts.roles import Role


class PayerFileQuerySet(models.QuerySet["PayerFile"]):
    def visible_to(self, user) -> "PayerFileQuerySet":
        if not user.is_authenticated:
            return self.none()
        return self.filter(group__in=user.clinics(Role.BILLER))


class PayerFile(models.Model):
    """A file as it came, its bytes unchanged."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    group = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="payer_files")
    name = models.CharField(max_length=120)
    received_at = models.DateTimeField(default=timezone.now)
    received_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="payer_files"
    )
    content = models.BinaryField(default=b"", blank=True)
    key = models.CharField(max_length=200, blank=True)
    byte_size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)

    objects = PayerFileQuerySet.as_manager()

    class Meta:
        ordering = ["-received_at"]
        constraints = [models.UniqueConstraint(fields=["group", "sha256"], name="payer_file_is_received_once")]

    def __str__(self) -> str:
        return self.name

    def read(self) -> bytes:
        return storages.read(self.key) if self.key else bytes(self.content)


class PayerTransaction(models.Model):
    """One answer of a file: a format answer to one of our files, claim answers, or a payment. Posted once."""

    class Kind(models.TextChoices):
        TAKEN_IN = "TA1", "File taken in (TA1)"
        FORMAT = "999", "Format (999)"
        CLAIMS = "277CA", "Claims (277CA)"
        PAYMENT = "835", "Payment (835)"

    file = models.ForeignKey(PayerFile, on_delete=models.PROTECT, related_name="transactions")
    group = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="payer_transactions")
    kind = models.CharField(max_length=5, choices=Kind)
    at = models.DateTimeField(default=timezone.now)
    sender = models.CharField(max_length=15)
    dated = models.CharField(max_length=8)
    group_control = models.CharField(max_length=9)
    control = models.CharField(max_length=9)
    batch_file = models.ForeignKey(BatchFile, null=True, on_delete=models.PROTECT, related_name="payer_transactions")
    batch = models.ForeignKey(Batch, null=True, on_delete=models.PROTECT, related_name="payer_transactions")
    verdict = models.CharField(max_length=10, blank=True)
    trace = models.CharField(max_length=50, blank=True)
    paid_on = models.DateField(null=True)
    total = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    # what was wrong where (999), adjustments that belong to no claim (835)
    detail = models.JSONField(default=list)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["group", "kind", "sender", "dated", "group_control", "control", "trace"],
                name="payer_answer_is_posted_once",
            ),
            models.CheckConstraint(
                condition=~Q(kind="835") | (Q(total__isnull=False) & ~Q(trace="")), name="payment_has_total_and_trace"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.group_control}"


class PayerAnswerQuerySet(models.QuerySet["PayerAnswer"]):
    def about(self, line: ChargeLine) -> "PayerAnswerQuerySet":
        """Matched by its number or by hand, the newest first."""
        return self.filter(Q(line=line) | Q(match__line=line)).order_by("-pk").select_related("transaction")


class PayerAnswer(models.Model):
    """What was said about one claim. Without `line` it waits in the unmatched queue until somebody resolves it."""

    class Why(models.TextChoices):
        MATCHED = "", "matched"
        NO_LINE = "no_line", "No line of this group has that claim number"
        NOT_SENT = "not_sent", "That line was never sent"
        AMOUNT = "amount", "The charge is not that of the line"

    transaction = models.ForeignKey(PayerTransaction, on_delete=models.PROTECT, related_name="answers")
    position = models.PositiveIntegerField()
    line = models.ForeignKey(ChargeLine, null=True, on_delete=models.PROTECT, related_name="payer_answers")
    why_unmatched = models.CharField(max_length=10, choices=Why, blank=True)
    claim_number = models.CharField(max_length=50)
    line_number = models.CharField(max_length=50, blank=True)
    payer_claim_number = models.CharField(max_length=50, blank=True)
    patient_name = models.CharField(max_length=120, blank=True)
    service_date = models.DateField(null=True)
    verdict = models.CharField(max_length=10)
    status_code = models.CharField(max_length=10)
    charged = models.DecimalField(max_digits=10, decimal_places=2, default=0)
    paid = models.DecimalField(max_digits=10, decimal_places=2, default=0)
    patient_share = models.DecimalField(max_digits=10, decimal_places=2, default=0)
    adjustments = models.JSONField(default=list)
    remarks = models.JSONField(default=list)

    objects = PayerAnswerQuerySet.as_manager()

    class Meta:
        ordering = ["transaction", "position"]
        constraints = [
            models.UniqueConstraint(fields=["transaction", "position"], name="one_answer_at_a_position"),
            models.CheckConstraint(
                condition=Q(line__isnull=False, why_unmatched="") | (Q(line__isnull=True) & ~Q(why_unmatched="")),
                name="unmatched_answer_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} {self.claim_number}"


class AnswerMatch(models.Model):
    """A biller resolved an unmatched answer: it belongs to a line, or to none of ours."""

    answer = models.OneToOneField(PayerAnswer, on_delete=models.PROTECT, related_name="match")
    line = models.ForeignKey(ChargeLine, null=True, on_delete=models.PROTECT, related_name="answer_matches")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="answer_matches")
    at = models.DateTimeField(default=timezone.now)
    reason = models.CharField(max_length=300)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="match_by_hand_says_why")]

    def __str__(self) -> str:
        return f"{self.answer_id} to {self.line_id or 'none of ours'}"


class Posting(models.Model):
    """Money that an answer moved on a line. A reversal is a row of its own; the balance is the sum."""

    class Category(models.TextChoices):
        PAID = "paid", "Paid"
        CONTRACTUAL = "contractual", "Above what is allowed"
        PATIENT = "patient", "Patient's share"
        DENIED = "denied", "Denied"

    line = models.ForeignKey(ChargeLine, on_delete=models.PROTECT, related_name="postings")
    answer = models.ForeignKey(PayerAnswer, on_delete=models.PROTECT, related_name="postings")
    number = models.PositiveSmallIntegerField()
    category = models.CharField(max_length=12, choices=Category)
    group_code = models.CharField(max_length=2, blank=True)
    reason_code = models.CharField(max_length=5, blank=True)
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["answer", "number"], name="answer_is_posted_once"),
            models.CheckConstraint(
                condition=Q(category__in=["paid", "contractual", "patient", "denied"]), name="posting_category_is_known"
            ),
            models.CheckConstraint(condition=~Q(amount=0), name="posting_moves_something"),
        ]

    def __str__(self) -> str:
        return f"{self.category} {self.amount}"


class ClaimCorrection(models.Model):
    """What was done about a claim that the payer has: asked to reopen it, or sent a new, replacing or voiding one."""

    class Kind(models.TextChoices):
        NEW = "new", "Sent as a new claim"
        REOPENING = "reopening", "Asked the payer to reopen its claim"
        REPLACEMENT = "replacement", "Replacement (7)"
        VOID = "void", "Void (8)"
        CLOSED = "closed", "Closed"

    line = models.ForeignKey(ChargeLine, on_delete=models.PROTECT, related_name="claim_corrections")
    kind = models.CharField(max_length=12, choices=Kind)
    new_line = models.OneToOneField(ChargeLine, null=True, on_delete=models.PROTECT, related_name="made_by_correction")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="claim_corrections")
    at = models.DateTimeField(default=timezone.now)
    reason = models.CharField(max_length=300)

    class Meta:
        ordering = ["pk"]
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="correction_says_why")]

    def __str__(self) -> str:
        return f"{self.kind} {self.line_id}"
