"""Critical results: who is told, by which channels, and the ladder that only a person's acknowledgement ends."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from config.accounts import reach
from config.accounts.models import Clinic, User
from config.accounts.outbox import URGENT_TEXT
from config.accounts.roles import Role
from config.accounts.services import queue_mail
from config.audit.services import record
from config.navigation import COUNT_UP_TO
from config.prepared import Prepared, Statement
from intake.escalation import leads_of
from intake.models import Case
from review import critical_rules as rules
from review import delivery
from review.models import CriticalResult, CriticalStep, Review
from review.models.review import in_words

Rung = CriticalStep.Rung
PORTAL, EMAIL, TEXT = "portal", "email", "sms"
MINIMUM_ACTION = 5


class CriticalRefused(Exception):
    """The text may be shown."""


def reasons_of(review: Review, *, marked: bool = False) -> list[str]:
    if review.second_opinion:
        return []
    return rules.reasons(
        codes=review.diagnoses.values_list("icd10cm", flat=True),
        texts=[review.assessment, *(in_words(entry) for entry in review.differential)],
        is_eye=review.case.specialty == "ophthalmology",
        marked=marked,
    )


def named_person(case: Case) -> User | None:
    """The referring clinician; else who accepted the case; else a lead, or anybody, of the clinic's staff."""
    accepted = case.events.filter(verb="accept").select_related("by").last()
    candidates = [case.referring_clinician, accepted.by if accepted else None, *leads_of(case.clinic_id)]
    for user in candidates:
        if user is not None and user.is_active and (_refers(case, user) or user.has_role(Role.STAFF, case.clinic)):
            return user
    return _members(case.clinic, Role.STAFF).first()


def _refers(case: Case, user: User) -> bool:
    return case.referring_clinic is not None and user.has_role(Role.REFERRER, case.referring_clinic)


def _members(clinic: Clinic, role: str) -> QuerySet[User]:
    return User.objects.filter(
        is_active=True, memberships__clinic=clinic, memberships__role=role, memberships__is_active=True
    ).order_by("date_joined")


def directors_of(case: Case) -> list[User]:
    """The clinic's medical director, else the one of the reading group, else the group's leads."""
    for place in (case.clinic, case.group):
        director = place.medical_director if place is not None else None
        if director is not None and director.is_active:
            return [director]
    leads = _members(case.group, Role.SPECIALIST).filter(memberships__lead=True) if case.group else User.objects.none()
    return list(leads.distinct())


def raise_critical(*, review: Review, by: User, reasons: list[str], note: str = "", at: datetime) -> CriticalResult:
    """In the transaction of the signature, or of the mark: the row is there before anything is sent."""
    case = review.case
    row = CriticalResult.objects.create(
        review=review, case=case, reasons=reasons, note=note.strip()[:500], raised_at=at, named=named_person(case),
        due_at=at + rules.ACKNOWLEDGE_WITHIN, next_at=at,
    )  # fmt: skip
    record("critical.raised", by=by, subject=row, clinic=case.clinic, data={"reasons": reasons})
    climb(row, at)
    return row


def mark(*, review: Review, by: User, note: str) -> CriticalResult:
    """The signer finds after the signature that somebody has to know today."""
    if review.specialist_id != by.pk or not review.is_signed or review.second_opinion:
        raise CriticalRefused("Only who signed the review marks it.")
    if len(note.strip()) < MINIMUM_ACTION:
        raise CriticalRefused("Write what somebody has to know today.")
    with transaction.atomic():
        case = delivery.locked(review.case_id)
        if CriticalResult.objects.filter(review=review).exists():
            raise CriticalRefused("It is marked already.")
        if case.status == "closed":
            raise CriticalRefused("The case is closed. Add an addendum first: it opens the case again.")
        return raise_critical(review=review, by=by, reasons=[rules.MARKED], note=note, at=timezone.now())


def tick(now: datetime | None = None, limit: int = 200) -> int:
    """Climb whatever is due; returns how many rungs. Harmless when it comes twice."""
    now = now or timezone.now()
    due = CriticalResult.objects.filter(acknowledged_at=None, next_at__lte=now).order_by("next_at")
    return sum(climb(row, now) for row in due.select_related("case__clinic", "case__group", "named")[:limit])


def climb(row: CriticalResult, now: datetime) -> int:
    """All rungs that are due by now, each once, each in a transaction of its own."""
    climbed = 0
    while row.next_at <= now and _one(row, now):
        climbed += 1
        row.refresh_from_db(fields=["steps_done", "next_at", "acknowledged_at"])
    return climbed


@transaction.atomic
def _one(row: CriticalResult, now: datetime) -> bool:
    number = row.steps_done
    rung = rules.rung(number)
    people = _people(row, rung)
    following = rules.next_step(row.raised_at.astimezone(UTC), number + 1, now)
    if not people and rung != rules.DIRECTOR:
        following = now  # nobody stands there: the next rung at once
    mine = CriticalResult.objects.filter(pk=row.pk, steps_done=number, acknowledged_at=None)
    if not mine.update(steps_done=number + 1, next_at=following):
        return False
    if not people:
        CriticalStep.objects.create(critical=row, number=number, rung=rung, at=now)
    for user in people:
        channels = _tell(row, user, number)
        CriticalStep.objects.create(critical=row, number=number, rung=rung, person=user, channels=channels, at=now)
    data = {"rung": rung, "number": number, "told": [str(user.pk) for user in people]}
    record("critical.told", by=None, subject=row, clinic=row.case.clinic, data=data)
    return True


