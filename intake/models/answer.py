from django.conf import settings
from django.db import models
from django.utils import timezone

from intake.models.case import Case


class Answer(models.Model):
    """What was answered to one question of a versioned set: the chosen keys, or the text as the only entry."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="answers")
    question = models.CharField(max_length=30)
    version = models.CharField(max_length=20)
    value = models.JSONField(default=list)
    answered_at = models.DateTimeField(default=timezone.now)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="answers_given"
    )

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["case", "question"], name="one_answer_to_a_question")]

    def __str__(self) -> str:
        return self.question
