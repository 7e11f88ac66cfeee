from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from review.models.review import Review


class Beat(models.Model):
    """One line of the tape, in the order of receipt (the primary key). Never changed (trigger)."""

    class State(models.TextChoices):
        COUNTING = "counting", "Counting"
        HIDDEN = "hidden", "Hidden"
        PAUSED = "paused", "Paused"
        ENDED = "ended", "Ended"

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="beats")
    server_ms = models.BigIntegerField()
    tab = models.CharField(max_length=36)
    seq = models.PositiveIntegerField()
    mono_ms = models.BigIntegerField()
    last_input_ms = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=State)
    # what was on screen since the beat before: {"photos": [ids], "parts": ["form"]}. Beside the tape: no rule reads it
    shown = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["review", "server_ms"], name="beat_by_review_and_time")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["counting", "hidden", "paused", "ended"]), name="beat_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(mono_ms__gte=0, last_input_ms__gte=0), name="beat_times_are_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tab} {self.seq} {self.state}"


class AddedTime(models.Model):
    """Work away from the screen, entered by the specialist before signing. Never changed (trigger)."""

    class Reason(models.TextChoices):
        OUTSIDE_RECORD = "outside_record", "Read an outside record"
        COLLEAGUE = "colleague", "Talked with a colleague"
        LITERATURE = "literature", "Looked something up"
        PRINTED = "printed", "Read on paper or another device"
        OTHER = "other", "Other"

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="added_times")
    started_at = models.DateTimeField()
    stopped_at = models.DateTimeField()
    reason_code = models.CharField(max_length=20, choices=Reason)
    note = models.CharField(max_length=500)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="added_times")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["started_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(stopped_at__gt=F("started_at")), name="added_time_stops_after_it_starts"
            ),
            models.CheckConstraint(
                condition=Q(reason_code__in=["outside_record", "colleague", "literature", "printed", "other"]),
                name="added_time_reason_is_known",
            ),
            models.CheckConstraint(condition=~Q(note=""), name="added_time_says_why"),
        ]

    def __str__(self) -> str:
        return f"{self.get_reason_code_display()}, {self.started_at:%Y-%m-%d %H:%M}"

    @property
    def ms(self) -> int:
        # whole milliseconds, as everywhere in the account of time
        return round((self.stopped_at - self.started_at).total_seconds() * 1000)


class AssistantTime(models.Model):
    """What an assistant worked on the case. Shown and kept with the record, never attested, never charged (trigger)."""

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="assistant_times")
    who = models.CharField(max_length=100)
    minutes = models.PositiveSmallIntegerField()
    note = models.CharField(max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="assistant_times_told")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(minutes__gte=1, minutes__lte=240), name="assistant_minutes_are_1_to_240"
            ),
            models.CheckConstraint(condition=~Q(who="") & ~Q(note=""), name="assistant_time_says_who_and_what"),
        ]

    def __str__(self) -> str:
        return f"{self.who}, {self.minutes} min"
