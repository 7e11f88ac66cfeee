"""The order of the desk: a pure rule whose number is what the SQL sorts by, and reasons that say what moved a case."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.models import QueueEntry
from intake.ranking import BAND_WORDS, Facts, rank_of
from tests import factories

NOW = datetime(2026, 11, 25, 15, tzinfo=UTC)
HOUR = timedelta(hours=1)


def facts(**given) -> Facts:
    return Facts(**({"state": "submitted", "urgency": "routine", "due_at": NOW + 8 * HOUR} | given))


def order(*many: Facts) -> list[int]:
    return sorted(range(len(many)), key=lambda n: rank_of(many[n]).number)


def test_who_must_act_comes_first():
    many = (
        facts(state="in_review", due_at=NOW - 90 * HOUR),
        facts(state="needs_information", due_at=None, deadline=NOW - 90 * HOUR),
        facts(due_at=NOW + 90 * HOUR),
        facts(urgency="urgent", due_at=NOW + 900 * HOUR),
    )
    assert order(*many) == [3, 2, 1, 0]
    assert len(BAND_WORDS) == 4


def test_within_a_band_the_nearest_target_is_first_so_the_latest_over_it_is_too():
    assert order(facts(due_at=NOW + HOUR), facts(due_at=NOW - HOUR), facts(due_at=NOW - 9 * HOUR)) == [2, 1, 0]


def test_an_old_routine_case_comes_before_a_fresh_priority_one():
    """Nothing waits for ever behind what keeps arriving."""
    assert order(facts(urgency="priority", due_at=NOW + 7 * HOUR), facts(due_at=NOW + HOUR)) == [1, 0]


@pytest.mark.parametrize(
    ("given", "hours"), [({"score": 4}, 2), ({"is_back": True}, 2), ({"was_returned": True}, 2), ({"score": 2}, 1)]
)
def test_what_moves_a_case_forward_moves_it_by_so_much(given, hours):
    moved = facts(**given)
    assert rank_of(moved).number == rank_of(facts(due_at=NOW + 8 * HOUR - hours * HOUR)).number


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, ("By its target",)),
        ({"urgency": "urgent", "flag": "The eye hurts"}, ("The eye hurts",)),
        ({"flag": "No sign of change named"}, ("By its target",)),
        ({"score": 2, "is_back": True}, ("7-point score 2", "Back from the patient")),
        ({"urgency": "urgent", "flag": "7-point score 5: size", "score": 5}, ("7-point score 5: size",)),
        ({"was_returned": True}, ("Sent back to the desk",)),
        ({"state": "needs_information", "due_at": None}, ("Waits for the patient; the target pauses",)),
        ({"state": "ready"}, ("With the specialist",)),
    ],
)
def test_each_rank_says_why(given, words):
    assert rank_of(facts(**given)).reasons == words


def test_a_case_without_any_moment_stands_last_in_its_band_and_breaks_nothing():
    assert order(facts(due_at=None), facts()) == [1, 0]


ANY = st.builds(
    Facts,
    state=st.sampled_from(["submitted", "needs_information", "ready", "in_review"]),
    urgency=st.sampled_from(["urgent", "priority", "routine"]),
    due_at=st.none() | st.integers(-500, 500).map(lambda n: NOW + n * HOUR),
    deadline=st.none() | st.integers(-500, 500).map(lambda n: NOW + n * HOUR),
    score=st.integers(0, 10),
    is_back=st.booleans(),
    was_returned=st.booleans(),
)


@settings(max_examples=200, deadline=None)
@given(ANY)
def test_any_facts_give_a_number_that_a_column_holds_and_a_reason(given):
    rank = rank_of(given)
    assert 0 < rank.number < 2**63
    assert all(rank.reasons)


@pytest.mark.django_db
def test_the_order_of_the_sql_is_the_order_of_the_rule(patient, ana):
    """The same numbers, sorted by the database and by Python."""
    many = [
        facts(state=state, urgency=urgency, due_at=NOW + hours * HOUR, deadline=NOW, score=score, is_back=back)
        for state, urgency, hours, score, back in [
            ("submitted", "urgent", 3, 5, False), ("submitted", "routine", -2, 0, False), ("ready", "urgent", -9, 0, False),
            ("submitted", "routine", 1, 4, True), ("submitted", "priority", 2, 0, True), ("submitted", "urgent", 1, 0, True),
            ("needs_information", "urgent", 0, 0, False), ("in_review", "routine", 5, 0, False),
        ]
    ]  # fmt: skip
    by_case = {}
    for number, one in enumerate(many):
        case = factories.put_status(factories.make_draft(patient, by=ana), "submitted")
        QueueEntry.objects.filter(pk=case.pk).update(rank=rank_of(one).number)
        by_case[case.pk] = number
    in_sql = [by_case[pk] for pk in QueueEntry.objects.order_by("rank", "case_id").values_list("pk", flat=True)]
    assert in_sql == order(*many)
