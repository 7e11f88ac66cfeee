import uuid
from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from config.accounts.models import Clinic
from intake.models.case import Specialty


class AbsenceQuerySet(models.QuerySet["Absence"]):
    def standing(self) -> "AbsenceQuerySet":
        return self.filter(cancelled_at=None)

    def on(self, day: date) -> "AbsenceQuerySet":
        return self.standing().filter(first_day__lte=day, last_day__gte=day)


class Absence(models.Model):
    """A specialist is away from the first to the last day, both included, and gets no case by name meanwhile."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="absences")
    first_day = models.DateField()
    last_day = models.DateField()
    note = models.CharField(max_length=200, blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="absences_made")
    made_at = models.DateTimeField(default=timezone.now)
    cancelled_at = models.DateTimeField(null=True, blank=True)

    objects = AbsenceQuerySet.as_manager()

    class Meta:
        ordering = ["first_day"]
        constraints = [
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="absence_ends_after_it_starts")
        ]
        indexes = [
            models.Index(fields=["user", "last_day"], name="absence_by_person", condition=Q(cancelled_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"{self.user} from {self.first_day} to {self.last_day}"


class RouteRule(models.Model):
    """Where a clinic likes to send what: a blank column fits everything. Licence and specialty are law and stand above."""

    class SiteKind(models.TextChoices):
        HEAD = "head", "Head and neck"
        TRUNK = "trunk", "Chest, belly and back"
        ARMS = "arms", "Arms and hands"
        LEGS = "legs", "Legs and feet"
        NAILS = "nails", "Nails"
        SCALP = "scalp", "Scalp and hair"
        GENITAL = "genital", "Genital and intimate places"
        EYELID = "eyelid", "Eyelids"
        EYE = "eye", "The eye itself"
        WIDESPREAD = "widespread", "Many places"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="route_rules")
    specialty = models.CharField(max_length=20, choices=Specialty, blank=True)
    site_kind = models.CharField("kind of place", max_length=12, choices=SiteKind, blank=True)
    state = models.CharField("state of the patient", max_length=2, blank=True)
    language = models.CharField("language of the patient", max_length=10, choices=settings.LANGUAGES, blank=True)
    group = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="routed_by_rules")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="routed_by_rules"
    )
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="route_rules_made")
    made_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["specialty", "site_kind", "state", "language", "made_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "specialty", "site_kind", "state", "language"],
                condition=Q(ended_at__isnull=True),
                name="one_rule_for_the_same_cases",
            )
        ]

    def __str__(self) -> str:
        return f"{self.what} to {self.person or self.group}"

    @property
    def what(self) -> str:
        """Dermatology, nails, OH, Español; "Everything" where no column is set."""
        parts = [self.get_specialty_display(), self.get_site_kind_display(), self.state, self.get_language_display()]
        return ", ".join(part for part in parts if part) or "Everything"

    @property
    def weight(self) -> int:
        """How narrow the rule is: the narrowest that fits is followed."""
        return sum(bool(value) for value in (self.specialty, self.site_kind, self.state, self.language))
