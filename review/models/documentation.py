"""What a specialist documents beside the text: each photo's worth, and what makes typing shorter."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from intake.models import Photo
from review.models.review import Review


class PhotoAdequacy(models.Model):
    """Whether one photograph was enough to decide, in the reader's eyes."""

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="photo_adequacies")
    photo = models.ForeignKey(Photo, on_delete=models.PROTECT, related_name="adequacies")
    adequate = models.CharField(max_length=10, choices=Review.Adequate)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["review", "photo"], name="one_adequacy_of_a_photo_in_a_review"),
            models.CheckConstraint(condition=Q(adequate__in=["yes", "partly", "no"]), name="photo_adequacy_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.photo_id}: {self.adequate}"


class FavouriteCode(models.Model):
    """A diagnosis code that a clinician keeps at hand."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="favourite_codes")
    icd10cm = models.CharField(max_length=8)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["icd10cm"]
        constraints = [models.UniqueConstraint(fields=["user", "icd10cm"], name="a_code_is_a_favourite_once")]

    def __str__(self) -> str:
        return self.icd10cm


class TextTemplate(models.Model):
    """A clinician's own words for what comes often. One filled field makes a macro, several make a template.

    {site}, {side}, {age}... are filled in from the case; any other {field} waits to be typed.
    """

    TEXTS = ("findings", "assessment", "plan", "follow_up", "patient_text")

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="text_templates")
    name = models.CharField(max_length=60)
    findings = models.TextField("What you see", max_length=4000, blank=True)
    assessment = models.TextField("Most likely", max_length=2000, blank=True)
    plan = models.TextField("Plan", max_length=4000, blank=True)
    follow_up = models.TextField("Follow-up", max_length=2000, blank=True)
    patient_text = models.TextField("For the patient", max_length=4000, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="a_clinician_names_a_text_once"),
            models.CheckConstraint(
                condition=~Q(findings="", assessment="", plan="", follow_up="", patient_text=""),
                name="text_template_has_some_text",
            ),
        ]

    def __str__(self) -> str:
        return self.name
