"""The repeated rows of the review form: plan lines, differential, one answer a photo. Each row has every field exactly
once, so the lists that a browser sends run in parallel, with or without a script."""

from collections.abc import Iterable
from datetime import date
from itertools import zip_longest

from django.http import QueryDict

from intake.models import Photo
from review.models import ActionItem, Review
from review.models.plan import MAX_WEEKS
from review.plan import OWNERS, PlanLine, line_from

PLAN_FIELDS = ("kind", "text", "owner", "weeks", "due", "patient", "own")
EMPTY_LINE = dict.fromkeys(PLAN_FIELDS, "")


def plan_rows(data: QueryDict | None, review: Review) -> list[dict[str, str]]:
    """As typed when something was sent, else as stored."""
    if data is not None:
        columns = [data.getlist(f"plan_{name}") for name in PLAN_FIELDS]
        rows = [dict(zip(PLAN_FIELDS, values, strict=True)) for values in zip_longest(*columns, fillvalue="")]
        gone = data.get("plan_remove", "")
        return [
            {name: value.strip() for name, value in row.items()} for place, row in enumerate(rows) if str(place) != gone
        ]
    return [_row_of(line_from(item)) for item in review.action_items.all()] if review.pk else []


def _row_of(line: PlanLine) -> dict[str, str]:
    return {
        "kind": line.kind,
        "text": line.text,
        "owner": line.owner,
        "weeks": str(line.due_weeks or ""),
        "due": line.due_on.isoformat() if line.due_on else "",
        "patient": line.patient_text,
        "own": line.patient_text_own,
    }


def lines_from(rows: Iterable[dict[str, str]]) -> tuple[list[PlanLine], list[str]]:
    """(lines, what is wrong with them). A row without kind and words is no line."""
    lines, errors = [], []
    for number, row in enumerate(rows, start=1):
        if not (row["kind"] or row["text"] or row["patient"] or row["own"]):
            continue
        kind = row["kind"] if row["kind"] in ActionItem.Kind.values else ActionItem.Kind.OTHER.value
        owner = row["owner"] if row["owner"] in ActionItem.Owner.values else OWNERS[ActionItem.Kind(kind)].value
        text = row["text"] or ActionItem.Kind(kind).label
        weeks, due = None, None
        if row["weeks"]:
            weeks = int(row["weeks"]) if row["weeks"].isdecimal() else 0
            if not 1 <= weeks <= MAX_WEEKS:
                errors.append(f"Plan line {number}: weeks are a number from 1 to {MAX_WEEKS}.")
                weeks = None
        if row["due"]:
            try:
                due = date.fromisoformat(row["due"])
            except ValueError:
                errors.append(f"Plan line {number}: write the day like 2026-12-04.")
        if max(len(text), len(row["patient"]), len(row["own"])) > 500:
            errors.append(f"Plan line {number} is longer than 500 letters.")
        own = row["own"][:500]
        lines.append(PlanLine(kind, text[:500], owner, row["patient"][:500], due, None if due else weeks, own))
    return lines, errors


def shown_line(row: dict[str, str]) -> dict[str, str]:
    """A row with what its closed form says: the words, then who and by when."""
    line = lines_from([row])[0]
    item = ActionItem(owner=line[0].owner, due_on=line[0].due_on, due_weeks=line[0].due_weeks) if line else None
    return row | {"who_and_when": item.who_and_when if item else "", "icon": icon_of(row["kind"])}


_ICONS = {
    "biopsy": "scan", "in_person": "stethoscope", "medicine": "package", "watch_rephotograph": "camera",
    "reassurance": "shield-check", "refer": "send", "recall": "undo-2", "other": "circle-alert", "": "plus",
}  # fmt: skip


def icon_of(kind: str) -> str:
    return _ICONS.get(kind, "circle-alert")


def differential_rows(data: QueryDict | None, review: Review) -> list[dict[str, str]]:
    if data is not None:
        pairs = zip_longest(data.getlist("diff_text"), data.getlist("diff_confidence"), fillvalue="")
        return [{"text": text.strip(), "confidence": confidence} for text, confidence in pairs]
    return [one if isinstance(one, dict) else {"text": one, "confidence": ""} for one in review.differential]


def differential_from(rows: Iterable[dict[str, str]], up: str = "") -> list[dict[str, str]]:
    """In their rank; `up` is the place of the entry that moves one up."""
    entries = [
        {"text": row["text"][:200], "confidence": row["confidence"]}
        if row["confidence"] in Review.Confidence.values
        else {"text": row["text"][:200], "confidence": ""}
        for row in rows
        if row["text"]
    ]
    if up.isdecimal() and 0 < int(up) < len(entries):
        place = int(up)
        entries[place - 1], entries[place] = entries[place], entries[place - 1]
    return entries


def photo_answers(data: QueryDict | None, review: Review) -> dict[str, str]:
    if data is not None:
        prefix = "adequate-"
        return {name[len(prefix) :]: data[name] for name in data if name.startswith(prefix)}
    return {str(row.photo_id): row.adequate for row in review.photo_adequacies.all()}


def photo_rows(photos: Iterable[Photo], answers: dict[str, str]) -> list[dict]:
    return [
        {"photo": photo, "name": f"adequate-{photo.pk}", "value": answers.get(str(photo.pk), "")} for photo in photos
    ]