def _people(row: CriticalResult, rung: str) -> list[User]:
    if rung in {rules.NAMED, rules.AGAIN}:
        return [row.named] if row.named is not None and row.named.is_active else []
    return leads_of(row.case.clinic_id) if rung == rules.LEAD else directors_of(row.case)


def _tell(row: CriticalResult, user: User, number: int) -> list[str]:
    """By mail and text message, which say nothing of what it is, and on every page that the person opens, until somebody
    acknowledges."""
    if not user.email:
        return [PORTAL]
    key = f"critical:{row.pk}:{number}:{user.pk}"
    queue_mail("critical_waiting", to=user.email, dedupe_key=key)
    if not reach.can_be_texted(user):
        return [EMAIL, PORTAL]
    queue_mail(URGENT_TEXT, to=user.email, dedupe_key=f"{key}:text")
    return [EMAIL, TEXT, PORTAL]


def visible_to(user: User) -> QuerySet[CriticalResult]:
    """Whoever may take it over, and its signer."""
    if not user.is_authenticated or not user.is_active:
        return CriticalResult.objects.none()
    return CriticalResult.objects.filter(_theirs(user.pk, **_desks(user))).select_related(
        "case__patient", "case__clinic", "case__group", "review__specialist", "named", "acknowledged_by"
    )


def _theirs(user, *, clinics: tuple = (), refers: tuple = (), led: tuple = ()) -> Q:
    """Asked row by row: joined, a database looks for the few open results by going through all cases."""
    mine = Q(clinic__medical_director=user) | Q(group__medical_director=user)
    if clinics:
        mine |= Q(clinic__in=clinics)
    if refers:
        mine |= Q(referring_clinic__in=refers)
    if led:
        mine |= Q(group__in=led)
    signed = Review.objects.filter(pk=OuterRef("review"), specialist=user)
    return Q(Exists(Case.objects.filter(mine, pk=OuterRef("case")))) | Q(Exists(signed))


def _desks(user: User) -> dict[str, tuple]:
    led = tuple(m.clinic_id for m in user._active_memberships if m.lead and m.role == Role.SPECIALIST)
    desks = {"clinics": user.clinic_ids(Role.STAFF), "refers": user.clinic_ids(Role.REFERRER), "led": led}
    return {name: clinics for name, clinics in desks.items() if clinics}


def waiting(user: User) -> Statement:
    """For the top bar."""
    return _waits_for.counted(up_to=COUNT_UP_TO, user=user.pk, **_desks(user))


@Prepared
def _waits_for(*, user, **desks: tuple) -> QuerySet[CriticalResult]:
    return CriticalResult.objects.filter(_theirs(user, **desks), acknowledged_at=None)


def may_acknowledge(row: CriticalResult, by: User) -> bool:
    """Whoever takes the patient over. The signer only passes on what was read back on the phone."""
    case = row.case
    return (
        by.has_role(Role.STAFF, case.clinic)
        or _refers(case, by)
        or by in directors_of(case)
        or by.pk in (case.clinic.medical_director_id, row.named_id)
    )


def acknowledge(*, row: CriticalResult, by: User, action: str, taken_by: str = "") -> CriticalResult:
    """A person has it and says what happens next. `taken_by` is who read it back to the signer on the phone."""
    action, taken_by = action.strip()[:500], taken_by.strip()[:160]
    signer = row.review.specialist_id == by.pk
    if not (signer if taken_by else may_acknowledge(row, by)):
        raise CriticalRefused(
            "Only who signed records a call." if taken_by else "Write who took it on the phone and read it back."
            if signer else "You may not acknowledge this result."
        )  # fmt: skip
    if len(action) < MINIMUM_ACTION:
        raise CriticalRefused("Write what happens next: who sees the patient, and when.")
    how = CriticalResult.How.PHONE if taken_by else CriticalResult.How.PORTAL
    with transaction.atomic():
        case = delivery.locked(row.case_id)
        mine = CriticalResult.objects.filter(pk=row.pk, acknowledged_at=None)
        if not mine.update(
            acknowledged_at=timezone.now(), acknowledged_by=by, acknowledged_how=how, taken_by=taken_by, action=action
        ):
            raise CriticalRefused("Somebody has acknowledged it already.")
        record("critical.acknowledged", by=by, subject=row, clinic=case.clinic, data={"how": str(how)})
        delivery.advance(case)
    row.refresh_from_db()
    return row


def open_of(case: Case) -> CriticalResult | None:
    return CriticalResult.objects.filter(case=case, acknowledged_at=None).first()


def board(user: User, days: int = 30) -> tuple[list[CriticalResult], list[CriticalResult]]:
    """(on the ladder, acknowledged lately), with their steps."""
    rows = visible_to(user).prefetch_related("steps__person")
    since = timezone.now() - timedelta(days=days)
    return list(rows.filter(acknowledged_at=None).order_by("raised_at")), list(
        rows.filter(acknowledged_at__gte=since).order_by("-acknowledged_at")[:50]
    )


def late(rows: Iterable[CriticalResult], now: datetime) -> int:
    return sum(row.due_at < now for row in rows)
