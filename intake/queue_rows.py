"""One row of the desk's list, from the columns of its entry to the words that stand on the page."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils import timezone

from intake.ranking import PLAIN_REASON
from intake.targets import in_words


@dataclass(frozen=True)
class Row:
    number: int
    case_id: UUID
    key: str
    name: str
    patient_line: str
    problem: str
    place: str
    state: str
    urgency: str
    is_suggested: bool
    why: str
    photo_tone: str
    photo_words: str
    story_tone: str
    story_words: str
    href: str
    thumbs: list[tuple[str, str]]
    due_at: datetime | None
    tone: str
    share: int
    target: str
    owner: str
    language: str
    cursor: str
    has_moved: str = ""


COLUMNS = (
    "case_id", "rank", "state", "urgency", "is_suggested", "why", "started_at", "warn_at", "due_at", "problem", "place",
    "photo_tone", "photo_words", "story_tone", "story_words", "thumbs", "language", "target_minutes", "case__number",
    "case__patient__first_name", "case__patient__middle_name", "case__patient__last_name",
    "case__patient__date_of_birth", "case__patient__interpreter_needed", "owner__first_name", "owner__last_name",
)  # fmt: skip


def row_of(facts: dict[str, Any], order: str, number: int, now: datetime, today: date) -> Row:
    share = share_of(facts["started_at"], facts["warn_at"], facts["due_at"], now)
    reasons = list(facts["why"])
    due = facts["due_at"]
    if due is not None and due <= now:
        reasons = ["Over its target", *(reason for reason in reasons if reason != PLAIN_REASON)]
    names = (facts["case__patient__first_name"], facts["case__patient__middle_name"], facts["case__patient__last_name"])
    born: date = facts["case__patient__date_of_birth"]
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    at = facts[order] if order == "rank" else facts[order].isoformat()
    key = str(facts["case_id"])
    language = LANGUAGE_WORDS.get(facts["language"], facts["language"])
    return Row(
        number=number,
        case_id=facts["case_id"],
        key=key,
        name=" ".join(filter(None, names)),
        patient_line=f"{age}, {facts['case__number']}",
        problem=facts["problem"],
        place=facts["place"],
        state=facts["state"],
        urgency=facts["urgency"],
        is_suggested=facts["is_suggested"],
        why="; ".join([reasons[0], *(_lower(reason) for reason in reasons[1:])]),
        photo_tone=facts["photo_tone"],
        photo_words=facts["photo_words"],
        story_tone=facts["story_tone"],
        story_words=facts["story_words"],
        href=_address("intake:triage_case", key),
        thumbs=[(_address("intake:picture", photo_id, "thumb"), alt) for photo_id, alt in facts["thumbs"]],
        due_at=due,
        tone=tone_of(share),
        share=share,
        target=f"of {in_words(facts['target_minutes'])}" if due and facts["target_minutes"] else "",
        owner=f"{facts['owner__first_name'] or ''} {facts['owner__last_name'] or ''}".strip(),
        language=f"{language}, interpreter" if facts["case__patient__interpreter_needed"] else language,
        cursor=f"{at}~{key}",
    )


@cache
def _pattern(name: str, *more: str) -> tuple[str, str]:
    before, _, after = reverse(name, args=[_ANY, *more]).partition(str(_ANY))
    return before, after


_ANY = UUID(int=0)


def _address(name: str, key: str, *more: str) -> str:
    """What reverse() gives, worked out once for all rows."""
    before, after = _pattern(name, *more)
    return before + key + after


# English is not said: only what asks for another language stands out
LANGUAGE_WORDS = {"en": "", "es": "Spanish"}


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:]


def share_of(start: datetime | None, warn: datetime | None, due: datetime | None, now: datetime) -> int:
    """Per cent of a target that is used up, 0 to 100; its warning stands at 75, wherever the clinic's nights lie."""
    if due is None:
        return 0
    if now >= due:
        return 100
    if warn is None or start is None or not start < warn < due:
        return used_share(start, due)
    if now >= warn:
        return min(99, 75 + int(25 * ((now - warn) / (due - warn))))
    return max(0, int(75 * ((now - start) / (warn - start))))


def used_share(start: datetime | None, due: datetime | None) -> int:
    """Per cent of a target's time that is used up, 0 to 100."""
    if start is None or due is None or due <= start:
        return 100 if due and due <= timezone.now() else 0
    return max(0, min(100, round(100 * ((timezone.now() - start) / (due - start)))))


def tone_of(share: int) -> str:
    return "bad" if share >= 100 else "wait" if share >= 75 else "neutral"
