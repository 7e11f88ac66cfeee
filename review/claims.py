"""Who holds a case: claim, renew, give back, and the ways out of a review that is not signed."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from config.accounts.models import User
from intake import triage
from intake.models import Case, CaseStatus, InformationRequest
from intake.workflow import TransitionRefused, move
from review import opinions, reading_order, worklist
from review.models import Review


def claim_case(*, case: Case, by: User) -> Review:
    """Take the case (a lapsed hold of somebody else is taken over) and open the own review, or go on with it.

    Raises TransitionRefused with who holds it, or when the specialist may not answer it.
    """
    if case.reviews.signed().filter(specialist=by).exists():
        raise TransitionRefused("You gave a second opinion on this case. Somebody else answers it.", case.status)
    with transaction.atomic():
        # counted now, when it is known what else waited; the report of the reading order reads it
        case = move(case, "claim", by=by, data={"passed": reading_order.passed_over(case, by)})
        opinions.becomes_own(case, by)
        review, _ = Review.objects.get_or_create(case=case, specialist=by)
    return review


def claim_next(*, by: User) -> Case | None:
    """The first case of the list that nobody else takes in the same moment; None when nothing waits."""
    for case in worklist.ordered(by)[:10]:
        try:
            claim_case(case=case, by=by)
        except TransitionRefused:
            continue
        return case
    return None


def renew_hold(*, case_id, by: User, now: datetime | None = None) -> bool:
    """A counting beat or an autosave keeps the hold; False when it has gone to somebody else or ended."""
    until = (now or timezone.now()) + timedelta(minutes=settings.HOLD_MINUTES)
    held = Case.objects.filter(pk=case_id, holder=by, status=CaseStatus.IN_REVIEW)
    return bool(held.update(hold_expires_at=until))


def release_case(*, case: Case, by: User, handover_note: str = "") -> Case:
    """Back into the pool. Draft and tape stay with their author; the note is the only text that passes."""
    with transaction.atomic():
        _keep_note(case, by, handover_note)
        return move(case, "release", by=by)


def ask_for_more(*, case: Case, by: User, items, deadline: datetime, message: str = "") -> InformationRequest:
    """Ends the hold and the run of the clock; draft and tape are kept for the answer."""
    return triage.request_information(
        case=case, by=by, items=items, deadline=deadline, message=message, asked_from="specialist"
    )


def send_in_person(*, case: Case, by: User, kind: str, reason: str, told: str = "", reached: str = "") -> Case:
    return triage.redirect_case(case=case, by=by, kind=kind, reason=reason, told=told, reached=reached)


def back_to_triage(*, case: Case, by: User, reason: str, handover_note: str = "") -> Case:
    with transaction.atomic():
        _keep_note(case, by, handover_note)
        return triage.return_to_triage(case=case, by=by, reason=reason)


def review_of(case: Case, user: User) -> Review | None:
    """The user's own review of the case. The others' are kept with the case, for their notes."""
    found = list(case.reviews.select_related("specialist").order_by("saved_at"))
    case.__dict__["_all_reviews"] = found
    return next((review for review in found if review.specialist_id == user.pk), None)


def handover_notes(case: Case, but_not: User) -> list[Review]:
    """What others wrote for whoever reads the case next."""
    if "_all_reviews" not in case.__dict__:
        review_of(case, but_not)
    return [r for r in case.__dict__["_all_reviews"] if r.specialist_id != but_not.pk and r.handover_note]


def _keep_note(case: Case, by: User, note: str) -> None:
    if note.strip():
        Review.objects.filter(case=case, specialist=by, status=Review.Status.DRAFT).update(
            handover_note=note.strip(), saved_at=timezone.now()
        )
