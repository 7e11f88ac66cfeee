"""The clinic's decisions: each with its reason, its target and one winner."""

from datetime import timedelta

import pytest
from django.utils import timezone

from intake import services, triage
from intake.models import Case, CaseEvent, CaseStatus, InformationRequest, Upload
from tests import factories
from tests.factories import in_days
from tests.racing import race

pytestmark = pytest.mark.django_db


@pytest.fixture
def waiting(draft, ana, dana):
    """A complete case that was sent, with a photo that can be shown and somebody who may answer."""
    services.give_consent(case=draft, by=ana, kinds={"treatment", "photography"})
    factories.make_ready_photo(draft, by=ana)
    Case.objects.update(reason="A spot", history="")
    draft.refresh_from_db()
    return services.submit_case(case=draft, by=ana)


def accept(case, ben, group, **facts):
    facts = {"urgency": "routine", "specialty": "dermatology"} | facts
    return triage.accept_case(case=case, by=ben, group=group, **facts)


@pytest.mark.parametrize(("urgency", "hours"), [("urgent", 24), ("priority", 48), ("routine", 72)])
def test_accepted_it_is_in_the_pool_with_its_target(waiting, ben, group, urgency, hours):
    case = accept(waiting, ben, group, urgency=urgency)
    assert (case.status, case.urgency, case.group, case.assigned_to) == ("ready", urgency, group, None)
    assert (case.answer_due_at - timezone.now()).total_seconds() == pytest.approx(hours * 3600, abs=10)
    event = case.events.get(verb="accept")
    assert (event.by, event.data["urgency"]) == (ben, urgency)


def test_accepted_for_a_person_nobody_else_finds_it(waiting, ben, group, dana):
    second = factories.make_specialist("Second", group)
    case = accept(waiting, ben, group, assigned_to=dana)
    assert Case.objects.answerable_by(dana).filter(pk=case.pk).exists()
    assert not Case.objects.answerable_by(second).filter(pk=case.pk).exists()


def test_nobody_licensed_is_said_at_triage(waiting, ben, group, dana, eli):
    dana.practitioner.licences.update(valid_until=timezone.localdate() - timedelta(days=1))
    with pytest.raises(triage.TriageRefused, match="licensed in OH"):
        accept(waiting, ben, group)
    with pytest.raises(triage.TriageRefused, match="licensed in OH"):
        accept(waiting, ben, group, specialty="ophthalmology")


def test_a_person_who_may_not_answer_is_refused(waiting, ben, group, eli):
    with pytest.raises(triage.TriageRefused, match="no licence in OH"):
        accept(waiting, ben, group, assigned_to=eli)


def test_below_the_suggestion_needs_a_reason_which_stays_in_the_trace(waiting, ben, group):
    Case.objects.update(reason="It bled")
    waiting.refresh_from_db()
    with pytest.raises(triage.TriageRefused, match="Write why it may wait longer"):
        accept(waiting, ben, group)
    case = accept(waiting, ben, group, lower_reason="Known cherry angioma")
    assert case.events.get(verb="accept").reason == "Known cherry angioma"


def test_what_is_incomplete_is_not_passed_on(waiting, ben, group, ana):
    waiting.photos.update(work_status="waiting", due_at=timezone.now())
    with pytest.raises(triage.TriageRefused, match="still arriving"):
        accept(waiting, ben, group)
    waiting.photos.update(work_status="done", refusal_reason="damaged")
    with pytest.raises(triage.TriageRefused, match="no photo that can be shown"):
        accept(waiting, ben, group)
    waiting.photos.update(refusal_reason="")
    waiting.consents.filter(kind="treatment").update(withdrawn_at=timezone.now())
    with pytest.raises(triage.TriageRefused, match="not agreed"):
        accept(waiting, ben, group)


def test_a_note_for_the_specialist_is_signed_and_dated(waiting, ben, group):
    case = accept(waiting, ben, group, note="Called: no fever.")
    assert case.intake_note.startswith(f"{ben}, ")
    assert case.intake_note.endswith(": Called: no fever.")


def ask(case, by, *items, **facts):
    items = items or (triage.Asked("question", question="Does it itch?"),)
    return triage.request_information(case=case, by=by, items=items, deadline=in_days(2), **facts)


def test_asking_pauses_and_the_answer_brings_it_back_with_the_time_given_back(waiting, ben, ana):
    due = waiting.triage_due_at
    request = ask(waiting, ben)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.asked_from, waiting.asked_by) == ("needs_information", "clinic", ben)
    Case.objects.update(needs_information_at=timezone.now() - timedelta(hours=5))
    InformationRequest.objects.update(created_at=timezone.now() - timedelta(hours=5))
    request.refresh_from_db()
    request.case.refresh_from_db()
    item = request.items.get()
    case = triage.answer_request(request=request, by=ana, answers={item.pk: "Yes"})
    assert case.status == "submitted"
    assert (case.triage_due_at - due).total_seconds() == pytest.approx(5 * 3600, abs=10)


