"""The clinic's decisions on a case: accept and route, ask for more, take the answer, send to in-person care."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.accounts.models import Clinic, User
from config.accounts.roles import Role
from config.accounts.services import queue_mail
from intake import completeness
from intake.models import Case, CaseStatus, InformationRequest, RequestItem
from intake.services import IntakeRefused, drop_open_request
from intake.workflow import move

# reason code -> (words for staff, sentence for the patient)
RETAKE_REASONS = {
    "blurred": (
        "Blurred",
        gettext_lazy("The photo is blurry. Hold the phone a hand's width away and tap the spot on the screen."),
    ),
    "too_dark": ("Too dark", gettext_lazy("The photo is too dark. Stand by a window or turn on a lamp.")),
    "too_bright": ("Too bright or glare", gettext_lazy("Part of the photo is too bright. Turn the flash off.")),
    "too_far": (
        "Too far away",
        gettext_lazy("The photo is from too far away. Come closer until the spot fills half of the screen."),
    ),
    "wrong_place": (
        "Another place is shown",
        gettext_lazy("The photo shows another place. Photograph the spot that you told us about."),
    ),
    "missing": ("Missing", gettext_lazy("This photo is still missing.")),
    "no_scale": ("Nothing to measure by", gettext_lazy("Lay a coin or a ruler beside the spot, not on it.")),
}


class TriageRefused(IntakeRefused):
    pass


@dataclass(frozen=True)
class Asked:
    """One thing to ask for: a photo of a slot with a reason code, or a question."""

    kind: str
    slot: str = ""
    reason_code: str = ""
    question: str = ""
    note: str = ""


def groups_for(case: Case, specialty: str = "") -> list[tuple[Clinic, list[User]]]:
    """Specialist groups with the people who may answer this case: specialty and a licence in the patient's state."""
    today = timezone.localdate()
    licensed = (
        User.objects.filter(
            is_active=True,
            memberships__role=Role.SPECIALIST,
            memberships__is_active=True,
            practitioner__specialty=specialty or case.specialty,
            practitioner__licences__state=case.patient_state or case.patient.state,
            practitioner__licences__valid_from__lte=today,
        )
        .filter(Q(practitioner__licences__valid_until__isnull=True) | Q(practitioner__licences__valid_until__gte=today))
        .distinct()
        .order_by("last_name")
    )
    found: dict[Clinic, list[User]] = {}
    for user in licensed:
        for group in user.clinics(Role.SPECIALIST):
            found.setdefault(group, []).append(user)
    return sorted(found.items(), key=lambda item: item[0].name)


def accept_case(
    *,
    case: Case,
    by: User,
    urgency: str,
    specialty: str,
    group: Clinic,
    assigned_to: User | None = None,
    note: str = "",
    lower_reason: str = "",
) -> Case:
    """Put the case into a specialist pool, or on one person's list, with its target."""
    _refuse_incomplete(case)
    people = next((people for candidate, people in groups_for(case, specialty) if candidate == group), [])
    state = case.patient_state or case.patient.state
    if not people:
        raise TriageRefused(f"Nobody in {group} is licensed in {state} for this. Choose another group or specialty.")
    if assigned_to is not None and assigned_to not in people:
        raise TriageRefused(f"{assigned_to} may not answer this case: no licence in {state}, or another specialty.")
    suggested, why = completeness.suggested_urgency(case)
    if completeness.is_lower(urgency, suggested) and not lower_reason.strip():
        raise TriageRefused(f"{suggested.capitalize()} is suggested ({why.lower()}). Write why it may wait longer.")
    now = timezone.now()
    updates: dict = {
        "urgency": urgency,
        "specialty": specialty,
        "group": group,
        "assigned_to": assigned_to,
        "patient_state": state,
        "answer_due_at": now + timedelta(hours=settings.ANSWER_TARGET_HOURS[urgency]),
        "asked_by": None,
        "asked_from": "",
    }
    if note.strip():
        stamped = f"{by}, {timezone.localtime(now, case.clinic.zone):%b %d, %I:%M %p}: {note.strip()}"
        updates["intake_note"] = f"{case.intake_note}\n{stamped}".strip()
    return move(
        case, "accept", by=by, reason=lower_reason, data={"urgency": urgency, "suggested": suggested}, updates=updates
    )


def _refuse_incomplete(case: Case) -> None:
    if case.uploads.arriving().exists() or any(photo.status == "arriving" for photo in case.photos.live()):
        raise TriageRefused("A photo is still arriving. Accept the case when it is here, or remove it.")
    if not any(photo.status == "ready" for photo in case.photos.live()):
        raise TriageRefused("There is no photo that can be shown. Ask the patient for one.")
    if not completeness.consent_check(case).fine:
        raise TriageRefused("The patient has not agreed yet. Ask for consent first.")


