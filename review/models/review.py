import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from config.work.models import WorkRow
from intake.models import Case, Urgency


def in_words(entry: dict | str) -> str:
    """An entry of a differential; records of the first version hold plain text."""
    if isinstance(entry, str):
        return entry
    return f"{entry['text']} ({entry['confidence']})" if entry.get("confidence") else entry["text"]


class ReviewQuerySet(models.QuerySet["Review"]):
    def signed(self) -> "ReviewQuerySet":
        return self.filter(status=Review.Status.SIGNED)


class Review(WorkRow):
    """One specialist's review of one case: a draft, then frozen by the signature.

    The work row is the charge: signing makes it due, billing pulls it.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        SIGNED = "signed", "Signed"

    class Adequate(models.TextChoices):
        YES = "yes", "Yes"
        PARTLY = "partly", "Partly"
        NO = "no", "No"

    class Confidence(models.TextChoices):
        LOW = "low", "Low"
        MEDIUM = "medium", "Medium"
        HIGH = "high", "High"

    class Disposition(models.TextChoices):
        HOME = "home", "Care at home"
        CLINIC = "clinic", "Care by the patient's own clinic"
        IN_PERSON = "in_person", "See a specialist in person"
        PROCEDURE = "procedure", "Procedure or biopsy"
        URGENT = "urgent", "In person within days"

    class Segment(models.TextChoices):
        ANTERIOR = "anterior", "Anterior segment"
        POSTERIOR = "posterior", "Posterior segment"
        LIDS = "lids", "Lids and around the eye"

    class EyeSide(models.TextChoices):
        RIGHT = "right", "OD (right)"
        LEFT = "left", "OS (left)"
        BOTH = "both", "OU (both)"

    class YesNo(models.TextChoices):
        YES = "yes", "Yes"
        NO = "no", "No"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="reviews")
    specialist = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="reviews")
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT, editable=False)
    version = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    saved_at = models.DateTimeField(null=True, blank=True)

    photos_adequate = models.CharField(max_length=10, choices=Adequate, blank=True)
    findings = models.TextField(max_length=8000, blank=True)
    assessment = models.TextField(max_length=4000, blank=True)
    confidence = models.CharField(max_length=10, choices=Confidence, blank=True)
    # ranked: [{"text": "Dysplastic nevus", "confidence": "medium" or ""}, ...]
    differential = models.JSONField(default=list, blank=True)
    # keys of review/vocabulary.py
    finding_terms = models.JSONField(default=list, blank=True)
    plan = models.TextField(max_length=8000, blank=True)
    follow_up = models.TextField(max_length=2000, blank=True)
    follow_up_own = models.TextField(max_length=2000, blank=True)
    patient_text = models.TextField(max_length=8000, blank=True)
    # the same in the language of a patient who reads another one than English
    patient_text_own = models.TextField(max_length=8000, blank=True)
    disposition = models.CharField(max_length=20, choices=Disposition, blank=True)
    urgency = models.CharField(max_length=10, choices=Urgency, blank=True)
    urgency_reason = models.CharField(max_length=500, blank=True)
    eye_side = models.CharField(max_length=10, choices=EyeSide, blank=True)
    acuity_given = models.CharField(max_length=100, blank=True)
    eye_segment = models.CharField(max_length=10, choices=Segment, blank=True)
    # "would you have asked for a visit?", at the first look and before signing
    visit_before = models.CharField(max_length=3, choices=YesNo, blank=True)
    visit_after = models.CharField(max_length=3, choices=YesNo, blank=True)
    handover_note = models.TextField(max_length=2000, blank=True)
    second_opinion = models.BooleanField(default=False)
    no_opinion = models.BooleanField(default=False)
    live_contact = models.BooleanField(default=False)
    time_dispute = models.TextField(max_length=1000, blank=True)

    # frozen at signing
    signed_at = models.DateTimeField(null=True, blank=True, editable=False)
    date_of_service = models.DateField(null=True, blank=True, editable=False)
    time_zone = models.CharField(max_length=50, blank=True, editable=False)
    measured_ms = models.BigIntegerField(null=True, blank=True, editable=False)
    added_ms = models.BigIntegerField(null=True, blank=True, editable=False)
    lost_ms = models.BigIntegerField(null=True, blank=True, editable=False)
    band = models.CharField(max_length=20, blank=True, editable=False)
    attestation = models.TextField(blank=True, editable=False)
    signed_record = models.JSONField(null=True, blank=True, editable=False)
    content_sha256 = models.CharField(max_length=64, blank=True, editable=False)
    last_beat_id = models.BigIntegerField(null=True, blank=True, editable=False)
    tape_key = models.CharField(max_length=200, blank=True, editable=False)
    tape_sha256 = models.CharField(max_length=64, blank=True, editable=False)

    objects = ReviewQuerySet.as_manager()

    # what the signature covers: the database refuses to change it once the review is signed
    FROZEN = (
        "case_id", "specialist_id", "status", "photos_adequate", "findings", "finding_terms", "assessment", "confidence",
        "differential", "plan", "follow_up", "follow_up_own", "patient_text", "patient_text_own", "disposition",
        "urgency", "urgency_reason", "eye_side", "acuity_given", "eye_segment", "visit_before", "visit_after",
        "second_opinion", "no_opinion", "live_contact",
        "time_dispute", "signed_at", "date_of_service", "time_zone", "measured_ms", "added_ms", "lost_ms", "band",
        "attestation", "signed_record", "content_sha256", "last_beat_id", "tape_key", "tape_sha256",
    )  # fmt: skip

    class Meta:
        indexes = [
            WorkRow.due_index("review_due"),
            models.Index(fields=["specialist", "status", "signed_at"], name="review_by_specialist"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["case", "specialist"], name="one_review_per_case_and_specialist"),
            models.UniqueConstraint(
                fields=["case"],
                condition=Q(status="signed", second_opinion=False),
                name="one_signed_review_per_case",
            ),
            models.CheckConstraint(condition=Q(status__in=["draft", "signed"]), name="review_status_is_known"),
            models.CheckConstraint(
                condition=Q(urgency__in=["", "urgent", "priority", "routine"])
                & Q(eye_side__in=["", "right", "left", "both"])
                & Q(eye_segment__in=["", "anterior", "posterior", "lids"])
                & Q(visit_before__in=["", "yes", "no"])
                & Q(visit_after__in=["", "yes", "no"]),
                name="review_choices_are_known",
            ),
            models.CheckConstraint(
                condition=Q(status="draft", signed_at__isnull=True)
                | (
                    Q(status="signed", signed_at__isnull=False, date_of_service__isnull=False)
                    & Q(measured_ms__isnull=False, added_ms__isnull=False, lost_ms__isnull=False)
                    & Q(signed_record__isnull=False)
                    & ~Q(attestation="")
                    & ~Q(content_sha256="")
                    & ~Q(time_zone="")
                ),
                name="signed_review_has_its_signature",
            ),
            models.CheckConstraint(
                condition=Q(measured_ms__isnull=True) | Q(measured_ms__gte=0, added_ms__gte=0, lost_ms__gte=0),
                name="credited_time_is_not_negative",
            ),
            models.CheckConstraint(
                condition=~Q(status="draft") | Q(work_status="idle"), name="only_a_signed_review_is_charge_work"
            ),
        ]

    def __str__(self) -> str:
        return f"Review of {self.case_id} by {self.specialist_id}"

    @property
    def is_signed(self) -> bool:
        return self.status == self.Status.SIGNED

    @property
    def differential_words(self) -> list[str]:
        """In their order: "Dysplastic nevus (medium)"."""
        return [in_words(entry) for entry in self.differential]

    @property
    def own_language(self) -> str:
        """Of the texts that were signed in the patient's language; "" where there are none."""
        return (self.signed_record or {}).get("opinion", {}).get("own_language", "")

    @property
    def is_urgent(self) -> bool:
        """Told at any hour."""
        return self.urgency == Urgency.URGENT or self.disposition == self.Disposition.URGENT

    @property
    def total_ms(self) -> int:
        """Measured and added time, ms: what the band is decided from."""
        return (self.measured_ms or 0) + (self.added_ms or 0)


