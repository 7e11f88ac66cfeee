"""From the signature to "read": who gets the recommendation, who has it, who acknowledged it, and when a case is closed.

Visible in the portal at once; the notice by e-mail carries no clinical word and may come twice after a crash, which is
harmless. Each recipient's row is the work.
"""

import json
from datetime import datetime
from hashlib import sha256

from django.db import transaction
from django.utils import timezone

from config import mail
from config.accounts import reach
from config.accounts.models import User
from config.accounts.roles import Role
from config.accounts.services import queue_mail
from config.audit.services import record
from config.navigation import COUNT_UP_TO
from config.prepared import Prepared, Statement
from config.work import services as work
from intake import call_tasks, filing, messages
from intake.models import Case, CaseStatus
from intake.queue import clinics_of
from intake.workflow import move
from review import nudges
from review.languages import other_language
from review.letters import agreement, making
from review.models import ActionItem, Addendum, CriticalResult, Delivery, Review

AFTER_SIGNING = (CaseStatus.SIGNED, CaseStatus.DELIVERED, CaseStatus.CLOSED)


class DeliveryRefused(Exception):
    """The text may be shown."""


class NotYours(DeliveryRefused):
    """Acknowledged for somebody else."""


def recipients(case: Case) -> list[tuple[str, User | None]]:
    """The patient always, the referring clinician when the case has one. A patient without an account is told by staff."""
    found: list[tuple[str, User | None]] = [(Delivery.RecipientKind.PATIENT, case.patient.user)]
    if case.referring_clinician_id:
        found.append((Delivery.RecipientKind.REFERRER, case.referring_clinician))
    return found


def deliver_review(*, review: Review, at: datetime, addendum: Addendum | None = None) -> list[Delivery]:
    """One row a recipient, written in the transaction of the signature (or the addendum).

    Where the two letters do not say the same nothing leaves, in the portal either, until it was looked at.
    """
    stopped = making.open_pair(review=review, addendum=addendum, at=at).is_stopped
    rows = []
    for kind, user in recipients(review.case):
        reachable = reach.can_be_told(user)
        rows.append(
            Delivery(
                review=review,
                case=review.case,
                addendum=addendum,
                recipient_kind=kind,
                recipient=user,
                visible_at=at if user is not None and not stopped else None,
                created_at=at,
                nudge_at=nudges.first_of_delivery(at, review.case.clinic.zone, reachable=reachable),
                **(work.due_fields(at) if reachable and not stopped else {}),
            )
        )
    return Delivery.objects.bulk_create(rows)


def send_notice(delivery_id) -> None:
    """Tell one recipient that a message waits. Sent at least once; the portal shows the result once."""
    lease = work.claim(Delivery, delivery_id)
    if lease is None:
        return
    delivery = Delivery.objects.select_related(
        "recipient__contact_preference", "recipient__patient", "case", "review"
    ).get(pk=delivery_id)
    try:
        identity = reach.tell(
            delivery.recipient, dedupe_key=f"delivery:{delivery.pk}", urgent=delivery.review.is_urgent
        )
    except reach.Quiet as quiet:
        work.put_off(lease, quiet.until)
        return
    except OSError as error:
        # an address that is refused for good becomes "needs attention": staff tell the recipient instead
        work.fail(lease, type(error).__name__, outage=not mail.is_refusal(error))
        return
    try:
        if not identity:
            # paper was chosen since: the clinic's list of letters to print has it
            work.settle(lease, work_status="idle")
            return
        with transaction.atomic():
            case = locked(delivery.case_id)
            now = timezone.now()
            work.settle(lease, notice_sent_at=now, notice_id=identity)
            record("delivery.notice_sent", by=None, role=Role.SYSTEM, subject=delivery, clinic=case.clinic)
            advance(case)
    except work.Fenced:
        return


def locked(case_id) -> Case:
    """The last of several recipients moves the case: without the lock each could miss the other."""
    return Case.objects.locked(case_id, "patient__user", "clinic", "group")


def advance(case: Case) -> None:
    """Delivered when every recipient has it; closed when every recipient has acknowledged it and no advice is open."""
    rows = list(Delivery.objects.filter(case=case))
    if case.status == CaseStatus.SIGNED and rows and all(row.has_it for row in rows):
        case = move(case, "deliver", by=None)
    if (
        case.status == CaseStatus.DELIVERED
        and all(row.acknowledged_at for row in rows)
        and not (open_items(case) or is_on_ladder(case))
    ):
        move(case, "close", by=None, reason="Read and acknowledged by every recipient, and every step is settled.")


