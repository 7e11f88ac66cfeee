"""Results that no notice brings to their reader: the clinic prints the letter, posts it and says so."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from config.accounts import reach
from config.accounts.models import User
from config.accounts.roles import Role
from config.audit.services import record
from review.models import Delivery


def to_print(user: User):
    """Of the user's clinics, oldest first: nobody has told them, they have not read it, and no notice is on its way.

    A pair of letters that is stopped has nothing to print yet.
    """
    lost = Q(notice_sent_at=None, work_status__in=["idle", "dead"]) | Q(bounced_at__isnull=False)
    return (
        Delivery.objects.filter(lost, told_at=None, acknowledged_at=None, case__clinic__in=user.clinics(Role.STAFF))
        .filter(case__status__in=["signed", "delivered"])
        .exclude(Q(visible_at=None) & Q(recipient__isnull=False))
        .select_related("case__patient", "recipient", "review")
        .order_by("created_at")
    )


@transaction.atomic
def came_back(*, identity: str, address: str, at: datetime) -> bool:
    """A mail server sent a notice back for good. True where it was one of ours."""
    user = reach.mark_bounced(address, at) if address else None
    row = Delivery.objects.filter(notice_id=identity).select_related("case__clinic").first() if identity else None
    if row is None:
        return user is not None
    if Delivery.objects.filter(pk=row.pk, bounced_at=None).update(bounced_at=at):
        record("delivery.came_back", by=None, role=Role.SYSTEM, subject=row, clinic=row.case.clinic)
        if user is None and row.recipient is not None:
            reach.mark_bounced(row.recipient.email, at)
    return True
