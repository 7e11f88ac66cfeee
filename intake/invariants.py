"""What must be true of intake's rows, checked by `manage.py check_invariants`."""

from collections.abc import Iterator
from hashlib import sha256

from django.db.models import Count, Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from config import storages
from config.accounts.models import Installation
from intake.models import (
    QUEUE_STATES,
    Case,
    CaseEvent,
    CaseStatus,
    Misfiling,
    Patient,
    PatientMerge,
    Photo,
    QueueEntry,
    Thread,
)


def originals_are_there_and_unchanged() -> Iterator[str]:
    """Promise 1: the received bytes can be got back unchanged."""
    for photo in Photo.objects.filter(case__seeded=False).iterator():
        try:
            if sha256(storages.read(photo.original_key)).hexdigest() != photo.sha256:
                yield f"photo {photo.pk}: the stored bytes are not those received"
        except FileNotFoundError:
            yield f"photo {photo.pk}: the received bytes are missing"
        except Exception as error:  # noqa: BLE001 a storage that is away is a breach to report, not a crash
            yield f"photo {photo.pk}: the received bytes cannot be read ({type(error).__name__})"


def ready_photos_have_their_renditions() -> Iterator[str]:
    short = (
        Photo.objects.filter(work_status="done", refusal_reason="")
        .annotate(n=Count("renditions"))
        .exclude(n=3)
        .exclude(case__seeded=True)
    )
    for photo in short:
        yield f"photo {photo.pk}: {photo.n} of 3 renditions"


def every_case_follows_its_events() -> Iterator[str]:
    """The status is the last event's, and each event starts where the one before ended."""
    statuses = dict(Case.objects.values_list("pk", "status"))
    last: dict = {}
    for case_id, source, target, pk in CaseEvent.objects.order_by("case_id", "pk").values_list(
        "case_id", "from_status", "to_status", "pk"
    ):
        if source != last.get(case_id, ""):
            yield f"case {case_id}: event {pk} starts from {source!r}, not from {last.get(case_id, '')!r}"
        last[case_id] = target
    for case_id, status in statuses.items():
        if last.get(case_id) != status:
            yield f"case {case_id}: is {status}, its last event says {last.get(case_id)}"


def no_late_photo_without_alarm() -> Iterator[str]:
    for photo in Photo.objects.filter(work_status="dead", removed_at__isnull=True):
        yield f"photo {photo.pk}: needs attention ({photo.last_error})"


def open_requests_belong_to_waiting_cases() -> Iterator[str]:
    waiting = Q(status=CaseStatus.NEEDS_INFORMATION)
    for number in Case.objects.filter(waiting).exclude(requests__outcome="").values_list("number", flat=True):
        yield f"case {number}: waits for information, but nothing was asked"
    for number in Case.objects.filter(~waiting, requests__outcome="").values_list("number", flat=True):
        yield f"case {number}: has an open request, but does not wait for it"


def every_redirect_has_its_task() -> Iterator[str]:
    """Nobody who was sent to in-person or emergency care is lost: each has a row that stays open until they were reached."""
    lost = Case.objects.filter(status=CaseStatus.REDIRECTED, redirection=None, seeded=False)
    for number in lost.values_list("number", flat=True):
        yield f"case {number}: was sent to in-person care, but nobody has to confirm that the patient knows"


def submitted_before_it_was_signed() -> Iterator[str]:
    for number in Case.objects.filter(signed_at__lt=F("submitted_at")).values_list("number", flat=True):
        yield f"case {number}: signed before it was sent"


def seeded_cases_only_in_a_demo() -> Iterator[str]:
    """Bulk demo cases carry made-up times; a real database must hold none."""
    if not Installation.is_demo():
        for number in Case.objects.filter(seeded=True).values_list("number", flat=True):
            yield f"case {number}: marked as seeded in a database that is not a demo"


def every_open_case_is_in_the_queue() -> Iterator[str]:
    """Nothing waits unseen: each open case has its row on the desk's list, with its own state, and nothing else has."""
    unseen = Case.objects.filter(status__in=QUEUE_STATES, entry__isnull=True)
    for number in unseen.values_list("number", flat=True):
        yield f"case {number}: is open, but not on the desk's list"
    for number in QueueEntry.objects.exclude(state=F("case__status")).values_list("case__number", flat=True):
        yield f"case {number}: the desk's list says another state"
    for number in QueueEntry.objects.exclude(clinic=F("case__clinic")).values_list("case__number", flat=True):
        yield f"case {number}: is on another clinic's list"


def merged_records_are_empty_and_say_why() -> Iterator[str]:
    """A duplicate has no case of its own, and one open merge that says into which record it went."""
    for number in Case.objects.filter(patient__merged_into__isnull=False).values_list("number", flat=True):
        yield f"case {number}: stands under a record that was merged into another"
    said = PatientMerge.objects.filter(merged=OuterRef("pk"), kept=OuterRef("merged_into"), undone_at=None)
    for pk in Patient.objects.filter(~Exists(said), merged_into__isnull=False).values_list("pk", flat=True):
        yield f"patient {pk}: is merged into another record, but no merge says so"
    for pk in PatientMerge.objects.filter(undone_at=None).exclude(merged__merged_into=F("kept")).values_list("pk"):
        yield f"merge {pk[0]}: is not undone, but its record is not merged"


def wrong_persons_are_on_record() -> Iterator[str]:
    """Whatever ended as entered in error says why and by whom. After signing the addendum says it."""
    said = Misfiling.objects.filter(case=OuterRef("pk"), photo=None, kind=Misfiling.Kind.IN_ERROR)
    ended = Case.objects.filter(~Exists(said), filed_in_error_at__isnull=False, status=CaseStatus.WITHDRAWN)
    for number in ended.values_list("number", flat=True):
        yield f"case {number}: was entered in error, but nothing says why"


def conversations_are_with_their_person() -> Iterator[str]:
    """Where a case was moved with messages, its conversation began anew after them, and both people are told."""
    left = Misfiling.objects.filter(case=OuterRef("pk"), messages_until__isnull=False).order_by("-pk")
    moved = Thread.objects.annotate(until=Subquery(left.values("messages_until")[:1]))
    for number in moved.exclude(moved_after=Coalesce("until", 0)).values_list("case__number", flat=True):
        yield f"case {number}: its messages are not parted where it was moved"
    untold = Misfiling.objects.filter(messages_until__isnull=False).annotate(n=Count("notices")).exclude(n=2)
    for number in untold.values_list("case__number", flat=True):
        yield f"case {number}: was moved to another person, and not both were told"
