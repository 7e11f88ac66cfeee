import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from intake.models import Case
from review.models.review import Review


class CriticalResult(models.Model):
    """A signed answer that somebody has to take over today. It stands on the ladder until a person acknowledges it: no
    clock, no program and no closing takes it off (trigger on the case, and on this row)."""

    class Reason(models.TextChoices):
        MELANOMA = "melanoma", "Suspected melanoma"
        SIGHT = "sight", "Sight at risk"
        MARKED = "marked", "Marked by the specialist"

    class How(models.TextChoices):
        PORTAL = "portal", "In the portal"
        PHONE = "phone", "By phone, read back"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    review = models.OneToOneField(Review, on_delete=models.PROTECT, related_name="critical")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="criticals")
    # codes of Reason, the gravest first
    reasons = models.JSONField(default=list)
    note = models.CharField(max_length=500, blank=True)
    raised_at = models.DateTimeField(default=timezone.now)
    # the person who was told first
    named = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="criticals_named"
    )
    due_at = models.DateTimeField()
    steps_done = models.PositiveIntegerField(default=0, editable=False)
    next_at = models.DateTimeField(editable=False)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="criticals_acknowledged"
    )
    acknowledged_how = models.CharField(max_length=10, choices=How, blank=True)
    # who took it on the phone and read it back
    taken_by = models.CharField(max_length=160, blank=True)
    # what happens next
    action = models.CharField(max_length=500, blank=True)

    # as raised: the database refuses to change it
    FROZEN = ("review_id", "case_id", "reasons", "note", "raised_at", "named_id", "due_at")

    class Meta:
        ordering = ["raised_at"]
        indexes = [
            models.Index(fields=["next_at"], name="critical_on_ladder", condition=Q(acknowledged_at__isnull=True))
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    acknowledged_at__isnull=True,
                    acknowledged_by__isnull=True,
                    acknowledged_how="",
                    taken_by="",
                    action="",
                )
                | (
                    Q(acknowledged_at__isnull=False, acknowledged_by__isnull=False)
                    & ~Q(action="")
                    & (Q(acknowledged_how="portal", taken_by="") | (Q(acknowledged_how="phone") & ~Q(taken_by="")))
                ),
                name="critical_is_acknowledged_by_a_person_who_says_what_next",
            ),
            models.CheckConstraint(
                condition=Q(due_at__gt=models.F("raised_at")), name="critical_is_due_after_it_was_raised"
            ),
        ]

    def __str__(self) -> str:
        return f"Critical result of {self.case_id}"

    @property
    def why(self) -> str:
        return ", ".join(self.Reason(code).label for code in self.reasons)


class CriticalStep(models.Model):
    """One rung: who was told, how and when. Never changed (trigger)."""

    class Rung(models.TextChoices):
        NAMED = "named", "Named person"
        AGAIN = "again", "Named person, again"
        LEAD = "lead", "Clinic lead"
        DIRECTOR = "director", "Medical director"

    critical = models.ForeignKey(CriticalResult, on_delete=models.PROTECT, related_name="steps")
    number = models.PositiveIntegerField()
    rung = models.CharField(max_length=10, choices=Rung)
    # nobody where the rung is empty: then the next one is climbed at once
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="critical_steps"
    )
    # like ["email", "portal"]
    channels = models.JSONField(default=list)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["number", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["critical", "number", "person"], name="a_person_is_told_once_a_rung"),
            models.UniqueConstraint(
                fields=["critical", "number"], condition=Q(person__isnull=True), name="an_empty_rung_is_noted_once"
            ),
            models.CheckConstraint(condition=Q(rung__in=["named", "again", "lead", "director"]), name="rung_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.get_rung_display()}, {self.at:%Y-%m-%d %H:%M}"
