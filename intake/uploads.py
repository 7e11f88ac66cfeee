"""Photos that arrive in pieces, over lines that drop: the server's side of tus 1.0.

The pieces grow in a spool file. When the last one is here, the whole is hashed, looked at, put into the storage, read back,
and only then does the phone get its receipt. Whatever dies on the way, the phone still has the photo and goes on.
"""

import contextlib
import errno
import fcntl
import io
import mmap
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from config import commits, storages
from config.accounts.models import User
from config.prepared import Prepared
from intake import entries, slots
from intake.imaging import limits, pipeline
from intake.imaging.refusals import refuse
from intake.imaging.sniff import sniff
from intake.imaging.types import Refused
from intake.models import Case, CaseStatus, Photo, Upload
from intake.services import OPEN_FOR_PHOTOS, PhotoRefused, photo_of_bytes, photos_with_room
from intake.wording import words_of_refusal

# a photo that was on its way when the case was sent may still arrive
MAY_ARRIVE = OPEN_FOR_PHOTOS | {CaseStatus.SUBMITTED}
GIVEN_UP_AFTER = timedelta(days=14)
_BLOCK = 256 * 1024
_SNIFF_BYTES = 64 * 1024
# what the first piece alone already tells; "damaged" may only mean that the rest is still to come
_KNOWN_EARLY = frozenset(
    {"gif", "video", "pdf", "tiff", "bmp", "dicom", "jpeg2000", "jpeg_xl", "svg", "archive", "not_a_photo"}
)


