"""The table itself: every verb from every status by every kind of person."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.db.models import Q
from django.utils import timezone

from config.audit.models import AuditEvent
from intake.models import Case, CaseEvent, CaseStatus
from intake.models.case import HAPPENED
from intake.workflow import TRANSITIONS, TransitionRefused, may, mermaid, move, role_for, verbs_for
from tests import factories

# verb -> who of the cast may do it, on a case that Dana holds, when the status allows it
ALLOWED = {
    "submit": {"ana", "ben"},
    "request_information": {"ben", "dana"},
    "answer": {"ana", "ben"},
    "accept": {"ben"},
    "return_to_triage": {"ben", "dana"},
    "redirect": {"ana", "ben", "dana"},
    "claim": {"dana"},
    "release": {"dana", "lea"},
    "to_pool": {"system"},
    "sign": {"dana"},
    "deliver": {"system"},
    "addend": {"dana"},
    "close": {"ben", "system"},
    "withdraw": {"ana", "ben"},
}
CAST = ["ana", "ben", "ruth", "dana", "eli", "olga", "kay", "ada", "max", "lea", "system"]


@pytest.fixture
def cast(ana, ben, ruth, dana, eli, olga, kay, ada, max_stranger, group):
    lea = factories.make_user("Lea", "specialist", group, lead=True)
    people = [ana, ben, ruth, dana, eli, olga, kay, ada, max_stranger, lea, None]
    return dict(zip(CAST, people, strict=True))


def in_status(case: Case, status: str, dana, group) -> Case:
    columns = {"group": group, "patient_state": "OH", "urgency": "routine"}
    if status == "in_review":
        # the hold has lapsed, so that a claim is possible from here too
        columns |= {"holder": dana, "hold_expires_at": timezone.now() - timedelta(seconds=1)}
    return factories.put_status(case, status, **columns)


def test_what_happened_is_said_in_words():
    assert HAPPENED.keys() == {"start", *TRANSITIONS}


@pytest.mark.parametrize("verb", TRANSITIONS)
def test_every_status_and_person(verb, cast, draft, dana, group):
    """A verb works from its sources for its people; from anywhere else, for anyone else, nothing is changed."""
    transition = TRANSITIONS[verb]
    for status in CaseStatus.values:
        for name, user in cast.items():
            case = in_status(draft, status, dana, group)
            if verb == "addend":
                continue
            expected = status in transition.sources and name in ALLOWED[verb]
            if user is not None:
                assert may(case, verb, user) == expected, (verb, status, name)
            before = (case.status, case.version, case.events.count())
            try:
                move(case, verb, by=user, reason="Because", updates=_needs(verb, group))
                moved = True
            except TransitionRefused as refused:
                moved = False
                assert refused.text.endswith(".")
                case.refresh_from_db()
                assert (case.status, case.version, case.events.count()) == before
            assert moved == expected, (verb, status, name)
            if moved:
                case.refresh_from_db()
                event = case.events.last()
                assert (event.verb, event.from_status, event.to_status, event.by) == (verb, status, case.status, user)
                assert AuditEvent.objects.filter(verb=f"case.{verb}", data__event=event.pk).exists()
                Case.objects.filter(pk=case.pk).update(status="draft", holder=None, hold_expires_at=None)


def _needs(verb, group):
    if verb == "accept":
        return {"group": group, "urgency": "routine", "answer_due_at": timezone.now()}
    return {}


def test_reason_is_needed_where_somebody_will_ask_why(submitted, ben):
    with pytest.raises(TransitionRefused, match="Write a reason"):
        move(submitted, "redirect", by=ben, reason="  ")


def test_answer_goes_back_to_whoever_asked(submitted, ben, ana, group):
    for asked_from, target in (("clinic", "submitted"), ("specialist", "ready")):
        case = factories.put_status(
            submitted, "needs_information", asked_from=asked_from, group=group, urgency="routine",
            answer_due_at=timezone.now(),
        )  # fmt: skip
        assert move(case, "answer", by=ana).status == target


def test_refusal_says_what_the_case_is_now(submitted, ben, ana):
    stale = Case.objects.get(pk=submitted.pk)
    move(submitted, "withdraw", by=ana)
    with pytest.raises(TransitionRefused) as refused:
        move(stale, "redirect", by=ben, reason="Needs to be seen")
    assert refused.value.status == "withdrawn"
    assert "withdrawn" in refused.value.text


def test_live_hold_is_not_taken(ready, dana, group):
    other = factories.make_specialist("Drew", group)
    move(ready, "claim", by=dana)
    with pytest.raises(TransitionRefused, match="Dana Sample is reading"):
        move(Case.objects.get(pk=ready.pk), "claim", by=other)
    Case.objects.filter(pk=ready.pk).update(hold_expires_at=timezone.now() - timedelta(seconds=1))
    assert move(Case.objects.get(pk=ready.pk), "claim", by=other).holder == other


def test_old_page_does_not_end_a_new_hold(ready, dana, group):
    """Dana's hold lapsed and Drew claimed: Dana's tab, still open, must not send the case away."""
    drew = factories.make_specialist("Drew", group)
    move(ready, "claim", by=dana)
    danas_page = Case.objects.select_related("patient", "group").get(pk=ready.pk)
    Case.objects.filter(pk=ready.pk).update(hold_expires_at=timezone.now() - timedelta(seconds=1))
    move(Case.objects.get(pk=ready.pk), "claim", by=drew)
    for verb in ("release", "return_to_triage", "request_information", "sign"):
        with pytest.raises(TransitionRefused):
            move(danas_page, verb, by=dana, reason="Old page")
    assert Case.objects.get(pk=ready.pk).holder == drew


def test_extra_filter_narrows_the_update(submitted, ben, group):
    with pytest.raises(TransitionRefused):
        move(submitted, "accept", by=ben, updates=_needs("accept", group), extra_filter=Q(urgency="urgent"))


def test_case_named_for_another_specialist_is_not_claimed(ready, dana, group):
    drew = factories.make_specialist("Drew", group)
    Case.objects.filter(pk=ready.pk).update(assigned_to=drew)
    assert role_for(Case.objects.get(pk=ready.pk), "claim", dana) == ""


def test_verbs_for_feeds_the_buttons(submitted, ben):
    assert set(verbs_for(submitted, ben)) == {"request_information", "accept", "redirect", "withdraw"}


def test_diagram_names_every_verb():
    diagram = mermaid()
    for verb in TRANSITIONS:
        assert f": {verb}\n" in diagram + "\n"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("verb", ["claim", "accept", "submit"])
def test_twelve_at_once_one_winner(verb, draft, dana, ben, group):
    """Twelve threads do the same step on the same row: one event, one winner, no error but the refusal."""
    status = TRANSITIONS[verb].sources[0]
    actor = {"claim": dana, "accept": ben, "submit": ben}[verb]
    case = factories.put_status(draft, status, group=group, patient_state="OH")
    start, outcomes = threading.Barrier(12), []

    def step():
        try:
            mine = Case.objects.select_related("patient", "clinic", "group").get(pk=case.pk)
            start.wait()
            move(mine, verb, by=actor, updates=_needs(verb, group))
            outcomes.append("won")
        except TransitionRefused:
            outcomes.append("refused")
        except Exception as error:  # noqa: BLE001 a thread's error must reach the assertion
            outcomes.append(repr(error))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=step) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["refused"] * 11 + ["won"], (connection.vendor, outcomes)
    assert CaseEvent.objects.filter(case=case, verb=verb).count() == 1
