"""The hand-over note at the end of a shift: written once, read by whoever comes next, kept."""

from django.db.models import QuerySet
from django.utils import timezone

from config.accounts.models import Clinic, User
from config.audit.services import record
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
