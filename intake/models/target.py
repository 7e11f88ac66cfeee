"""When a clinic is open, what it promises, and what became late. All of it dated: the past keeps its own rules."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from config.accounts.models import Clinic
from intake.models.case import Case, Specialty, Urgency


class OpeningWeek(models.Model):
    """A clinic's week from a day on, until the next one begins. Without hours the clinic counts day and night."""

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="opening_weeks")
    valid_from = models.DateField()
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="weeks_set")
    set_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-valid_from"]
        constraints = [models.UniqueConstraint(fields=["clinic", "valid_from"], name="one_opening_week_from_a_day_on")]

    def __str__(self) -> str:
        return f"{self.clinic} from {self.valid_from}"


class OpeningHours(models.Model):
    week = models.ForeignKey(OpeningWeek, on_delete=models.CASCADE, related_name="hours")
    weekday = models.PositiveSmallIntegerField()  # Monday is 0
    opens = models.TimeField()
    closes = models.TimeField()

    class Meta:
        ordering = ["weekday", "opens"]
        constraints = [
            models.CheckConstraint(condition=Q(weekday__range=(0, 6)), name="weekday_is_one_of_seven"),
            models.CheckConstraint(condition=Q(closes__gt=F("opens")), name="a_clinic_closes_after_it_opens"),
            models.UniqueConstraint(fields=["week", "weekday", "opens"], name="one_opening_at_a_time"),
        ]

    def __str__(self) -> str:
        return f"{self.weekday}: {self.opens} to {self.closes}"


class Holiday(models.Model):
    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="holidays")
    day = models.DateField()
    name = models.CharField(max_length=60)

    class Meta:
        ordering = ["day"]
        constraints = [models.UniqueConstraint(fields=["clinic", "day"], name="a_holiday_is_listed_once")]

    def __str__(self) -> str:
        return f"{self.name}, {self.day}"


class TargetSetting(models.Model):
    """How long a step may take, from a day on: for one clinic, or for all that have no own row."""

    class Kind(models.TextChoices):
        TRIAGE = "triage", "Triage, from sending"
        ANSWER = "answer", "Answer, from accepting"

    clinic = models.ForeignKey(Clinic, null=True, blank=True, on_delete=models.PROTECT, related_name="target_settings")
    kind = models.CharField(max_length=10, choices=Kind)
    urgency = models.CharField(max_length=10, choices=Urgency)
    specialty = models.CharField(max_length=20, choices=Specialty, blank=True)  # blank: both
    minutes = models.PositiveIntegerField()
    valid_from = models.DateField()
    source = models.CharField(max_length=200)
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="targets_set"
    )
    set_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["kind", "urgency", "-valid_from"]
        constraints = [
            models.CheckConstraint(condition=Q(minutes__range=(15, 60 * 24 * 30)), name="target_is_15_min_to_30_days"),
            models.CheckConstraint(condition=Q(kind__in=["triage", "answer"]), name="target_kind_is_known"),
            models.CheckConstraint(condition=Q(urgency__in=Urgency.values), name="target_urgency_is_known"),
            models.CheckConstraint(
                condition=Q(specialty__in=["", *Specialty.values]), name="target_specialty_is_known"
            ),
            models.UniqueConstraint(
                fields=["clinic", "kind", "urgency", "specialty", "valid_from"],
                condition=Q(clinic__isnull=False),
                name="one_target_of_a_clinic_from_a_day_on",
            ),
            models.UniqueConstraint(
                fields=["kind", "urgency", "specialty", "valid_from"],
                condition=Q(clinic__isnull=True),
                name="one_target_of_all_from_a_day_on",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.get_urgency_display().lower()}"


class Escalation(models.Model):
    """A target that passed, told to the clinic's lead: once for each case and target."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="escalations")
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="escalations")
    kind = models.CharField(max_length=10, choices=TargetSetting.Kind)
    due_at = models.DateTimeField()
    raised_at = models.DateTimeField(default=timezone.now)
    told = models.PositiveSmallIntegerField(default=0)  # how many leads got a notice
    seen_at = models.DateTimeField(null=True, blank=True)
    seen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="escalations_seen"
    )
    seen_note = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["due_at"]
        constraints = [
            models.UniqueConstraint(fields=["case", "kind"], name="a_lead_is_told_once_per_case_and_target"),
            models.CheckConstraint(
                condition=Q(seen_at__isnull=True, seen_by__isnull=True)
                | Q(seen_at__isnull=False, seen_by__isnull=False),
                name="seen_escalation_has_its_reader",
            ),
        ]
        indexes = [
            models.Index(fields=["clinic", "due_at"], name="escalation_unseen", condition=Q(seen_at__isnull=True)),
            models.Index(fields=["clinic", "raised_at"], name="escalation_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.case}"
