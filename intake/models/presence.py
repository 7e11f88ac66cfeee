from django.conf import settings
from django.db import models

from intake.models.case import Case


class Presence(models.Model):
    """Somebody has the page of a case open. Not a lock and not a record: it is overwritten and forgotten."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="presences")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="presences")
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "user"], name="one_presence_of_a_person")]

    def __str__(self) -> str:
        return f"{self.user_id} at {self.case_id}"
