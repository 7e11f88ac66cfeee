"""From rows to the facts that the interlocks compare."""

import re

from intake import slots
from intake.models import Case
from review import interlocks
from review.models import Review
from review.plan import line_of, words_of_plan

# answers that ask for more than a queue: (question, option) -> words
_RED = {
    ("vision", "much"): "sees much worse",
    ("pain", "bad"): "severe eye pain",
    ("eye_signs", "halos"): "rings around lights",
    ("eye_signs", "rash"): "rash near the eye",
    ("eye_cause", "grinding"): "grinding or hammering",
    ("head", "scalp"): "scalp tenderness",
    ("head", "jaw"): "jaw pain when chewing",
    ("spread", "fast"): "spreads day by day",
    ("general", "fever"): "fever",
}
_PREGNANT = {"yes": "pregnant", "trying": "trying to conceive", "nursing": "breast-feeding"}
_TOLD = re.compile(r"(?<!not )\b(pregnant|breast-?feeding)\b", re.IGNORECASE)


def facts_of(review: Review) -> interlocks.Facts:
    case = review.case
    answers = {answer.question: answer.value for answer in case.answers.all()}
    photos = [photo for photo in case.photos.live() if photo.status == "ready"]
    plan = words_of_plan(review)
    return interlocks.Facts(
        specialty=case.specialty,
        side=case.side,
        map_side=_map_side(case),
        site=case.site_label,
        eye_side=review.eye_side,
        texts={
            "What you see": review.findings,
            "Most likely": review.assessment,
            "Also possible": "; ".join(review.differential_words),
            "Plan": "; ".join(plan),
            "Follow-up": review.follow_up,
            "For the patient": review.patient_text,
        },
        codes=tuple((one.icd10cm, one.description) for one in review.diagnoses.all()),
        foreign_photos=tuple(dict.fromkeys(_foreign(case, photo) for photo in photos if _foreign(case, photo))),
        danger_asked=bool(case.danger_signs),
        red_flags=(("danger signs",) if case.danger_signs == "yes" else ())
        + tuple(words for (question, option), words in _RED.items() if option in answers.get(question, ())),
        opinion="; ".join([review.assessment, *review.differential_words]),
        plan=tuple(plan),
        plan_kinds=frozenset(item.kind for item in review.action_items.all())
        | frozenset(line_of(line).kind for line in review.plan.splitlines() if line.strip()),
        pregnancy=_pregnancy(case, answers),
        allergies=case.allergies,
        medicines=f"{case.medicines} {'blood thinner' if 'yes' in answers.get('thinner', ()) else ''}",
        triage_urgency=case.urgency,
        urgency=review.urgency,
        urgency_reason=review.urgency_reason,
        photos=len(photos),
        photos_adequate=review.photos_adequate,
        each_photo=tuple(row.adequate for row in review.photo_adequacies.all()),
        no_opinion=review.no_opinion,
    )


def _map_side(case: Case) -> str:
    """From the point's place in a whole-body view; near the middle line it says nothing."""
    if case.point_view not in {"front", "back"} or case.point_x is None or abs(case.point_x - 0.5) < 0.08:
        return ""
    # in front the patient faces us
    on_our_left = case.point_x < 0.5
    return "right" if on_our_left == (case.point_view == "front") else "left"


def _foreign(case: Case, photo) -> str:
    """The label of a photo whose place belongs to the other specialty."""
    kinds = {kind for kind, rows in slots.SLOTS.items() if photo.slot in {slot.key for slot in rows}}
    own = set(slots.KINDS_OF[case.specialty])
    return "" if photo.slot == "other" or kinds & own else photo.get_slot_display()


def _pregnancy(case: Case, answers: dict[str, list[str]]) -> str:
    told = next((words for key, words in _PREGNANT.items() if key in answers.get("pregnant", ())), "")
    if told:
        return told
    found = _TOLD.search(f"{case.reason} {case.history} {case.medicines} {case.intake_note}")
    return ("pregnant" if found[1].lower() == "pregnant" else "breast-feeding") if found else ""
