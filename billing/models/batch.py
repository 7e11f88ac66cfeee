import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from billing.models.charge import ChargeLine
from billing.models.reference import Payer, Submitter
from config import storages
from config.accounts.models import Clinic
from config.accounts.roles import Role
from config.work.models import WorkRow


class BatchQuerySet(models.QuerySet["Batch"]):
    def visible_to(self, user) -> "BatchQuerySet":
        if not user.is_authenticated:
            return self.none()
        return self.filter(group__in=user.clinics(Role.BILLER))


class Batch(WorkRow):
    """Lines that go together to one payer. Its work row writes the files; once they are made, nothing of it changes
    but its standing (trigger)."""

    class Status(models.TextChoices):
        PREPARING = "preparing", "Files are being made"
        EXPORTED = "exported", "Files made, not sent"
        SENT = "sent", "Sent"
        CANCELLED = "cancelled", "Canceled"
        REPLACED = "replaced", "Sent again in another batch"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    group = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="batches")
    payer = models.ForeignKey(Payer, on_delete=models.PROTECT, related_name="batches")
    submitter = models.ForeignKey(Submitter, on_delete=models.PROTECT, related_name="batches")
    control_number = models.PositiveIntegerField()
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="batches"
    )
    # the submitter as it was, so that the bytes can be made again
    envelope = models.JSONField(default=dict)
    # {"lines": [...]}: the chosen ones; empty: all that are ready
    selection = models.JSONField(default=dict, blank=True)
    replaces = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="replaced_by")
    reason = models.CharField(max_length=300, blank=True)

    status = models.CharField(max_length=10, choices=Status, default=Status.PREPARING)
    wanted = models.PositiveIntegerField(default=0)
    cursor = models.BigIntegerField(default=0)
    line_count = models.PositiveIntegerField(default=0)
    total = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    # [{"line": "CH-20001", "findings": [...]}]: what the scrubber kept back
    left_out = models.JSONField(default=list, blank=True)
    exported_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=300, blank=True)

    objects = BatchQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [WorkRow.due_index("batch_due")]
        constraints = [
            models.UniqueConstraint(fields=["submitter", "control_number"], name="control_number_is_used_once"),
            models.UniqueConstraint(
                fields=["replaces"], condition=~Q(status="cancelled"), name="batch_is_sent_again_once"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["preparing", "exported", "sent", "cancelled", "replaced"]),
                name="batch_status_is_known",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["preparing", "cancelled"]) | Q(line_count__gt=0), name="batch_is_not_empty"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["exported", "sent", "replaced"]) | Q(exported_at__isnull=False),
                name="exported_batch_says_when",
            ),
            models.CheckConstraint(condition=~Q(status="sent") | Q(sent_at__isnull=False), name="sent_batch_says_when"),
            models.CheckConstraint(
                condition=~Q(status="cancelled") | (Q(ended_at__isnull=False) & ~Q(end_reason="")),
                name="cancelled_batch_says_when_and_why",
            ),
            models.CheckConstraint(condition=Q(replaces__isnull=True) | ~Q(reason=""), name="sending_again_says_why"),
        ]

    def __str__(self) -> str:
        return f"B-{self.control_number:06d}"

    @property
    def number(self) -> str:
        return str(self)

    @property
    def is_live(self) -> bool:
        return self.status in {self.Status.PREPARING, self.Status.EXPORTED, self.Status.SENT}

    @property
    def checked(self) -> int:
        return self.line_count + len(self.left_out)


class BatchLine(models.Model):
    """A line as it stands in a batch. Live until the batch is cancelled or the line is sent again; never removed."""

    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="batch_lines")
    line = models.ForeignKey(ChargeLine, on_delete=models.PROTECT, related_name="batch_lines")
    position = models.PositiveIntegerField()
    part = models.PositiveSmallIntegerField(default=1)
    is_live = models.BooleanField(default=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["line"], condition=Q(is_live=True), name="line_is_in_one_live_batch"),
            models.UniqueConstraint(fields=["batch", "position"], name="one_line_at_a_position"),
        ]

    def __str__(self) -> str:
        return f"{self.line_id} in {self.batch_id}"


class BatchFile(models.Model):
    """The very bytes, kept: downloading again gives the same. Never changed (trigger). Large ones lie in storage."""

    class Kind(models.TextChoices):
        CSV = "csv", "CSV"
        X12 = "837p", "837P"
        MANIFEST = "manifest", "Manifest"

    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="files")
    kind = models.CharField(max_length=10, choices=Kind)
    part = models.PositiveSmallIntegerField(default=1)
    name = models.CharField(max_length=80)
    control_number = models.PositiveIntegerField(null=True, blank=True)
    content = models.BinaryField(default=b"", blank=True)
    key = models.CharField(max_length=200, blank=True)
    byte_size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ["kind", "part"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "kind", "part"], name="one_file_of_a_kind_and_part"),
            models.CheckConstraint(
                condition=~Q(kind="837p") | Q(control_number__isnull=False), name="claim_file_has_a_control_number"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def read(self) -> bytes:
        return storages.read(self.key) if self.key else bytes(self.content)
