"""The hand-over note at the end of a shift: written once, read by whoever comes next, kept."""

from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from config.accounts.models import Clinic, User
from config.audit.services import record
from config.prepared import Prepared
from intake import queue
from intake.models import ShiftNote, ShiftNoteRead
from intake.services import IntakeRefused

COUNTED = ("submitted", "needs_information", "ready", "in_review", "late", "soon")


def notes_of(user: User) -> QuerySet[ShiftNote]:
    return (
        ShiftNote.objects.filter(clinic__in=queue.clinics_of(user))
        .select_related("written_by", "clinic")
        .prefetch_related("reads__user")
    )


class Unread(NamedTuple):
    written_at: datetime
    written_by: str


def unread(user: User) -> Unread | None:
    """The newest note of the own clinics, unless the user wrote or read it."""
    rows = _newest(clinics=queue.clinics_of(user), user=user.pk).rows()
    if not rows:
        return None
    author, first_name, last_name, email, written_at, was_read = rows[0]
    return None if was_read or author == user.pk else Unread(written_at, f"{first_name} {last_name}".strip() or email)


@Prepared
def _newest(*, clinics: tuple, user: Any) -> QuerySet:
    mine = ShiftNoteRead.objects.filter(note=OuterRef("pk"), user=user)
    notes = ShiftNote.objects.filter(clinic__in=clinics).annotate(was_read=Exists(mine)).order_by("-written_at")
    of_author = (f"written_by__{name}" for name in ("first_name", "last_name", "email"))
    return notes.values_list("written_by_id", *of_author, "written_at", "was_read")[:1]


def write(*, by: User, clinic: Clinic, text: str) -> ShiftNote:
    if clinic.pk not in queue.clinics_of(by):
        raise IntakeRefused("You do not work at this clinic.")
    if not text.strip():
        raise IntakeRefused("Write what the next shift must know.")
    counts = queue.counts((clinic.pk,), by, COUNTED)
    note = ShiftNote.objects.create(clinic=clinic, written_by=by, text=text.strip(), counts=counts)
    record("shift.handed_over", by=by, subject=note, clinic=clinic)
    return note


def mark_read(*, note: ShiftNote, by: User) -> None:
    """Twice is once."""
    if note.written_by_id == by.pk:
        return
    _, is_new = ShiftNoteRead.objects.get_or_create(note=note, user=by, defaults={"at": timezone.now()})
    if is_new:
        record("shift.note_read", by=by, subject=note, clinic=note.clinic)
