from django.conf import settings
from django.db import models
from django.utils import timezone

from config.accounts.models import Clinic


class AuditEvent(models.Model):
    """One thing that someone did or looked at. Rows are never changed or removed; a trigger refuses both."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    verb = models.CharField(max_length=60)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="audit_events"
    )
    role = models.CharField(max_length=80)
    clinic = models.ForeignKey(Clinic, null=True, on_delete=models.PROTECT, related_name="audit_events")
    ip = models.CharField(max_length=45, blank=True)
    subject_type = models.CharField(max_length=60)
    subject_id = models.CharField(max_length=40)
    case_number = models.CharField(max_length=20, blank=True)
    data = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["subject_type", "subject_id"], name="audit_by_subject"),
            models.Index(fields=["subject_id"], name="audit_by_subject_id"),
            models.Index(fields=["actor", "id"], name="audit_by_actor"),
            models.Index(fields=["verb", "id"], name="audit_by_verb"),
            models.Index(fields=["case_number", "id"], name="audit_by_case_number"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.subject_type} {self.subject_id}"


class AuditSeal(models.Model):
    """A link of the chain. Its own row, so that whoever writes an event never waits for the one before it."""

    position = models.BigIntegerField(unique=True)
    event = models.OneToOneField(AuditEvent, on_delete=models.PROTECT, related_name="seal")
    sealed_at = models.DateTimeField(default=timezone.now)
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(position__gte=1), name="seals_count_from_1")]

    def __str__(self) -> str:
        return f"seal {self.position}"
