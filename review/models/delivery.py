import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from config.work.models import WorkRow
from intake.models import Case
from review.models.review import Addendum, Review


class Delivery(WorkRow):
    """A recommendation, or an addendum to it, on its way to one recipient. The row is due until the notice is out."""

    class RecipientKind(models.TextChoices):
        PATIENT = "patient", "Patient"
        REFERRER = "referrer", "Referring clinician"

    class ToldHow(models.TextChoices):
        POSTED = "posted", "Printed and posted"
        PRINTED = "printed", "Printed and handed over"
        PHONE = "phone", "Told by phone"
        IN_PERSON = "in_person", "Told in person"

    class ReadHow(models.TextChoices):
        PORTAL = "portal", "In the portal"
        PHONE = "phone", "Said so on the phone"
        PAPER = "paper", "Signed the paper letter"
        IN_PERSON = "in_person", "Said so in person"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="deliveries")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="deliveries")
    addendum = models.ForeignKey(Addendum, null=True, blank=True, on_delete=models.PROTECT, related_name="deliveries")
    recipient_kind = models.CharField(max_length=10, choices=RecipientKind)
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="deliveries"
    )
    visible_at = models.DateTimeField(null=True, blank=True)
    notice_sent_at = models.DateTimeField(null=True, blank=True)
    # the identity of the message, by which a mail server that sends it back names it
    notice_id = models.CharField(max_length=120, blank=True, editable=False, db_index=True)
    bounced_at = models.DateTimeField(null=True, blank=True, editable=False)
    told_at = models.DateTimeField(null=True, blank=True)
    told_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="told"
    )
    told_how = models.CharField(max_length=10, choices=ToldHow, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="acknowledged"
    )
    acknowledged_how = models.CharField(max_length=10, choices=ReadHow, blank=True)
    # when the recipient is next reminded, or the clinic asked to call; how often that was
    nudge_at = models.DateTimeField(null=True, blank=True, editable=False)
    nudges = models.PositiveSmallIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["created_at", "recipient_kind"]
        indexes = [
            WorkRow.due_index("delivery_due"),
            models.Index(fields=["nudge_at"], name="delivery_to_remind", condition=Q(acknowledged_at__isnull=True)),
            # the top bar asks on each page which letters wait to be printed
            models.Index(
                fields=["created_at"],
                name="delivery_untold",
                condition=Q(told_at__isnull=True, acknowledged_at__isnull=True),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["review", "recipient_kind"],
                condition=Q(addendum__isnull=True),
                name="one_delivery_per_review_and_recipient",
            ),
            models.UniqueConstraint(
                fields=["addendum", "recipient_kind"],
                condition=Q(addendum__isnull=False),
                name="one_delivery_per_addendum_and_recipient",
            ),
            models.CheckConstraint(
                condition=Q(recipient_kind__in=["patient", "referrer"]), name="recipient_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(told_at__isnull=True, told_how="")
                | (Q(told_at__isnull=False, told_by__isnull=False) & ~Q(told_how="")),
                name="told_delivery_says_how_and_by_whom",
            ),
            models.CheckConstraint(
                condition=Q(acknowledged_at__isnull=True) | Q(visible_at__isnull=False) | Q(told_at__isnull=False),
                name="only_what_arrived_is_acknowledged",
            ),
            models.CheckConstraint(
                condition=Q(acknowledged_at__isnull=True, acknowledged_by__isnull=True, acknowledged_how="")
                | (Q(acknowledged_at__isnull=False, acknowledged_by__isnull=False) & ~Q(acknowledged_how="")),
                name="acknowledged_delivery_says_how_and_by_whom",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.recipient_kind} of {self.case_id}"

    @property
    def has_it(self) -> bool:
        """Visible in the portal and the notice accepted by the mail server; or recorded as printed or told."""
        noticed = self.notice_sent_at is not None and self.bounced_at is None
        return self.told_at is not None or (self.visible_at is not None and noticed)

    @property
    def why_on_paper(self) -> str:
        """Why the clinic has to print it: said on the list of letters to print."""
        if self.recipient is None:
            return "No account"
        if self.bounced_at is not None:
            return "The notice came back"
        if self.work_status == self.WorkStatus.DEAD:
            return "The mailbox refuses mail"
        return "Cannot be reached by e-mail" if not self.recipient.is_active else "Wants letters on paper"
