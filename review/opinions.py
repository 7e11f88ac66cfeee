"""A second opinion: a colleague of the group is asked about a case, and answers with a review of the colleague's own.

Its time is kept apart and never charged; it goes to whoever asked, never to the patient by itself.
"""

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from config.accounts.models import User
from config.accounts.roles import Role
from config.accounts.services import queue_mail
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
            _tell(asked, colleague)
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
        if state == SecondOpinion.State.DECLINED:
            _tell(asked, asked.asked_by)


def is_open(review: Review) -> bool:
    """Whether the author of this second opinion is still asked."""
    return review.second_opinion and review.opinion_requests.filter(state=SecondOpinion.State.OPEN).exists()


def answered(review: Review, at) -> None:
    """In the transaction of the colleague's signature."""
    still_open = review.opinion_requests.filter(state=SecondOpinion.State.OPEN)
    for asked in list(still_open.select_related("asked_by")):
        # who asked may take the question back in this moment: then it is theirs to end
        if still_open.filter(pk=asked.pk).update(state=SecondOpinion.State.ANSWERED, closed_at=at):
            _tell(asked, asked.asked_by)


def _tell(asked: SecondOpinion, person: User) -> None:
    """By mail that something waits, and no more."""
    queue_mail("message_waiting", to=person.email, dedupe_key=f"opinion:{asked.pk}:{person.pk}")


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


def see(user: User, rows: list[SecondOpinion]) -> None:
    """They are on a page of the user's: what came back to the user is no news from now on."""
    if new := [one.pk for one in rows if one.asked_by_id == user.pk and one.is_news]:
        SecondOpinion.objects.filter(pk__in=new, seen_at=None).update(seen_at=timezone.now())


def shown_to(user: User, case: Case) -> list[SecondOpinion]:
    """Those of the case that the user asked for or gave, seen from now on."""
    mine = [one for one in of_case(case) if user.pk in (one.asked_by_id, one.colleague_id)]
    see(user, mine)
    return mine


def _asked_of(user: User) -> Q:
    return Q(colleague=user, state=SecondOpinion.State.OPEN)


def _news_for(user: User) -> Q:
    return Q(asked_by=user, state__in=SecondOpinion.CAME_BACK, seen_at=None)


def count_waiting(user: User) -> int:
    """Questions to the user, and answers that the user has not opened."""
    return SecondOpinion.objects.filter(_asked_of(user) | _news_for(user)).count()


def for_list(user: User) -> dict[str, list[SecondOpinion]]:
    """What a work list shows: questions to the user, what came back unseen, and what the user still waits for."""
    waits = Q(asked_by=user, state=SecondOpinion.State.OPEN)
    being_read = Q(asked_by=user, case__status=CaseStatus.IN_REVIEW) & ~Q(state=SecondOpinion.State.WITHDRAWN)
    rows = list(
        SecondOpinion.objects.filter(_asked_of(user) | _news_for(user) | waits | being_read)
        .select_related("case__patient", "asked_by", "colleague")
        .order_by("state", "asked_at")
    )
    return {
        "asked_of_me": [one for one in rows if one.colleague_id == user.pk and one.is_open],
        "came_back": [one for one in rows if one.asked_by_id == user.pk and one.is_news],
        "asked_by_me": [one for one in rows if one.asked_by_id == user.pk and not one.is_news],
    }