class ReviewDiagnosis(models.Model):
    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="diagnoses")
    icd10cm = models.CharField("ICD-10-CM code", max_length=8)
    description = models.CharField(max_length=300)
    rank = models.PositiveSmallIntegerField(default=1)

    class Meta:
        ordering = ["rank"]
        constraints = [
            models.UniqueConstraint(fields=["review", "icd10cm"], name="diagnosis_stands_once_in_a_review"),
            models.CheckConstraint(condition=Q(rank__gte=1), name="diagnosis_rank_starts_at_1"),
        ]

    def __str__(self) -> str:
        return f"{self.icd10cm} {self.description}"


class Addendum(models.Model):
    """A correction or supplement after signing. Never changed (trigger); its time never joins the charged time."""

    CHANGES = {"diagnosis": "the diagnosis", "plan": "the plan", "side": "the side or place", "person": "the person"}

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="addenda")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="addenda")
    text = models.TextField(max_length=8000)
    patient_text = models.TextField(max_length=8000, blank=True)
    # the same in the language of a patient who reads another one than English
    patient_text_own = models.TextField(max_length=8000, blank=True)
    own_language = models.CharField(max_length=10, blank=True)
    # {part of CHANGES: bool}: what a charge line has to be looked at for
    changes = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    content_sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="addendum_says_something"),
            models.CheckConstraint(condition=~Q(content_sha256=""), name="addendum_has_its_hash"),
            models.CheckConstraint(
                condition=Q(patient_text_own="") | ~Q(own_language=""), name="addendum_names_the_language_of_its_text"
            ),
        ]

    def __str__(self) -> str:
        return f"Addendum of {self.created_at:%Y-%m-%d %H:%M}"

    @property
    def changes_the_charge(self) -> bool:
        return bool(self.changed)

    @property
    def changed(self) -> list[str]:
        """What of the answer is another one now, in words."""
        return [words for part, words in self.CHANGES.items() if self.changes.get(part)]
