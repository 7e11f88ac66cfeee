"""Tasks to call somebody that a later part of the way raises: one open task a thing, settled where the thing is."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from config.audit.services import record
from intake.models import CallTask, Case

CALL_WITHIN = timedelta(days=1)


def raise_task(
    *,
    case: Case,
    kind: str,
    subject: UUID,
    why: str,
    whom: str = CallTask.Whom.PATIENT,
    contact: str = "",
    phone: str = "",
    now: datetime | None = None,
) -> CallTask | None:
    """None where the task is open already. Call it in the transaction of its cause."""
    now = now or timezone.now()
    try:
        with transaction.atomic():
            task = CallTask.objects.create(
                case=case,
                kind=kind,
                subject=subject,
                why=why[:600],
                whom=whom,
                contact=contact[:160],
                phone=phone,
                raised_at=now,
                call_by=now + CALL_WITHIN,
            )
    except IntegrityError:
        return None
    record(
        "call_task.raised", by=None, subject=case, clinic=case.clinic, data={"kind": str(kind), "task": str(task.pk)}
    )
    return task


def settle_tasks(*subjects: UUID) -> int:
    """What the calls were about is settled: nobody has to be called any more."""
    return CallTask.objects.filter(subject__in=subjects, settled_at=None).update(settled_at=timezone.now())
