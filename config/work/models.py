"""A row in a waiting status is the work: no queue, no message and no process is the record of it."""

from django.db import models
from django.db.models import Q
from django.utils import timezone


class WorkRow(models.Model):
    class WorkStatus(models.TextChoices):
        IDLE = "idle", "Nothing to do"
        WAITING = "waiting", "Waiting"
        WORKING = "working", "Working"
        DONE = "done", "Done"
        DEAD = "dead", "Needs attention"

    work_status = models.CharField(max_length=10, choices=WorkStatus, default=WorkStatus.IDLE, editable=False)
    due_at = models.DateTimeField(null=True, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    lease_token = models.UUIDField(null=True, blank=True, editable=False)
    last_error = models.TextField(blank=True, editable=False)

    class Meta:
        abstract = True

    @staticmethod
    def due_index(name: str) -> models.Index:
        """The dispatcher asks each second: only live rows are in this index."""
        return models.Index(fields=["due_at"], name=name, condition=Q(work_status__in=["waiting", "working"]))

    @property
    def is_waiting(self) -> bool:
        return self.work_status in {self.WorkStatus.WAITING, self.WorkStatus.WORKING}

    @property
    def is_late(self) -> bool:
        return self.is_waiting and self.due_at is not None and self.due_at < timezone.now()
