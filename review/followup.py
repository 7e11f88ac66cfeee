"""What the beat does for signed answers: recalls begin on their day, what waits is brought up again, what arrived is
settled. Each row is taken by a guarded update and stands in a transaction of its own, so that a beat that comes twice does
nothing twice and one bad row holds up no other."""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from config.accounts import reach
from config.accounts.models import User
from config.accounts.roles import Role
from config.accounts.services import queue_mail
from config.audit.services import record
from intake import call_tasks, messages, notices, recalls
from intake.escalation import desk_of
from intake.models import CallTask, Case, CaseStatus
from review import claims, delivery, items, nudges, paper
from review.models import ActionItem, Delivery

LIMIT = 200
_SENT = (
    CaseStatus.SUBMITTED,
    CaseStatus.NEEDS_INFORMATION,
    CaseStatus.READY,
    CaseStatus.IN_REVIEW,
    *delivery.AFTER_SIGNING,
)

log = logging.getLogger(__name__)


def tick(now: datetime | None = None) -> dict[str, int]:
    now = now or timezone.now()
    return {
        "follow_ups_sent": _each(_arrived(), _settle_arrived),
        "questions": messages.remind_of_questions(now),
        "handovers": _each(claims.handed_over_too_long(now)[:LIMIT], lambda case: claims.to_pool(case=case, by=None)),
        "items": _each(_due_items(now), lambda item: nudge_item(item, now)),
        "addresses": paper.settle_addresses(),
        "deliveries": _each(_due_deliveries(now), lambda row: nudge_delivery(row, now)),
    }


def _each(rows: Iterable[Any], work: Callable[[Any], bool]) -> int:
    done = 0
    for row in rows:
        try:
            with transaction.atomic():
                done += bool(work(row))
        except Exception as error:  # noqa: BLE001 one row must not hold up the others; it is tried again at the next beat
            log.error("%s %s could not be brought up (%s)", type(row).__name__, row.pk, type(error).__name__)
    return done


def _due_items(now: datetime):
    return list(items.followed().open().filter(nudge_at__lte=now).order_by("nudge_at")[:LIMIT])


def nudge_item(item: ActionItem, now: datetime) -> bool:
    case, zone = item.review.case, item.review.case.clinic.zone
    mine = ActionItem.objects.filter(pk=item.pk, state=ActionItem.State.OPEN, nudge_at=item.nudge_at)
    if item.starts_follow_up and item.follow_up_id is None:
        if not mine.update(nudge_at=nudges.following(0, now, zone)):
            return False
        draft = recalls.start_recall(earlier=case, by=item.review.specialist, key=f"recall:{item.pk}")
        # another line of the plan may have begun the same draft: then that one carries it, and this one is reminded of
        if not ActionItem.objects.filter(follow_up=draft).exists():
            ActionItem.objects.filter(pk=item.pk).update(follow_up=draft)
        record("item.follow_up_started", by=None, subject=item, clinic=case.clinic, data={"case": str(draft.pk)})
        return True
    if not mine.update(nudge_at=nudges.following(item.nudges, now, zone), nudges=item.nudges + 1):
        return False
    people = owners(item)
    if nudges.step(item.nudges, reachable=bool(people)) == nudges.REMIND:
        _remind(people, f"item:{item.pk}:{item.nudges}")
        record("item.reminded", by=None, subject=item, clinic=case.clinic, data={"told": len(people)})
        return True
    whom, contact, phone = _to_call(item)
    call_tasks.raise_task(
        case=case, kind=CallTask.Kind.STEP, subject=item.pk, whom=whom, contact=contact, phone=phone, now=now,
        why=f"{item.get_owner_display()}, due {item.due_on:%b} {item.due_on.day}: {item.text}",
    )  # fmt: skip
    return True


def owners(item: ActionItem) -> list[User]:
    """Who is reminded of a line."""
    case = item.review.case
    if item.owner == ActionItem.Owner.PATIENT:
        found = notices.readers(case.patient)
    elif item.owner == ActionItem.Owner.SPECIALIST_GROUP:
        found = [item.review.specialist]
    elif case.referring_clinician is not None:
        found = [case.referring_clinician]
    else:
        found = desk_of(case.clinic_id)
    return [user for user in found if reach.can_be_told(user)]


