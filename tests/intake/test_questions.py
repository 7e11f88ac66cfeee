"""The questions: what is asked of whom, what an answer raises, and that nobody is stuck on one."""

import re

import pytest
from django.urls import reverse

from intake import completeness, questions, services
from intake.models import Answer, Case, ProblemKind
from intake.questions import Facts
from tests import factories

LESION, RASH, EYE = Facts("lesion", 67, "F"), Facts("rash", 30, "F"), Facts("eye", 67, "M")


def keys(facts, answers=None):
    return [question.key for question in questions.asked(facts, answers or {})]


def test_a_spot_is_asked_about_change_and_a_rash_about_its_triggers():
    assert {"changes", "look", "cancer"} <= set(keys(LESION))
    assert {"spread", "trigger"} <= set(keys(RASH))
    assert not {"changes", "look"} & set(keys(RASH))


@pytest.mark.parametrize(
    ("facts", "asked"),
    [
        (Facts("rash", 30, "F"), True),
        (Facts("rash", 30, "U"), True),
        (Facts("rash", 67, "F"), False),
        (Facts("rash", 30, "M"), False),
    ],
)
def test_pregnancy_is_asked_where_it_may_be(facts, asked):
    assert ("pregnant" in keys(facts)) is asked


def test_a_detail_is_asked_only_after_its_answer():
    assert "drug" not in keys(RASH)
    assert "drug" in keys(RASH, {"trigger": ["drug", "travel"]})
    assert "lens_use" not in keys(EYE, {"lenses": ["no"]})
    assert "lens_use" in keys(EYE, {"lenses": ["yes"]})


def test_jaw_and_scalp_are_asked_from_50_on():
    assert "head" in keys(EYE)
    assert "head" not in keys(Facts("eye", 49, "M"))


def test_keys_are_unique_and_every_choice_has_words_for_both_readers():
    for group in questions.SETS.values():
        assert len({question.key for question in group}) == len(group)
        for question in group:
            assert question.label
            assert (question.kind == "text") == (not question.options)
            assert all(option.text and option.note for option in question.options)
            assert len({option.key for option in question.options}) == len(question.options)


@pytest.mark.parametrize(
    ("answers", "score"),
    [
        ({}, 0),
        ({"changes": ["none"], "look": ["none"], "feel": ["none"]}, 0),
        ({"changes": ["size"]}, 2),
        ({"changes": ["size"], "look": ["wide"]}, 3),
        # an item counts once, whichever of its answers says it
        ({"changes": ["shape"], "look": ["edges"]}, 2),
        ({"feel": ["itch", "numb", "pain"]}, 1),
        (
            {
                "changes": ["size", "shape", "color"],
                "look": ["edges", "colors", "wide"],
                "feel": ["red", "ooze", "itch", "bleed"],
            },
            10,
        ),
    ],
)
def test_the_weighted_seven_point_score(answers, score):
    assert questions.seven_point(answers)[0] == score


def give(case, **answers):
    for key, value in answers.items():
        Answer.objects.create(case=case, question=key, version=questions.VERSION, value=value)
    return case


@pytest.mark.django_db
def test_three_points_are_urgent_and_fewer_lower_nothing(draft):
    Case.objects.update(reason="A spot", history="", problem_kind=ProblemKind.LESION)
    draft.refresh_from_db()
    assert completeness.suggested_urgency(draft)[0] == "routine"
    give(draft, changes=["size"], look=["wide"])
    assert completeness.suggested_urgency(draft) == ("urgent", "7-point score 3: change in size, 7 mm or wider")
    # the story alone asked for priority: a low score does not take that back
    Case.objects.update(reason="It bled")
    Answer.objects.all().delete()
    draft.refresh_from_db()
    give(draft, changes=["none"])
    assert completeness.suggested_urgency(draft)[0] == "priority"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "answers",
    [
        {"vision": ["much"]},
        {"pain": ["bad"]},
        {"eye_signs": ["light"]},
        {"lenses": ["yes"], "eye_signs": ["red"]},
        {"head": ["jaw"]},
    ],
)
def test_an_eye_that_must_be_seen_first_is_urgent(patient, ana, answers):
    case = factories.make_draft(patient, by=ana, specialty="ophthalmology", reason="Lid", history="", site="eye")
    assert completeness.suggested_urgency(case)[0] == "priority"
    assert completeness.suggested_urgency(give(case, **answers))[0] == "urgent"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"vision": ["little"]}, "Sees worse"),
        ({"vision": ["much"], "pain": ["some"]}, "Sees much worse; the eye hurts"),
        ({"vision": ["same"], "pain": ["itch"], "eye_signs": ["red"]}, ""),
    ],
)
def test_an_eye_that_hurts_or_sees_worse_goes_in_person_unless_staff_say_otherwise(
    sign_in, patient, ana, ben, answers, words
):
    case = factories.make_draft(patient, by=ana, specialty="ophthalmology", reason="Lid", history="", site="eye")
    give(case, **answers)
    told = sign_in(ana).get(reverse("intake:case_step", args=[case.pk, "check"])).content.decode()
    assert ("should be seen in person" in told) == bool(words)
    factories.put_status(case, "submitted")
    shown = sign_in(ben).get(reverse("intake:triage_case", args=[case.pk])).content.decode()
    assert ("In person first." in shown) == bool(words)
    assert words in shown
    primary = re.search(r'<button class="([^"]*)"[^>]*data-key="a"', shown)[1]
    assert ("btn-primary" in primary) != bool(words)


