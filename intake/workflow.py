"""The whole way of a case, as one table and one function.

`TRANSITIONS` is data: it feeds the guarded UPDATE in `move()`, the buttons on the pages, the diagram in the README and
an exhaustive test. Nothing else writes `Case.status`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from config.accounts.roles import Role
from config.audit.services import record
from intake import entries
from intake.models import Case, CaseEvent, CaseStatus

S = CaseStatus


@dataclass(frozen=True)
class Transition:
    verb: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    who: tuple[str, ...]
    stamp: str = ""
    label: str = ""
    needs_reason: bool = False


_OPEN = (S.DRAFT, S.SUBMITTED, S.NEEDS_INFORMATION, S.READY, S.IN_REVIEW)

TRANSITIONS: dict[str, Transition] = {
    t.verb: t
    for t in (
        Transition("submit", (S.DRAFT,), (S.SUBMITTED,), ("patient", "staff"), "submitted_at", "Send"),
        Transition(
            "request_information",
            (S.SUBMITTED, S.READY, S.IN_REVIEW),
            (S.NEEDS_INFORMATION,),
            ("staff", "specialist"),
            "needs_information_at",
            "Ask for more",
        ),
        Transition("answer", (S.NEEDS_INFORMATION,), (S.SUBMITTED, S.READY), ("patient", "staff"), "", "Answer"),
        Transition("accept", (S.SUBMITTED,), (S.READY,), ("staff",), "ready_at", "Accept"),
        Transition(
            "return_to_triage",
            (S.READY, S.IN_REVIEW),
            (S.SUBMITTED,),
            ("staff", "specialist"),
            "",
            "Back to triage",
            needs_reason=True,
        ),
        Transition(
            "redirect",
            _OPEN,
            (S.REDIRECTED,),
            ("patient", "staff", "specialist"),
            "redirected_at",
            "In person instead",
            needs_reason=True,
        ),
        Transition("claim", (S.READY, S.IN_REVIEW), (S.IN_REVIEW,), ("licensed",), "claimed_at", "Claim"),
        Transition("release", (S.IN_REVIEW,), (S.READY,), ("holder", "lead"), "", "Release"),
        Transition("to_pool", (S.READY,), (S.READY,), ("giver", "system"), "", "Back to the pool"),
        Transition("sign", (S.IN_REVIEW,), (S.SIGNED,), ("holder",), "signed_at", "Sign and send"),
        Transition("deliver", (S.SIGNED,), (S.DELIVERED,), ("system",), "delivered_at", "Deliver"),
        Transition(
            "addend",
            (S.SIGNED, S.DELIVERED, S.CLOSED),
            (S.SIGNED,),
            ("signer", "colleague"),
            "",
            "Add an addendum",
        ),
        Transition("close", (S.DELIVERED,), (S.CLOSED,), ("system", "staff"), "closed_at", "Close"),
        Transition("withdraw", _OPEN, (S.WITHDRAWN,), ("patient", "staff"), "withdrawn_at", "Withdraw"),
    )
}


class TransitionRefused(Exception):
    """The text may be shown. `status` is what the case is in now."""

    def __init__(self, text: str, status: str) -> None:
        super().__init__(text)
        self.text = text
        self.status = status


def _is_patient(case: Case, user) -> bool:
    return case.is_cared_for_by(user)


def _is_staff(case: Case, user) -> bool:
    return user.has_role(Role.STAFF, case.clinic)


def _is_licensed(case: Case, user) -> bool:
    """Licence, specialty and group are law: checked at claim and again at signing."""
    practitioner = getattr(user, "practitioner", None)
    return bool(
        practitioner
        and case.group_id
        and practitioner.specialty == case.specialty
        and user.has_role(Role.SPECIALIST, case.group)
        and case.assigned_to_id in (None, user.pk)
        and practitioner.is_licensed_in(case.patient_state)
    )


def is_licensed_for(case: Case, user) -> bool:
    """Of the case's group and specialty, and licensed today where the patient was when it was sent."""
    return _is_licensed(case, user)


def _is_holder(case: Case, user) -> bool:
    return case.holder_id == user.pk and _is_licensed(case, user)


def _is_specialist(case: Case, user) -> bool:
    """A licensed specialist of the group; while somebody holds the case, only that person."""
    return _is_licensed(case, user) and case.holder_id in (None, user.pk)


def _is_lead(case: Case, user) -> bool:
    return case.group is not None and user.is_lead_of(case.group)


def _is_giver(case: Case, user) -> bool:
    """Who handed the case to somebody by name, while it waits there."""
    if case.assigned_to_id is None:
        return False
    sent = case.events.filter(verb__in=["accept", "release"]).last()
    return sent is not None and sent.by_id == user.pk and sent.data.get("to") == str(case.assigned_to_id)


def _is_signer(case: Case, user) -> bool:
    return case.reviews.filter(specialist=user, status="signed").exists()


def _is_colleague(case: Case, user) -> bool:
    return _is_licensed(case, user)


WHO: dict[str, tuple[Callable[[Case, Any], bool], str]] = {
    "patient": (_is_patient, Role.PATIENT),
    "staff": (_is_staff, Role.STAFF),
    "licensed": (_is_licensed, Role.SPECIALIST),
    "specialist": (_is_specialist, Role.SPECIALIST),
    "holder": (_is_holder, Role.SPECIALIST),
    "lead": (_is_lead, Role.SPECIALIST),
    "giver": (_is_giver, Role.SPECIALIST),
    "signer": (_is_signer, Role.SPECIALIST),
    "colleague": (_is_colleague, Role.SPECIALIST),
}


