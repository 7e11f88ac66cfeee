"""What staff set in a case that was sent: urgency, place, and answers that came by phone. Each leaves what stood there.

Guarded by the version that the page was read at: who was overtaken is told what changed, and nothing is lost.
"""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from config.accounts.models import User
from config.accounts.roles import Role
from config.audit.services import record
from intake import completeness, consents, entries, questions, services, sites, targets
from intake.models import Answer, Case, CaseChange, CaseStatus, Spoken, Urgency
from intake.requests import TriageRefused
from intake.topics import Topic, topic_of
from intake.workflow import moved_on

Kind = CaseChange.Kind
AT_THE_DESK = (CaseStatus.SUBMITTED, CaseStatus.NEEDS_INFORMATION, CaseStatus.READY)


class StaleCase(TriageRefused):
    """The page was read before somebody else changed the case. `case` is what is stored now."""

    def __init__(self, case: Case) -> None:
        super().__init__(
            "Somebody changed this case while you looked at it. What changed is shown; what you entered is still here. "
            "Check it and send it again."
        )
        self.case = case


def refuse_stale(case: Case, version: int | None) -> None:
    """For a decision that changes no field here but rests on what the page showed. Call it in its transaction."""
    now = Case.objects.locked(case.pk, "patient", "clinic", "holder")
    if version not in (None, now.version):
        raise StaleCase(now)


def _guarded(case: Case, by: User, version: int | None, **columns: Any) -> Case:
    """The one UPDATE behind every change here; call it in the transaction that writes the trace."""
    if not by.has_role(Role.STAFF, case.clinic):
        raise TriageRefused("Only staff of the patient's clinic change this.")
    rows = Case.objects.filter(pk=case.pk, status__in=AT_THE_DESK)
    if version is not None:
        rows = rows.filter(version=version)
    if not rows.update(version=F("version") + 1, updated_at=timezone.now(), **columns):
        current = Case.objects.select_related("patient", "clinic", "holder").get(pk=case.pk)
        if current.status == CaseStatus.IN_REVIEW:
            raise TriageRefused(
                f"{current.holder} is reading case {current.number} now. Take it back to triage to change it, or call."
            )
        if current.status not in AT_THE_DESK:
            raise TriageRefused(moved_on(current))
        raise StaleCase(current)
    case.refresh_from_db()
    return case


def _trace(case: Case, by: User, kind: str, field: str, old: str, new: str, **facts: Any) -> CaseChange:
    change = CaseChange.objects.create(case=case, kind=kind, field=field, old=old, new=new, by=by, **facts)
    record(
        "case.changed", by=by, role=Role.STAFF, subject=case, clinic=case.clinic,
        data={"field": field, "kind": str(kind), "change": change.pk},
    )  # fmt: skip
    entries.keep(case.pk)
    return change


def set_urgency(*, case: Case, by: User, urgency: str, reason: str = "", version: int | None = None) -> Case:
    """Sooner is free; later needs a reason, which is kept. A target already promised never moves later by itself."""
    if urgency not in Urgency.values:
        raise TriageRefused("Choose the urgency.")
    before, why = (case.urgency, "it was set before") if case.urgency else completeness.suggested_urgency(case)
    if completeness.is_lower(urgency, before) and not reason.strip():
        raise TriageRefused(f"{before.capitalize()} stands here ({why.lower()}). Write why it may wait longer.")
    if urgency == case.urgency:
        return case
    with transaction.atomic():
        old = case.urgency
        case = _guarded(case, by, version, urgency=urgency, **targets.for_urgency(case, before, urgency))
        _trace(case, by, Kind.URGENCY, "urgency", old, urgency, reason=reason.strip())
    return case


