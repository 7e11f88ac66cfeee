import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import get_language

from intake.models import Case
from review.models.review import Review
from review.plain_steps import STEPS

MAX_WEEKS = 104


class ActionItemQuerySet(models.QuerySet["ActionItem"]):
    def open(self) -> "ActionItemQuerySet":
        """Lines of a signed plan that nobody has settled yet. Drafts are nobody's work."""
        return self.filter(frozen_at__isnull=False, state=ActionItem.State.OPEN)


class ActionItem(models.Model):
    """One line of a plan: what, by whom, until when. Drafted with the review and frozen with its signature (trigger);
    after it only the settlement is written: done, declined or impossible, with proof or reason."""

    class Kind(models.TextChoices):
        BIOPSY = "biopsy", "Biopsy or excision"
        IN_PERSON = "in_person", "See in person"
        MEDICINE = "medicine", "Medicine"
        WATCH_REPHOTOGRAPH = "watch_rephotograph", "Watch and photograph again"
        REASSURANCE = "reassurance", "Reassurance"
        REFER = "refer", "Refer"
        RECALL = "recall", "Recall for another look"
        OTHER = "other", "Other"

    class Owner(models.TextChoices):
        PATIENT = "patient", "Patient"
        REFERRING_CLINIC = "referring_clinic", "Clinic"
        SPECIALIST_GROUP = "specialist_group", "Specialist group"

    class State(models.TextChoices):
        OPEN = "open", "Open"
        DONE = "done", "Done"
        DECLINED = "declined", "Declined"
        IMPOSSIBLE = "impossible", "Not possible"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="action_items")
    position = models.PositiveSmallIntegerField(default=1)
    kind = models.CharField(max_length=20, choices=Kind)
    text = models.CharField(max_length=500)
    patient_text = models.CharField(max_length=500, blank=True)
    # the same in the language of a patient who reads another one than English
    patient_text_own = models.CharField(max_length=500, blank=True)
    owner = models.CharField(max_length=20, choices=Owner)
    # either a day or a number of weeks; signing turns the weeks into a day
    due_on = models.DateField(null=True, blank=True)
    due_weeks = models.PositiveSmallIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    frozen_at = models.DateTimeField(null=True, blank=True, editable=False)

    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    # what shows that it was done, or why it was not
    proof = models.TextField(max_length=1000, blank=True)
    reason = models.TextField(max_length=1000, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="settled_action_items"
    )
    settled_at = models.DateTimeField(null=True, blank=True)

    # when the owner is next reminded, or somebody is asked to call; how often that was
    nudge_at = models.DateTimeField(null=True, blank=True, editable=False)
    nudges = models.PositiveSmallIntegerField(default=0, editable=False)
    # the case that began by itself on the day of a recall: one, whatever is retried
    follow_up = models.OneToOneField(
        Case, null=True, blank=True, on_delete=models.PROTECT, related_name="recalled_by", editable=False
    )

    objects = ActionItemQuerySet.as_manager()

    # what the signature covers: the database refuses to change it once `frozen_at` is set
    FROZEN = (
        "review_id", "position", "kind", "text", "patient_text", "patient_text_own", "owner", "due_on", "due_weeks",
        "frozen_at",
    )  # fmt: skip

    class Meta:
        ordering = ["position"]
        indexes = [
            models.Index(fields=["state", "owner", "due_on"], name="action_item_to_do"),
            models.Index(fields=["nudge_at"], name="action_item_to_remind", condition=Q(state="open")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["review", "position"], name="action_items_stand_in_an_order"),
            models.CheckConstraint(condition=~Q(text=""), name="action_item_says_what"),
            models.CheckConstraint(
                condition=Q(
                    kind__in=[
                        "biopsy",
                        "in_person",
                        "medicine",
                        "watch_rephotograph",
                        "reassurance",
                        "refer",
                        "recall",
                        "other",
                    ]  # fmt: skip
                ),
                name="action_item_kind_is_known",
            ),
            models.CheckConstraint(
                condition=Q(owner__in=["patient", "referring_clinic", "specialist_group"]),
                name="action_item_owner_is_known",
            ),
            models.CheckConstraint(
                condition=Q(due_weeks__isnull=True) | Q(due_weeks__gte=1, due_weeks__lte=MAX_WEEKS),
                name="action_item_weeks_are_1_to_104",
            ),
            models.CheckConstraint(
                condition=Q(state="open", settled_at__isnull=True, settled_by__isnull=True, proof="", reason="")
                | (Q(state="done", settled_at__isnull=False, settled_by__isnull=False) & ~Q(proof=""))
                | (
                    Q(state__in=["declined", "impossible"], settled_at__isnull=False, settled_by__isnull=False)
                    & ~Q(reason="")
                ),
                name="settled_action_item_says_by_whom_and_why",
            ),
            models.CheckConstraint(
                condition=Q(state="open") | Q(frozen_at__isnull=False), name="only_a_signed_action_item_is_settled"
            ),
            models.CheckConstraint(
                condition=Q(frozen_at__isnull=True) | Q(due_on__isnull=False), name="a_signed_action_item_has_its_day"
            ),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN

    @property
    def starts_follow_up(self) -> bool:
        """On its day a new case of the same spot begins by itself."""
        return self.kind in {self.Kind.WATCH_REPHOTOGRAPH, self.Kind.RECALL}

    @property
    def words(self) -> str:
        """What was shown or why not, once it is settled."""
        return self.reason or self.proof

    @property
    def plain(self) -> str:
        """For the patient, in the language of the page: the plain words where the specialist wrote some in it, else the
        standing sentence of its kind."""
        language = get_language() or "en"
        if language == "en":
            return self.patient_text or self.text
        return (self.patient_text_own if language == self.review.own_language else "") or str(STEPS[self.kind])

    @property
    def plain_english(self) -> str:
        """What `plain` could not say in the language of the page."""
        language = get_language() or "en"
        if language == "en" or (self.patient_text_own and language == self.review.own_language):
            return ""
        return self.patient_text or self.text

    @property
    def by_when(self) -> str:
        """ "within 2 weeks", "by Dec 4, 2026" or ""."""
        if self.due_on:
            return f"by {self.due_on:%b} {self.due_on.day}, {self.due_on.year}"
        if self.due_weeks:
            return f"within {self.due_weeks} week{'s' if self.due_weeks > 1 else ''}"
        return ""

    @property
    def who_and_when(self) -> str:
        """ "Clinic, within 2 weeks": what stands under the line."""
        return ", ".join(part for part in (self.get_owner_display(), self.by_when) if part)

    @property
    def in_words(self) -> str:
        return f"{self.text.rstrip('. ')} ({self.who_and_when})"
