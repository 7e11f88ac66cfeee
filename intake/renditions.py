"""From received bytes to the pictures people see: one photo row, worked off under its lease."""

import io
from hashlib import sha256

from django.db import transaction
from django.utils import timezone, translation
from PIL import Image

from config import storages
from config.work import services as work
from intake import entries
from intake.alarms import find_again, find_twin
from intake.imaging import pipeline
from intake.imaging.fingerprint import same_detail
from intake.imaging.quality import seen_again
from intake.imaging.types import Accepted, Refused
from intake.models import Photo, Rendition
from intake.tiling import ask_for_tiles, tiles_wanted
from intake.wording import words_of_refusal


def process_photo(photo_id) -> None:
    """Claim, work outside any transaction, settle in one. Delivered twice, it finds nothing to do or its own files."""
    lease = work.claim(Photo, photo_id)
    if lease is None:
        return
    photo = Photo.objects.select_related("case__clinic", "case__patient").get(pk=photo_id)
    try:
        data = storages.read(photo.original_key)
        if sha256(data).hexdigest() != photo.sha256:
            raise storages.StorageDamaged("the stored bytes are not those that were received")
        outcome = pipeline.process(data)
        rows, columns = ([], {}) if isinstance(outcome, Refused) else (_store(photo, outcome), _columns(photo, outcome))
    except (storages.StorageDamaged, storages.StorageConflict, FileNotFoundError, MemoryError) as error:
        work.fail(lease, type(error).__name__)
        entries.keep(photo.case_id)
        return
    except Exception as error:  # noqa: BLE001 what is left is a storage that is away: not the photo's fault
        work.fail(lease, type(error).__name__, outage=storages.check() != "")
        return
    try:
        with transaction.atomic():
            if isinstance(outcome, Refused):
                # a refusal speaks the patient's language
                with translation.override(photo.case.patient.preferred_language):
                    words = words_of_refusal(outcome)
                work.settle(lease, refusal_reason=outcome.reason, refusal_message=words)
            else:
                Rendition.objects.bulk_create(rows, ignore_conflicts=True)
                work.settle(lease, **columns)
                if tiles_wanted(outcome.width, outcome.height):
                    ask_for_tiles(photo)
            entries.keep(photo.case_id)
    except work.Fenced:
        return


def _store(photo: Photo, accepted: Accepted) -> list[Rendition]:
    """The files first, then the rows that name them; keys derive from row and content."""
    rows = []
    for made in accepted.renditions:
        digest = sha256(made.data).hexdigest()
        key = f"rend/{photo.case_id}/{photo.pk}/{made.kind}-{digest[:16]}.jpg"
        storages.put_once(key, made.data)
        rows.append(
            Rendition(
                photo=photo,
                kind=made.kind,
                key=key,
                format=made.format,
                width=made.width,
                height=made.height,
                byte_size=len(made.data),
                sha256=digest,
            )
        )
    return rows


def _is_copy(accepted: Accepted, other: Photo) -> bool:
    thumb = other.rendition("thumb")
    if thumb is None:
        return False
    mine = next(made.data for made in accepted.renditions if made.kind == "thumb")
    with Image.open(io.BytesIO(mine)) as one, Image.open(io.BytesIO(storages.read(thumb.key))) as two:
        return same_detail(one, two)


def _columns(photo: Photo, accepted: Accepted) -> dict:
    taken = accepted.captured_at
    photo.fingerprint = accepted.fingerprint
    quality = accepted.quality
    if find_again(photo, lambda other: _is_copy(accepted, other)) is not None:
        quality = seen_again(quality)
    return {
        "twin": find_twin(photo, lambda other: _is_copy(accepted, other)),
        "width": accepted.width,
        "height": accepted.height,
        # a camera writes no zone: the clinic's is the best guess
        "captured_at": timezone.make_aware(taken, photo.case.clinic.zone) if taken else None,
        "device_model": accepted.device_model,
        "fingerprint": accepted.fingerprint,
        "quality_verdict": quality.verdict,
        "quality_reasons": list(quality.reasons),
        "quality_scores": quality.scores,
    }
