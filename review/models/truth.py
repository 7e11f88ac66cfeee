from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from review.models.review import Review


class Truth(models.Model):
    """What was found later about a signed review: it teaches its reader, and changes nothing. Never changed (trigger)."""

    class Kind(models.TextChoices):
        PATHOLOGY = "pathology", "Pathology report"
        IN_PERSON = "in_person", "Seen in person"
        SERIAL_PHOTOS = "serial_photos", "Later photos"

    class Agreement(models.TextChoices):
        SAME = "same", "The same as the answer"
        IN_DIFFERENTIAL = "in_differential", "Among the others named"
        DIFFERENT = "different", "Something else"
        UNCLEAR = "unclear", "Cannot be said"

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="truths")
    kind = models.CharField(max_length=20, choices=Kind)
    found_on = models.DateField()
    diagnosis = models.CharField(max_length=300)
    agreement = models.CharField(max_length=20, choices=Agreement)
    malignant = models.BooleanField(null=True, blank=True)
    note = models.CharField(max_length=500, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="truths_told")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["found_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["pathology", "in_person", "serial_photos"])
                & Q(agreement__in=["same", "in_differential", "different", "unclear"]),
                name="truth_is_of_a_known_kind",
            ),
            models.CheckConstraint(condition=~Q(diagnosis=""), name="truth_says_what_it_was"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.diagnosis}"