def test_everything_asked_for_must_be_there_and_what_was_typed_stays(waiting, ben, ana):
    request = ask(
        waiting,
        ben,
        triage.Asked("photo", slot="oblique", reason_code="missing", note="This photo is still missing."),
        triage.Asked("question", question="Does it itch?"),
    )
    question = request.items.get(kind="question")
    with pytest.raises(triage.TriageRefused, match="Add the photo: from the side."):
        triage.answer_request(request=request, by=ana, answers={question.pk: "Yes, at night"})
    question.refresh_from_db()
    assert question.answer == "Yes, at night"
    photo = factories.make_ready_photo(waiting, by=ana, slot="oblique")
    triage.answer_request(request=request, by=ana, answers={})
    assert request.items.get(kind="photo").photo == photo


def test_only_a_photo_that_came_after_the_question_answers_it(waiting, ben, ana):
    request = ask(waiting, ben, triage.Asked("photo", slot="close_up", reason_code="blurred", note="Blurred"))
    with pytest.raises(triage.TriageRefused, match="Add the photo"):
        triage.answer_request(request=request, by=ana, answers={})


@pytest.mark.parametrize("facts", [{"items": []}, {"deadline": "past"}])
def test_asking_for_nothing_or_until_yesterday_is_refused(waiting, ben, facts):
    items = facts.get("items", [triage.Asked("question", question="Why?")])
    deadline = timezone.now() - timedelta(hours=1) if "deadline" in facts else in_days(1)
    with pytest.raises(triage.TriageRefused):
        triage.request_information(case=waiting, by=ben, items=items, deadline=deadline)
    assert Case.objects.get().status == "submitted"


def test_going_on_without_an_answer_needs_a_reason(waiting, ben):
    request = ask(waiting, ben)
    with pytest.raises(triage.TriageRefused, match="Write why"):
        triage.no_answer(request=request, by=ben, reason=" ")
    case = triage.no_answer(request=request, by=ben, reason="Nobody picks up the phone")
    assert case.status == "submitted"
    request.refresh_from_db()
    assert (request.outcome, request.outcome_reason) == ("no_answer", "Nobody picks up the phone")


def test_sent_to_in_person_care_it_says_who_was_told_what(waiting, ben):
    case = triage.redirect_case(
        case=waiting, by=ben, kind="emergency", reason="Spreading with fever", told="Called at 2 pm: go now"
    )
    assert case.status == "redirected"
    event = case.events.get(verb="redirect")
    assert (event.data["kind"], event.data["told"]) == ("emergency", "Called at 2 pm: go now")


def test_a_redirected_case_no_longer_waits_for_its_answer(waiting, ben):
    request = ask(waiting, ben)
    waiting.refresh_from_db()
    triage.redirect_case(case=waiting, by=ben, kind="in_person", reason="Cannot feel it", told="Told by phone")
    request.refresh_from_db()
    assert request.outcome == "dropped"


@pytest.mark.parametrize("who", ["max_stranger", "dana", "kay", "ana"])
def test_only_staff_of_the_clinic_decide(request, waiting, group, who):
    user = request.getfixturevalue(who)
    with pytest.raises(services.TransitionRefused):
        triage.accept_case(case=waiting, by=user, urgency="routine", specialty="dermatology", group=group)
    assert Case.objects.get().status == "submitted"


@pytest.mark.django_db(transaction=True)
def test_of_twelve_who_accept_at_once_one_does(waiting, ben, group):
    outcomes = race(12, lambda n: accept(Case.objects.get(pk=waiting.pk), ben, group))
    assert len([one for one in outcomes if isinstance(one, Case)]) == 1, outcomes
    assert CaseEvent.objects.filter(verb="accept").count() == 1


@pytest.mark.django_db(transaction=True)
def test_accept_ask_and_redirect_at_once_have_one_winner(waiting, ben, group):
    def decide(number):
        case = Case.objects.get(pk=waiting.pk)
        if number % 3 == 0:
            return accept(case, ben, group)
        if number % 3 == 1:
            return ask(case, ben)
        return triage.redirect_case(case=case, by=ben, kind="in_person", reason="Too deep", told="Told by phone")

    race(12, decide)
    case = Case.objects.get()
    verbs = list(case.events.exclude(verb__in=["start", "submit"]).values_list("verb", flat=True))
    # a case that was accepted or asked about may still be sent to in-person care, once; never twice into one state
    assert len(verbs) == len(set(verbs)), verbs
    assert case.status in {CaseStatus.READY, CaseStatus.NEEDS_INFORMATION, CaseStatus.REDIRECTED}
    assert InformationRequest.objects.filter(outcome="").count() == (case.status == CaseStatus.NEEDS_INFORMATION)


@pytest.mark.django_db(transaction=True)
def test_an_answer_sent_by_patient_and_staff_at_once_counts_once(waiting, ben, ana):
    request = ask(waiting, ben)
    item = request.items.get()

    def answer(number):
        mine = InformationRequest.objects.select_related("case__patient", "case__clinic").get(pk=request.pk)
        return triage.answer_request(request=mine, by=(ana, ben)[number % 2], answers={item.pk: "Yes"})

    outcomes = race(8, answer)
    assert len([one for one in outcomes if isinstance(one, Case)]) == 1, outcomes
    assert CaseEvent.objects.filter(verb="answer").count() == 1


def test_a_photo_on_its_way_keeps_the_case_at_the_desk(waiting, ben, ana, group):
    Upload.objects.create(case=waiting, by=ana, client_key="phone-key-1", byte_size=100, slot="oblique")
    with pytest.raises(triage.TriageRefused, match="still arriving"):
        accept(waiting, ben, group)