class WrongOffset(Exception):
    """The piece does not begin where the file ends; `offset` is where it does."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


class Busy(Exception):
    """Another request writes this file at the moment."""


class DigestMismatch(Exception):
    """The bytes changed on the way. The spool is empty again; the phone sends the photo once more."""


def spool_path(upload: Upload) -> Path:
    return Path(settings.VAR) / "uploads" / upload.pk.hex


def offset(upload: Upload) -> int:
    """Bytes that have arrived; all of them once the upload is settled."""
    if not upload.is_open:
        return upload.byte_size
    with contextlib.suppress(FileNotFoundError):
        return min(spool_path(upload).stat().st_size, upload.byte_size)
    return 0


def begin(
    *, case: Case, by: User, client_key: str, byte_size: int, slot: str, name: str = "", sha256: str = ""
) -> Upload:
    """Announce a photo. The same file of the same phone again is the same upload, also when it is long settled.

    Raises PhotoRefused with a sentence for the patient.
    """
    known = case.uploads.filter(client_key=client_key).first()
    if known is not None:
        return known
    if case.status not in OPEN_FOR_PHOTOS:
        raise PhotoRefused("already_sent", _("This case was already sent. Photos can be added when your clinic asks."))
    refused = refuse("empty") if byte_size < 1 else limits.check_bytes(byte_size)
    if refused:
        raise PhotoRefused(refused.reason, words_of_refusal(refused))
    upload = Upload(
        case=case,
        by=by,
        client_key=client_key,
        slot=slot if slot in slots.SLOT_KEYS else "other",
        name=name[:255],
        byte_size=byte_size,
        sha256=sha256,
    )
    try:
        # a power cut that takes it away costs the phone one question: it announces the photo again
        with commits.soon_durable():
            # a lock on the case, so that twelve at once stay twelve
            status = entries.lock(case.pk)
            live = photos_with_room(case, sha256, case.uploads.arriving().count())
            if sha256 in live:
                upload.state, upload.photo_id, upload.settled_at = Upload.State.RECEIVED, live[sha256], timezone.now()
            upload.save(force_insert=True)
            entries.keep_locked(case.pk, status)
    except IntegrityError:
        return case.uploads.get(client_key=client_key)
    return upload


def append(upload: Upload, piece: BinaryIO, at: int) -> int:
    """Write a piece that begins at byte `at`; returns the new offset. What came before a line dropped is kept.

    Raises WrongOffset, Busy, PhotoRefused (settled as refused), DigestMismatch (spool emptied), OSError.
    """
    if upload.case.status not in MAY_ARRIVE:
        _settle(upload, Upload.State.CANCELLED)
        raise PhotoRefused("case_gone", _("This case went another way, so the photo is not needed any more."))
    with _locked(upload) as spool:
        here = spool.seek(0, os.SEEK_END)
        if at != here:
            raise WrongOffset(here)
        left = upload.byte_size - here
        while left and (block := piece.read(min(_BLOCK, left))):
            written = spool.write(block)
            left -= written
            if written < len(block):
                raise OSError(errno.ENOSPC, "The disk is full.")
        if left == 0:
            _finish(upload, spool)
        elif here < _SNIFF_BYTES <= upload.byte_size - left:
            _refuse_early(upload, spool)
        return upload.byte_size - left


@contextlib.contextmanager
def _locked(upload: Upload) -> Iterator[BinaryIO]:
    path = spool_path(upload)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0) as spool:
        try:
            fcntl.flock(spool, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy from None
        # settled while this request waited for its turn
        if _state(upload=upload.pk).rows() != [(Upload.State.OPEN,)]:
            upload.refresh_from_db(fields=["state", "photo", "refusal_reason", "refusal_message"])
            path.unlink(missing_ok=True)
            raise WrongOffset(upload.byte_size)
        yield spool


@Prepared
def _state(*, upload: Any) -> QuerySet:
    return Upload.objects.filter(pk=upload).order_by().values_list("state")


def _refuse_early(upload: Upload, spool: BinaryIO) -> None:
    spool.seek(0)
    found = sniff(spool.read(_SNIFF_BYTES))
    if isinstance(found, Refused) and found.reason in _KNOWN_EARLY:
        _refuse(upload, found)


def _finish(upload: Upload, spool: BinaryIO) -> None:
    """Hash, look, store, read back, then the rows: the receipt is true from here on."""
    digest = storages.sync_and_hash(spool)
    if upload.sha256 and digest != upload.sha256:
        spool.truncate(0)
        raise DigestMismatch
    with mmap.mmap(spool.fileno(), 0, access=mmap.ACCESS_READ) as data:
        header = pipeline.check(data)
    if isinstance(header, Refused):
        _refuse(upload, header)
    closed: list[int] = []
    try:
        photo = photo_of_bytes(
            case=upload.case,
            by=upload.by,
            store=lambda key: storages.put_file_once(key, spool_path(upload), digest),
            digest=digest,
            size=upload.byte_size,
            format=header.format,
            name=upload.name,
            slot=upload.slot,
            # one commit for the photo and its receipt
            also=lambda photo: closed.append(_close(upload, {"state": Upload.State.RECEIVED, "photo": photo})),
        )
    except PhotoRefused as refused:
        _refuse(upload, Refused(refused.reason, refused.message))
    if any(closed):
        upload.state, upload.photo = Upload.State.RECEIVED, photo
        spool_path(upload).unlink(missing_ok=True)
    else:
        # a photo that was known already has its receipt from here
        _settle(upload, Upload.State.RECEIVED, photo=photo)


def _refuse(upload: Upload, refused: Refused) -> None:
    words = words_of_refusal(refused)
    _settle(upload, Upload.State.REFUSED, refusal_reason=refused.reason, refusal_message=words)
    raise PhotoRefused(refused.reason, words)


def _settle(upload: Upload, state: str, **columns: object) -> None:
    upload.refresh_from_db()
    if upload.is_open:
        with transaction.atomic():
            if _close(upload, columns | {"state": state}):
                entries.keep(upload.case_id)
        upload.refresh_from_db()
    spool_path(upload).unlink(missing_ok=True)


def _close(upload: Upload, columns: dict) -> int:
    """The guarded update: of several who settle an upload at once, one does."""
    return Upload.objects.filter(pk=upload.pk, state=Upload.State.OPEN).update(settled_at=timezone.now(), **columns)


def cancel(*, upload: Upload) -> None:
    """The photo is not wanted any more. One that has arrived is removed as a photo, not here."""
    _settle(upload, Upload.State.CANCELLED)


def receipt(upload: Upload) -> dict[str, object] | None:
    """What the phone may rely on: these bytes are durable and were read back. None while it is still owed."""
    photo: Photo | None = upload.photo
    if photo is None:
        return None
    return {
        "upload": str(upload.pk),
        "photo": str(photo.pk),
        "case": photo.case.number,
        "sha256": photo.sha256,
        "bytes": photo.byte_size,
        "received_at": photo.received_at.isoformat(timespec="seconds"),
    }


def sweep(now=None) -> int:
    """Finish what is complete but was never confirmed, and give up what has not come for two weeks; returns how many."""
    touched = 0
    for upload in Upload.objects.arriving().select_related("case", "by"):
        with contextlib.suppress(Busy, WrongOffset, PhotoRefused, DigestMismatch):
            if offset(upload) == upload.byte_size and upload.case.status in MAY_ARRIVE:
                touched += 1
                append(upload, io.BytesIO(), upload.byte_size)
            elif upload.created_at < (now or timezone.now()) - GIVEN_UP_AFTER:
                touched += 1
                _settle(upload, Upload.State.CANCELLED)
    return touched
