from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from billing.models.charge import ChargeLine
from config.accounts.roles import Role
from review.models import Review


class ClinicianQueryQuerySet(models.QuerySet["ClinicianQuery"]):
    def open(self) -> "ClinicianQueryQuerySet":
        return self.filter(closed_at__isnull=True)

    def visible_to(self, user) -> "ClinicianQueryQuerySet":
        """The biller's own group's; the specialist's own."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(Q(line__group__in=user.clinics(Role.BILLER)) | Q(review__specialist=user))


class ClinicianQuery(models.Model):
    """A biller's question to the signer about the documentation. While it is open the line is held (QUERY_OPEN).

    The answer goes beside the line and changes no document: what has to change in the record is an addendum.
    """

    class How(models.TextChoices):
        ANSWERED = "answered", "Answered"
        TAKEN_BACK = "taken_back", "Taken back"

    line = models.ForeignKey(ChargeLine, on_delete=models.PROTECT, related_name="queries")
    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="billing_queries")
    about = models.CharField(max_length=30, help_text="The hold that it is about.", blank=True)
    question = models.CharField(max_length=1000)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="queries_asked")
    asked_at = models.DateTimeField(default=timezone.now)
    answer = models.CharField(max_length=1000, blank=True)
    closed_how = models.CharField(max_length=12, choices=How, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="queries_closed"
    )
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = ClinicianQueryQuerySet.as_manager()

    class Meta:
        ordering = ["asked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["review"], condition=Q(closed_at__isnull=True), name="one_open_query_per_review"
            ),
            models.CheckConstraint(condition=~Q(question=""), name="query_asks_something"),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, closed_how="", closed_by__isnull=True, answer="")
                | (Q(closed_at__isnull=False, closed_by__isnull=False, closed_how="answered") & ~Q(answer=""))
                | Q(closed_at__isnull=False, closed_by__isnull=False, closed_how="taken_back"),
                name="closed_query_says_how_and_by_whom",
            ),
        ]

    def __str__(self) -> str:
        return f"question about {self.line_id}"
