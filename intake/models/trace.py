from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from intake.models.call import Spoken
from intake.models.case import Case
from intake.models.photo import Photo


class CaseChange(models.Model):
    """One field of a sent case that staff set: what stood there, what stands there now, why, and who said it.

    Never changed (trigger). What the patient wrote is either still in the case, or here as `old`.
    """

    class Kind(models.TextChoices):
        URGENCY = "urgency", "Urgency set"
        CORRECTION = "correction", "Corrected"
        FILLED_IN = "filled_in", "Filled in"
        ADDED = "added", "Added beside the patient's own answer"

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="changes")
    kind = models.CharField(max_length=10, choices=Kind)
    field = models.CharField(max_length=30)
    old = models.TextField(blank=True)
    new = models.TextField(blank=True)
    # the option keys, where a question of the set was answered
    value = models.JSONField(default=list, blank=True)
    reason = models.TextField(max_length=500, blank=True)
    said_by = models.CharField(max_length=12, choices=Spoken, blank=True)
    said_by_name = models.CharField(max_length=120, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="case_changes")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["urgency", "correction", "filled_in", "added"]), name="change_kind_is_known"
            ),
            models.CheckConstraint(condition=~Q(kind="correction") | ~Q(reason=""), name="correction_has_a_reason"),
            models.CheckConstraint(
                condition=~Q(kind__in=["filled_in", "added"]) | ~Q(said_by=""), name="answer_by_phone_says_who_said_it"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.field} of {self.case_id}"

    @property
    def who(self) -> str:
        """Ana's daughter Rosa -> "A parent, guardian or carer (Rosa)"."""
        if not self.said_by:
            return ""
        words = self.get_said_by_display()
        return f"{words} ({self.said_by_name})" if self.said_by_name else words


class PhotoAdequacy(models.Model):
    """What staff say of a photo: good enough to answer from, or to be taken again. The newest counts; none is changed."""

    class Verdict(models.TextChoices):
        ADEQUATE = "adequate", "Adequate"
        AFTER_ALL = "after_all", "Adequate after all"
        RETAKE = "retake", "To be taken again"

    photo = models.ForeignKey(Photo, on_delete=models.PROTECT, related_name="judgements")
    verdict = models.CharField(max_length=10, choices=Verdict)
    reason_code = models.CharField(max_length=30, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="photo_judgements")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=(Q(verdict="retake") & ~Q(reason_code=""))
                | (Q(verdict__in=["adequate", "after_all"]) & Q(reason_code="")),
                name="retake_says_why",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_verdict_display()}: {self.photo_id}"
