"""How a person wants to be told that something waits, and when not."""

from django.db import models
from django.db.models import Q

from config.accounts.models import is_time_zone


class ContactPreference(models.Model):
    class Channel(models.TextChoices):
        EMAIL = "email", "E-mail"
        SMS = "sms", "Text message"
        PAPER = "paper", "Letter by post"

    user = models.OneToOneField("accounts.User", on_delete=models.CASCADE, related_name="contact_preference")
    channel = models.CharField(max_length=5, choices=Channel, default=Channel.EMAIL)
    # both or neither; over midnight where the first is the later one
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_until = models.TimeField(null=True, blank=True)
    # blank: the clinic's
    time_zone = models.CharField(max_length=50, blank=True, validators=[is_time_zone])
    # a mail server sent a message back; forgotten with a new address
    bounced_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(channel__in=["email", "sms", "paper"]), name="contact_channel_is_known"),
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="quiet_hours_begin_and_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} for {self.user_id}"
