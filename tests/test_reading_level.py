"""What patients read in English is at or below US grade 6 (Flesch-Kincaid), group by group."""

import re

import pytest
from django.utils import translation

from config.ui import PHOTO_ADVICE
from intake import consents, danger, questions, slots
from intake.imaging.refusals import MESSAGES
from intake.triage import RETAKE_REASONS
from tests.catalogue import entries

GRADE = 6.0
HARDEST_SENTENCE = 9.0
_SILENT = re.compile(r"(?:[^laeiouy]es|[^laeiouytd]ed|[^laeiouy]e)$")


def syllables(word: str) -> int:
    word = re.sub(r"[^a-z]", "", word.lower())
    if len(word) <= 3:
        return 1
    return max(1, len(re.findall(r"[aeiouy]+", _SILENT.sub("", word))))


def sentences(text: str) -> list[list[str]]:
    parts = re.split(r"[.!?:;]+(?:\s|$)", text)
    found = [re.findall(r"[A-Za-z][A-Za-z'-]*", part) for part in parts]
    return [words for words in found if words]


def grade(text: str) -> float:
    found = sentences(text)
    words = [word for sentence in found for word in sentence]
    return 0.39 * len(words) / len(found) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def ended(texts) -> str:
    """Texts as one, each a sentence of its own."""
    with translation.override("en"):
        return " ".join(text if str(text).endswith((".", "?", "!")) else f"{text}." for text in map(str, texts) if text)


def asked(group):
    for question in group:
        yield question.text
        yield question.hint
        yield from (option.text for option in question.options)


GROUPS = {
    "questions about skin": list(asked(questions.SETS["lesion"])),
    "questions about eyes": list(asked(questions.SETS["eye"])),
    "slots": [text for group in slots.SLOTS.values() for slot in group for text in (slot.plain, slot.hint)],
    "photo advice": list(PHOTO_ADVICE.values()),
    "why a photo is asked for again": [words for _, words in RETAKE_REASONS.values()],
    "consents": [text.text for text in consents.TEXTS if text.language == "en"],
    "danger signs of the skin": [words for _, words in danger.SIGNS["dermatology"]],
    "danger signs of the eyes": [words for _, words in danger.SIGNS["ophthalmology"]],
    "refusals": [re.sub(r"\{[^}]*\}", "many", words) for words in MESSAGES.values()],
    # pages and mails
    "every sentence that is translated": [
        re.sub(r"%\(\w+\)s|\{\w*[^}]*\}|<[^>]+>|%%", "this", text)
        for entry in entries()[1:]
        for key, text in entry.items()
        if key.startswith("msgid")
    ],
}


def test_the_measure_itself():
    assert grade("The cat sat on the mat.") < 1
    assert 10 < grade("Comprehensive dermatological evaluation necessitates considerable professional expertise today.")


@pytest.mark.parametrize("name", GROUPS)
def test_each_group_is_easy_to_read(name):
    text = ended(GROUPS[name])
    assert grade(text) <= GRADE, f"{name}: grade {grade(text):.1f}"


@pytest.mark.parametrize("name", GROUPS)
def test_no_sentence_of_8_words_or_more_is_hard(name):
    grades = {" ".join(words): grade(" ".join(words)) for words in sentences(ended(GROUPS[name])) if len(words) >= 8}
    assert {sentence: round(own, 1) for sentence, own in grades.items() if own > HARDEST_SENTENCE} == {}
