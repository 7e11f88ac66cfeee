"""A follow-up that begins by itself on the day that the plan named: the patient finds the draft and is told that
something waits."""

from django.db import transaction

from config.accounts.models import User
from config.accounts.roles import Role
from config.accounts.services import queue_mail
from intake import call_tasks, notices
from intake.models import CallTask, Case, CaseStatus
from intake.related import make_link
from intake.services import FOLLOWED_FIELDS
from intake.workflow import start_event


def start_recall(*, earlier: Case, by: User, key: str) -> Case:
    """The draft of the same spot, or the one that the patient began already. `by` answers for it where the patient has no
    account; `key` names the plan line, so that nobody is told twice. Call it in the transaction that marks the line."""
    Case.objects.select_for_update().get(pk=earlier.pk)
    draft = earlier.follow_ups.filter(status=CaseStatus.DRAFT).first()
    if draft is None:
        patient = earlier.patient
        draft = Case.objects.create(
            patient=patient,
            clinic=patient.home_clinic,
            specialty=earlier.specialty,
            started_by=patient.user or by,
            follows=earlier,
            referring_clinician=earlier.referring_clinician,
            referring_clinic=earlier.referring_clinic,
            **{name: getattr(earlier, name) for name in FOLLOWED_FIELDS},
        )
        start_event(draft, by=None, role=Role.SYSTEM)
    tell_of_draft(draft, by=by, key=key, kind=CallTask.Kind.FOLLOW_UP, why="New photos of the same spot are due.")
    return draft


@transaction.atomic
def tell_of_draft(draft: Case, *, by: User, key: str, kind: str, why: str) -> None:
    """Whoever reads for the patient is told; without an account a link goes out; without an address somebody calls."""
    people = notices.readers(draft.patient)
    for user in people:
        queue_mail("message_waiting", to=user.email, dedupe_key=f"{key}:{user.pk}")
    if not people and draft.patient.email:
        make_link(by=by, case=draft)
    elif not people:
        call_tasks.raise_task(case=draft, kind=kind, subject=draft.pk, why=why)


def is_recall(case: Case) -> bool:
    """Begun by the program and not by a person. Reads `events`, which lists prefetch."""
    return any(event.verb == "start" and event.role == Role.SYSTEM for event in case.events.all())
