"""What was done to a case since somebody opened its page, field by field, with who and when."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from intake import questions
from intake.models import Case, CaseChange, PhotoAdequacy
from intake.reasons import STORY_TOPICS
from intake.workflow import TRANSITIONS


@dataclass(frozen=True)
class Entry:
    """`old` and `new` are blank where a step was done and no field was set."""

    at: datetime
    by: str
    words: str
    old: str = ""
    new: str = ""
    why: str = ""
    is_urgency: bool = False


_FIELDS = {"urgency": "Urgency", "place": "Place", "consent": "Consent"}


def field_label(field: str) -> str:
    if field in STORY_TOPICS:
        return STORY_TOPICS[field][0]
    question = questions.BY_KEY.get(field)
    return question.label if question else _FIELDS.get(field, field.capitalize())


def of_change(change: CaseChange) -> Entry:
    said = f"{change.who[:1].lower()}{change.who[1:]}" if change.who else ""
    kind = change.get_kind_display().lower()
    words = f"{field_label(change.field)}: {kind}{f', said by {said}' if said else ''}"
    return Entry(change.at, str(change.by), words, change.old, change.new, change.reason, change.field == "urgency")


def changes(case: Case) -> list[Entry]:
    return [of_change(change) for change in case.changes.select_related("by")]


def since(case: Case, at: datetime, but_not=None) -> list[Entry]:
    """Everything that others did after `at`, oldest first."""
    events = case.events.filter(at__gt=at).select_related("by")
    found = [
        Entry(
            event.at,
            str(event.by or "the program"),
            TRANSITIONS[event.verb].label or event.verb.capitalize(),
            why=event.reason,
        )
        for event in events
        if event.verb in TRANSITIONS and event.by_id != getattr(but_not, "pk", None)
    ]
    found += [of_change(row) for row in case.changes.filter(at__gt=at).exclude(by=but_not).select_related("by")]
    judged = PhotoAdequacy.objects.filter(photo__case=case, at__gt=at).exclude(by=but_not)
    for row in judged.select_related("by", "photo__case"):
        label = f"{row.photo.slot_info.label}: {row.get_verdict_display().lower()}"
        found.append(Entry(row.at, str(row.by), label))
    return sorted(found, key=lambda entry: entry.at)


def seen_at(text: str) -> datetime | None:
    """When the page was opened, as its form says; None for anything that is no time."""
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    if moment is None or timezone.is_naive(moment):
        return None
    return moment
