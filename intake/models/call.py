import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from intake.models.case import Case
from intake.models.request import InformationRequest


class Spoken(models.TextChoices):
    """With whom the clinic spoke, or who said something."""

    PATIENT = "patient", "The patient"
    PROXY = "proxy", "A parent, guardian or carer"
    INTERPRETER = "interpreter", "The patient, through an interpreter"


SPOKEN_CLINICIAN = ("clinician", "The clinician")


class Redirect(models.Model):
    """In-person or emergency care instead: what was said to whom. A task until somebody confirms that the patient knows."""

    class Kind(models.TextChoices):
        IN_PERSON = "in_person", "In-person care"
        EMERGENCY = "emergency", "Emergency care"

    class Source(models.TextChoices):
        RED_FLAG = "red_flag", "A danger sign ticked at home"
        CLINIC = "clinic", "The clinic"
        SPECIALIST = "specialist", "The specialist"

    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="redirection")
    kind = models.CharField(max_length=10, choices=Kind)
    source = models.CharField(max_length=10, choices=Source)
    reason = models.TextField(max_length=500)
    told = models.TextField(max_length=500, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="redirects")
    at = models.DateTimeField(default=timezone.now)
    call_by = models.DateTimeField()
    reached_at = models.DateTimeField(null=True, blank=True)
    reached_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="redirects_confirmed"
    )
    reached_whom = models.CharField(max_length=12, choices=Spoken, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["in_person", "emergency"]), name="redirect_kind_is_known"),
            models.CheckConstraint(
                condition=Q(reached_at__isnull=True, reached_by__isnull=True, reached_whom="")
                | (Q(reached_at__isnull=False, reached_by__isnull=False) & ~Q(reached_whom="")),
                name="reached_says_who_when_and_by_whom",
            ),
        ]
        indexes = [
            models.Index(fields=["call_by"], name="redirect_to_call", condition=Q(reached_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} for {self.case_id}"


class CallTask(models.Model):
    """Somebody has to be called about what a later part of the way waits for: an unread result, advice that nobody has
    carried out. Open until it is settled there, or the call reached somebody; then it may come again."""

    class Kind(models.TextChoices):
        UNREAD = "unread", "Result not read"
        STEP = "step", "Advice not carried out"
        FOLLOW_UP = "follow_up", "New photos are due"
        REFERRAL = "referral", "Referred: photos are needed"
        RETURNED = "returned", "Mail came back: ask for another address"
        MOVED = "moved", "Filed under the wrong person: do they know?"

    class Whom(models.TextChoices):
        PATIENT = "patient", "The patient"
        CLINICIAN = "clinician", "A clinician"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="call_tasks")
    kind = models.CharField(max_length=10, choices=Kind)
    # the row that waits: a delivery, a plan line, a case, an account (or what makes it a carer's) whose mail comes back
    subject = models.UUIDField()
    why = models.CharField(max_length=600)
    whom = models.CharField(max_length=10, choices=Whom, default=Whom.PATIENT)
    # of a clinician or a carer: who, and at which number
    contact = models.CharField(max_length=160, blank=True)
    phone = models.CharField(max_length=30, blank=True)
    raised_at = models.DateTimeField(default=timezone.now)
    call_by = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)
    # who reached them; nobody where what it waited for settled itself
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="call_tasks_settled"
    )

    class Meta:
        ordering = ["call_by"]
        indexes = [models.Index(fields=["call_by"], name="call_task_open", condition=Q(settled_at__isnull=True))]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject"], condition=Q(settled_at__isnull=True), name="one_open_call_about_a_thing"
            ),
            models.CheckConstraint(condition=~Q(why=""), name="call_task_says_why"),
            models.CheckConstraint(
                condition=Q(
                    kind__in=["unread", "step", "follow_up", "referral", "returned", "moved"],
                    whom__in=["patient", "clinician"],
                ),
                name="call_task_is_of_a_known_kind",
            ),
            models.CheckConstraint(
                condition=Q(settled_by__isnull=True) | Q(settled_at__isnull=False), name="reached_call_task_is_settled"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.case_id}"


class CallAttempt(models.Model):
    """One try to reach somebody, about an open question, a redirect or a task. Never changed (trigger)."""

    class Outcome(models.TextChoices):
        REACHED = "reached", "Reached"
        NO_ANSWER = "no_answer", "Nobody picked up"
        VOICEMAIL = "voicemail", "Left word to call back"
        WRONG_NUMBER = "wrong_number", "Wrong or dead number"

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="call_attempts")
    request = models.ForeignKey(
        InformationRequest, null=True, blank=True, on_delete=models.PROTECT, related_name="call_attempts"
    )
    redirect = models.ForeignKey(
        Redirect, null=True, blank=True, on_delete=models.PROTECT, related_name="call_attempts"
    )
    task = models.ForeignKey(CallTask, null=True, blank=True, on_delete=models.PROTECT, related_name="call_attempts")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="call_attempts")
    at = models.DateTimeField(default=timezone.now)
    outcome = models.CharField(max_length=12, choices=Outcome)
    whom = models.CharField(max_length=12, choices=[*Spoken.choices, SPOKEN_CLINICIAN], blank=True)
    note = models.TextField(max_length=500, blank=True)

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(request__isnull=True, redirect__isnull=False, task__isnull=True)
                | Q(request__isnull=False, redirect__isnull=True, task__isnull=True)
                | Q(request__isnull=True, redirect__isnull=True, task__isnull=False),
                name="call_is_about_one_thing",
            ),
            models.CheckConstraint(
                condition=(Q(outcome="reached") & ~Q(whom="")) | (~Q(outcome="reached") & Q(whom="")),
                name="reached_call_says_whom",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_outcome_display()}, {self.at:%Y-%m-%d %H:%M}"
