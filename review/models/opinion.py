import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from intake.models import Case
from review.models.review import Review


class InterlockAnswer(models.Model):
    """What the signer said about a finding that the record has against itself. Never changed (trigger)."""

    class How(models.TextChoices):
        ANSWERED = "answered", "Answered"
        OVERRIDDEN = "overridden", "Overridden"

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="interlock_answers")
    # the finding that it answers: its key, and its words as they stood
    key = models.CharField(max_length=40)
    finding = models.CharField(max_length=500)
    how = models.CharField(max_length=10, choices=How)
    reason = models.CharField(max_length=500)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="interlock_answers")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(how__in=["answered", "overridden"]), name="interlock_answer_is_known"),
            models.CheckConstraint(condition=~Q(reason="") & ~Q(finding=""), name="interlock_answer_says_why"),
        ]

    def __str__(self) -> str:
        return f"{self.get_how_display()}: {self.reason}"


class SecondOpinion(models.Model):
    """A colleague is asked about a case. The answer is a review of the colleague's own, on a tape of its own."""

    class State(models.TextChoices):
        OPEN = "open", "Asked"
        ANSWERED = "answered", "Answered"
        DECLINED = "declined", "Declined"
        WITHDRAWN = "withdrawn", "Withdrawn"

    CAME_BACK = (State.ANSWERED, State.DECLINED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="second_opinions")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="opinions_asked")
    colleague = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="opinions_given")
    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="opinion_requests")
    question = models.TextField(max_length=1000)
    asked_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    closed_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    # when who asked has opened the answer, or the refusal
    seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-asked_at"]
        indexes = [
            models.Index(fields=["colleague", "state"], name="opinion_by_colleague"),
            models.Index(fields=["asked_by"], name="opinion_unseen", condition=Q(seen_at__isnull=True)),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["review"], condition=Q(state="open"), name="one_open_question_to_a_colleague"
            ),
            models.CheckConstraint(
                condition=Q(state="open", closed_at__isnull=True)
                | Q(state__in=["answered", "declined", "withdrawn"], closed_at__isnull=False),
                name="opinion_state_is_known_and_dated",
            ),
            models.CheckConstraint(
                condition=Q(seen_at__isnull=True) | Q(state__in=["answered", "declined"]),
                name="only_what_came_back_is_seen",
            ),
            models.CheckConstraint(condition=~Q(question=""), name="opinion_asks_something"),
            models.CheckConstraint(condition=~Q(asked_by=F("colleague")), name="nobody_asks_themselves"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id}: {self.get_state_display()}"

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN

    @property
    def is_news(self) -> bool:
        """Answered or declined, and not opened by who asked."""
        return self.state in self.CAME_BACK and self.seen_at is None
