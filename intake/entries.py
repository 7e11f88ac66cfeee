"""Keeping the desk's list: one row for each open case, written in the transaction of whatever changed."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.utils import translation

from config.prepared import Prepared
from intake import completeness, ranking
from intake.models import QUEUE_STATES, Case, CaseStatus, Photo, QueueEntry, Urgency

_PARTS = ("photos", "consents", "uploads", "answers", "events", "requests")
_LATER = {Urgency.URGENT: 0, Urgency.PRIORITY: 1, Urgency.ROUTINE: 2}


def keep(case_id: Any) -> None:
    """Write what the list says of this case now; take it off when it is open no more. The case is locked first, so
    that two changes at once end with the state of the later."""
    with transaction.atomic():
        keep_locked(case_id, lock(case_id))


def lock(case_id: Any, patient_id: UUID | None = None) -> str:
    """The status of the case, "" when there is none (of that patient, if one is named); nobody else changes it
    until the transaction ends."""
    if not transaction.get_connection().in_atomic_block:  # of a statement that is compiled once, Django says it once
        raise transaction.TransactionManagementError("A case is locked inside of a transaction.")
    key = case_id if isinstance(case_id, UUID) else UUID(str(case_id))  # a kept list of cases holds their keys as text
    rows = _locked(case=key).rows()
    return next((status for status, patient in rows if patient_id in (None, patient)), "")


@Prepared
def _locked(*, case: Any) -> QuerySet:
    return Case.objects.select_for_update(of=("self",)).filter(pk=case).order_by().values_list("status", "patient_id")


def keep_locked(case_id: Any, status: str) -> None:
    """The same for whoever has locked the case already and knows its status from there."""
    if status == CaseStatus.DRAFT:
        return  # no way leads back to a draft, so it was never on the list
    if status not in QUEUE_STATES:
        QueueEntry.objects.filter(pk=case_id).delete()
        return
    case = _loaded(Case.objects.filter(pk=case_id)).get()
    columns = columns_of(case)
    before = QueueEntry.objects.filter(pk=case.pk).values_list("started_at", flat=True)[:1]
    if not before:
        QueueEntry.objects.create(case=case, **columns)
        return
    if before[0] != columns["started_at"]:
        # another target runs now than the one that the lead was told about
        columns["is_escalated"] = False
    QueueEntry.objects.filter(pk=case.pk).update(**columns)


def _loaded(cases):
    photos = Photo.objects.live().order_by("position", "received_at")
    return cases.select_related("patient", "clinic").prefetch_related(
        Prefetch("photos", photos), "consents", "uploads", "answers", "events", "requests"
    )


def keep_many(case_ids: Iterable[Any]) -> None:
    for case_id in case_ids:
        keep(case_id)


def bulk_entries(cases: list[Case]) -> None:
    """For cases that were made in bulk, with patient and clinic set: they have no photos, answers, requests or consents."""
    rows = []
    for case in cases:
        if case.status in QUEUE_STATES:
            case._prefetched_objects_cache = {name: [] for name in _PARTS}
            rows.append(QueueEntry(case=case, **columns_of(case)))
    QueueEntry.objects.bulk_create(rows)


def refill_stale(limit: int = 500) -> int:
    """Rows that were written without their facts (an upgrade of a running clinic); returns how many."""
    stale = list(QueueEntry.objects.filter(is_stale=True).values_list("pk", flat=True)[:limit])
    keep_many(stale)
    return len(stale)


def columns_of(case: Case) -> dict[str, Any]:
    """The columns of a case with its photos, answers, uploads, consents, requests and events loaded."""
    # the list speaks the clinic's language, whoever's change it is
    with translation.override("en"):
        return _columns_of(case)


def _columns_of(case: Case) -> dict[str, Any]:
    photos = list(case.photos.all())
    for photo in photos:
        photo.case = case
    photo, story = completeness.photo_check(case), completeness.story_check(case)
    if not completeness.consent_check(case).fine:
        story = completeness.consent_check(case)
    urgency, facts = facts_of(case)
    rank = ranking.rank_of(facts)
    return {
        "clinic_id": case.clinic_id,
        "state": case.status,
        "urgency": urgency,
        "is_suggested": not case.urgency,
        "rank": rank.number,
        "why": list(rank.reasons),
        "due_at": facts.due_at,
        "warn_at": None if facts.due_at is None else _warn_at(case),
        "started_at": started_at(case),
        "target_minutes": _target_minutes(case),
        "moved_at": _moved_at(case),
        "is_eye": case.specialty == "ophthalmology",
        "is_back": facts.is_back,
        "has_photo_problem": any(_is_doubtful(photo) for photo in photos),
        "language": case.patient.preferred_language,
        "problem": case.problem[:80],
        "place": case.site_label[:80],
        "photo_tone": photo.tone,
        "photo_words": photo.words[:160],
        "story_tone": story.tone,
        "story_words": story.words[:160],
        "thumbs": [[str(p.pk), p.alt] for p in photos if p.status == "ready"][:4],
        "is_stale": False,
    }


def _is_doubtful(photo: Photo) -> bool:
    return photo.quality_verdict == "retake_suggested" or photo.status in {"unreadable", "needs_attention"}


def facts_of(case: Case) -> tuple[str, ranking.Facts]:
    """(urgency that counts, facts of the rank). A suggestion raises what was decided only until it is decided again."""
    suggested, flag = completeness.suggested_urgency(case)
    urgency = case.urgency or suggested
    if case.urgency and _LATER[Urgency(case.urgency)] != _LATER[Urgency(suggested)]:
        flag = f"Set to {case.urgency} by the desk"
    verbs = [event.verb for event in case.events.all()]
    last = next((verb for verb in reversed(verbs) if verb in {"submit", "answer", "return_to_triage", "accept"}), "")
    open_request = next((request for request in case.requests.all() if not request.outcome), None)
    return urgency, ranking.Facts(
        state=case.status,
        urgency=urgency,
        flag=flag,
        due_at=_due_at(case),
        deadline=open_request.deadline if open_request else None,
        score=completeness.seven_point_score(case),
        is_back=case.status == CaseStatus.SUBMITTED and last == "answer",
        was_returned=case.status == CaseStatus.SUBMITTED and last == "return_to_triage",
    )


def _due_at(case: Case) -> datetime | None:
    if case.status == CaseStatus.NEEDS_INFORMATION:
        return None
    return case.triage_due_at if case.status == CaseStatus.SUBMITTED else case.answer_due_at


def _warn_at(case: Case) -> datetime | None:
    return case.triage_warn_at if case.status == CaseStatus.SUBMITTED else case.answer_warn_at


def started_at(case: Case) -> datetime | None:
    """When the target that runs now began."""
    if case.status == CaseStatus.NEEDS_INFORMATION:
        return case.needs_information_at
    if case.status == CaseStatus.SUBMITTED:
        back = [event.at for event in case.events.all() if event.verb == "return_to_triage"]
        return back[-1] if back else case.submitted_at
    return case.ready_at or case.submitted_at


def _target_minutes(case: Case) -> int | None:
    """How long the target that runs now is, as its promise said."""
    kind = "triage" if case.status == CaseStatus.SUBMITTED else "answer"
    made = [event.data for event in case.events.all() if event.data.get("target") == kind]
    return made[-1].get("minutes") if made else None


def _moved_at(case: Case) -> datetime:
    events = [event.at for event in case.events.all()]
    return events[-1] if events else case.updated_at
