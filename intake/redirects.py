"""In-person or emergency care instead of an answer from photos, and the task until the patient knows."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from config.accounts.models import User
from config.accounts.roles import Role
from intake.models import Case, Redirect, Spoken
from intake.requests import TriageRefused
from intake.services import drop_open_request
from intake.workflow import move

# how soon somebody must have spoken with the patient
CALL_WITHIN = {Redirect.Kind.EMERGENCY: timedelta(hours=1), Redirect.Kind.IN_PERSON: timedelta(days=1)}


def redirect_case(*, case: Case, by: User, kind: str, reason: str, told: str = "", reached: str = "") -> Case:
    """In-person or emergency care instead: what was said to whom is on record. Never billed.

    `reached` says with whom somebody spoke; while it is blank, a call to the patient stays on the call list.
    """
    if kind not in Redirect.Kind.values:
        raise TriageRefused("Choose in-person or emergency care.")
    if reached and reached not in Spoken.values:
        raise TriageRefused("Choose whom you reached.")
    updates = {} if case.submitted_at else {"submitted_at": timezone.now()}
    now = timezone.now()
    with transaction.atomic():
        data = {"kind": kind, "told": told.strip(), "reached": reached}
        moved = move(case, "redirect", by=by, reason=reason, data=data, updates=updates)
        at_desk = by.has_role(Role.STAFF, case.clinic)
        Redirect.objects.create(
            case=moved,
            kind=kind,
            source=Redirect.Source.CLINIC if at_desk else Redirect.Source.SPECIALIST,
            reason=reason.strip(),
            told=told.strip(),
            by=by,
            at=now,
            call_by=call_by(kind, now),
            **({"reached_at": now, "reached_by": by, "reached_whom": reached} if reached else {}),
        )
        drop_open_request(case)
    return moved


def call_by(kind: str, now: datetime) -> datetime:
    return now + CALL_WITHIN[Redirect.Kind(kind)]
