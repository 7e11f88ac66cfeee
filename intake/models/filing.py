import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from intake.models.case import Case
from intake.models.message import Message
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
    # what had been written when a case was moved, of which conversation: it stays with the person before
    messages_after = models.PositiveBigIntegerField(default=0)
    messages_until = models.ForeignKey(Message, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField(max_length=500)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="misfilings")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="misfiling_has_a_reason"),
            models.CheckConstraint(condition=~Q(kind="moved") | Q(to_patient__isnull=False), name="moved_says_to_whom"),
            models.CheckConstraint(
                condition=Q(messages_until__isnull=True)
                | Q(kind="moved", photo__isnull=True, messages_until__gt=F("messages_after")),
                name="messages_stay_behind_when_a_case_is_moved",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.photo_id or self.case_id}"


class MovedNotice(models.Model):
    """One of the two people is told that a case was filed under the wrong one of them."""

    class Which(models.TextChoices):
        LEFT = "left", "It was not theirs"
        CAME = "came", "It is theirs"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    misfiling = models.ForeignKey(Misfiling, on_delete=models.PROTECT, related_name="notices")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="moved_notices")
    which = models.CharField(max_length=4, choices=Which)
    # of what others wrote, they had read up to this message; what they had not read is not theirs to read
    read_until = models.PositiveBigIntegerField(default=0)
    made_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(null=True, blank=True)
    seen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="moved_notices_seen"
    )

    class Meta:
        ordering = ["-made_at"]
        constraints = [
            models.UniqueConstraint(fields=["misfiling", "which"], name="each_side_of_a_move_is_told_once"),
            models.CheckConstraint(condition=Q(which__in=["left", "came"]), name="moved_notice_side_is_known"),
            models.CheckConstraint(
                condition=Q(seen_at__isnull=True, seen_by__isnull=True)
                | Q(seen_at__isnull=False, seen_by__isnull=False),
                name="seen_notice_says_by_whom",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.misfiling_id}: {self.get_which_display()}"


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
