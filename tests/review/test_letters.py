"""Two letters from one record: what each says, and that they never leave saying different things."""

import copy

import pytest
from django.utils import translation

from review.letters import compose
from review.letters.agreement import day_in, disagreements, doses_in, sides_in
from review.letters.plain import PLAIN
from review.models import ActionItem
from review.vocabulary import WORDS
from tests.review.letter_facts import BIOPSY, CALM, CREAM, URL, WRONG_PERSON, facts
from tests.test_reading_level import ended, grade


def both(**changes):
    these = facts(**changes)
    return compose.patient_letter(these, check_url=URL), compose.clinical_letter(these, check_url=URL)


def words(content) -> str:
    """Everything that a letter shows, as one text."""
    if isinstance(content, dict):
        return " ".join(words(value) for key, value in content.items() if key not in {"facts", "kind", "id"})
    if isinstance(content, list):
        return " ".join(words(part) for part in content)
    return str(content) if isinstance(content, str) else ""


def section(letter: dict, kind: str) -> dict:
    return next(part for part in letter["sections"] if part["kind"] == kind)


def test_the_patient_reads_what_was_seen_what_to_do_by_when_what_would_change_it_and_whom_to_call():
    letter, _ = both()
    assert [part["heading"] for part in letter["sections"]] == [
        "What we saw",
        "In the words of your specialist",
        "What to do",
        "When to be seen again",
        "What would change our mind",
        "Whom to call",
    ]
    assert "a flat spot; dark brown" in words(letter)
    first, second = section(letter, "steps")["steps"]
    assert (first["what"], first["words"], first["by"]) == (
        "Have the spot taken out and tested",
        "",
        "By Monday, December 7, 2026",
    )
    assert (second["what"], second["words"]) == ("Use this medicine", "Hydrocortisone 1 % cream twice a day")
    assert "614-555-0142" in section(letter, "alarm")["call"]
    for clinical in ("D22.61", "Atypical nevus", "macule", "Apixaban", "2000000001"):
        assert clinical not in words(letter)


def test_the_referring_clinician_reads_question_findings_codes_history_plan_and_signature():
    _, letter = both()
    text = words(letter)
    for part in (
        "A brown spot that grew", "Asymmetric 14 mm brown macule.", "D22.61", "Solar lentigo (low)", "Medicines: Apixaban",
        "Mon, Dec 7, 2026", "Dana Sample, MD", "NPI 2000000001", "It should be tested.", "Right forearm",
    ):  # fmt: skip
        assert part.lower() in text.lower(), part


def test_both_carry_the_signed_hash_and_the_address_where_they_are_checked():
    for letter in both():
        assert letter["foot"]["hash"] == "9f3c71a0be4208d5" * 4
        assert letter["foot"]["url"] == URL


def test_a_spanish_letter_is_in_spanish_and_says_which_words_are_not():
    letter, clinical = both(language="es")
    text = words(letter)
    assert letter["language"] == "es"
    assert letter["date"] == "lunes 23 de noviembre de 2026"
    assert "una mancha plana; café oscuro" in text
    assert "A más tardar el lunes 7 de diciembre de 2026" in text
    assert disagreements(letter, clinical) == []
    # nothing is left in English but what stands under a note that it is
    noted = [part for part in letter["sections"] if part.get("note")]
    assert {part["note"] for part in noted} == {
        "Esta parte está en inglés. Llame a su clínica y pida un intérprete. Es gratis: 614-555-0142."
    }
    assert [part["heading"] for part in noted] == [
        "En palabras de su especialista",
        "Qué hacer",
        "Cuándo debe ir a revisión otra vez",
    ]
    own = copy.deepcopy(letter)
    for part in own["sections"]:
        part.get("paragraphs", []).clear() if part["kind"] == "text" and part["note"] else None
        for step in part.get("steps", []):
            step["words"] = "" if step["note"] else step["words"]
    left = words(own)
    assert not [
        word for word in ("the", "your", "you", "specialist", "clinic", "this", "have") if f" {word} " in f" {left} "
    ]


@pytest.mark.parametrize("kind", ["lesion", "rash", "eye"])
def test_the_letters_own_sentences_are_easy_to_read(kind):
    letter, _ = both(problem_kind=kind, lines=(BIOPSY, CREAM, CALM))
    sentences = [letter["lead"], letter["heading"], letter["signer"]["note"]]
    for part in letter["sections"]:
        sentences += [part["heading"], *part.get("items", []), part.get("call", "").replace("614-555-0142", "them")]
        sentences += [text for step in part.get("steps", []) for text in (step["what"], step["who"])]
    with translation.override("en"):
        sentences += [str(text) for text in (*compose.STEPS.values(), *compose.OWNERS.values())]
    assert grade(ended(sentences)) <= 6


