"""A target that passed is told to the clinic's lead, once for each case and target, and stays on the lead's page until
somebody has looked."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from config.accounts.models import Clinic, User
from config.accounts.roles import Role
from config.accounts.services import queue_mail
from config.audit.services import record
from config.prepared import Prepared
from intake.models import CaseStatus, Escalation, QueueEntry
from intake.services import IntakeRefused
from intake.targets import ANSWER, TRIAGE


def led_by(user: User) -> list[UUID]:
    return [m.clinic_id for m in user._active_memberships if m.lead and m.role == Role.STAFF]


def leads_of(clinic_id: UUID) -> list[User]:
    return list(
        User.objects.filter(
            is_active=True,
            memberships__clinic=clinic_id,
            memberships__role=Role.STAFF,
            memberships__lead=True,
            memberships__is_active=True,
        ).distinct()
    )


@Prepared
def unseen(*, clinics: tuple[UUID, ...]) -> QuerySet[Escalation]:
    return Escalation.objects.filter(clinic__in=clinics, seen_at__isnull=True)


def has_lead(clinic: Clinic) -> bool:
    return bool(leads_of(clinic.pk))


def escalate(now: datetime | None = None, limit: int = 200) -> int:
    """Tell the leads about targets that have passed; returns how many are new. Harmless when it comes twice."""
    now = now or timezone.now()
    late = QueueEntry.objects.filter(is_escalated=False, due_at__lt=now).order_by("due_at")
    return sum(_tell(entry) for entry in late.select_related("case__clinic")[:limit])


def _tell(entry: QueueEntry) -> bool:
    kind = TRIAGE if entry.state == CaseStatus.SUBMITTED else ANSWER
    leads = leads_of(entry.clinic_id)
    try:
        with transaction.atomic():
            same = QueueEntry.objects.filter(pk=entry.pk, is_escalated=False, due_at=entry.due_at)
            if not same.update(is_escalated=True):
                return False  # it moved meanwhile, or another sweep has it
            if Escalation.objects.filter(case=entry.case, kind=kind).exists():
                return False
            row = Escalation.objects.create(
                case=entry.case, clinic_id=entry.clinic_id, kind=kind, due_at=entry.due_at, told=len(leads)
            )
            record("case.escalated", by=None, subject=entry.case, clinic=entry.case.clinic, data={"target": str(kind)})
            for lead in leads:
                queue_mail("message_waiting", to=lead.email, dedupe_key=f"escalation:{row.pk}:{lead.pk}")
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
