"""What the patient is asked, as versioned data: skin and eye sets, one thought a question, some only when they matter.

A changed text or option is a new version; an answer keeps the version it was given to. Words that people see are in plain
English (at or below US grade 6, tested) and in Spanish. `label` and `note` are for clinicians.
"""

from intake import slots
from intake.questions.eyes import EYES
from intake.questions.skin import SKIN
from intake.questions.types import NONE, VERSION, Answers, Facts, Option, Question
from intake.slots import EYE, LESION, RASH

__all__ = ["BY_KEY", "NONE", "SETS", "VERSION", "Answers", "Facts", "Option", "Question"]

SETS: dict[str, tuple[Question, ...]] = {LESION: SKIN, RASH: SKIN, EYE: EYES}
BY_KEY = {question.key: question for question in (*SKIN, *EYES)}

# Weighted 7-point checklist (NICE; validated in BJGP 2013): (question, option) -> (points, item). Three are urgent.
SEVEN_POINTS: dict[tuple[str, str], tuple[int, str]] = {
    ("changes", "size"): (2, "change in size"),
    ("look", "edges"): (2, "irregular shape"),
    ("changes", "shape"): (2, "irregular shape"),
    ("look", "colors"): (2, "irregular color"),
    ("changes", "color"): (2, "irregular color"),
    ("look", "wide"): (1, "7 mm or wider"),
    ("feel", "red"): (1, "inflammation"),
    ("feel", "ooze"): (1, "oozing or crusting"),
    ("feel", "bleed"): (1, "oozing or crusting"),
    ("feel", "itch"): (1, "change in sensation"),
    ("feel", "numb"): (1, "change in sensation"),
    ("feel", "pain"): (1, "change in sensation"),
}
SEVEN_POINT_URGENT = 3


def facts_of(case) -> Facts:
    return Facts(slots.kind_of(case), case.patient.age(), case.patient.administrative_sex)


def asked(facts: Facts, answers: Answers) -> list[Question]:
    """The questions of this case in order; what was answered decides about those that follow from it."""
    return [question for question in SETS[facts.kind] if question.when(facts, answers)]


def in_words(question: Question, value: list[str]) -> str:
    """An answer as a clinician reads it."""
    if question.kind == "text":
        return " ".join(value)
    return ", ".join(option.note for key in value if (option := question.option(key)))


def patient_words(question: Question, value: list[str]) -> str:
    """An answer as the patient chose it."""
    if question.kind == "text":
        return " ".join(value)
    return ", ".join(str(option.text) for key in value if (option := question.option(key)))


def seven_point(answers: Answers) -> tuple[int, list[str]]:
    """(score 0 to 10, its items). An item counts once, whichever of its answers says it."""
    items: dict[str, int] = {}
    for (key, option), (points, item) in SEVEN_POINTS.items():
        if option in answers.get(key, ()):
            items[item] = points
    return sum(items.values()), list(items)
