from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from config.accounts.models import Clinic
from intake.models.case import Case
from intake.models.photo import Photo


class Side(models.TextChoices):
    PATIENT = "patient", "Patient"
    CLINIC = "clinic", "Clinic"
    SPECIALIST = "specialist", "Specialist"
    REFERRER = "referrer", "Referring clinician"


class Thread(models.Model):
    """The messages of one case. A desk reads together: what one colleague has read is read for all of them."""

    case = models.OneToOneField(Case, primary_key=True, on_delete=models.PROTECT, related_name="thread")
    last_at = models.DateTimeField(default=timezone.now)
    # the case stood under another person: messages up to this one are that person's and not of this conversation
    moved_after = models.PositiveBigIntegerField(default=0)
    clinic_unread = models.PositiveSmallIntegerField(default=0)
    specialist_unread = models.PositiveSmallIntegerField(default=0)
    referrer_unread = models.PositiveSmallIntegerField(default=0)
    # the referring clinician's question that no specialist has answered, by message or addendum
    question_at = models.DateTimeField(null=True, blank=True)
    question_reminded_at = models.DateTimeField(null=True, blank=True)
    # put away by the clinic or the specialist; whoever writes opens it again
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="threads_closed"
    )

    class Meta:
        indexes = [
            # the top bar counts these on each page
            models.Index(fields=["case"], name="thread_unread_at_clinic", condition=Q(clinic_unread__gt=0)),
            models.Index(fields=["case"], name="thread_unread_at_group", condition=Q(specialist_unread__gt=0)),
            models.Index(fields=["case"], name="thread_unread_at_referrer", condition=Q(referrer_unread__gt=0)),
            models.Index(fields=["question_at"], name="thread_with_a_question", condition=Q(question_at__isnull=False)),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, closed_by__isnull=True)
                | Q(closed_at__isnull=False, closed_by__isnull=False),
                name="closed_thread_says_by_whom",
            ),
        ]

    def __str__(self) -> str:
        return f"Messages of {self.case_id}"


class MessageQuerySet(models.QuerySet["Message"]):
    def of_now(self) -> "MessageQuerySet":
        """Not what was written while the case stood under another person."""
        return self.filter(pk__gt=F("case__thread__moved_after"))


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

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(side__in=Side.values), name="message_side_is_known"),
            models.CheckConstraint(condition=~Q(text=""), name="message_says_something"),
            models.UniqueConstraint(fields=["by", "key"], name="one_message_a_form"),
        ]

    def __str__(self) -> str:
        return f"{self.get_side_display()}, {self.sent_at:%Y-%m-%d %H:%M}"


class MessagePhoto(models.Model):
    """A photo that came with a message. It is a photo of the case like any other: same pipeline, kept with the record.
    Never changed (trigger)."""

    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="photos")
    photo = models.ForeignKey(Photo, on_delete=models.PROTECT, related_name="in_messages")

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["message", "photo"], name="a_photo_is_once_in_a_message")]

    def __str__(self) -> str:
        return f"{self.photo_id} in {self.message_id}"


class MessageTemplate(models.Model):
    """A text that a clinic writes often, in both languages: the patient's decides which is used."""

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="message_templates")
    name = models.CharField(max_length=60)
    text = models.TextField(max_length=1500)
    text_es = models.TextField(max_length=1500, blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="message_templates")

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["clinic", "name"], name="one_message_template_of_a_name"),
            models.CheckConstraint(condition=~Q(text="") & ~Q(name=""), name="message_template_says_something"),
        ]

    def __str__(self) -> str:
        return self.name


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
