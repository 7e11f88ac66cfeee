import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from intake.models.case import Case
from intake.models.patient import Patient
from intake.models.photo import Photo


class Misfiling(models.Model):
    """A photo or a whole case that stood under the wrong person: what was done about it, why, and by whom. Never changed."""

    class Kind(models.TextChoices):
        MOVED = "moved", "Moved to the right person"
        IN_ERROR = "in_error", "Entered in error"
        REPORTED = "reported", "Reported after signing"

    kind = models.CharField(max_length=10, choices=Kind)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="misfilings")
    photo = models.ForeignKey(Photo, null=True, blank=True, on_delete=models.PROTECT, related_name="misfilings")
    to_case = models.ForeignKey(Case, null=True, blank=True, on_delete=models.PROTECT, related_name="misfiled_here")
    to_photo = models.ForeignKey(Photo, null=True, blank=True, on_delete=models.PROTECT, related_name="moved_from")
    from_patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="misfiled_under")
    to_patient = models.ForeignKey(
        Patient, null=True, blank=True, on_delete=models.PROTECT, related_name="misfiled_elsewhere"
    )
    reason = models.TextField(max_length=500)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="misfilings")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="misfiling_has_a_reason"),
            models.CheckConstraint(condition=~Q(kind="moved") | Q(to_patient__isnull=False), name="moved_says_to_whom"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.photo_id or self.case_id}"


class PatientMerge(models.Model):
    """Two records of one person became one. `moved` names every row that went over, so that it can be undone exactly."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kept = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="merges_kept")
    merged = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="merges_merged")
    moved = models.JSONField(default=dict)
    conflicts = models.JSONField(default=list, blank=True)
    reason = models.TextField(max_length=500)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="patient_merges")
    at = models.DateTimeField(default=timezone.now)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="patient_merges_undone"
    )

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(
                fields=["merged"], condition=Q(undone_at__isnull=True), name="merged_into_one_record"
            ),
            models.CheckConstraint(condition=~Q(kept=F("merged")), name="merged_into_another_record"),
            models.CheckConstraint(
                condition=Q(undone_at__isnull=True, undone_by__isnull=True)
                | Q(undone_at__isnull=False, undone_by__isnull=False),
                name="undone_merge_says_by_whom",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.merged_id} into {self.kept_id}"
