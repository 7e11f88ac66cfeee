"""What the desk sees at a glance: what is missing, which photos are doubtful, what urgency the story suggests and why.

Pure on a case with its photos and consents loaded. A suggestion only ever raises the urgency; people decide.
"""

import re
from dataclasses import dataclass

from intake import consents, questions
from intake.models import Case, Urgency
from intake.slots import LESION, kind_of, slots_of


@dataclass(frozen=True)
class Check:
    """One line of the checklist; `tone` is good, wait or info."""

    fine: bool
    words: str
    tone: str


# words in the story that ask for a sooner look: (pattern, urgency, reason)
_HINTS: tuple[tuple[str, str, str], ...] = (
    (r"\b(grew|growing|grown|bigger|larger|darker|chang\w+|spread\w*)\b", Urgency.PRIORITY, "it changed"),
    (r"\b(bled|bleeds|bleeding)\b", Urgency.PRIORITY, "it bled"),
    (r"\bmelanoma\b", Urgency.PRIORITY, "melanoma is mentioned"),
    (r"\b(new (drug|medicine|tablet))\b", Urgency.PRIORITY, "a new medicine"),
    (r"\b(hurts?|painful|pain)\b", Urgency.PRIORITY, "it hurts"),
)
_EYE_URGENT = r"\b(pain\w*|sore|hurts?|light|lens(es)?|blurr?\w*|vision|sight)\b"
_ORDER = {Urgency.ROUTINE: 0, Urgency.PRIORITY: 1, Urgency.URGENT: 2}


def _seven_point(case: Case) -> tuple[int, list[str]]:
    if kind_of(case) != LESION:
        return 0, []
    return questions.seven_point(_answers(case))


def _answers(case: Case) -> dict[str, list[str]]:
    return {answer.question: answer.value for answer in case.answers.all()}


def seven_point_score(case: Case) -> int:
    return _seven_point(case)[0]


def seven_point_words(case: Case) -> str:
    """The weighted 7-point score of a spot in words; "" where nothing counts. It only ever raises the urgency."""
    score, items = _seven_point(case)
    return f"{score} of 10: {', '.join(items)}" if score else ""


def suggested_urgency(case: Case) -> tuple[str, str]:
    """(urgency, reason in words). Two signs of change in a lesion are urgent, as is an eye that hurts or sees worse."""
    story = f"{case.reason} {case.history}".lower()
    if case.specialty == "ophthalmology":
        told = _eye_alarms(_answers(case))
        if told:
            return Urgency.URGENT, _sentence(told)
        if re.search(_EYE_URGENT, story):
            return Urgency.URGENT, "Eye with pain, light or sight named"
        return Urgency.PRIORITY, "Eye problem"
    score, items = _seven_point(case)
    if score >= questions.SEVEN_POINT_URGENT:
        return Urgency.URGENT, f"7-point score {score}: {', '.join(items)}"
    found = [(urgency, reason) for pattern, urgency, reason in _HINTS if re.search(pattern, story)]
    if len(found) >= 2:
        return Urgency.URGENT, _sentence(reason for _, reason in found)
    if found:
        return found[0][0], _sentence([found[0][1]])
    return Urgency.ROUTINE, "No sign of change named"


# answers about an eye that must be seen first: (question, option) -> words
_EYE_ALARMS = {
    ("vision", "much"): "sees much worse",
    ("vision", "little"): "sees worse",
    ("pain", "bad"): "the eye hurts a lot",
    ("pain", "some"): "the eye hurts",
    ("eye_signs", "light"): "light hurts",
    ("eye_signs", "halos"): "rings around lights",
    ("eye_signs", "move"): "hurts on movement",
    ("eye_signs", "rash"): "rash near the eye",
    ("eye_cause", "grinding"): "grinding or hammering",
    ("head", "scalp"): "scalp is tender",
    ("head", "jaw"): "jaw hurts when chewing",
}


# pain or a change of sight: a photo and answers find these too seldom, so the eye is seen in person unless staff decide
# otherwise
_IN_PERSON = (("vision", "much"), ("vision", "little"), ("pain", "bad"), ("pain", "some"))


def in_person_words(case: Case) -> str:
    """Why this case should be seen in person, "" when nothing speaks for it."""
    if case.specialty != "ophthalmology":
        return ""
    answers = _answers(case)
    return _sentence(_EYE_ALARMS[pair] for pair in _IN_PERSON if pair[1] in answers.get(pair[0], ()))


def _eye_alarms(answers: dict[str, list[str]]) -> list[str]:
    found = [words for (key, option), words in _EYE_ALARMS.items() if option in answers.get(key, ())]
    if "yes" in answers.get("lenses", ()) and "red" in answers.get("eye_signs", ()):
        found.append("red eye with contact lenses")
    return found


def _sentence(reasons) -> str:
    words = "; ".join(reasons)
    return words[:1].upper() + words[1:]


def is_lower(urgency: str, than: str) -> bool:
    return _ORDER[Urgency(urgency)] < _ORDER[Urgency(than)]


def photo_check(case: Case) -> Check:
    photos = [photo for photo in case.photos.all() if photo.removed_at is None]
    coming = sum(upload.is_open for upload in case.uploads.all())
    if coming:
        return Check(False, f"{coming} of {coming + len(photos)} still on the way from the phone", "info")
    if not photos:
        return Check(False, "No photo", "wait")
    arriving = sum(photo.status == "arriving" for photo in photos)
    if arriving:
        return Check(False, f"{arriving} of {len(photos)} still arriving", "info")
    stuck = sum(photo.status in {"unreadable", "needs_attention"} for photo in photos)
    if stuck:
        return Check(False, f"{stuck} of {len(photos)} cannot be shown", "wait")
    doubtful = [photo for photo in photos if photo.quality_verdict == "retake_suggested"]
    if doubtful:
        kept = " (kept by the patient)" if all(photo.kept_by_patient_at for photo in doubtful) else ""
        return Check(False, f"{doubtful[0].slot_info.label} may be hard to read{kept}", "wait")
    taken = {photo.slot_info.key for photo in photos}
    lacking = [slot.label for slot in slots_of(case) if slot.required and slot.key not in taken]
    if lacking:
        return Check(False, f"Missing: {', '.join(lacking).lower()}", "wait")
    return Check(True, "All look good" if len(photos) != 1 else "It looks good", "good")


def story_checks(case: Case) -> list[Check]:
    pairs = [
        (case.reason, "Reason given", "Reason missing"),
        (case.site, "Place given", "Place missing"),
        (case.onset, "Onset given", "Onset missing"),
        (case.medicines, "Medicines listed", "Medicines not listed"),
        (case.allergies, "Allergies listed", "Allergies not listed"),
    ]
    return [Check(bool(value), yes if value else no, "good" if value else "wait") for value, yes, no in pairs]


def story_check(case: Case) -> Check:
    lacking = [check for check in story_checks(case) if not check.fine]
    return lacking[0] if lacking else Check(True, "Story complete", "good")


def consent_check(case: Case) -> Check:
    given = {consent.kind for consent in case.consents.all() if consent.withdrawn_at is None}
    fine = set(consents.REQUIRED) <= given
    return Check(fine, "Consent given" if fine else "Consent missing", "good" if fine else "wait")


def checklist(case: Case) -> list[Check]:
    danger = Check(case.danger_signs == "none", "No danger signs reported", "good")
    if not danger.fine:
        danger = Check(False, "Danger signs not asked", "wait")
    return [danger, consent_check(case), photo_check(case), *story_checks(case)]
