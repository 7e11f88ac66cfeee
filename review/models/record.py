import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from config.work.models import WorkRow
from intake.models import Patient


class RecordExport(WorkRow):
    """A patient's whole record as one ZIP: asked for by the patient, made by a task, gone after a week."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="record_exports")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="record_exports")
    asked_at = models.DateTimeField(default=timezone.now)
    steps_done = models.PositiveIntegerField(default=0)
    steps_total = models.PositiveIntegerField(default=0)
    key = models.CharField(max_length=200, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    byte_size = models.PositiveBigIntegerField(default=0)
    made_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-asked_at"]
        indexes = [WorkRow.due_index("record_export_due")]
        constraints = [
            models.UniqueConstraint(
                fields=["patient"],
                condition=Q(work_status__in=["waiting", "working"]),
                name="one_record_at_a_time_for_a_patient",
            ),
            models.CheckConstraint(
                condition=Q(made_at__isnull=True)
                | (~Q(key="") & ~Q(sha256="") & Q(byte_size__gt=0, expires_at__gt=F("made_at"))),
                name="made_record_has_its_file_and_its_end",
            ),
            models.CheckConstraint(condition=Q(steps_done__lte=F("steps_total")), name="record_steps_are_not_more"),
        ]

    def __str__(self) -> str:
        return f"record of {self.patient_id}"

    @property
    def percent(self) -> int:
        return 100 * self.steps_done // self.steps_total if self.steps_total else 0

    @property
    def is_there(self) -> bool:
        return self.made_at is not None and self.removed_at is None and self.expires_at > timezone.now()
