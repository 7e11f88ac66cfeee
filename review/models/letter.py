import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from config.work.models import WorkRow
from review.models.review import Addendum, Review


class LetterPairQuerySet(models.QuerySet["LetterPair"]):
    def stopped(self) -> "LetterPairQuerySet":
        """The two letters do not say the same, and nobody has looked at it yet."""
        return self.filter(released_at=None).exclude(disagreements="")


class LetterPair(WorkRow):
    """The two letters of one signature, or of one addendum to it. The row is due until their files are made, once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="letter_pairs")
    addendum = models.OneToOneField(
        Addendum, null=True, blank=True, on_delete=models.PROTECT, related_name="letter_pair"
    )
    # what is printed on both for whoever wants to know whether the paper is real
    check_code = models.CharField(max_length=16, unique=True, editable=False)
    # a sentence a line; while there are some and nobody released them, nothing is delivered
    disagreements = models.TextField(blank=True, editable=False)
    released_at = models.DateTimeField(null=True, blank=True, editable=False)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="letters_released"
    )
    release_reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    made_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = LetterPairQuerySet.as_manager()

    class Meta:
        ordering = ["created_at"]
        indexes = [WorkRow.due_index("letter_pair_due")]
        constraints = [
            models.UniqueConstraint(
                fields=["review"], condition=Q(addendum__isnull=True), name="one_pair_of_letters_per_signature"
            ),
            models.CheckConstraint(
                condition=Q(released_at__isnull=True, released_by__isnull=True, release_reason="")
                | (Q(released_at__isnull=False, released_by__isnull=False) & ~Q(release_reason="")),
                name="released_letters_say_by_whom_and_why",
            ),
            models.CheckConstraint(
                condition=Q(made_at__isnull=True) | Q(disagreements="") | Q(released_at__isnull=False),
                name="letters_that_differ_are_not_made",
            ),
        ]

    def __str__(self) -> str:
        return f"letters of {self.review_id}"

    @property
    def is_stopped(self) -> bool:
        return bool(self.disagreements) and self.released_at is None

    @property
    def spaced_code(self) -> str:
        """7K2Q-9XVT-4MBD-C3HN: what a person types from paper."""
        return "-".join(self.check_code[n : n + 4] for n in range(0, 16, 4))


class Letter(models.Model):
    """One file: a letter for one reader on one paper. Written once and never changed (trigger)."""

    class Audience(models.TextChoices):
        PATIENT = "patient", "Patient"
        CLINICIAN = "clinician", "Referring clinician"

    class Paper(models.TextChoices):
        LETTER = "us-letter", "US Letter"
        A4 = "a4", "A4"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    pair = models.ForeignKey(LetterPair, on_delete=models.PROTECT, related_name="letters")
    audience = models.CharField(max_length=10, choices=Audience)
    paper = models.CharField(max_length=10, choices=Paper)
    language = models.CharField(max_length=10, default="en")
    key = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    byte_size = models.PositiveIntegerField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(fields=["pair", "audience", "paper"], name="each_letter_is_made_once"),
            models.CheckConstraint(condition=Q(audience__in=["patient", "clinician"]), name="letter_reader_is_known"),
            models.CheckConstraint(condition=Q(paper__in=["us-letter", "a4"]), name="letter_paper_is_known"),
            models.CheckConstraint(
                condition=~Q(key="") & ~Q(sha256="") & Q(byte_size__gt=0), name="letter_names_its_file"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.audience} letter, {self.paper}"
