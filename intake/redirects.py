"""In-person or emergency care instead of an answer from photos."""

from django.db import transaction
from django.utils import timezone

from config.accounts.models import User
from intake.models import Case
from intake.requests import TriageRefused
from intake.services import drop_open_request
from intake.workflow import move


def redirect_case(*, case: Case, by: User, kind: str, reason: str, told: str = "") -> Case:
    """In-person or emergency care instead: what was said to whom is on record. Never billed."""
    if kind not in {"in_person", "emergency"}:
        raise TriageRefused("Choose in-person or emergency care.")
    updates = {} if case.submitted_at else {"submitted_at": timezone.now()}
    with transaction.atomic():
        moved = move(case, "redirect", by=by, reason=reason, data={"kind": kind, "told": told.strip()}, updates=updates)
        drop_open_request(case)
    return moved
