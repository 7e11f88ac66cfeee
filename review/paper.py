"""Results that no notice brings to their reader: the clinic prints the letter, posts it and says so."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from config.accounts import reach
from config.accounts.models import ContactPreference, User
from config.accounts.roles import Role
from config.audit.services import record
from config.navigation import COUNT_UP_TO
from config.prepared import Prepared, Statement
from intake import call_tasks
from intake.models import CallTask, Case, CaseStatus, Patient, RelatedPerson
from review.models import Delivery


def to_print(user: User):
    """Of the user's clinics, oldest first: nobody has told them, they have not read it, and no notice is on its way.

    A pair of letters that is stopped has nothing to print yet.
    """
    lost = _to_print(user.clinics(Role.STAFF))
    return lost.select_related("case__patient", "recipient", "review").order_by("created_at")


def _to_print(clinics):
    lost = Q(notice_sent_at=None, work_status__in=["idle", "dead"]) | Q(bounced_at__isnull=False)
    return (
        Delivery.objects.filter(lost, told_at=None, acknowledged_at=None, case__clinic__in=clinics)
        .filter(case__status__in=["signed", "delivered"])
        .exclude(Q(visible_at=None) & Q(recipient__isnull=False))
    )


def count_to_print(user: User) -> Statement:
    """For the top bar."""
    return _to_print_at.counted(up_to=COUNT_UP_TO, clinics=user.clinic_ids(Role.STAFF))


@Prepared
def _to_print_at(*, clinics: tuple):
    return _to_print(clinics)


@transaction.atomic
def came_back(*, identity: str, address: str, at: datetime) -> bool:
    """A mail server sent a notice back for good. True where it was one of ours."""
    user = reach.mark_bounced(address, at) if address else None
    row = Delivery.objects.filter(notice_id=identity).select_related("case__clinic").first() if identity else None
    if row is None:
        if user is not None:
            _ask_for_address(user, at)
        return user is not None
    if Delivery.objects.filter(pk=row.pk, bounced_at=None).update(bounced_at=at):
        record("delivery.came_back", by=None, role=Role.SYSTEM, subject=row, clinic=row.case.clinic)
        if user is None and row.recipient is not None:
            reach.mark_bounced(row.recipient.email, at)
    return True


# whose mail is waited for
_OPEN = [status for status in CaseStatus.values if status not in {"closed", "withdrawn", "redirected"}]


def _ask_for_address(user: User, at: datetime) -> None:
    """A question, a message or a reminder came back, which no list has: the clinic of each patient who reads there calls.
    A colleague's address is an administrator's to mend: the page of the person says that mail comes back."""
    own_phone = Patient.objects.filter(user=user).values_list("phone", flat=True).first() or ""
    for patient in Patient.objects.in_care_of(user):
        case = Case.objects.filter(patient=patient, status__in=_OPEN).order_by("-created_at").first()
        if case is not None:
            # a carer's call is about one patient, so that each patient's clinic has its own; it is the carer who is called
            acting = RelatedPerson.objects.active().filter(user=user, patient=patient).first()
            subject = acting.pk if acting is not None else user.pk
            contact, phone = (str(user), user.phone or own_phone) if acting is not None else ("", "")
            call_tasks.raise_task(
                case=case, kind=CallTask.Kind.RETURNED, subject=subject, contact=contact, phone=phone, now=at,
                why="An e-mail to them could not be delivered. Ask for another address, or whether they want letters by post.",
            )  # fmt: skip


def settle_addresses() -> int:
    """Calls about an address that takes mail again, because another one was given."""
    calls = CallTask.objects.filter(kind=CallTask.Kind.RETURNED, settled_at=None).values_list("subject", flat=True)[
        :200
    ]
    whose = {subject: subject for subject in calls}
    # of a carer the subject is the relation: once that has ended, nobody asks for the address any more
    whose |= dict(RelatedPerson.objects.active().filter(pk__in=calls).values_list("pk", "user"))
    still = ContactPreference.objects.filter(user__in=whose.values(), bounced_at__isnull=False).exclude(channel="paper")
    lost = set(still.values_list("user", flat=True))
    gone = {subject for subject, user in whose.items() if user not in lost}
    return call_tasks.settle_tasks(*gone) if gone else 0
