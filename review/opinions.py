"""A second opinion: a colleague of the group is asked about a case, and answers with a review of the colleague's own.

Its time is kept apart and never charged; it goes to whoever asked, never to the patient by itself.
"""

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from config.accounts.models import User
from config.accounts.roles import Role
from config.audit.services import record
from intake.models import Case, CaseStatus
from intake.workflow import is_licensed_for
from review.errors import ReviewRefused
from review.models import Review, SecondOpinion

_AFTER = (CaseStatus.SIGNED, CaseStatus.DELIVERED, CaseStatus.CLOSED)


def may_ask(case: Case, user: User) -> bool:
    """The holder while it is read, the signer after that."""
    if case.status == CaseStatus.IN_REVIEW:
        return case.holder_id == user.pk
    mine = case.reviews.signed().filter(specialist=user, second_opinion=False)
    return case.status in _AFTER and mine.exists()


def colleagues(case: Case, user: User) -> list[User]:
    """Whom the user may ask: licensed for the patient's state, of the group and the specialty, and not done with it."""
    done = case.reviews.signed().values("specialist")
    people = (
        User.objects.filter(memberships__clinic=case.group, memberships__role=Role.SPECIALIST, is_active=True)
        .exclude(pk=user.pk)
        .exclude(pk__in=done)
        .distinct()
        .order_by("last_name", "first_name")
    )
    return [person for person in people if is_licensed_for(case, person)]


def ask(*, case: Case, by: User, colleague: User, question: str) -> SecondOpinion:
    if not may_ask(case, by):
        raise ReviewRefused("Only who holds or signed the case asks for a second opinion.")
    if colleague not in colleagues(case, by):
        raise ReviewRefused("This colleague cannot answer: choose one of the list.")
    if not question.strip():
        raise ReviewRefused("Write what you want to know.")
    try:
        with transaction.atomic():
            review, _ = Review.objects.get_or_create(case=case, specialist=colleague, defaults={"second_opinion": True})
            # a draft of an earlier hold becomes the second opinion; its text stays
            if not Review.objects.filter(pk=review.pk, status=Review.Status.DRAFT).update(second_opinion=True):
                raise ReviewRefused("This colleague has signed a review of the case already.")
            asked = SecondOpinion.objects.create(
                case=case, asked_by=by, colleague=colleague, review=review, question=question.strip()
            )
            record("review.opinion_asked", by=by, subject=asked, clinic=case.group)
    except IntegrityError as error:
        raise ReviewRefused("This colleague is asked already.") from error
    return asked


def close(*, asked: SecondOpinion, by: User, reason: str = "") -> None:
    """Withdrawn by who asked, declined (with a reason) by who was asked. A draft stays with its author."""
    if by.pk == asked.asked_by_id:
        state = SecondOpinion.State.WITHDRAWN
    elif by.pk == asked.colleague_id:
        state = SecondOpinion.State.DECLINED
        if not reason.strip():
            raise ReviewRefused("Write why you decline, so that somebody else can be asked.")
    else:
        raise ReviewRefused("This question is another person's.")
    with transaction.atomic():
        closed = SecondOpinion.objects.filter(pk=asked.pk, state=SecondOpinion.State.OPEN).update(
            state=state, closed_at=timezone.now(), reason=reason.strip()
        )
        if not closed:
            raise ReviewRefused("This question is closed already.")
        record(f"review.opinion_{state}", by=by, subject=asked, clinic=asked.case.group)


def is_open(review: Review) -> bool:
    """Whether the author of this second opinion is still asked."""
    return review.second_opinion and review.opinion_requests.filter(state=SecondOpinion.State.OPEN).exists()


def answered(review: Review, at) -> None:
    """In the transaction of the colleague's signature."""
    review.opinion_requests.filter(state=SecondOpinion.State.OPEN).update(
        state=SecondOpinion.State.ANSWERED, closed_at=at
    )


def becomes_own(case: Case, by: User) -> None:
    """Who was asked has claimed the case instead: the draft is a review like any other from now on."""
    taken = Review.objects.filter(case=case, specialist=by, second_opinion=True, status=Review.Status.DRAFT)
    if taken.update(second_opinion=False):
        SecondOpinion.objects.filter(case=case, colleague=by, state=SecondOpinion.State.OPEN).update(
            state=SecondOpinion.State.WITHDRAWN, closed_at=timezone.now(), reason="Claimed the case"
        )


def of_case(case: Case) -> list[SecondOpinion]:
    """With their answers, for whoever asked; the opinion of an unsigned review is nobody else's."""
    return list(
        case.second_opinions.select_related("asked_by", "colleague", "review").prefetch_related(
            "review__diagnoses", "review__action_items"
        )
    )


def for_list(user: User) -> dict[str, list[SecondOpinion]]:
    """What a work list shows: questions to the user, and the user's own about cases that are still read."""
    to_me = Q(colleague=user, state=SecondOpinion.State.OPEN)
    mine = Q(asked_by=user, case__status=CaseStatus.IN_REVIEW) & ~Q(state=SecondOpinion.State.WITHDRAWN)
    rows = list(
        SecondOpinion.objects.filter(to_me | mine)
        .select_related("case__patient", "asked_by", "colleague")
        .order_by("state", "asked_at")
    )
    return {
        "asked_of_me": [one for one in rows if one.colleague_id == user.pk and one.is_open],
        "asked_by_me": [one for one in rows if one.asked_by_id == user.pk],
    }
