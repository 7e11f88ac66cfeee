from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from review.models.plan import ActionItem
from review.models.review import Review


class PathologyReport(models.Model):
    """What the laboratory found, put beside the answer that asked for the tissue. Its reader sees it until they have
    read it. The words are never changed (trigger); a second report stands beside the first."""

    class Result(models.TextChoices):
        BENIGN = "benign", "Benign"
        PREMALIGNANT = "premalignant", "Premalignant or in situ"
        MALIGNANT = "malignant", "Malignant"
        INFLAMMATORY = "inflammatory", "Inflammatory"
        UNCLEAR = "unclear", "No diagnosis possible"

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="pathology")
    item = models.ForeignKey(ActionItem, null=True, blank=True, on_delete=models.PROTECT, related_name="pathology")
    result = models.CharField(max_length=12, choices=Result)
    diagnosis = models.CharField(max_length=300)
    report = models.TextField("the report in words", max_length=4000, blank=True)
    laboratory = models.CharField(max_length=120, blank=True)
    number = models.CharField("the laboratory's number", max_length=60, blank=True)
    reported_on = models.DateField()
    # the laboratory's own paper as a PDF, where somebody has it
    file_sha256 = models.CharField(max_length=64, blank=True, editable=False)
    file_size = models.PositiveIntegerField(default=0, editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="pathology_entered")
    at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(null=True, blank=True)
    seen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="pathology_seen"
    )

    # as entered: the database refuses to change it
    FROZEN = (
        "review_id",
        "item_id",
        "result",
        "diagnosis",
        "report",
        "laboratory",
        "number",
        "reported_on",
        "file_sha256",
        "file_size",
        "by_id",
        "at",
    )

    class Meta:
        ordering = ["at"]
        indexes = [models.Index(fields=["review"], name="pathology_unseen", condition=Q(seen_at__isnull=True))]
        constraints = [
            models.CheckConstraint(condition=~Q(diagnosis=""), name="pathology_says_what_it_was"),
            models.CheckConstraint(
                condition=Q(result__in=["benign", "premalignant", "malignant", "inflammatory", "unclear"]),
                name="pathology_result_is_known",
            ),
            models.CheckConstraint(
                condition=Q(file_sha256="", file_size=0) | (~Q(file_sha256="") & Q(file_size__gt=0)),
                name="pathology_file_has_its_hash_and_size",
            ),
            models.CheckConstraint(
                condition=Q(seen_at__isnull=True, seen_by__isnull=True)
                | Q(seen_at__isnull=False, seen_by__isnull=False),
                name="seen_pathology_has_its_reader",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_result_display()}: {self.diagnosis}"

    @property
    def file_key(self) -> str:
        """Where its PDF lies; "" without one."""
        return f"pathology/{self.review.case_id}/{self.file_sha256}.pdf" if self.file_sha256 else ""