def is_on_ladder(case: Case) -> bool:
    """A critical result that nobody has acknowledged: the database refuses to close the case as well."""
    return CriticalResult.objects.filter(case=case, acknowledged_at=None).exists()


def open_items(case: Case) -> int:
    """Plan lines that nobody has settled."""
    return ActionItem.objects.open().filter(review__case=case, review__second_opinion=False).count()


def settle_reassurance(case: Case, by: User, role: str, now: datetime) -> None:
    """Who was told that nothing needs to be done has done it by reading so."""
    calm = ActionItem.objects.open().filter(
        review__case=case,
        review__second_opinion=False,
        kind=ActionItem.Kind.REASSURANCE,
        owner=ActionItem.Owner.PATIENT,
    )
    for item in list(calm):
        calm.filter(pk=item.pk).update(
            state=ActionItem.State.DONE, proof="Read and acknowledged.", settled_by=by, settled_at=now
        )
        call_tasks.settle_tasks(item.pk)
        record("item.settled", by=by, role=role, subject=item, clinic=case.clinic, data={"state": "done"})


@transaction.atomic
def record_told(*, delivery: Delivery, by: User, how: str) -> Delivery:
    """Staff printed the letter or told the recipient: then they have it."""
    if how not in Delivery.ToldHow.values:
        raise DeliveryRefused("Choose how the recipient was told.")
    case = locked(delivery.case_id)
    if not by.has_role(Role.STAFF, case.clinic):
        raise DeliveryRefused("Only staff of the patient's clinic record this.")
    columns = {"told_at": timezone.now(), "told_by": by, "told_how": how}
    told = Delivery.objects.filter(pk=delivery.pk, told_at__isnull=True).update(**columns)
    if told:
        record("delivery.told", by=by, role=Role.STAFF, subject=delivery, clinic=case.clinic, data={"how": how})
        advance(case)
    delivery.refresh_from_db()
    return delivery


def record_opened(*, case: Case, kind: str) -> None:
    """The first time that the recipient's page was opened; later ones change nothing."""
    Delivery.objects.filter(case=case, recipient_kind=kind, visible_at__isnull=False, opened_at__isnull=True).update(
        opened_at=timezone.now()
    )


@transaction.atomic
def acknowledge(*, case: Case, kind: str, by: User, how: str = "") -> int:
    """ "I have read this", by the recipient, or by staff who heard it from them and say how. Returns how many rows were
    new."""
    case = locked(case.pk)
    role = _acknowledging_role(case, kind, by)
    how = how if role == Role.STAFF else Delivery.ReadHow.PORTAL
    if how not in Delivery.ReadHow.values or (role == Role.STAFF and how == Delivery.ReadHow.PORTAL):
        raise DeliveryRefused("Choose how they told you that they read it.")
    arrived = Delivery.objects.filter(case=case, recipient_kind=kind, acknowledged_at__isnull=True)
    rows = [row for row in arrived if row.visible_at or row.told_at]
    now = timezone.now()
    for row in rows:
        row.acknowledged_at, row.acknowledged_by, row.acknowledged_how = now, by, how
        row.opened_at = row.opened_at or (now if role != Role.STAFF else None)
        row.save(update_fields=["acknowledged_at", "acknowledged_by", "acknowledged_how", "opened_at"])
        call_tasks.settle_tasks(row.pk)
        record("delivery.acknowledged", by=by, role=role, subject=row, clinic=case.clinic, data={"how": str(how)})
    if rows:
        if kind == Delivery.RecipientKind.PATIENT:
            settle_reassurance(case, by, role, now)
        advance(case)
    return len(rows)


def _acknowledging_role(case: Case, kind: str, by: User) -> str:
    if kind == Delivery.RecipientKind.PATIENT and case.is_cared_for_by(by):
        return Role.PATIENT
    if (
        kind == Delivery.RecipientKind.REFERRER
        and case.referring_clinic
        and by.has_role(Role.REFERRER, case.referring_clinic)
    ):
        return Role.REFERRER
    if by.has_role(Role.STAFF, case.clinic):
        return Role.STAFF
    raise NotYours("You may not acknowledge this for somebody else.")


