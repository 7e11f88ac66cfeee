"""Macros and templates: a clinician's own words with fields in braces, and the standing ones in two languages."""

import json
import re

from config.accounts.models import User
from intake import sites
from intake.models import Case
from review import standing_texts
from review.drafts import save_draft
from review.languages import other_language
from review.models import Review, TextTemplate
from review.plan import PlanLine, line_from, lines_of

Inserted = TextTemplate | standing_texts.StandingText
_FIELD = re.compile(r"\{([a-z][a-z0-9 _-]{0,30})\}", re.IGNORECASE)
# what the case itself can say: shown as help beside the form
KNOWN = ("site", "side", "age", "sex", "onset", "referrer")


def facts_of(case: Case) -> dict[str, str]:
    return {
        "site": sites.BY_KEY[case.site].label.lower() if case.site in sites.BY_KEY else "",
        "side": case.get_side_display().lower() if case.side else "",
        "age": str(case.patient.age()),
        "sex": case.patient.get_administrative_sex_display().lower(),
        "onset": case.onset,
        "referrer": str(case.referring_clinician) if case.referring_clinician_id else "",
    }


def fill(text: str, facts: dict[str, str]) -> str:
    """Known fields become words; a field that nobody knows stays, to be typed."""
    return _FIELD.sub(lambda match: facts.get(match[1].lower()) or match[0], text)


def unfilled(text: str) -> list[str]:
    return list(dict.fromkeys(match[0] for match in _FIELD.finditer(text)))


def filled_texts(template: Inserted, facts: dict[str, str]) -> dict[str, str]:
    """The texts that the template has, filled; the plan apart, because its lines become plan lines."""
    return {name: fill(text, facts) for name in template.TEXTS if name != "plan" and (text := getattr(template, name))}


def filled_plan(template: Inserted, facts: dict[str, str]) -> list[PlanLine]:
    return lines_of(fill(template.plan, facts))


def as_data(template: Inserted, facts: dict[str, str]) -> dict:
    """For the page's script, which inserts in place."""
    lines = [
        {"kind": line.kind, "text": line.text, "owner": line.owner, "weeks": line.due_weeks or ""}
        for line in filled_plan(template, facts)
    ]
    return {"texts": filled_texts(template, facts), "plan": lines}


def for_room(user: User, case: Case) -> list[dict]:
    facts = facts_of(case)
    own = TextTemplate.objects.filter(owner=user)
    return [{"pk": one.pk, "name": one.name, "data": json.dumps(as_data(one, facts))} for one in own]


def standing_for_room(case: Case) -> list[dict]:
    """Texts in English and in the patient's language; none for a patient who reads English."""
    language = other_language(case.patient)
    found = standing_texts.in_language(language, case.specialty) if language else ()
    return [{"pk": one.pk, "name": one.name, "data": json.dumps(as_data(one, {}))} for one in found]


def of(user: User, case: Case, pk: str) -> Inserted | None:
    if language := other_language(case.patient):
        if standing := standing_texts.of(pk, language, case.specialty):
            return standing
    return TextTemplate.objects.filter(owner=user, pk=pk).first() if pk.isdecimal() else None


def insert(template: Inserted, *, review: Review, case: Case, by: User) -> Review:
    """Without a script: behind what is typed, never instead of it."""
    facts = facts_of(case)
    texts = {name: joined(getattr(review, name), text) for name, text in filled_texts(template, facts).items()}
    lines = [line_from(item) for item in review.action_items.all()] + filled_plan(template, facts)
    review, _ = save_draft(review=review, by=by, version=review.version, lines=lines, **texts)
    return review


def joined(typed: str, added: str) -> str:
    """What is already there stays in front."""
    return f"{typed.rstrip()}\n{added}" if typed.strip() else added