def test_reassurance_has_a_letter_of_its_own():
    letter, clinical = both(lines=(CALM,))
    assert (letter["kind"], letter["heading"]) == ("reassurance", "You do not need treatment for this now")
    assert "Why you can be calm" in words(letter)
    assert "what would change our mind" in letter["lead"]
    assert disagreements(letter, clinical) == []


@pytest.mark.parametrize(
    "changes",
    [{"lines": (CALM, BIOPSY)}, {"lines": (CALM,), "opinion": {"no_opinion": True}}, {"lines": ()},
     {"lines": (CALM,), "extra_words": ("Biopsy",)}],
)  # fmt: skip
def test_only_what_reassures_and_nothing_else_reassures(changes):
    assert both(**changes)[0]["kind"] == "advice"


def test_photos_that_showed_too_little_are_said_to_have():
    letter, _ = both(opinion={"no_opinion": True})
    assert letter["lead"].startswith("The photos did not show enough")


def test_what_stood_under_the_wrong_person_is_not_told_to_them_again():
    letter, clinical = both(added=(WRONG_PERSON,))
    assert "It is not about you." in words(letter)
    assert disagreements(letter, clinical) == []
    for text in (words(letter), words(clinical)):
        for secret in ("nevus", "macule", "Hydrocortisone", "forearm", "Apixaban", "taken out"):
            assert secret.lower() not in text.lower(), secret
    assert letter["foot"]["hash"] == "ab" * 32


def test_every_kind_of_step_has_its_sentence():
    assert set(compose.STEPS) == set(ActionItem.Kind.values)


def test_every_structured_term_has_its_plain_words():
    assert set(WORDS) - set(PLAIN) == set()


# the comparison


def changed(letter: dict, path: str, value) -> dict:
    copied = copy.deepcopy(letter)
    *way, last = path.split("/")
    here = copied
    for part in way:
        here = here[int(part)] if isinstance(here, list) else here[part]
    here[int(last) if isinstance(here, list) else last] = value
    return copied


def test_letters_from_one_record_agree():
    assert disagreements(*both()) == []


@pytest.mark.parametrize(
    ("path", "value", "what"),
    [
        ("to/0", "Margaret Ellis", "different people"),
        ("facts/born", "1959-03-05", "dates of birth"),
        ("foot/hash", "0" * 64, "different signed records"),
        ("foot/url", "https://other.test/", "different addresses"),
        ("number", "Case DF-XXXXXX", "different cases"),
        ("date", "Tuesday, November 24, 2026", "different dates"),
        ("signer/name", "Eli Sample, MD", "different signers"),
        ("facts/side", "left", "different places"),
        ("place", "Left forearm, outer side", "different sides"),
        ("sections/2/steps/0/by", "By Monday, December 14, 2026", "Step 1 has a different day"),
        ("sections/2/steps/0/by", "", "Step 1 has a different day"),
        ("sections/2/steps/1/words", "Hydrocortisone 10 % cream", "Step 2 names an amount"),
        ("sections/2/steps/0/what", "Have 3 mm taken out", "Step 1 names an amount"),
        ("sections/2/steps/0/id", "other", "in another order"),
        ("sections/2/steps", [], "2 steps in one letter and 0 in the other"),
    ],
)
def test_each_thing_a_reader_acts_on_is_compared(path, value, what):
    letter, clinical = both()
    [found] = disagreements(changed(letter, path, value), clinical)
    assert what in found


def test_a_side_in_a_step_is_compared():
    left = BIOPSY.__class__("1", "biopsy", "Biopsy of the left arm", "Have the right arm tested", "patient", None)
    assert disagreements(*both(lines=(left,))) == ["Step 1 names a different side in each letter."]
    away = BIOPSY.__class__("1", "biopsy", "Biopsy of the left arm", "Go right away", "patient", None)
    assert disagreements(*both(lines=(away,))) == []


def test_pictures_that_differ_are_found():
    letter, clinical = both()
    clinical["pictures"] = [{"photo": "1"}]
    assert disagreements(letter, clinical) == ["The letters show different photographs."]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("By Monday, December 7, 2026", "2026-12-07"), ("Mon, Dec 7, 2026", "2026-12-07"),
        ("A más tardar el lunes 7 de diciembre de 2026", "2026-12-07"), ("soon", ""), ("", ""),
        ("Brumaire 7, 2026", ""),
    ],
)  # fmt: skip
def test_a_day_is_read_in_either_language(text, day):
    assert day_in(text) == day


def test_amounts_and_sides_are_read_from_words():
    assert doses_in("0.05 % and 2,5 mg, 10 mL, not 3 weeks") == {(0.05, "%"), (2.5, "mg"), (10.0, "ml")}
    assert sides_in("brazo derecho, right now, left ear") == {"left", "right"}
    assert sides_in("Call right away") == set()
