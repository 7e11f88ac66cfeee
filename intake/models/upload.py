import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from config.accounts.models import Clinic
from config.prepared import Parts, Prepared, columns_of, models_of
from intake import slots
from intake.models.case import Case
from intake.models.patient import Patient
from intake.models.photo import Photo


class UploadQuerySet(models.QuerySet["Upload"]):
    def visible_to(self, user) -> "UploadQuerySet":
        return self.filter(case__in=Case.objects.visible_to(user))

    def arriving(self) -> "UploadQuerySet":
        """Announced, and no receipt was given yet."""
        return self.filter(state=Upload.State.OPEN)


class Upload(models.Model):
    """A photo on its way, piece by piece. It becomes a Photo, and the phone gets its receipt, when the bytes are durable.

    How much has arrived is the length of its file in the spool, so that a piece costs no write to the database.
    """

    class State(models.TextChoices):
        OPEN = "open", "Arriving"
        RECEIVED = "received", "Received"
        REFUSED = "refused", "Refused"
        CANCELLED = "cancelled", "Not sent"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="uploads")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="uploads")
    # the phone's own name for the file: asked twice, it is one upload
    client_key = models.CharField(max_length=64)
    slot = models.CharField(max_length=20, choices=slots.SLOT_CHOICES, default="other")
    name = models.CharField(max_length=255, blank=True)
    byte_size = models.PositiveIntegerField()
    # computed on the phone; blank where the browser cannot
    sha256 = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    photo = models.ForeignKey(Photo, null=True, blank=True, on_delete=models.PROTECT, related_name="uploads")
    refusal_reason = models.CharField(max_length=40, blank=True)
    refusal_message = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    settled_at = models.DateTimeField(null=True, blank=True)

    objects = UploadQuerySet.as_manager()

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(fields=["case", "client_key"], name="one_upload_per_file_of_a_phone"),
            models.CheckConstraint(
                condition=Q(state="open", settled_at__isnull=True)
                | (Q(state__in=["received", "refused", "cancelled"]) & Q(settled_at__isnull=False)),
                name="settled_upload_has_its_time",
            ),
            models.CheckConstraint(
                condition=Q(state="received", photo__isnull=False) | (~Q(state="received") & Q(photo__isnull=True)),
                name="only_a_received_upload_has_its_photo",
            ),
        ]
        indexes = [models.Index(fields=["case"], name="upload_arriving", condition=Q(state="open"))]

    @classmethod
    def with_case(cls, pk: uuid.UUID) -> "Upload | None":
        """With its case, patient and clinic, in a statement that is compiled once: pieces come many times a second."""
        for row in _with_case(upload=pk).rows():
            made = models_of(_PARTS, row)
            upload, case = made[""], made["case__"]
            upload.case, case.patient, case.clinic = case, made["case__patient__"], made["case__clinic__"]
            return upload
        return None

    @property
    def plain_slot(self) -> str:
        """What the patient calls the photo that is on its way."""
        return str(slots.slot(self.case, self.slot).plain)

    def __str__(self) -> str:
        return f"{self.get_slot_display()}, {self.get_state_display().lower()}"

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN


_PARTS: Parts = {"": Upload, "case__": Case, "case__patient__": Patient, "case__clinic__": Clinic}


@Prepared
def _with_case(*, upload: Any) -> models.QuerySet:
    return Upload.objects.filter(pk=upload).order_by().values_list(*columns_of(_PARTS))
