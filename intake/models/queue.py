"""The desk's own tables: one narrow row for each open case, and what people keep beside the list."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from config.accounts.models import Clinic
from intake.models.case import Case, CaseStatus, Urgency

QUEUE_STATES = (CaseStatus.SUBMITTED, CaseStatus.NEEDS_INFORMATION, CaseStatus.READY, CaseStatus.IN_REVIEW)


class QueueEntry(models.Model):
    """What the list shows of an open case, in the order of `rank`. Kept by `intake.entries.keep` in the transaction of
    the change; gone when the case leaves the desk. A million closed cases cost this table nothing."""

    case = models.OneToOneField(Case, primary_key=True, on_delete=models.CASCADE, related_name="entry")
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="queue", db_index=False)
    state = models.CharField(max_length=20)
    urgency = models.CharField(max_length=10)
    # suggested by the story, until somebody decides
    is_suggested = models.BooleanField(default=True)
    rank = models.BigIntegerField()
    why = models.JSONField(default=list)
    started_at = models.DateTimeField(null=True)  # of the target that runs now
    warn_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)  # null while the target pauses
    target_minutes = models.PositiveIntegerField(null=True)
    moved_at = models.DateTimeField()
    is_eye = models.BooleanField(default=False)
    is_back = models.BooleanField(default=False)
    has_photo_problem = models.BooleanField(default=False)
    language = models.CharField(max_length=10)
    problem = models.CharField(max_length=80)
    place = models.CharField(max_length=80, blank=True)
    photo_tone = models.CharField(max_length=10)
    photo_words = models.CharField(max_length=160)
    story_tone = models.CharField(max_length=10)
    story_words = models.CharField(max_length=160)
    thumbs = models.JSONField(default=list)  # [photo id, alt text], four at most
    # who works on it at the desk
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="desk_cases", db_index=False
    )
    is_escalated = models.BooleanField(default=False)  # the lead knows that this target passed
    is_stale = models.BooleanField(default=False)  # written without its facts; the sweep fills them in

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=QUEUE_STATES), name="queue_holds_open_cases_only"),
            models.CheckConstraint(condition=Q(urgency__in=Urgency.values), name="queue_urgency_is_known"),
            models.CheckConstraint(
                condition=~Q(state="needs_information") | Q(due_at__isnull=True),
                name="a_target_pauses_with_the_patient",
            ),
        ]
        indexes = [
            models.Index(fields=["clinic", "rank", "case"], name="queue_by_rank"),
            models.Index(fields=["clinic", "state", "rank", "case"], name="queue_by_state"),
            models.Index(fields=["clinic", "urgency", "rank", "case"], name="queue_by_urgency"),
            models.Index(fields=["clinic", "language", "rank", "case"], name="queue_by_language"),
            models.Index(fields=["clinic", "due_at", "case"], name="queue_by_due"),
            # "Due soon": from now on in the order of the target, those whose warning has passed
            models.Index(fields=["clinic", "due_at", "warn_at", "case"], name="queue_by_due_and_warning"),
            models.Index(fields=["clinic", "moved_at"], name="queue_by_move"),
            models.Index(fields=["clinic", "rank", "case"], name="queue_eyes", condition=Q(is_eye=True)),
            models.Index(fields=["clinic", "rank", "case"], name="queue_back", condition=Q(is_back=True)),
            models.Index(fields=["clinic", "rank", "case"], name="queue_photos", condition=Q(has_photo_problem=True)),
            models.Index(fields=["owner", "rank", "case"], name="queue_mine", condition=Q(owner__isnull=False)),
            models.Index(fields=["due_at"], name="queue_to_escalate", condition=Q(is_escalated=False)),
            models.Index(fields=["case"], name="queue_stale", condition=Q(is_stale=True)),
        ]

    def __str__(self) -> str:
        return f"{self.case_id}: {self.rank}"


class SavedFilter(models.Model):
    """A filter of the list under a name of its owner's."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_filters")
    name = models.CharField(max_length=40)
    show = models.CharField(max_length=20, blank=True)
    language = models.CharField(max_length=10, blank=True)
    text = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="one_saved_filter_of_a_name")]

    def __str__(self) -> str:
        return self.name


class ShiftNote(models.Model):
    """What one shift tells the next. Never changed (trigger); who corrects it writes another."""

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="shift_notes")
    text = models.TextField(max_length=4000)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="shift_notes")
    written_at = models.DateTimeField(default=timezone.now)
    # what stood on the desk then
    counts = models.JSONField(default=dict)

    class Meta:
        ordering = ["-written_at"]
        indexes = [models.Index(fields=["clinic", "-written_at"], name="shift_note_newest")]
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="a_shift_note_says_something")]

    def __str__(self) -> str:
        return f"{self.clinic}, {self.written_at:%Y-%m-%d %H:%M}"


class ShiftNoteRead(models.Model):
    note = models.ForeignKey(ShiftNote, on_delete=models.PROTECT, related_name="reads")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="shift_notes_read")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["at"]
        constraints = [models.UniqueConstraint(fields=["note", "user"], name="a_note_is_read_once_by_each")]

    def __str__(self) -> str:
        return f"{self.user}, {self.at:%Y-%m-%d %H:%M}"
