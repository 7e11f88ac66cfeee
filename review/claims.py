"""Who holds a case: claim, renew, give back, and the ways out of a review that is not signed."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from config.accounts.models import User
from config.accounts.services import queue_mail
from intake import routing, triage
from intake.models import Case, CaseEvent, CaseStatus, InformationRequest
from intake.routing import Person
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
        # and so is the roster: who is not on it may answer, and is told so now and before signing
        passed, off = reading_order.passed_over(case, by), off_roster(case, by)
        case = move(case, "claim", by=by, data={"passed": passed} | ({"off_roster": off} if off else {}))
        opinions.becomes_own(case, by)
        review, _ = Review.objects.get_or_create(case=case, specialist=by)
    return review


def off_roster(case: Case, user: User) -> str:
    """The patient's model on whose roster the user is not today, where the group is; "" when nothing is missing."""
    return routing.missing_roster(case, user, timezone.localdate(None, case.group.zone)) if case.group else ""


def roster_words(programme: str) -> str:
    return f"You are not on the roster of {programme}, the patient's model"


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


def release_case(*, case: Case, by: User, handover_note: str = "", to: User | None = None) -> Case:
    """Back into the pool, whoever it was sent to before, or on to a colleague by name, who alone may claim it then.

    Draft and tape stay with their author; the note is the only text that passes. A lead who ends another's hold writes why,
    which the holder reads. Raises TransitionRefused with a sentence that may be shown.
    """
    holder = case.holder
    if holder is not None and holder != by and not handover_note.strip():
        raise TransitionRefused(f"Write to {holder} why you end the hold.", case.status)
    if to is not None:
        if case.holder_id != by.pk:
            raise TransitionRefused("Only who holds a case hands it to somebody by name.", case.status)
        if to not in [person.user for person in takers(case, by)]:
            raise TransitionRefused(f"{to} cannot take this case. Choose another colleague or the pool.", case.status)
        if not handover_note.strip():
            raise TransitionRefused(f"Write to {to} what is left to do.", case.status)
    with transaction.atomic():
        _keep_note(case, by, handover_note)
        released = move(
            case, "release", by=by, updates={"assigned_to": to}, data={"to": str(to.pk)} if to is not None else None,
            reason=handover_note if holder != by else "",
        )  # fmt: skip
        if holder is not None and holder != by:
            _notify([holder], f"hold-ended:{case.pk}:{released.version}")
        if to is not None:
            _notify([to], f"handed-over:{case.pk}:{released.version}")
        return released


def hold_ended_by(case: Case, user: User) -> CaseEvent | None:
    """The lead's ending of the user's hold, with what the lead wrote, while nobody has begun the case anew."""
    last = case.events.filter(verb__in=["claim", "release"]).select_related("by").last()
    return last if last is not None and last.verb == "release" and last.by != user and last.reason else None


def to_pool(*, case: Case, by: User | None) -> Case:
    """A case that waits for a colleague by name is anybody's again: its giver takes it back, or (None) it waited too long.

    The colleague is told, and so is the giver when it was not their own doing."""
    named = case.assigned_to
    sent = case.events.filter(verb="release").select_related("by").last()
    told = {user for user in (named, sent.by if sent else None) if user is not None and user != by}
    with transaction.atomic():
        freed = move(
            case, "to_pool", by=by, updates={"assigned_to": None}, data={"from": str(named.pk) if named else ""},
            extra_filter=Q(assigned_to=named),
        )  # fmt: skip
        _notify(told, f"to-pool:{case.pk}:{freed.version}")
    return freed


def handed_over_too_long(now: datetime) -> QuerySet[Case]:
    """What triage sent by name is not among them: its target is the measure there."""
    sent = CaseEvent.objects.filter(case=OuterRef("pk"), verb__in=["accept", "release"]).order_by("-pk")
    return Case.objects.annotate(
        sent_by=Subquery(sent.values("verb")[:1]), sent_at=Subquery(sent.values("at")[:1])
    ).filter(
        status=CaseStatus.READY,
        assigned_to__isnull=False,
        sent_by="release",
        sent_at__lte=now - timedelta(hours=settings.HANDED_OVER_HOURS),
    )


def takers(case: Case, by: User) -> list[Person]:
    """Whom of the group `by` may hand the case to: licensed today, here, on the roster of the patient's model where there
    is one, and without a signature of their own on the case. The least busy in front."""
    done = set(case.reviews.signed().values_list("specialist", flat=True))
    people = [
        route.people[0] for route in routing.routes(case) if route.person is not None and route.group == case.group
    ]
    fitting = [
        one
        for one in people
        if one.user != by and one.user.pk not in done and not one.away_until and one.is_rostered is not False
    ]
    return sorted(fitting, key=lambda one: (one.load, str(one.user)))


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


def _notify(people: Iterable[User], key: str) -> None:
    for user in people:
        queue_mail("message_waiting", to=user.email, dedupe_key=f"{key}:{user.pk}")
