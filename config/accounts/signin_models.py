"""Rows around signing in: invitations, throttled attempts, text kept over a sign-out, and mail on its way."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from config.work.models import WorkRow


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self) -> "InvitationQuerySet":
        return self.filter(used_at=None, revoked_at=None, expires_at__gt=timezone.now())


class Invitation(models.Model):
    """A single-use code for one patient. Only its keyed hash is kept; the date of birth is the second proof."""

    MAX_WRONG_TRIES = 5

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code_hash = models.CharField(max_length=64, unique=True)
    subject_id = models.UUIDField(db_index=True, help_text="The patient's record.")
    email = models.EmailField(max_length=254)
    date_of_birth = models.DateField()
    clinic = models.ForeignKey("accounts.Clinic", null=True, on_delete=models.PROTECT, related_name="invitations")
    created_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="invitations_made")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    wrong_tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True, blank=True)
    used_by = models.ForeignKey(
        "accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="invitations_used"
    )
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(used_at__isnull=True, used_by__isnull=True)
                | Q(used_at__isnull=False, used_by__isnull=False),
                name="used_invitation_names_its_person",
            )
        ]

    def __str__(self) -> str:
        return f"invitation {self.pk}"

    @property
    def state(self) -> str:
        if self.used_at:
            return "used"
        if self.revoked_at or self.wrong_tries >= self.MAX_WRONG_TRIES:
            return "stopped"
        return "expired" if self.expires_at <= timezone.now() else "open"


class Attempt(models.Model):
    """One try at something that can be guessed. The key is a keyed hash: no address or e-mail is kept here."""

    key = models.CharField(max_length=64)
    at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        indexes = [models.Index(fields=["key", "at"], name="attempts_by_key")]

    def __str__(self) -> str:
        return f"attempt {self.pk}"


class KeptText(models.Model):
    """What a person had typed when the session had run out. One row a page, for an hour, for that person alone."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="kept_texts")
    path = models.CharField(max_length=500)
    page = models.CharField(max_length=500)
    fields = models.JSONField()
    had_files = models.BooleanField(default=False)
    kept_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "path"], name="one_kept_text_per_page")]

    def __str__(self) -> str:
        return f"kept text {self.pk}"


class OutgoingMail(WorkRow):
    """A message about somebody's own account. The web request only writes the row, so that no answer takes longer
    for an address that has an account; the task decides whether there is anything to send."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    template = models.CharField(max_length=40)
    to = models.EmailField(max_length=254)
    context = models.JSONField(default=dict, help_text="Emptied when the message has gone: it may hold a code.")
    dedupe_key = models.CharField(max_length=100, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [WorkRow.due_index("outgoing_mail_due")]

    def __str__(self) -> str:
        return f"{self.template} {self.pk}"

    @property
    def label(self) -> str:
        return self.template.replace("_", " ").capitalize()
