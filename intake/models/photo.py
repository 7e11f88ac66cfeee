import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.translation import get_language

from config.work.models import WorkRow
from intake import capture, sites, slots
from intake.models.case import Case

# pixels: above it a browser is not fluid with the whole picture, so that tiles of it are kept too
TILED_FROM = 20_000_000


class PhotoQuerySet(models.QuerySet["Photo"]):
    def visible_to(self, user) -> "PhotoQuerySet":
        return self.filter(case__in=Case.objects.visible_to(user), removed_at__isnull=True)

    def live(self) -> "PhotoQuerySet":
        return self.filter(removed_at__isnull=True)


class Photo(WorkRow):
    """One received picture. The row is due work until its renditions exist; the received bytes never change."""

    class Verdict(models.TextChoices):
        GOOD = "good", "Good"
        USABLE = "usable", "Usable"
        RETAKE = "retake_suggested", "Retake suggested"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="photos")
    sha256 = models.CharField(max_length=64)
    byte_size = models.PositiveIntegerField()
    received_format = models.CharField(max_length=10)
    original_name = models.CharField(max_length=255, blank=True)
    slot = models.CharField(max_length=20, choices=slots.SLOT_CHOICES, default="other")
    position = models.PositiveSmallIntegerField(default=0)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="photos")
    received_at = models.DateTimeField(default=timezone.now)
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    captured_at = models.DateTimeField(null=True, blank=True)
    device_model = models.CharField(max_length=60, blank=True)
    # 64 bits of what the upright picture looks like, as 16 hexadecimal digits; blank for a flat picture
    fingerprint = models.CharField(max_length=16, blank=True)
    # a photo of another patient that looks the same
    twin = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="twins")
    quality_verdict = models.CharField(max_length=20, choices=Verdict, blank=True)
    quality_reasons = models.JSONField(default=list, blank=True)
    quality_scores = models.JSONField(default=dict, blank=True)
    refusal_reason = models.CharField(max_length=40, blank=True)
    refusal_message = models.CharField(max_length=300, blank=True)
    # the circle that the patient drew around what it is about: its middle as shares of the upright picture, its size as a
    # share of the shorter side
    circle_x = models.FloatField(null=True, blank=True)
    circle_y = models.FloatField(null=True, blank=True)
    circle_across = models.FloatField(null=True, blank=True)
    kept_by_patient_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    objects = PhotoQuerySet.as_manager()

    class Meta:
        ordering = ["position", "received_at"]
        indexes = [WorkRow.due_index("photo_due")]
        constraints = [
            models.UniqueConstraint(
                fields=["case", "sha256"], condition=Q(removed_at__isnull=True), name="image_hash_unique_per_case"
            ),
            models.CheckConstraint(
                condition=~Q(work_status="done")
                | ~Q(refusal_reason="")
                | (Q(width__isnull=False) & Q(height__isnull=False) & ~Q(quality_verdict="")),
                name="ready_image_has_dimensions_and_verdict",
            ),
            models.CheckConstraint(
                condition=Q(circle_x=None, circle_y=None, circle_across=None)
                # a check that comes to NULL passes
                | Q(circle_x__isnull=False, circle_y__isnull=False, circle_across__isnull=False)
                & Q(circle_x__range=(0, 1), circle_y__range=(0, 1), circle_across__gt=0, circle_across__lte=1),
                name="photo_circle_is_whole",
            ),
            models.CheckConstraint(condition=Q(slot__in=slots.SLOT_KEYS), name="photo_slot_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.get_slot_display()}, {self.case}"

    @property
    def original_key(self) -> str:
        return f"orig/{self.case_id}/{self.sha256}"

    @property
    def status(self) -> str:
        """arriving, ready, unreadable (refused after a full look) or needs_attention (five attempts failed)."""
        if self.work_status == "dead":
            return "needs_attention"
        if self.work_status != "done":
            return "arriving"
        return "unreadable" if self.refusal_reason else "ready"

    @property
    def slot_info(self) -> slots.Slot:
        return slots.slot(self.case, self.slot)

    @property
    def alt(self) -> str:
        """Names slot, site and date; never findings."""
        parts = [self.slot_info.label, self.case.site_label.lower(), f"{self.received_at:%b} {self.received_at.day}"]
        return ", ".join(part for part in parts if part)

    @property
    def alt_plain(self) -> str:
        """The same in the patient's words and language."""
        day = format_date(timezone.localtime(self.received_at), "j M" if get_language() == "es" else "M j")
        return ", ".join(part for part in (str(self.slot_info.plain), self.case.site_plain, day) if part)

    @property
    def is_sensitive(self) -> bool:
        """Of a place that nobody should see over a shoulder: blurred until it is opened."""
        site = sites.BY_KEY.get(self.case.site)
        return site is not None and site.sensitive

    @property
    def is_large(self) -> bool:
        return (self.width or 0) * (self.height or 0) > TILED_FROM

    @property
    def short_side(self) -> int:
        return min(self.width or 0, self.height or 0)

    @property
    def circled_px(self) -> float | None:
        """How many pixels of the received picture the circle is across."""
        return None if self.circle_across is None else self.circle_across * self.short_side

    @property
    def taken_words(self) -> str:
        return capture.taken_words(self)

    @property
    def capture_facts(self) -> str:
        return " | ".join(capture.facts(self))

    def rendition(self, kind: str) -> "Rendition | None":
        return next((rendition for rendition in self.renditions.all() if rendition.kind == kind), None)


class Rendition(models.Model):
    """A picture that people see, made from the received bytes and carrying nothing else of them."""

    class Kind(models.TextChoices):
        FULL = "full", "Full size"
        SCREEN = "screen", "Screen"
        THUMB = "thumb", "Thumbnail"

    photo = models.ForeignKey(Photo, on_delete=models.PROTECT, related_name="renditions")
    kind = models.CharField(max_length=10, choices=Kind)
    key = models.CharField(max_length=200)
    format = models.CharField(max_length=10)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    byte_size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["photo", "kind"], name="one_rendition_of_a_kind")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.photo_id}"


class TileSet(WorkRow):
    """All tiles of one very large photo, as one stored object: the index says where in it each tile lies."""

    photo = models.OneToOneField(Photo, on_delete=models.PROTECT, related_name="tile_set")
    key = models.CharField(max_length=200, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    byte_size = models.PositiveIntegerField(default=0)
    # [{"scale", "columns", "rows", "ends": [...]}], coarse to fine: tile n of a level ends there, and begins where the one before ends
    levels = models.JSONField(default=list, blank=True)

    class Meta:
        indexes = [WorkRow.due_index("tile_set_due")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(work_status="done") | (~Q(key="") & Q(byte_size__gt=0)), name="made_tiles_are_stored"
            )
        ]

    def __str__(self) -> str:
        return f"tiles of {self.photo_id}"
