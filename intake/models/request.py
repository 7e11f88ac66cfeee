import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext

from intake import slots
from intake.models.case import Case
from intake.models.photo import Photo


class InformationRequest(models.Model):
    """What the clinic or the specialist asked of the patient, and what came back."""

    class Outcome(models.TextChoices):
        ANSWERED = "answered", "Answered"
        NO_ANSWER = "no_answer", "No answer, gone on without it"
        DROPPED = "dropped", "No longer needed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="requests")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="requests_made")
    asked_from = models.CharField(max_length=10)
    message = models.TextField(max_length=2000, blank=True)
    deadline = models.DateTimeField()
    reminded_at = models.DateTimeField(null=True, blank=True)
    # when the deadline passed and the case came onto the call list
    escalated_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="requests_answered"
    )
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True)
    outcome_reason = models.TextField(max_length=500, blank=True)

    class Meta:
        ordering = ["created_at"]
        indexes = [
            models.Index(fields=["deadline"], name="request_open", condition=Q(outcome="")),
            models.Index(fields=["created_at"], name="request_by_time"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["case"], condition=Q(outcome=""), name="one_open_request_per_case"),
            models.CheckConstraint(
                condition=Q(asked_from__in=["clinic", "specialist"]), name="request_comes_from_clinic_or_specialist"
            ),
            models.CheckConstraint(
                condition=Q(outcome="", answered_at__isnull=True) | (~Q(outcome="") & Q(answered_at__isnull=False)),
                name="settled_request_has_its_time",
            ),
        ]

    def __str__(self) -> str:
        return f"Request on {self.case_id}"

    @property
    def is_overdue(self) -> bool:
        return not self.outcome and self.deadline <= timezone.now()

    @property
    def is_open(self) -> bool:
        return not self.outcome


class RequestItem(models.Model):
    class Kind(models.TextChoices):
        PHOTO = "photo", "Photo"
        QUESTION = "question", "Question"

    request = models.ForeignKey(InformationRequest, on_delete=models.CASCADE, related_name="items")
    kind = models.CharField(max_length=10, choices=Kind)
    slot = models.CharField(max_length=20, choices=slots.SLOT_CHOICES, blank=True)
    reason_code = models.CharField(max_length=30, blank=True)
    question = models.TextField(max_length=500, blank=True)
    # which part of the story is asked about; blank for a question in staff's own words
    topic = models.CharField(max_length=30, blank=True)
    note = models.TextField(max_length=500, blank=True)
    answer = models.TextField(max_length=2000, blank=True)
    photo = models.ForeignKey(Photo, null=True, blank=True, on_delete=models.PROTECT, related_name="answers")
    # the picture that is wrong, so that old and new stand side by side
    about = models.ForeignKey(Photo, null=True, blank=True, on_delete=models.PROTECT, related_name="asked_again")
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="photo") & ~Q(slot="") | Q(kind="question") & ~Q(question=""),
                name="item_names_a_slot_or_a_question",
            )
        ]

    @property
    def plain_slot(self):
        """What the patient calls the photo that is asked for."""
        return slots.slot(self.request.case, self.slot).plain

    @property
    def advice(self) -> str:
        """Why it is asked for, in the reader's language; what staff wrote themselves stays as written."""
        return gettext(self.note) if self.reason_code else self.note

    @property
    def words(self) -> str:
        """The question in the reader's language where it is one of ours; staff's own words stay as written."""
        return gettext(self.question) if self.topic else self.question

    def __str__(self) -> str:
        return self.question or self.slot
