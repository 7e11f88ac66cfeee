"""A patient who does not read English: what the specialist can give them in their language, and what the letter says where
they could not."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse
from django.utils import translation

from intake.models import Patient
from review import checks, delivery, phrases, standing_texts
from review.letters import compose, making
from review.letters.agreement import disagreements, translated_otherwise
from review.models import ActionItem, Addendum, Review
from review.plan import PlanLine
from review.services import save_draft
from tests.review.letter_facts import BIOPSY, CREAM, URL, facts
from tests.review.signed import answer, line
from tests.test_reading_level import ended, grade

NOTE = "Esta parte está en inglés."
SPANISH = {
    "patient_text_own": "El borde de la mancha no es parejo. Hay que analizarla.",
    "follow_up_own": "Resultado en 3 semanas.",
    "own_language": "es",
}


def both(**changes):
    these = facts(**changes)
    return compose.patient_letter(these, check_url=URL), compose.clinical_letter(these, check_url=URL)


def shown(letter: dict) -> str:
    return json.dumps(letter, ensure_ascii=False)


@pytest.fixture
def spanish(patient):
    Patient.objects.filter(pk=patient.pk).update(preferred_language="es")
    patient.refresh_from_db()
    return patient


# the letters


def test_what_is_written_in_the_patients_language_takes_the_place_of_the_english():
    steps = (
        replace(BIOPSY, patient_text_own="Que le quiten y analicen la mancha"),
        replace(CREAM, patient_text_own="Póngase la crema de hidrocortisona al 1 % dos veces al día"),
    )
    letter, clinical = both(language="es", opinion=SPANISH, lines=steps)
    assert NOTE not in shown(letter)
    for english in ("uneven edge", "Result in 3 weeks", "Have the spot", "twice a day"):
        assert english not in shown(letter), english
    assert "no es parejo" in shown(letter) and "Póngase la crema" in shown(letter)
    # the clinic reads both
    told = {row["heading"]: row["words"] for row in clinical["notes"]}
    assert (
        told["Patient was told"].startswith("The spot has") and "no es parejo" in told["Patient was told, in Spanish"]
    )
    assert disagreements(letter, clinical) == []


def test_each_part_that_is_not_stands_in_english_under_a_note_with_the_telephone():
    letter, _ = both(language="es", opinion=SPANISH | {"follow_up_own": ""})
    notes = {part["heading"]: part["note"] for part in letter["sections"] if part.get("note")}
    assert list(notes) == ["Qué hacer", "Cuándo debe ir a revisión otra vez"]
    assert all(note.startswith(NOTE) and "614-555-0142" in note and "intérprete" in note for note in notes.values())
    steps = next(part for part in letter["sections"] if part["kind"] == "steps")["steps"]
    # what has to be done is said in Spanish by a standing sentence, with the English words below
    with translation.override("es"):
        assert [step["what"] for step in steps] == [str(compose.STEPS["biopsy"]), str(compose.STEPS["medicine"])]
    assert steps[0]["words"] == "Have the spot taken out and tested"


@pytest.mark.parametrize(
    ("english", "own", "clinical", "said"),
    [
        ("Have the spot taken out", "Hay que quitar la mancha", "Excise with 5 mm margins", ""),
        ("Have the spot taken out", "Con 5 mm de margen", "Excise with 5 mm margins", ""),
        ("Have the spot taken out", "Con 6 mm de margen", "Excise with 5 mm margins", "the amounts differ."),
        ("Use the 0.05 % cream", "Use la crema", "Tretinoin 0.05 %", "the amounts differ."),
    ],
)
def test_a_plain_step_may_leave_out_an_amount_of_the_clinical_line(english, own, clinical, said):
    assert translated_otherwise(english, own, clinical) == said


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_text_in_another_language_than_the_reader_s_is_not_shown(language):
    letter, clinical = both(language=language, opinion=SPANISH)
    assert "no es parejo" not in shown(letter) + shown(clinical)
    assert (NOTE in shown(letter)) is False
    assert ("This part is in English." in shown(letter)) is (language != "en")


@pytest.mark.parametrize(
    ("english", "own", "said"),
    [
        ("Use 0.5 mg", "Use 0,5 mg", ""), ("Use 0.5 mg", "Use 5 mg", "the amounts differ."),
        ("Use 2 mm", "Sin medida", "the amounts differ."), ("The left arm", "El brazo derecho", "the sides differ."),
        ("1,000 units", "1.000 unidades", ""), ("1000 units", "1.000 unidades", ""), ("1 unit", "1 unidad", ""),
        ("0.125 mg", "0,125 mg", ""), ("Left. You may ask.", "Izquierda. Tiene derecho a preguntar.", ""),
        ("The left arm", "El brazo izquierdo", ""), ("The arm", "El brazo derecho", ""), ("Wait.", "Espere.", ""),
    ],
)  # fmt: skip
def test_both_texts_name_the_same_amounts_and_sides(english, own, said):
    assert translated_otherwise(english, own) == said
    letter, clinical = both(language="es", opinion=SPANISH | {"patient_text": english, "patient_text_own": own})
    assert disagreements(letter, clinical) == (
        [f"The text to the patient is not the English one: {said}"] if said else []
    )


def test_a_step_that_alone_is_in_english_has_the_note_beside_it():
    steps = (replace(BIOPSY, patient_text_own="Que le quiten la mancha"), CREAM)
    letter, _ = both(language="es", opinion=SPANISH, lines=steps)
    [part] = [part for part in letter["sections"] if part["kind"] == "steps"]
    assert part["note"] == "" and [bool(step["note"]) for step in part["steps"]] == [False, True]


# the specialist's page


@pytest.fixture
def drafted(spanish, filled, dana):
    lines = [PlanLine("medicine", "Hydrocortisone 1 % cream", "patient", due_weeks=2)]
    saved, _ = save_draft(review=filled, by=dana, version=filled.version, lines=lines)
    return saved


def found(review) -> dict[str, checks.Check]:
    return {
        check.field: check
        for check in checks.signing_checks(Review.objects.get(pk=review.pk))
        if not check.tone == "good"
    }


def test_before_signing_it_is_said_what_the_patient_gets_in_english(drafted, dana):
    check = found(drafted)["patient_text_own"]
    assert (check.tone, check.text) == ("wait", "The patient reads Spanish")
    assert "For the patient, Follow-up, plan line 1" in check.detail
    own = {"patient_text_own": "Hay que quitar la mancha.", "follow_up_own": "Resultado en 3 semanas"}
    lines = [
        PlanLine(
            "medicine", "Hydrocortisone 1 % cream", "patient", due_weeks=2, patient_text_own="Póngase la crema al 1 %"
        )
    ]
    saved, _ = save_draft(review=drafted, by=dana, version=drafted.version, lines=lines, **own)
    assert "patient_text_own" not in found(saved)


def test_a_translation_with_another_amount_holds_the_signature(drafted, dana):
    lines = [
        PlanLine(
            "medicine", "Hydrocortisone 1 % cream", "patient", due_weeks=2, patient_text_own="Póngase la crema al 10 %"
        )
    ]
    saved, _ = save_draft(review=drafted, by=dana, version=drafted.version, lines=lines)
    [check] = [check for check in checks.signing_checks(Review.objects.get(pk=saved.pk)) if "Spanish:" in check.text]
    assert check.holds and check.text == "“Plan line 1” in Spanish: the amounts differ."


def test_the_signature_covers_both_texts_and_their_language(drafted, dana, tab, sign):
    save_draft(review=drafted, by=dana, version=drafted.version, patient_text_own="Hay que quitar la mancha.")
    drafted.refresh_from_db()
    tab.work(60_000)
    signed = sign(drafted)
    opinion = signed.signed_record["opinion"]
    assert (opinion["patient_text_own"], opinion["own_language"]) == ("Hay que quitar la mancha.", "es")
    letter = making.pages(signed)["patient"]
    assert "Hay que quitar la mancha." in shown(letter) and drafted.patient_text not in shown(letter)
    for change in ({"patient_text_own": "Otra cosa"}, {"follow_up_own": "Otra cosa"}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Review.objects.filter(pk=signed.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        ActionItem.objects.filter(review=signed).update(patient_text_own="Otra cosa")


def test_the_room_offers_the_fields_only_where_they_are_needed(review, sign_in, dana, patient):
    page = reverse("review:room", args=[review.case_id])
    names = ("patient_text_own", "follow_up_own", "plan_own", "both-test")
    english = sign_in(dana).get(page).content.decode()
    assert [name for name in names if f'"{name}"' in english] == []
    Patient.objects.filter(pk=patient.pk).update(preferred_language="es")
    room = sign_in(dana).get(page).content.decode()
    assert [name for name in names if f'"{name}"' in room] == list(names)
    assert "For the patient, in Spanish" in room and "Insert a text in English and Spanish" in room


def test_typed_and_inserted_without_a_script_it_is_kept(spanish, review, sign_in, dana):
    client = sign_in(dana)
    url = reverse("review:save", args=[review.case_id])
    typed = {
        "version": review.version, "patient_text": "Hello.", "patient_text_own": "Hola.", "plan_text": "Cream",
        "plan_kind": "medicine", "plan_owner": "patient", "plan_weeks": "2", "plan_due": "", "plan_patient": "Use it",
        "plan_own": "Úsela",
    }  # fmt: skip
    client.post(url, typed | {"template": "both-test"})
    review.refresh_from_db()
    assert review.patient_text.startswith("Hello.\nThis spot should be tested.")
    assert review.patient_text_own.startswith("Hola.\nHay que analizar esta mancha.")
    assert review.follow_up_own.startswith("Tendrá el resultado")
    assert review.action_items.get().patient_text_own == "Úsela"


def test_nobody_is_given_a_text_in_a_language_that_they_do_not_read(review, dana, patient):
    assert phrases.of(dana, review.case, "both-test") is None and phrases.standing_for_room(review.case) == []
    review.case.patient.preferred_language = "es"
    assert phrases.of(dana, review.case, "both-test").name == "Spot to be tested"
    # of the other specialty
    assert phrases.of(dana, review.case, "both-pink_eye") is None


@pytest.mark.parametrize("specialty", ["dermatology", "ophthalmology"])
def test_the_standing_texts_are_in_both_languages_and_easy_to_read(specialty):
    texts = list(standing_texts.in_language("es", specialty))
    assert len(texts) >= 3
    for one in texts:
        for english, own in ((one.patient_text, one.patient_text_own), (one.follow_up, one.follow_up_own)):
            assert bool(english) == bool(own) and (not english or english != own), one.name
            assert translated_otherwise(english, own) == ""
    assert grade(ended([text for one in texts for text in (one.patient_text, one.follow_up) if text])) <= 6


# afterwards


def test_an_addendum_is_in_both_languages_or_says_that_it_is_not(spanish, answered, dana, sign_in, ana):
    review = answered(referred=False)
    text = {"text": "Benign.", "patient_text": "All is fine. Use 1 mg.", "changes": {"plan": True}}
    delivery.add_addendum(review=review, by=dana, **text)
    page = sign_in(ana).get(reverse("review:patient_result", args=[review.case_id])).content.decode()
    assert "All is fine." in page and page.count(NOTE) >= 2
    with pytest.raises(delivery.DeliveryRefused, match="amounts differ"):
        delivery.add_addendum(review=review, by=dana, patient_text_own="Todo está bien. Use 2 mg.", **text)
    with pytest.raises(delivery.DeliveryRefused, match="in English too"):
        delivery.add_addendum(
            review=review, by=dana, text="Benign.", patient_text="", patient_text_own="Todo bien.", changes={}
        )
    url = reverse("review:addendum", args=[review.pk])
    typed = {"text": "Benign.", "patient_text": "All is well.", "patient_text_own": "Todo salió bien."}
    client = sign_in(dana)
    assert "For the patient, in Spanish" in client.get(url).content.decode()
    client.post(url, typed)
    added = Addendum.objects.order_by("created_at").last()
    assert (added.patient_text_own, added.own_language) == ("Todo salió bien.", "es")
    page = sign_in(ana).get(reverse("review:patient_result", args=[review.case_id])).content.decode()
    assert "Todo salió bien." in page and "All is well." not in page


def test_the_database_wants_to_know_which_language_it_is(answered, dana):
    with pytest.raises(IntegrityError), transaction.atomic():
        Addendum.objects.create(
            review=answered(referred=False), by=dana, text="x", patient_text_own="Hola", content_sha256="ab" * 32
        )


def test_the_patients_list_of_steps_speaks_their_language(spanish, draft, dana, group, ana, sign_in):
    cream = PlanLine(
        "medicine", "Cream 1 %", "patient", "Use the cream", due_weeks=2, patient_text_own="Póngase la crema"
    )
    other = PlanLine("watch_rephotograph", "Photograph again", "patient", due_weeks=4)
    review = answer(draft, dana, group, cream, other, own={"own_language": "es"})
    client = sign_in(ana)
    page = client.get(reverse("review:own_steps")).content.decode()
    assert "Póngase la crema" in page and "Use the cream" not in page
    assert 'lang="en">Photograph again' in page
    with translation.override("es"):
        assert line(review, "watch_rephotograph").plain == str(compose.STEPS["watch_rephotograph"])
    step = client.get(reverse("review:own_step", args=[line(review, "watch_rephotograph").pk])).content.decode()
    assert NOTE in step
    with translation.override("en"):
        assert line(review, "medicine").plain == "Use the cream"


def test_a_due_day_and_all_else_of_the_letter_stays_the_record_s(drafted, tab, sign):
    tab.work(60_000)
    signed = sign(drafted)
    [row] = signed.signed_record["plan_lines"]
    assert row["patient_text_own"] == "" and row["due_on"] == (signed.date_of_service + timedelta(weeks=2)).isoformat()