def _to_call(item: ActionItem) -> tuple[str, str, str]:
    case = item.review.case
    if item.owner == ActionItem.Owner.PATIENT:
        return CallTask.Whom.PATIENT, "", ""
    if item.owner == ActionItem.Owner.SPECIALIST_GROUP:
        return CallTask.Whom.CLINICIAN, f"{item.review.specialist}, {case.group}", case.group.phone
    return CallTask.Whom.CLINICIAN, *clinician_of(case)


def clinician_of(case: Case) -> tuple[str, str]:
    """Whom to ask for, and the number."""
    if case.referring_clinician is None:
        return str(case.clinic), case.clinic.phone
    clinic = case.referring_clinic or case.clinic
    return f"{case.referring_clinician}, {clinic}", case.referring_clinician.phone or clinic.phone


def _remind(people: Iterable[User], key: str) -> None:
    for user in people:
        queue_mail("message_waiting", to=user.email, dedupe_key=f"reminder:{key}:{user.pk}")


# results that nobody has acknowledged


def _due_deliveries(now: datetime):
    waiting = Delivery.objects.filter(
        acknowledged_at=None,
        nudge_at__lte=now,
        case__status__in=(CaseStatus.SIGNED, CaseStatus.DELIVERED),
        case__filed_in_error_at=None,
    )
    return list(waiting.select_related("case__patient", "case__clinic", "recipient").order_by("nudge_at")[:LIMIT])


def nudge_delivery(row: Delivery, now: datetime) -> bool:
    case = row.case
    mine = Delivery.objects.filter(pk=row.pk, acknowledged_at=None, nudge_at=row.nudge_at)
    if not mine.update(nudge_at=nudges.following(row.nudges, now, case.clinic.zone), nudges=row.nudges + 1):
        return False
    is_patient = row.recipient_kind == Delivery.RecipientKind.PATIENT
    people = notices.readers(case.patient) if is_patient else [row.recipient] if row.recipient else []
    people = [user for user in people if reach.can_be_told(user)]
    if nudges.step(row.nudges, reachable=bool(people)) == nudges.REMIND:
        _remind(people, f"delivery:{row.pk}:{row.nudges}")
        record("delivery.reminded", by=None, subject=row, clinic=case.clinic, data={"told": len(people)})
        return True
    contact, phone = ("", "") if is_patient else clinician_of(case)
    whom = CallTask.Whom.PATIENT if is_patient else CallTask.Whom.CLINICIAN
    state = "was passed on" if row.told_at else "was opened" if row.opened_at else "has not been opened"
    confirmed = ", but nobody has acknowledged it" if row.told_at or row.opened_at else ""
    what = "addendum" if row.addendum_id else "result"
    call_tasks.raise_task(
        case=case, kind=CallTask.Kind.UNREAD, subject=row.pk, whom=whom, contact=contact, phone=phone, now=now,
        why=f"The {what} of {row.created_at:%b} {row.created_at.day} {state}{confirmed}.",
    )  # fmt: skip
    return True


# follow-ups that were sent


def _arrived():
    """Recalls whose new photos the clinic has."""
    return list(items.followed().open().filter(follow_up__status__in=_SENT).select_related("follow_up")[:LIMIT])


def _settle_arrived(item: ActionItem) -> bool:
    """Done by whoever sent the new photos."""
    follow_up = item.follow_up
    assert follow_up is not None
    sent = follow_up.events.filter(verb="submit").select_related("by").last()
    if sent is None or sent.by is None:
        return False
    case = delivery.locked(item.review.case_id)
    words = f"New photos sent as case {follow_up.number}."
    done = items.settle_locked(
        item, by=sent.by, role=Role(sent.role), state=ActionItem.State.DONE, words=words, case=case
    )
    if done:
        delivery.advance(case)
    return done
