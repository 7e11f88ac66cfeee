"""One order for many cases. Each case is decided by itself; what one refuses does not hold up the others."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from config.accounts.models import Clinic, User
from config.accounts.roles import Role
from config.audit.services import record
from intake import completeness, notices, triage
from intake.models import Case, CaseStatus, QueueEntry
from intake.services import IntakeRefused
from intake.workflow import TransitionRefused

REMIND_AGAIN_AFTER = timedelta(hours=24)


class BatchRefused(Exception):
    """The text may be shown; nothing was done."""


@dataclass(frozen=True)
class Result:
    case: Case
    is_done: bool
    words: str


def run(entries: list[QueueEntry], *, by: User, order: Mapping[str, str]) -> tuple[str, list[Result]]:
    """(what was asked for, what became of each). Raises BatchRefused before anything is done."""
    orders: dict[str, Callable[..., tuple[str, Callable[[Case], str]]]] = {
        "assign": _assigning,
        "route": _routing,
        "remind": _reminding,
    }
    prepare = orders.get(order.get("do", ""))
    if prepare is None:
        raise BatchRefused("Choose what to do with the cases.")
    what, decide = prepare(by, order)
    return what, [_decided(entry.case, decide) for entry in entries]


def _decided(case: Case, decide: Callable[[Case], str]) -> Result:
    try:
        with transaction.atomic():
            return Result(case, True, decide(case))
    except (IntakeRefused, TransitionRefused) as refused:
        return Result(case, False, str(refused))


def _assigning(by: User, order: Mapping[str, str]) -> tuple[str, Callable[[Case], str]]:
    chosen = order.get("person", "")
    person = None if chosen == "nobody" else User.objects.filter(pk=_uuid(chosen), is_active=True).first()
    if person is None and chosen != "nobody":
        raise BatchRefused("Choose a person.")

    def decide(case: Case) -> str:
        assign(case=case, by=by, to=person)
        return f"{person} has it" if person else "Nobody has it now"

    return f"Assign to {person}" if person else "Assign to nobody", decide


def assign(*, case: Case, by: User, to: User | None) -> None:
    """Who works on the case at the desk. Nobody else is kept from it; the list says whose it is."""
    if to is not None and not to.has_role(Role.STAFF, case.clinic):
        raise IntakeRefused(f"{to} does not work at {case.clinic}.")
    if not QueueEntry.objects.filter(pk=case.pk).update(owner=to):
        raise IntakeRefused(f"Case {case.number} has left the desk.")
    record("case.assigned", by=by, subject=case, clinic=case.clinic, data={"to": str(to.pk) if to else ""})


def _routing(by: User, order: Mapping[str, str]) -> tuple[str, Callable[[Case], str]]:
    group = Clinic.objects.filter(pk=_uuid(order.get("group", "")), kind=Clinic.Kind.GROUP, is_active=True).first()
    if group is None:
        raise BatchRefused("Choose a specialist group.")

    def decide(case: Case) -> str:
        route(case=case, by=by, group=group)
        return f"Waits in the pool of {group}, {case.urgency}"

    return f"Accept with the suggested urgency, to the pool of {group}", decide


def route(*, case: Case, by: User, group: Clinic) -> None:
    """Accept what is complete, at the urgency that the story suggests or the desk has set; never below either."""
    if case.status == CaseStatus.SUBMITTED:
        lacking = [check.words for check in completeness.checklist(case) if not check.fine]
        if lacking:
            raise IntakeRefused(f"Open it first: {lacking[0][:1].lower()}{lacking[0][1:]}.")
    suggested, _why = completeness.suggested_urgency(case)
    urgency = suggested if not case.urgency or completeness.is_lower(case.urgency, suggested) else case.urgency
    moved = triage.accept_case(case=case, by=by, urgency=urgency, specialty=case.specialty, group=group)
    case.urgency = moved.urgency


def _reminding(by: User, order: Mapping[str, str]) -> tuple[str, Callable[[Case], str]]:
    def decide(case: Case) -> str:
        told = remind(case=case, by=by)
        return f"{told} {'person is' if told == 1 else 'people are'} told"

    return "Remind the patients", decide


def remind(*, case: Case, by: User) -> int:
    """Tell the patient's side once more that something waits, at most once a day; returns how many are told."""
    open_request = case.requests.filter(outcome="").first()
    if case.status != CaseStatus.NEEDS_INFORMATION or open_request is None:
        raise IntakeRefused("The patient owes no answer.")
    now = timezone.now()
    long_ago = Q(reminded_at=None) | Q(reminded_at__lt=now - REMIND_AGAIN_AFTER)
    with transaction.atomic():
        # the UPDATE decides, so that two at once send one notice
        if not case.requests.filter(long_ago, outcome="").update(reminded_at=now):
            raise IntakeRefused("Reminded within the last 24 hours.")
        event = record("case.reminded", by=by, subject=case, clinic=case.clinic, data={"request": str(open_request.pk)})
        told = notices.tell_of_request(case, by=by, key=f"reminder:{open_request.pk}:{event.pk}")
        if not told:
            raise IntakeRefused(f"No e-mail address. Call {case.patient.phone or 'the patient'}.")
    return told


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
