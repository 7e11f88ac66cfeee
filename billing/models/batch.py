import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from billing.models.charge import ChargeLine
from billing.models.reference import Payer, Submitter
from config.accounts.models import Clinic
from config.accounts.roles import Role


class BatchQuerySet(models.QuerySet["Batch"]):
    def visible_to(self, user) -> "BatchQuerySet":
        if not user.is_authenticated:
            return self.none()
        return self.filter(group__in=user.clinics(Role.BILLER))


class Batch(models.Model):
    """Lines that were exported together to one payer, with the bytes that were made. Never changed (trigger)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    group = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="batches")
    payer = models.ForeignKey(Payer, on_delete=models.PROTECT, related_name="batches")
    submitter = models.ForeignKey(Submitter, on_delete=models.PROTECT, related_name="batches")
    control_number = models.PositiveIntegerField()
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="batches"
    )
    line_count = models.PositiveIntegerField()
    total = models.DecimalField(max_digits=12, decimal_places=2)

    objects = BatchQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["submitter", "control_number"], name="control_number_is_used_once"),
            models.CheckConstraint(condition=Q(line_count__gt=0), name="batch_is_not_empty"),
        ]

    def __str__(self) -> str:
        return f"B-{self.control_number:06d}"

    @property
    def number(self) -> str:
        return str(self)


class BatchLine(models.Model):
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="batch_lines")
    line = models.ForeignKey(ChargeLine, on_delete=models.PROTECT, related_name="batch_lines")
    position = models.PositiveIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["line"], name="line_is_in_one_batch")]

    def __str__(self) -> str:
        return f"{self.line_id} in {self.batch_id}"


class BatchFile(models.Model):
    """The very bytes, kept: downloading again gives the same. Never changed (trigger)."""

    class Kind(models.TextChoices):
        CSV = "csv", "CSV"
        X12 = "837p", "837P"
        MANIFEST = "manifest", "Manifest"

    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="files")
    kind = models.CharField(max_length=10, choices=Kind)
    part = models.PositiveSmallIntegerField(default=1)
    name = models.CharField(max_length=80)
    content = models.BinaryField()
    byte_size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ["kind", "part"]
        constraints = [models.UniqueConstraint(fields=["batch", "kind", "part"], name="one_file_of_a_kind_and_part")]

    def __str__(self) -> str:
        return self.name
