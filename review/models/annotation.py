import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from intake.models import Photo
from review.models.review import Review


class AnnotationQuerySet(models.QuerySet["Annotation"]):
    def live(self) -> "AnnotationQuerySet":
        return self.filter(withdrawal__isnull=True)


class Annotation(models.Model):
    """A mark over a photograph, kept beside it and never in it. Never changed (trigger): a withdrawal is a row of its own.

    Coordinates are shares of the upright photo, 0 to 1, so that they fit every rendition of it.
    """

    class Kind(models.TextChoices):
        ARROW = "arrow", "Arrow"
        ELLIPSE = "ellipse", "Outline"
        MEASURE = "measure", "Measure"
        SCALE = "scale", "Scale"
        TEXT = "text", "Text"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="annotations")
    photo = models.ForeignKey(Photo, on_delete=models.PROTECT, related_name="annotations")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="annotations")
    kind = models.CharField(max_length=10, choices=Kind)
    x1 = models.FloatField()
    y1 = models.FloatField()
    x2 = models.FloatField()
    y2 = models.FloatField()
    text = models.CharField(max_length=200, blank=True)
    # of a scale: the true length between its ends
    mm = models.FloatField("millimetres", null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = AnnotationQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(x1__range=(0, 1), y1__range=(0, 1), x2__range=(0, 1), y2__range=(0, 1)),
                name="annotation_lies_within_its_photo",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["arrow", "ellipse", "measure", "scale", "text"]), name="annotation_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(kind="text") & ~Q(text="") | ~Q(kind="text") & (~Q(x1=F("x2")) | ~Q(y1=F("y2"))),
                name="annotation_says_or_spans_something",
            ),
            models.CheckConstraint(
                condition=Q(kind="scale", mm__gt=0, mm__lte=1000) | ~Q(kind="scale") & Q(mm__isnull=True),
                name="only_a_scale_has_its_length",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} on {self.photo_id}"


class AnnotationWithdrawal(models.Model):
    """The author took a mark back before signing. Both rows stay."""

    annotation = models.OneToOneField(Annotation, on_delete=models.PROTECT, related_name="withdrawal")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="annotations_withdrawn")
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"withdrawal of {self.annotation_id}"
