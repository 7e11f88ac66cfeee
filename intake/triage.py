"""The clinic's decisions on a case: accept and route, ask for more, take the answer, send to in-person care.

One name for all verbs of the desk; each group of them lives in its own room.
"""

from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from config.accounts.models import Clinic, User
from config.accounts.roles import Role
from intake import completeness
from intake.models import Case
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
from intake.workflow import move


def groups_for(case: Case, specialty: str = "") -> list[tuple[Clinic, list[User]]]:
    """Specialist groups with the people who may answer this case: specialty and a licence in the patient's state."""
    today = timezone.localdate()
    licensed = (
        User.objects.filter(
            is_active=True,
            memberships__role=Role.SPECIALIST,
            memberships__is_active=True,
            practitioner__specialty=specialty or case.specialty,
            practitioner__licences__state=case.patient_state or case.patient.state,
            practitioner__licences__valid_from__lte=today,
        )
        .filter(Q(practitioner__licences__valid_until__isnull=True) | Q(practitioner__licences__valid_until__gte=today))
        .distinct()
        .order_by("last_name")
    )
    found: dict[Clinic, list[User]] = {}
    for user in licensed:
        for group in user.clinics(Role.SPECIALIST):
            found.setdefault(group, []).append(user)
    return sorted(found.items(), key=lambda item: item[0].name)


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
) -> Case:
    """Put the case into a specialist pool, or on one person's list, with its target."""
    _refuse_incomplete(case)
    people = next((people for candidate, people in groups_for(case, specialty) if candidate == group), [])
    state = case.patient_state or case.patient.state
    if not people:
        raise TriageRefused(f"Nobody in {group} is licensed in {state} for this. Choose another group or specialty.")
    if assigned_to is not None and assigned_to not in people:
        raise TriageRefused(f"{assigned_to} may not answer this case: no licence in {state}, or another specialty.")
    suggested, why = completeness.suggested_urgency(case)
    if completeness.is_lower(urgency, suggested) and not lower_reason.strip():
        raise TriageRefused(f"{suggested.capitalize()} is suggested ({why.lower()}). Write why it may wait longer.")
    if case.urgency and completeness.is_lower(urgency, case.urgency) and not lower_reason.strip():
        raise TriageRefused(f"{case.urgency.capitalize()} was set for this case. Write why it may wait longer.")
    now = timezone.now()
    updates: dict = {
        "urgency": urgency,
        "specialty": specialty,
        "group": group,
        "assigned_to": assigned_to,
        "patient_state": state,
        "answer_due_at": now + timedelta(hours=settings.ANSWER_TARGET_HOURS[urgency]),
        "asked_by": None,
        "asked_from": "",
    }
    if note.strip():
        stamped = f"{by}, {timezone.localtime(now, case.clinic.zone):%b %d, %I:%M %p}: {note.strip()}"
        updates["intake_note"] = f"{case.intake_note}\n{stamped}".strip()
    return move(
        case, "accept", by=by, reason=lower_reason, data={"urgency": urgency, "suggested": suggested}, updates=updates
    )


def _refuse_incomplete(case: Case) -> None:
    if case.uploads.arriving().exists() or any(photo.status == "arriving" for photo in case.photos.live()):
        raise TriageRefused("A photo is still arriving. Accept the case when it is here, or remove it.")
    if not any(photo.status == "ready" for photo in case.photos.live()):
        raise TriageRefused("There is no photo that can be shown. Ask the patient for one.")
    if not completeness.consent_check(case).fine:
        raise TriageRefused("The patient has not agreed yet. Ask for consent first.")


def return_to_triage(*, case: Case, by: User, reason: str) -> Case:
    due = timezone.now() + timedelta(hours=settings.TRIAGE_TARGET_HOURS[case.urgency or "routine"])
    return move(case, "return_to_triage", by=by, reason=reason, updates={"triage_due_at": due})


__all__ = [
    "RETAKE_REASONS",
    "Asked",
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
