"""What is done with a photo that is already there: taken out again, kept as it is, circled, moved among those of its slot."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from config.accounts.models import User
from config.audit.services import record
from intake import entries
from intake.imaging.fingerprint import SAME_WITHIN, distance
from intake.imaging.quality import from_afar, verdict_of
from intake.models import CaseStatus, Photo
from intake.services import OPEN_FOR_PHOTOS, IntakeRefused, role_on

EARLIER, LATER = -1, 1


def remove_photo(*, photo: Photo, by: User) -> None:
    """Take a photo out of a draft, or of an answer on its way. The row and the received bytes stay; nobody is shown them."""
    refuse_sent(photo)
    with transaction.atomic():
        if Photo.objects.filter(pk=photo.pk, removed_at__isnull=True).update(removed_at=timezone.now()):
            record("photo.removed", by=by, subject=photo, role=role_on(photo.case, by), clinic=photo.case.clinic)
            no_longer_again(photo)
            entries.keep(photo.case_id)


def refuse_sent(photo: Photo) -> None:
    """What the clinic has stays as it is."""
    asked_at = photo.case.needs_information_at
    was_sent = photo.case.status == CaseStatus.NEEDS_INFORMATION and asked_at and photo.received_at < asked_at
    if was_sent or photo.case.status not in OPEN_FOR_PHOTOS:
        raise IntakeRefused(_("This case was already sent. Its photos stay as they are."))


def circle_photo(*, photo: Photo, by: User, circle: tuple[float, float, float] | None) -> None:
    """Keep where the spot is: its middle across and down, from 0 to 1, and its size as a share of the shorter side.

    A circle that says that the photo was taken from too far away suggests another one; None takes the circle away.
    """
    refuse_sent(photo)
    if photo.status != "ready" or not photo.slot_info.least_across:
        raise IntakeRefused(_("This photo takes no circle."))
    with transaction.atomic():
        kept = Photo.objects.select_for_update(of=("self",)).get(pk=photo.pk)
        kept.circle_x, kept.circle_y, kept.circle_across = circle or (None, None, None)
        kept.quality_reasons = from_afar(kept.quality_reasons, kept.circled_px, photo.slot_info.least_across)
        kept.quality_verdict = verdict_of(kept.quality_reasons)
        kept.save(
            update_fields=["circle_x", "circle_y", "circle_across", "quality_reasons", "quality_verdict"],
        )
        verb = "photo.circled" if circle else "photo.circle_taken_away"
        record(verb, by=by, subject=photo, role=role_on(photo.case, by), clinic=photo.case.clinic)
        entries.keep(photo.case_id)


def no_longer_again(gone: Photo) -> None:
    """Without the photo that it repeated, another one of the case is no repetition; call it where that one is taken out."""
    live = list(Photo.objects.live().filter(case=gone.case_id).exclude(fingerprint=""))
    for photo in live:
        if "again" not in photo.quality_reasons:
            continue
        before = (other for other in live if other.received_at < photo.received_at)
        if any(distance(photo.fingerprint, other.fingerprint) <= SAME_WITHIN for other in before):
            continue
        photo.quality_reasons = [reason for reason in photo.quality_reasons if reason != "again"]
        photo.quality_verdict = verdict_of(photo.quality_reasons)
        photo.save(update_fields=["quality_reasons", "quality_verdict"])


def keep_photo(*, photo: Photo, by: User) -> None:
    """ "This is the best I can do": the hint goes quiet, the scores stay for the clinic."""
    with transaction.atomic():
        Photo.objects.filter(pk=photo.pk, kept_by_patient_at__isnull=True).update(kept_by_patient_at=timezone.now())
        entries.keep(photo.case_id)


def move_photo(*, photo: Photo, step: int) -> None:
    """One place earlier or later among the photos of its slot; the first and the last stay where they are."""
    with transaction.atomic():
        row = list(photo.case.photos.live().filter(slot=photo.slot).select_for_update())
        place = next((n for n, other in enumerate(row) if other.pk == photo.pk), None)
        if place is None or not 0 <= place + step < len(row):
            return
        positions = [other.position for other in row]
        row.insert(place + step, row.pop(place))
        least = 0
        for other, position in zip(row, positions, strict=True):
            # two that came at once may have one position
            other.position = max(position, least)
            least = other.position + 1
        Photo.objects.bulk_update(row, ["position"])