def step(case, key):
    return reverse("intake:case_step", args=[case.pk, f"q-{key}"])


@pytest.mark.django_db
def test_each_answer_is_kept_and_leads_to_the_next(sign_in, draft, ana):
    client = sign_in(ana)
    answer = client.post(step(draft, "before"), {"answer": "no"})
    assert answer.url == step(draft, "changes")
    client.post(step(draft, "changes"), {"answer": ["size", "color"]})
    assert services.answers_of(draft) == {"before": ["no"], "changes": ["size", "color"]}
    assert client.get(step(draft, "changes")).content.decode().count(" checked") == 2


@pytest.mark.django_db
def test_none_of_these_and_a_tick_are_asked_again(sign_in, draft, ana):
    page = sign_in(ana).post(step(draft, "changes"), {"answer": ["size", "none"]})
    assert "Keep what fits." in page.content.decode()
    assert not draft.answers.exists()


@pytest.mark.django_db
def test_nobody_is_stuck_a_question_may_be_skipped_and_the_case_sent(sign_in, draft, ana):
    answer = sign_in(ana).post(step(draft, "before"), {"skip": "1"})
    assert answer.url == step(draft, "changes")
    assert not draft.answers.exists()
    assert "answer" not in str(services.missing_for_sending(draft))


@pytest.mark.django_db
def test_an_answer_is_autosaved_while_it_is_given(sign_in, draft, ana):
    answer = sign_in(ana).post(step(draft, "changes"), {"answer": ["size"]}, headers={"X-Draft": "1"})
    assert "saved" in answer.json()
    assert services.answers_of(draft) == {"changes": ["size"]}


@pytest.mark.django_db
def test_going_on_leads_to_the_first_question_without_an_answer(sign_in, draft, ana):
    draft.problem_kind = "lesion"
    draft.save()
    services.give_consent(case=draft, by=ana, kinds={"treatment", "photography"})
    factories.make_ready_photo(draft, by=ana)
    services.answer_question(case=draft, by=ana, key="before", value=["no"])
    assert sign_in(ana).get(reverse("intake:case_draft", args=[draft.pk])).url == step(draft, "changes")


@pytest.mark.django_db
def test_a_question_that_no_longer_fits_leads_on_and_an_unknown_one_is_not_there(sign_in, draft, ana):
    client = sign_in(ana)
    assert client.get(step(draft, "lens_use")).status_code == 302
    assert client.get(step(draft, "nonsense")).status_code == 404


@pytest.mark.django_db
def test_the_summary_shows_answers_and_what_was_skipped(sign_in, draft, ana):
    services.answer_question(case=draft, by=ana, key="changes", value=["size"])
    page = sign_in(ana).get(reverse("intake:case_step", args=[draft.pk, "check"])).content.decode()
    assert "It got bigger" in page
    assert "Skipped" in page


@pytest.mark.django_db
def test_staff_read_the_answers_in_clinical_words(sign_in, draft, ben):
    give(draft, changes=["size"], look=["colors"], before=["no"])
    case = factories.put_status(draft, "submitted")
    page = sign_in(ben).get(reverse("intake:triage_case", args=[case.pk])).content.decode()
    assert "two or more colors" in page
    assert "7-point score 4 of 10: change in size, irregular color" in page
