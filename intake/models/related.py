import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from intake.models.case import Case
from intake.models.patient import Patient


class RelatedPersonQuerySet(models.QuerySet["RelatedPerson"]):
    def active(self, now: datetime | None = None) -> "RelatedPersonQuerySet":
        """May act for the patient now. A parent's right ends with the 18th birthday, whatever was entered."""
        now = now or timezone.now()
        return self.filter(Q(valid_until__isnull=True) | Q(valid_until__gt=now), user__isnull=False, ended_at=None)


def accounts_of(patient: Patient) -> set[uuid.UUID]:
    """The accounts of the person, of records that were merged into this one, and of whoever acts or acted for them."""
    records = [patient, *patient.merged_records.all()]
    acting = RelatedPerson.objects.filter(patient__in=records).values_list("user", flat=True)
    return {record.user_id for record in records if record.user_id} | set(acting)


class RelatedPerson(models.Model):
    """Somebody who acts for a patient (FHIR RelatedPerson): a parent or carer, or the holder of a link to one case."""

    class Relationship(models.TextChoices):
        PARENT = "parent", "Parent"
        GUARDIAN = "guardian", "Guardian"
        CARER = "carer", "Carer"
        LINK = "link", "Opened a photo request link"

    UNTIL_18 = frozenset({Relationship.PARENT, Relationship.GUARDIAN})

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="related_people")
    # empty until the invitation is used
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="acts_for"
    )
    name = models.CharField(max_length=120, blank=True)
    email = models.EmailField(blank=True)
    relationship = models.CharField(max_length=10, choices=Relationship)
    # only this case; empty: all cases of the patient
    case = models.ForeignKey(Case, null=True, blank=True, on_delete=models.PROTECT, related_name="related_people")
    valid_until = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="related_made")
    created_at = models.DateTimeField(default=timezone.now)

    objects = RelatedPersonQuerySet.as_manager()

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "user"],
                condition=Q(case__isnull=True, ended_at__isnull=True),
                name="acts_once_for_a_patient",
            ),
            models.CheckConstraint(
                condition=~Q(relationship="link") | (Q(case__isnull=False) & Q(valid_until__isnull=False)),
                name="a_link_is_for_one_case_and_ends",
            ),
            models.CheckConstraint(
                condition=~Q(relationship__in=["parent", "guardian"]) | Q(valid_until__isnull=False),
                name="a_parents_right_ends",
            ),
        ]
        indexes = [models.Index(fields=["user"], name="related_by_user", condition=Q(ended_at__isnull=True))]

    def __str__(self) -> str:
        return f"{self.name or self.user}, {self.get_relationship_display().lower()}"


class PhotoLink(models.Model):
    """A photo request for a patient without an account: opened with the date of birth, of no use once the case is sent."""

    MAX_WRONG_TRIES = 5

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="links")
    code_hash = models.CharField(max_length=64, unique=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="links_made")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    wrong_tries = models.PositiveSmallIntegerField(default=0)
    opened_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    holder = models.OneToOneField(
        RelatedPerson, null=True, blank=True, on_delete=models.PROTECT, related_name="photo_link"
    )

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["case"], condition=Q(revoked_at__isnull=True), name="one_live_link_for_a_case"
            )
        ]

    def __str__(self) -> str:
        return f"Photo link for {self.case_id}"

    @property
    def works(self) -> bool:
        return (
            self.revoked_at is None
            and self.expires_at > timezone.now()
            and self.wrong_tries < self.MAX_WRONG_TRIES
            and self.case.status in {"draft", "needs_information"}
        )