def role_for(case: Case, verb: str, user) -> str:
    """The role in which this user may do the verb on this case, or "" when none. `None` is the system itself."""
    transition = TRANSITIONS[verb]
    if user is None:
        return Role.SYSTEM if "system" in transition.who else ""
    for who in transition.who:
        if who != "system" and WHO[who][0](case, user):
            return WHO[who][1]
    return ""


def may(case: Case, verb: str, user) -> bool:
    """Whether a button for the verb belongs on the page; `move()` decides again in the UPDATE itself."""
    if case.status not in TRANSITIONS[verb].sources:
        return False
    if verb == "claim" and case.status == S.IN_REVIEW and case.hold_is_live():
        return False
    return bool(role_for(case, verb, user))


def verbs_for(case: Case, user) -> list[str]:
    return [verb for verb in TRANSITIONS if may(case, verb, user)]


def answer_target(case: Case) -> str:
    return S.READY if case.asked_from == "specialist" else S.SUBMITTED


def start_event(case: Case, *, by, role: str) -> None:
    """The first row of a case's way; call it in the transaction that creates the case."""
    CaseEvent.objects.create(case=case, verb="start", to_status=S.DRAFT, by=by, role=role)
    record("case.started", by=by, subject=case, role=role, clinic=case.clinic)


def move(
    case: Case,
    verb: str,
    *,
    by,
    reason: str = "",
    data: dict | None = None,
    updates: dict[str, Any] | None = None,
    extra_filter: Q | None = None,
) -> Case:
    """Do one transition: check the actor, guard it in the UPDATE, write the event and the audit row, all or nothing.

    `updates` are further columns that belong to the same step. `extra_filter` narrows the guarded UPDATE.
    Returns the refreshed case. Raises TransitionRefused with a sentence that may be shown.
    """
    transition = TRANSITIONS[verb]
    role = role_for(case, verb, by)
    if not role:
        raise TransitionRefused(f"You may not do this with case {case.number}.", case.status)
    if transition.needs_reason and not reason.strip():
        raise TransitionRefused("Write a reason.", case.status)
    now = timezone.now()
    guard, target = _guard(case, transition, now, by)
    if extra_filter is not None:
        guard &= extra_filter
    columns = _columns(transition, target, by, now) | (updates or {})
    with transaction.atomic():
        before = Case.objects.select_for_update(of=("self",)).filter(pk=case.pk).values_list("status", flat=True)[0]
        if not Case.objects.filter(guard, pk=case.pk).update(**columns):
            raise _refusal(case, transition)
        event = CaseEvent.objects.create(
            case=case, verb=verb, from_status=before, to_status=target, by=by, role=role, at=now,
            reason=reason.strip(), data=data or {},
        )  # fmt: skip
        record(f"case.{verb}", by=by, subject=case, role=role, clinic=case.clinic, data={"event": event.pk})
        entries.keep_locked(case.pk, target)
    case.refresh_from_db()
    return case


def _guard(case: Case, transition: Transition, now, by) -> tuple[Q, str]:
    if transition.verb == "answer":
        target = answer_target(case)
        # who asked decides where the case goes; a second asker in between must not be overtaken
        return Q(status__in=transition.sources, asked_from=case.asked_from), target
    target = transition.targets[0]
    if transition.verb == "claim":
        # the UPDATE itself tests whether the old hold has lapsed, so that a dead worker locks nothing
        # and whether the law lets this person answer, so that a licence that ends this second ends it here too
        free = Q(status=S.READY) | Q(status=S.IN_REVIEW, hold_expires_at__lte=now)
        return free & Q(pk__in=Case.objects.answerable_by(by).values("pk")), target
    guard = Q(status__in=transition.sources)
    if transition.verb == "sign":
        guard &= Q(holder=by)
    elif case.status == S.IN_REVIEW and transition.verb in {"release", "request_information", "return_to_triage"}:
        # a hold that changed hands since the page was read is not ended by an old page
        guard &= Q(holder=case.holder)
    return guard, target


def _columns(transition: Transition, target: str, by, now) -> dict[str, Any]:
    columns: dict[str, Any] = {
        "status": target,
        "updated_at": now,
        "version": F("version") + 1,
        "holder": None,
        "hold_expires_at": None,
    }
    if transition.stamp:
        columns[transition.stamp] = now
    if transition.verb == "claim":
        columns |= {"holder": by, "hold_expires_at": now + timedelta(minutes=settings.HOLD_MINUTES)}
    return columns


def _refusal(case: Case, transition: Transition) -> TransitionRefused:
    current = Case.objects.select_related("holder").get(pk=case.pk)
    if transition.verb == "claim" and current.status == S.IN_REVIEW:
        text = f"{current.holder} is reading case {current.number} now."
    elif transition.verb == "claim" and current.status == S.READY:
        text = f"You may not answer case {current.number}: it needs a license in {current.patient_state} that is valid today."
    else:
        text = moved_on(current)
    return TransitionRefused(text, current.status)


def moved_on(case: Case) -> str:
    return f"Case {case.number} has moved on: it is now “{case.get_status_display().lower()}”. Nothing was changed."


def mermaid() -> str:
    """The table as a state diagram, for the README."""
    lines = ["stateDiagram-v2", "    [*] --> draft: start"]
    lines += [f"    {source} --> {target}: {verb}" for source, target, verb in _arrows()]
    lines += [f"    {end} --> [*]" for end in ("closed", "redirected", "withdrawn")]
    return "\n".join(lines)


def _arrows() -> Iterable[tuple[str, str, str]]:
    for transition in TRANSITIONS.values():
        for source in transition.sources:
            for target in transition.targets:
                if not (transition.verb == "claim" and source == target):
                    yield str(source), str(target), transition.verb