def request_information(
    *, case: Case, by: User, items: Iterable[Asked], deadline: datetime, message: str = "", asked_from: str = ""
) -> InformationRequest:
    """Ask the patient for photos or answers, each with its reason. Both targets pause until the answer."""
    wanted = list(items)
    if not wanted:
        raise TriageRefused("Choose what to ask for.")
    if deadline <= timezone.now():
        raise TriageRefused("Choose a deadline that is still to come.")
    if not asked_from:
        asked_from = "clinic" if by.has_role(Role.STAFF, case.clinic) and case.status == CaseStatus.SUBMITTED else ""
        asked_from = asked_from or ("specialist" if by.has_role(Role.SPECIALIST) else "clinic")
    wrong = {photo.slot: photo for photo in case.photos.live()}
    with transaction.atomic():
        move(case, "request_information", by=by, updates={"asked_by": by, "asked_from": asked_from})
        request = InformationRequest.objects.create(
            case=case, asked_by=by, asked_from=asked_from, deadline=deadline, message=message.strip()
        )
        RequestItem.objects.bulk_create(
            RequestItem(
                request=request,
                kind=asked.kind,
                slot=asked.slot,
                reason_code=asked.reason_code,
                question=asked.question,
                note=asked.note,
                about=wrong.get(asked.slot) if asked.reason_code != "missing" else None,
            )
            for asked in wanted
        )
    return request


def answer_request(*, request: InformationRequest, by: User, answers: dict[int, str]) -> Case:
    """The patient (or staff for them) answers; photos that arrived since the question answer their slot."""
    case = request.case
    came = case.photos.live().filter(received_at__gte=request.created_at)
    photos = {photo.slot: photo for photo in came if photo.status != "unreadable"}
    missing = []
    items = list(request.items.all())
    for item in items:
        item.answer = answers.get(item.pk, item.answer).strip()
        item.photo = photos.get(item.slot) if item.kind == RequestItem.Kind.PHOTO else None
        if item.kind == RequestItem.Kind.QUESTION and not item.answer:
            missing.append(_("Answer: %(question)s") % {"question": item.question})
        if item.kind == RequestItem.Kind.PHOTO and item.photo is None:
            missing.append(_("Add the photo: %(slot)s.") % {"slot": str(item.plain_slot).lower()})
    if missing:
        save_answers(request=request, answers=answers)
        raise TriageRefused(" ".join(missing))
    now = timezone.now()
    with transaction.atomic():
        for item in items:
            item.answered_at = now
            item.save(update_fields=["answer", "photo", "answered_at"])
        _settle_request(request, by, now, InformationRequest.Outcome.ANSWERED)
        return _back(case, by, now)


def save_answers(*, request: InformationRequest, answers: dict[int, str]) -> None:
    """What was typed so far is kept, answered or not."""
    for pk, text in answers.items():
        request.items.filter(pk=pk).update(answer=text.strip())


def no_answer(*, request: InformationRequest, by: User, reason: str) -> Case:
    """Staff go on without an answer, and say why."""
    if not reason.strip():
        raise TriageRefused("Write why the case goes on without an answer.")
    now = timezone.now()
    with transaction.atomic():
        _settle_request(request, by, now, InformationRequest.Outcome.NO_ANSWER, reason.strip())
        return _back(request.case, by, now, reason=reason)


def _settle_request(request: InformationRequest, by: User, now: datetime, outcome: str, reason: str = "") -> None:
    settled = InformationRequest.objects.filter(pk=request.pk, outcome="").update(
        outcome=outcome, answered_at=now, answered_by=by, outcome_reason=reason
    )
    if not settled:
        raise TriageRefused(_("This was already answered."))


def _back(case: Case, by: User, now: datetime, reason: str = "") -> Case:
    """Both targets move by the time that the question was out; a specialist's own question comes back first."""
    case.refresh_from_db()
    paused = now - (case.needs_information_at or now)
    updates: dict = {"triage_due_at": F("triage_due_at") + paused, "answer_due_at": F("answer_due_at") + paused}
    if case.asked_from == "specialist":
        updates["put_first_until"] = now + timedelta(days=1)
    return move(case, "answer", by=by, reason=reason, updates=updates)


def redirect_case(*, case: Case, by: User, kind: str, reason: str, told: str = "") -> Case:
    """In-person or emergency care instead: what was said to whom is on record. Never billed."""
    if kind not in {"in_person", "emergency"}:
        raise TriageRefused("Choose in-person or emergency care.")
    updates = {} if case.submitted_at else {"submitted_at": timezone.now()}
    with transaction.atomic():
        moved = move(case, "redirect", by=by, reason=reason, data={"kind": kind, "told": told.strip()}, updates=updates)
        drop_open_request(case)
    return moved


def return_to_triage(*, case: Case, by: User, reason: str) -> Case:
    due = timezone.now() + timedelta(hours=settings.TRIAGE_TARGET_HOURS[case.urgency or "routine"])
    return move(case, "return_to_triage", by=by, reason=reason, updates={"triage_due_at": due})


def remind_at_half_time(now: datetime | None = None) -> int:
    """One notice to each patient whose question is open and past half of its time; returns how many. Says only that
    something waits. Harmless when it comes twice: the row is taken by a guarded update first."""
    now = now or timezone.now()
    reminded = 0
    open_ones = InformationRequest.objects.filter(outcome="", reminded_at=None, deadline__gt=now)
    for request in open_ones.select_related("case__patient__user"):
        to = request.case.patient.user.email if request.case.patient.user else request.case.patient.email
        if not to or now < request.created_at + (request.deadline - request.created_at) / 2:
            continue
        with transaction.atomic():
            if InformationRequest.objects.filter(pk=request.pk, reminded_at=None, outcome="").update(reminded_at=now):
                queue_mail("message_waiting", to=to, dedupe_key=f"reminder:{request.pk}")
                reminded += 1
    return reminded