def correct_place(
    *, case: Case, by: User, site: str, side: str, reason: str, said_by: str = "", version: int | None = None
) -> Case:
    """Another site or side than the patient gave: the old one stays in the trace and the specialist sees that it was corrected."""
    place = sites.BY_KEY.get(site)
    if place is None or place not in sites.for_specialty(case.specialty):
        raise TriageRefused("Choose the place.")
    if place.has_side and side not in {"left", "right", "both"}:
        raise TriageRefused("Choose the side: left, right or both.")
    if not place.has_side and side == "both":
        side = ""
    if not reason.strip():
        raise TriageRefused("Write how you know, like “The patient confirmed it by phone”.")
    if (site, side) == (case.site, case.side):
        raise TriageRefused("This is the place that stands there already.")
    old = case.site_label
    with transaction.atomic():
        # the point on the body map belongs to the old place
        case = _guarded(case, by, version, site=site, side=side, point_view="", point_x=None, point_y=None)
        _trace(
            case, by, Kind.CORRECTION, "place", old, case.site_label,
            reason=reason.strip(), said_by=said_by if said_by in Spoken.values else "",
        )  # fmt: skip
    return case


def add_by_phone(
    *,
    case: Case,
    by: User,
    topic: str,
    value: list[str],
    said_by: str,
    said_by_name: str = "",
    version: int | None = None,
) -> CaseChange:
    """An answer that somebody gave by phone. Where the patient gave none it fills the gap; else it stands beside theirs."""
    found = topic_of(case, topic)
    words = _words(found, value)
    if found is None or not words:
        raise TriageRefused("Write or choose the answer.")
    if said_by not in Spoken.values:
        raise TriageRefused("Choose who said it.")
    facts = {"said_by": said_by, "said_by_name": said_by_name.strip(), "value": list(value) if found.question else []}
    with transaction.atomic():
        # decided under the lock of the guarded UPDATE, so that two who fill one gap leave both texts
        case = _guarded(case, by, version)
        kind = Kind.FILLED_IN if _fill(case, by, found, value, words) else Kind.ADDED
        return _trace(case, by, kind, topic, "" if kind == Kind.FILLED_IN else found.answer, words, **facts)


def _words(topic: Topic | None, value: list[str]) -> str:
    if topic is None:
        return ""
    if topic.question is None:
        return " ".join(value).strip()
    return questions.in_words(topic.question, value).strip()


def _fill(case: Case, by: User, topic: Topic, value: list[str], words: str) -> bool:
    if topic.question is None:
        return bool(Case.objects.filter(pk=case.pk, **{topic.key: ""}).update(**{topic.key: words}))
    facts = {"version": questions.VERSION, "value": list(value), "answered_by": by}
    _, made = Answer.objects.get_or_create(case=case, question=topic.key, defaults=facts)
    return made


def by_topic(case: Case) -> dict[str, list[CaseChange]]:
    """Topic -> what was filled in or added, oldest first: shown with the patient's own answer."""
    found: dict[str, list[CaseChange]] = {}
    for change in case.changes.filter(kind__in=[Kind.FILLED_IN, Kind.ADDED]).select_related("by"):
        found.setdefault(change.field, []).append(change)
    return found


def corrections(case: Case) -> Iterable[CaseChange]:
    return case.changes.filter(kind=Kind.CORRECTION).select_related("by")


def record_consent(*, case: Case, by: User, kinds: set[str], said_by: str, said_by_name: str = "") -> Case:
    """Agreed by phone: staff read the words out in the patient's language; who agreed is on record."""
    if not set(consents.REQUIRED) <= kinds:
        raise TriageRefused("Read out both texts. The case goes on when both are agreed to.")
    if said_by not in Spoken.values:
        raise TriageRefused("Choose who agreed.")
    with transaction.atomic():
        case = _guarded(case, by, None)
        live = set(case.consents.filter(withdrawn_at=None).values_list("kind", flat=True))
        services.give_consent(case=case, by=by, kinds=live | kinds, language=services.language_of(case))
        _trace(
            case, by, Kind.FILLED_IN, "consent", "", "Agreed by phone",
            value=sorted(kinds), said_by=said_by, said_by_name=said_by_name.strip(),
        )  # fmt: skip
    return case
