"""Asking the patient for photos or answers: each with its reason, a deadline, one reminder, and a call when it passes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from config.accounts.models import User
from config.accounts.roles import Role
from config.audit.services import record
from config.ui import span_words, words_of
from intake import entries, notices, targets
from intake.models import Case, CaseStatus, InformationRequest, RequestItem
from intake.services import IntakeRefused
from intake.workflow import move


class TriageRefused(IntakeRefused):
    """The text may be shown."""


@dataclass(frozen=True)
class Asked:
    """One thing to ask for: a photo of a slot with a reason code, or a question. `topic` is the part of the story."""

    kind: str
    slot: str = ""
    reason_code: str = ""
    question: str = ""
    note: str = ""
    topic: str = ""


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
                topic=asked.topic,
                about=wrong.get(asked.slot) if asked.reason_code != "missing" else None,
            )
            for asked in wanted
        )
        entries.keep(case.pk)  # the deadline is its place in the list
        case.refresh_from_db()
        notices.tell_of_request(case, by=by, key=f"request:{request.pk}")
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
            missing.append(_("Answer: %(question)s") % {"question": item.words})
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
    """Both targets go on with what was left of them when the question went out; a specialist's own question comes back first."""
    case.refresh_from_db()
    updates: dict = targets.after_pause(case, now)
    if case.asked_from == "specialist":
        updates["put_first_until"] = now + timedelta(days=1)
    return move(case, "answer", by=by, reason=reason, updates=updates)


def remind_at_half_time(now: datetime | None = None) -> int:
    """One notice to each patient whose question is open and past half of its time; returns how many. Says only that
    something waits. Harmless when it comes twice: the row is taken by a guarded update first."""
    now = now or timezone.now()
    reminded = 0
    open_ones = InformationRequest.objects.filter(outcome="", reminded_at=None, deadline__gt=now)
    for request in open_ones.select_related("case__patient__user", "case__clinic", "asked_by"):
        if now < request.created_at + (request.deadline - request.created_at) / 2:
            continue
        with transaction.atomic():
            if InformationRequest.objects.filter(pk=request.pk, reminded_at=None, outcome="").update(reminded_at=now):
                # more time brings another half time, and its notice is another one
                key = f"reminder:{request.pk}:{int(request.deadline.timestamp())}"
                told = notices.tell_of_request(request.case, by=request.asked_by, key=key)
                reminded += bool(told)
    return reminded


def escalate_overdue(now: datetime | None = None) -> int:
    """Questions whose deadline has passed come onto the call list, each once; returns how many."""
    now = now or timezone.now()
    escalated = 0
    overdue = InformationRequest.objects.filter(outcome="", escalated_at=None, deadline__lte=now)
    for request in overdue.select_related("case__clinic"):
        with transaction.atomic():
            if InformationRequest.objects.filter(pk=request.pk, outcome="", escalated_at=None).update(escalated_at=now):
                record("request.escalated", by=None, role=Role.SYSTEM, subject=request, clinic=request.case.clinic)
                escalated += 1
    return escalated


def give_more_time(*, request: InformationRequest, by: User, deadline: datetime) -> None:
    """A later deadline, with a new reminder at half time; the case leaves the call list until then."""
    if deadline <= timezone.now():
        raise TriageRefused("Choose a deadline that is still to come.")
    case = request.case
    if not by.has_role(Role.STAFF, case.clinic):
        raise TriageRefused("Only staff of the patient's clinic change this.")
    with transaction.atomic():
        moved = InformationRequest.objects.filter(pk=request.pk, outcome="").update(
            deadline=deadline, reminded_at=None, escalated_at=None
        )
        if not moved:
            raise TriageRefused("This was already answered.")
        entries.keep(case.pk)
        record("request.more_time", by=by, subject=request, role=Role.STAFF, clinic=case.clinic)


def paused_words(case: Case) -> str:
    """What the target does while the patient is asked; "" when nothing is paused."""
    since = case.needs_information_at
    due = case.answer_due_at if case.asked_from == "specialist" else case.triage_due_at
    if case.status != CaseStatus.NEEDS_INFORMATION or since is None or due is None:
        return ""
    name = "answer" if case.asked_from == "specialist" else "triage"
    if due <= since:
        return f"The {name} target was over when the patient was asked. It waits since {words_of(since)}."
    return f"The {name} target is paused since {words_of(since)}. {span_words(due - since)} were left; they go on with the answer."