def close_case(*, case: Case, by: User, reason: str) -> Case:
    """Staff close a delivered case that nobody acknowledges, and say why. Advice that is still open is not possible then,
    for the same reason, so that nobody is reminded of it."""
    if not reason.strip():
        raise DeliveryRefused("Write why the case is closed.")
    if is_on_ladder(case):
        raise DeliveryRefused("Somebody has to acknowledge the critical result first.")
    with transaction.atomic():
        moved = move(case, "close", by=by, reason=reason)
        now = timezone.now()
        left = ActionItem.objects.open().filter(review__case=case, review__second_opinion=False)
        waiting = Delivery.objects.filter(case=case).values_list("pk", flat=True)
        call_tasks.settle_tasks(*waiting, *left.values_list("pk", flat=True))
        closed = left.update(
            state=ActionItem.State.IMPOSSIBLE,
            reason=f"Case closed by staff: {reason.strip()}"[:1000],
            settled_by=by,
            settled_at=now,
        )
        record("case.closed_by_staff", by=by, subject=case, clinic=case.clinic, data={"open_items": closed})
    return moved


def add_addendum(
    *, review: Review, by: User, text: str, patient_text: str, changes: dict[str, bool], patient_text_own: str = ""
) -> Addendum:
    """Nothing signed is edited: an addendum stands beside it, and is delivered and acknowledged anew. `patient_text_own` is
    the patient's text once more, in the language that they read."""
    if not text.strip():
        raise DeliveryRefused("Write the addendum.")
    if any(changes.values()) and not patient_text.strip():
        raise DeliveryRefused("Diagnosis, plan, side or person changed: write what the patient needs to know.")
    language = other_language(review.case.patient)
    own = patient_text_own.strip() if language else ""
    if own and not patient_text.strip():
        raise DeliveryRefused("Write the text for the patient in English too: the clinic has to read what was said.")
    if own and (said := agreement.translated_otherwise(patient_text, own)):
        raise DeliveryRefused(f"The two texts for the patient do not say the same: {said}")
    now = timezone.now()
    content = {
        "review": review.content_sha256,
        "text": text.strip(),
        "patient_text": patient_text.strip(),
        "changes": changes,
    } | ({"patient_text_own": own, "own_language": language} if own else {})
    digest = sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    with transaction.atomic():
        move(review.case, "addend", by=by, data={"changes": changes})
        addendum = Addendum.objects.create(
            review=review,
            by=by,
            text=text.strip(),
            patient_text=patient_text.strip(),
            patient_text_own=own,
            own_language=language if own else "",
            changes=changes,
            created_at=now,
            content_sha256=digest,
        )
        deliver_review(review=review, at=now, addendum=addendum)
        messages.answered(review.case)
        if changes.get("person"):
            Case.objects.filter(pk=review.case_id, filed_in_error_at=None).update(filed_in_error_at=now)
    return addendum


def report_wrong_person(*, review: Review, by: User, reason: str) -> None:
    """The clinic found that a signed case stands under the wrong person: held at once, and the signer is told."""
    with transaction.atomic():
        filing.report_after_signing(case=review.case, by=by, reason=reason)
        signer = review.specialist
        if signer.is_active:
            queue_mail("message_waiting", to=signer.email, dedupe_key=f"wrong_person:{review.pk}")


def signed_review(case: Case) -> Review | None:
    """The review that answers the case."""
    return (
        case.reviews.signed()
        .filter(second_opinion=False)
        .select_related("specialist__practitioner", "case__group", "case__clinic", "case__patient")
        .prefetch_related("diagnoses", "addenda__by")
        .order_by("-signed_at")
        .first()
    )


def to_close(user):
    """Cases of the clinic whose result is not read by everyone, oldest first."""
    return (
        _answered(clinics_of(user))
        .select_related("patient", "referring_clinician")
        .prefetch_related("deliveries__recipient")
        .order_by("signed_at")
    )


def count_to_close(user) -> Statement:
    """For the top bar."""
    return _answered_at.counted(up_to=COUNT_UP_TO, clinics=clinics_of(user))


def _answered(clinics: tuple):
    return Case.objects.filter(clinic__in=clinics, status__in=(CaseStatus.SIGNED, CaseStatus.DELIVERED))


@Prepared
def _answered_at(*, clinics: tuple):
    return _answered(clinics)


def referred(user):
    """Cases that the user's clinic referred and that were sent."""
    return (
        Case.objects.filter(referring_clinic__in=user.clinics(Role.REFERRER))
        .exclude(status=CaseStatus.DRAFT)
        .select_related("patient", "referring_clinician", "clinic")
        .prefetch_related("deliveries")
    )


def unread_by_referrer(user) -> int:
    return (
        referred(user)
        .filter(
            status__in=AFTER_SIGNING, deliveries__recipient_kind="referrer", deliveries__acknowledged_at__isnull=True
        )
        .distinct()
        .count()
    )
