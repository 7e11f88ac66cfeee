"""Plan lines while they are drafted: read from a form or a line of text, kept with the draft, frozen by the signature."""

import re
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta

from review import nudges
from review.errors import ReviewRefused
from review.models import ActionItem, Review
from review.models.plan import MAX_WEEKS

MAX_LINES = 20
Kind, Owner = ActionItem.Kind, ActionItem.Owner
# who mostly does it
OWNERS = {
    Kind.BIOPSY: Owner.REFERRING_CLINIC,
    Kind.IN_PERSON: Owner.REFERRING_CLINIC,
    Kind.MEDICINE: Owner.REFERRING_CLINIC,
    Kind.WATCH_REPHOTOGRAPH: Owner.PATIENT,
    Kind.REASSURANCE: Owner.PATIENT,
    Kind.REFER: Owner.REFERRING_CLINIC,
    Kind.RECALL: Owner.PATIENT,
    Kind.OTHER: Owner.REFERRING_CLINIC,
}
# a line of these kinds waits for somebody, so it needs a day
NEED_A_DUE = frozenset({Kind.BIOPSY, Kind.IN_PERSON, Kind.REFER, Kind.WATCH_REPHOTOGRAPH, Kind.RECALL})
# the others are asked about after so many weeks when the signer named no day
USUAL_WEEKS = {Kind.REASSURANCE: 2, Kind.MEDICINE: 4, Kind.OTHER: 4}
# the first word that fits decides
_KIND_WORDS = (
    (r"biops|excis|shave|punch|curett", Kind.BIOPSY),
    (r"\brecall", Kind.RECALL),
    (r"photo|re-?photograph|watch", Kind.WATCH_REPHOTOGRAPH),
    (r"refer\b|referral", Kind.REFER),
    (r"in person|in-person|visit|see (the|a|her|his|their)\b|skin check", Kind.IN_PERSON),
    (r"cream|ointment|tablet|drops|tears|emollient|\bmg\b|%|twice a day|once a day|sunscreen|shampoo", Kind.MEDICINE),
    (r"reassur|no treatment|harmless", Kind.REASSURANCE),
)
_SPAN = re.compile(r"\b(?:within|in|after)\s+(\d{1,3})\s+(day|week|month)s?\b", re.IGNORECASE)


@dataclass(frozen=True)
class PlanLine:
    kind: str
    text: str
    owner: str
    patient_text: str = ""
    due_on: date | None = None
    due_weeks: int | None = None
    patient_text_own: str = ""


def line_of(text: str) -> PlanLine:
    """A line of plain text as a plan line: its kind, owner and due time as far as the words tell."""
    words = text.strip()
    kind = next((kind for pattern, kind in _KIND_WORDS if re.search(pattern, words, re.IGNORECASE)), Kind.OTHER)
    span = _SPAN.search(words)
    weeks = None
    if span:
        days = int(span[1]) * {"day": 1, "week": 7, "month": 30}[span[2].lower()]
        weeks = min(MAX_WEEKS, max(1, -(-days // 7)))
    return PlanLine(kind=kind.value, text=words[:500], owner=OWNERS[kind].value, due_weeks=weeks)


def lines_of(text: str) -> list[PlanLine]:
    return [line_of(line) for line in text.splitlines() if line.strip()]


def set_lines(review: Review, lines: list[PlanLine]) -> None:
    """The lines in the order of the page; a draft's lines are replaced as a whole."""
    if len(lines) > MAX_LINES:
        raise ReviewRefused(f"A plan holds {MAX_LINES} lines. Join some first.")
    current = [line_from(item) for item in review.action_items.all()]
    if current == lines:
        return
    review.action_items.all().delete()
    ActionItem.objects.bulk_create(
        ActionItem(review=review, position=position, **asdict(line)) for position, line in enumerate(lines, start=1)
    )


def line_from(item: ActionItem) -> PlanLine:
    return PlanLine(
        item.kind, item.text, item.owner, item.patient_text, item.due_on, item.due_weeks, item.patient_text_own
    )


def due_day(item: ActionItem, signed_on: date) -> date:
    return item.due_on or signed_on + timedelta(weeks=item.due_weeks or USUAL_WEEKS.get(Kind(item.kind), 4))


def freeze(review: Review, now: datetime, signed_on: date) -> None:
    """With the signature: weeks become a day, and the text is the database's to keep."""
    for item in review.action_items.all():
        item.due_on = due_day(item, signed_on)
        first = None if review.second_opinion else nudges.first_of_item(item, review.case.clinic.zone)
        ActionItem.objects.filter(pk=item.pk).update(due_on=item.due_on, frozen_at=now, nudge_at=first)


def as_record(review: Review, signed_on: date) -> list[dict]:
    return [
        {
            "id": str(item.pk),
            "kind": item.kind,
            "text": item.text,
            "patient_text": item.patient_text,
            "patient_text_own": item.patient_text_own,
            "owner": item.owner,
            "due_on": due_day(item, signed_on).isoformat(),
            "due_weeks": item.due_weeks,
        }
        for item in review.action_items.all()
    ]


def words_of_plan(review: Review) -> list[str]:
    """Every step for a letter: the lines with who and by when, then what stands in plain text."""
    text = [line.strip() for line in review.plan.splitlines() if line.strip()]
    return [item.in_words for item in review.action_items.all()] + text
