"""A case stood under the wrong person and was moved: what becomes of its messages, and how both people are told.

The messages stay with whoever wrote and read them. The right person and the specialist begin a conversation of their own
and never see the other; the clinic sees both. The person before may still read the own words and what had been read
already, which nobody can take back; what was not read by then is not shown any more, because it is about somebody else.
"""

from dataclasses import dataclass

from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.utils import timezone

from config.accounts.models import User
from config.accounts.roles import Role
from config.accounts.services import queue_mail
from config.audit.services import record
from intake import call_tasks, notices
from intake.models import CallTask, Case, Message, MessageRead, Misfiling, MovedNotice, Patient, Side, Thread

W = MovedNotice.Which


@dataclass(frozen=True)
class Former:
    """A conversation with the person under whom the case stood before."""

    misfiling: Misfiling
    lines: list[Message]


def boundary(case: Case) -> tuple[int, Message | None]:
    """(after which message the present conversation began, its last message). Call it under the case's lock."""
    after = Thread.objects.filter(case=case).values_list("moved_after", flat=True).first() or 0
    return after, case.messages.filter(pk__gt=after).last()


def leave_messages(case: Case, row: Misfiling) -> None:
    """What the clinic has not read stays to be read; nothing of it waits for a specialist or a referring clinician."""
    if row.messages_until_id:
        Thread.objects.filter(case=case).update(
            moved_after=row.messages_until_id,
            specialist_unread=0,
            referrer_unread=0,
            question_at=None,
            question_reminded_at=None,
            closed_at=None,
            closed_by=None,
        )


def tell(case: Case, row: Misfiling) -> None:
    """Both by one notice each that says nothing, and a page that says all. Who has no account is called when words were
    exchanged; else they never saw anything of it."""
    assert row.to_patient is not None
    for earlier in MovedNotice.objects.filter(misfiling__case=case, seen_at=None).exclude(misfiling=row):
        call_tasks.settle_tasks(earlier.pk)  # what it says is not so any more
    read = MessageRead.objects.filter(case=case).aggregate(most=Max("until"))["most"] or 0
    mailed: set = set()
    for patient, which in ((row.from_patient, W.LEFT), (row.to_patient, W.CAME)):
        people = notices.readers(patient)
        if not people and not row.messages_until_id:
            continue
        notice = MovedNotice.objects.create(
            misfiling=row, patient=patient, which=which, read_until=read if which == W.LEFT else 0
        )
        for user in people:
            if user.pk not in mailed:
                queue_mail("message_waiting", to=user.email, dedupe_key=f"moved:{row.pk}:{user.pk}")
                mailed.add(user.pk)
        if not people:
            call_tasks.raise_task(case=case, kind=CallTask.Kind.MOVED, subject=notice.pk, why=_to_say(row, which))


def _to_say(row: Misfiling, which: str) -> str:
    """For whoever calls. It names nobody else."""
    if which == W.LEFT:
        return "A case was filed under their name by mistake. It is not theirs any more, and neither are its messages."
    return "A case of theirs was filed under another person, who could read it until now. It is under their name now."


# what they read


def own_notices(user: User) -> QuerySet[MovedNotice]:
    mine = Patient.objects.in_care_of(user) & Patient.objects.visible_to(user)
    later = Misfiling.objects.filter(case=OuterRef("misfiling__case"), kind=Misfiling.Kind.MOVED, photo=None)
    moved_on = Exists(later.filter(pk__gt=OuterRef("misfiling")))
    notices_of = MovedNotice.objects.filter(patient__in=mine).exclude(moved_on, seen_at=None)
    return notices_of.select_related("patient__home_clinic", "misfiling__case__clinic")


def see(notice: MovedNotice, by: User) -> None:
    now = timezone.now()
    if MovedNotice.objects.filter(pk=notice.pk, seen_at=None).update(seen_at=now, seen_by=by):
        call_tasks.settle_tasks(notice.pk)
        case = notice.misfiling.case
        record("patient.told_of_move", by=by, role=Role.PATIENT, subject=notice.patient, clinic=case.clinic)


def kept_by(patient: Patient) -> QuerySet[Message]:
    """Of conversations that ended because the case was moved away: what this person may still read."""
    mine = Q(pk__in=[])
    notices_of = MovedNotice.objects.filter(patient=patient, which=W.LEFT, misfiling__messages_until__isnull=False)
    for notice in notices_of.select_related("misfiling"):
        mine |= _still_theirs(notice)
    return Message.objects.filter(mine).select_related("case", "by").order_by("case", "pk")


def still_read(notice: MovedNotice) -> list[Message]:
    if notice.which != W.LEFT or not notice.misfiling.messages_until_id:
        return []
    return list(Message.objects.filter(_still_theirs(notice)).select_related("by").order_by("pk"))


def _still_theirs(notice: MovedNotice) -> Q:
    row = notice.misfiling
    written = Q(case=row.case_id, pk__gt=row.messages_after, pk__lte=row.messages_until_id)
    return written & (Q(side=Side.PATIENT) | Q(pk__lte=notice.read_until))


def former(case: Case) -> list[Former]:
    """For the clinic: the conversations before, the oldest first."""
    rows = list(Misfiling.objects.filter(case=case, messages_until__isnull=False).select_related("from_patient", "by"))
    if not rows:
        return []
    found = list(case.messages.filter(pk__lte=rows[-1].messages_until_id).select_related("by"))
    return [Former(row, [one for one in found if row.messages_after < one.pk <= row.messages_until_id]) for row in rows]
