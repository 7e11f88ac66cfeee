"""The clinic's decisions on a case: accept and route, ask for more, take the answer, send to in-person care.

One name for all verbs of the desk; each group of them lives in its own room.
"""

from django.db.models import Q
from django.utils import timezone

from config.accounts.models import Clinic, User
from intake import completeness, routing, targets
from intake.corrections import StaleCase
from intake.models import Case, CaseStatus
from intake.reasons import RETAKE_REASONS
from intake.redirects import redirect_case
from intake.requests import (
    Asked,
    TriageRefused,
    answer_request,
    escalate_overdue,
    no_answer,
    remind_at_half_time,
    request_information,
    save_answers,
)
from intake.routing import groups_for
from intake.workflow import TransitionRefused, move


def accept_case(
    *,
    case: Case,
    by: User,
    urgency: str,
    specialty: str,
    group: Clinic,
    assigned_to: User | None = None,
    note: str = "",
    lower_reason: str = "",
    version: int | None = None,
) -> Case:
    """Put the case into a specialist pool, or on one person's list, with its target."""
    _refuse_incomplete(case)
    state = case.patient_state or case.patient.state
    suggested, why = completeness.suggested_urgency(case)
    if completeness.is_lower(urgency, suggested) and not lower_reason.strip():
        raise TriageRefused(f"{suggested.capitalize()} is suggested ({why.lower()}). Write why it may wait longer.")
    if case.urgency and completeness.is_lower(urgency, case.urgency) and not lower_reason.strip():
        raise TriageRefused(f"{case.urgency.capitalize()} was set for this case. Write why it may wait longer.")
    now = timezone.now()
    promise = targets.promise(case.clinic, targets.ANSWER, urgency=urgency, specialty=specialty, at=now)
    closed = routing.refusal(case, specialty, group, assigned_to, promise.due_at)
    if closed:
        raise TriageRefused(closed)
    updates: dict = {
        "urgency": urgency,
        "specialty": specialty,
        "group": group,
        "assigned_to": assigned_to,
        "patient_state": state,
        **promise.columns,
        "asked_by": None,
        "asked_from": "",
    }
    if note.strip():
        stamped = f"{by}, {timezone.localtime(now, case.clinic.zone):%b %d, %I:%M %p}: {note.strip()}"
        updates["intake_note"] = f"{case.intake_note}\n{stamped}".strip()
    same = None if version is None else Q(version=version)
    data = {"urgency": urgency, "suggested": suggested} | promise.evidence
    try:
        return move(case, "accept", by=by, reason=lower_reason, data=data, updates=updates, extra_filter=same)
    except TransitionRefused as refused:
        current = Case.objects.select_related("patient", "clinic").get(pk=case.pk)
        if version is not None and refused.status == CaseStatus.SUBMITTED and current.version != version:
            raise StaleCase(current) from refused
        raise


def _refuse_incomplete(case: Case) -> None:
    if case.uploads.arriving().exists() or any(photo.status == "arriving" for photo in case.photos.live()):
        raise TriageRefused("A photo is still arriving. Accept the case when it is here, or remove it.")
    if not any(photo.status == "ready" for photo in case.photos.live()):
        raise TriageRefused("There is no photo that can be shown. Ask the patient for one.")
    if not completeness.consent_check(case).fine:
        raise TriageRefused("The patient has not agreed yet. Ask for consent first.")


def return_to_triage(*, case: Case, by: User, reason: str) -> Case:
    urgency = case.urgency or completeness.suggested_urgency(case)[0]
    promise = targets.promise(case.clinic, targets.TRIAGE, urgency=urgency, specialty=case.specialty, at=timezone.now())
    return move(case, "return_to_triage", by=by, reason=reason, data=promise.evidence, updates=promise.columns)


__all__ = [
    "RETAKE_REASONS",
    "Asked",
    "StaleCase",
    "TriageRefused",
    "accept_case",
    "answer_request",
    "escalate_overdue",
    "groups_for",
    "no_answer",
    "redirect_case",
    "remind_at_half_time",
    "request_information",
    "return_to_triage",
    "save_answers",
]
