"""A target that passed is told to the clinic's lead, once for each case and target, and stays on the lead's page until
somebody has looked. Where no lead is named, all of the clinic's staff stand in."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from config.accounts.models import Membership, User
from config.accounts.roles import Role
from config.accounts.services import queue_mail
from config.audit.services import record
from config.prepared import Prepared
from intake.models import CaseStatus, Escalation, QueueEntry
from intake.services import IntakeRefused
from intake.targets import ANSWER, TRIAGE


def led_by(user: User) -> list[UUID]:
    """The clinics whose passed targets come to this person: as a lead, or as staff where nobody is named one."""
    staff = [m for m in user._active_memberships if m.role == Role.STAFF]
    led, others = [m.clinic_id for m in staff if m.lead], [m.clinic_id for m in staff if not m.lead]
    if others:
        with_lead = _staff().filter(clinic__in=others, lead=True).values_list("clinic", flat=True)
        led += set(others).difference(with_lead)
    return led


def leads_of(clinic_id: UUID) -> list[User]:
    return [one.user for one in _staff().filter(clinic=clinic_id, lead=True).select_related("user")]


def desk_of(clinic_id: UUID) -> list[User]:
    """Its leads; everybody of its staff where nobody is named one, so that nothing is told to nobody."""
    return leads_of(clinic_id) or [one.user for one in _staff().filter(clinic=clinic_id).select_related("user")]


def _staff() -> QuerySet[Membership]:
    return Membership.objects.filter(role=Role.STAFF, is_active=True, user__is_active=True)


@Prepared
def unseen(*, clinics: tuple[UUID, ...]) -> QuerySet[Escalation]:
    return Escalation.objects.filter(clinic__in=clinics, seen_at__isnull=True)


def escalate(now: datetime | None = None, limit: int = 200) -> int:
    """Tell who leads about targets that have passed; returns how many are new. Harmless when it comes twice."""
    now = now or timezone.now()
    late = QueueEntry.objects.filter(is_escalated=False, due_at__lt=now).order_by("due_at")
    return sum(_tell(entry) for entry in late.select_related("case__clinic")[:limit])


def _tell(entry: QueueEntry) -> bool:
    kind = TRIAGE if entry.state == CaseStatus.SUBMITTED else ANSWER
    people = desk_of(entry.clinic_id)
    try:
        with transaction.atomic():
            same = QueueEntry.objects.filter(pk=entry.pk, is_escalated=False, due_at=entry.due_at)
            if not same.update(is_escalated=True):
                return False  # it moved meanwhile, or another sweep has it
            if Escalation.objects.filter(case=entry.case, kind=kind).exists():
                return False
            row = Escalation.objects.create(
                case=entry.case, clinic_id=entry.clinic_id, kind=kind, due_at=entry.due_at, told=len(people)
            )
            record("case.escalated", by=None, subject=entry.case, clinic=entry.case.clinic, data={"target": str(kind)})
            for person in people:
                queue_mail("message_waiting", to=person.email, dedupe_key=f"escalation:{row.pk}:{person.pk}")
    except IntegrityError:
        return False
    return True


def seen(*, row: Escalation, by: User, note: str = "") -> None:
    """The lead has looked and, where it helps, says what is done."""
    if row.clinic_id not in led_by(by):
        raise IntakeRefused("Only a lead of the clinic can settle this.")
    done = Escalation.objects.filter(pk=row.pk, seen_at=None).update(
        seen_at=timezone.now(), seen_by=by, seen_note=note.strip()[:300]
    )
    if not done:
        raise IntakeRefused("Somebody has looked at this already.")
    record("case.escalation_seen", by=by, subject=row.case, clinic=row.clinic)
