from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from intake.models.case import Case


class Side(models.TextChoices):
    PATIENT = "patient", "Patient"
    CLINIC = "clinic", "Clinic"
    SPECIALIST = "specialist", "Specialist"


class Thread(models.Model):
    """The messages of one case. A desk reads together: what one colleague has read is read for all of them."""

    case = models.OneToOneField(Case, primary_key=True, on_delete=models.PROTECT, related_name="thread")
    last_at = models.DateTimeField(default=timezone.now)
    clinic_unread = models.PositiveSmallIntegerField(default=0)
    specialist_unread = models.PositiveSmallIntegerField(default=0)

    class Meta:
        indexes = [
            # the top bar counts these on each page
            models.Index(fields=["case"], name="thread_unread_at_clinic", condition=Q(clinic_unread__gt=0)),
            models.Index(fields=["case"], name="thread_unread_at_group", condition=Q(specialist_unread__gt=0)),
        ]

    def __str__(self) -> str:
        return f"Messages of {self.case_id}"


class Message(models.Model):
    """What one person wrote about a case; everybody of the case reads it. Never changed (trigger)."""

    MAX_LENGTH = 2000

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="messages")
    side = models.CharField(max_length=10, choices=Side)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="messages_written")
    text = models.TextField(max_length=MAX_LENGTH)
    sent_at = models.DateTimeField(default=timezone.now)
    # made with the form: a button pressed twice is one message
    key = models.UUIDField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(side__in=Side.values), name="message_side_is_known"),
            models.CheckConstraint(condition=~Q(text=""), name="message_says_something"),
            models.UniqueConstraint(fields=["by", "key"], name="one_message_a_form"),
        ]

    def __str__(self) -> str:
        return f"{self.get_side_display()}, {self.sent_at:%Y-%m-%d %H:%M}"


class MessageRead(models.Model):
    """How far the patient, or one of those who act for the patient, has read: each for themselves."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="messages_read")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="messages_read")
    until = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "user"], name="one_reading_mark_a_person")]

    def __str__(self) -> str:
        return f"{self.user_id} read {self.case_id}"
