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
    with pytest.raises(triage.TriageRefused, match="no license in OH"):
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


def paused(case, hours):
    """As if the question had been out for that long."""
    then = timezone.now() - timedelta(hours=hours)
    Case.objects.filter(pk=case.pk).update(needs_information_at=then)
    InformationRequest.objects.update(created_at=then)
    return InformationRequest.objects.select_related("case__patient", "case__clinic").get(outcome="")


def test_a_specialists_question_comes_back_to_the_pool_first_with_the_time_given_back(waiting, ben, group, dana, ana):
    case = accept(waiting, ben, group)
    due, triage_due = case.answer_due_at, case.triage_due_at
    ask(case, dana)
    case.refresh_from_db()
    assert (case.status, case.asked_from, case.asked_by) == ("needs_information", "specialist", dana)
    request = paused(case, 7)
    back = triage.answer_request(request=request, by=ana, answers={request.items.get().pk: "No"})
    assert back.status == "ready"
    assert (back.answer_due_at - due).total_seconds() == pytest.approx(7 * 3600, abs=10)
    assert (back.triage_due_at - triage_due).total_seconds() == pytest.approx(7 * 3600, abs=10)
    assert back.put_first_until > timezone.now()
    # triage as a whole begins anew: nobody's question waits any more
    again = triage.return_to_triage(case=back, by=ben, reason="Wrong arm")
    assert (accept(again, ben, group).asked_from, Case.objects.get().asked_by) == ("", None)


def test_the_clinics_own_question_about_a_routed_case_comes_back_to_triage(waiting, ben, group, ana):
    case = accept(waiting, ben, group)
    request = ask(case, ben, asked_from="clinic")
    back = triage.answer_request(request=request, by=ana, answers={request.items.get().pk: "No"})
    assert (back.status, back.put_first_until) == ("submitted", None)


def test_without_an_answer_the_time_is_given_back_too(waiting, ben):
    due = waiting.triage_due_at
    ask(waiting, ben)
    case = triage.no_answer(request=paused(waiting, 9), by=ben, reason="Nobody picks up")
    assert (case.triage_due_at - due).total_seconds() == pytest.approx(9 * 3600, abs=10)
    assert case.events.get(verb="answer").reason == "Nobody picks up"


@pytest.mark.parametrize("first", ["answered", "no_answer"])
def test_what_is_settled_is_not_answered_again(waiting, ben, ana, first):
    request = ask(waiting, ben)
    answers = {request.items.get().pk: "Yes"}
    if first == "answered":
        triage.answer_request(request=request, by=ana, answers=answers)
    else:
        triage.no_answer(request=request, by=ben, reason="No phone")
    for late in (
        lambda: triage.answer_request(request=request, by=ana, answers={request.items.get().pk: "Too late"}),
        lambda: triage.no_answer(request=request, by=ben, reason="Again"),
    ):
        with pytest.raises(triage.TriageRefused, match="already answered"):
            late()
    assert request.items.get().answer == ("Yes" if first == "answered" else "")
    assert CaseEvent.objects.filter(verb="answer").count() == 1


@pytest.mark.parametrize("who", ["max_stranger", "dana", "kay", "ada", "ruth"])
def test_others_neither_ask_nor_answer_nor_send_away(request, waiting, ben, who):
    by = request.getfixturevalue(who)
    with pytest.raises(services.TransitionRefused):
        ask(waiting, by)
    with pytest.raises(services.TransitionRefused):
        triage.redirect_case(case=waiting, by=by, kind="in_person", reason="Too deep", told="Nobody")
    open_one = ask(waiting, ben)
    for late in (
        lambda: triage.answer_request(request=open_one, by=by, answers={open_one.items.get().pk: "Yes"}),
        lambda: triage.no_answer(request=open_one, by=by, reason="Because"),
    ):
        with pytest.raises(services.TransitionRefused):
            late()
    open_one.refresh_from_db()
    assert (open_one.outcome, open_one.items.get().answer) == ("", "")
    assert Case.objects.get().status == "needs_information"


def test_a_photo_that_cannot_be_opened_answers_nothing(waiting, ben, ana):
    request = ask(waiting, ben, triage.Asked("photo", slot="oblique", reason_code="missing", note="Missing"))
    photo = factories.make_ready_photo(waiting, by=ana, slot="oblique")
    waiting.photos.filter(pk=photo.pk).update(refusal_reason="damaged")
    with pytest.raises(triage.TriageRefused, match="Add the photo"):
        triage.answer_request(request=request, by=ana, answers={})


@pytest.mark.parametrize("kind", ["", "hospital"])
def test_where_to_must_be_said(waiting, ben, kind):
    with pytest.raises(triage.TriageRefused, match="in-person or emergency"):
        triage.redirect_case(case=waiting, by=ben, kind=kind, reason="Deep", told="By phone")
    with pytest.raises(services.TransitionRefused, match="Write a reason"):
        triage.redirect_case(case=waiting, by=ben, kind="emergency", reason=" ", told="By phone")
    assert Case.objects.get().status == "submitted"


@pytest.mark.parametrize("status", ["signed", "delivered", "closed", "withdrawn"])
def test_what_is_answered_or_over_is_not_sent_away(draft, ben, group, status):
    factories.put_status(draft, status, group=group, patient_state="OH")
    with pytest.raises(services.TransitionRefused, match="has moved on"):
        triage.redirect_case(case=draft, by=ben, kind="in_person", reason="Too deep", told="By phone")


@pytest.mark.parametrize(("urgency", "hours"), [("urgent", 4), ("priority", 8), ("routine", 24)])
def test_back_in_triage_it_has_the_target_of_its_urgency_and_a_reason(waiting, ben, group, urgency, hours):
    case = accept(waiting, ben, group, urgency=urgency)
    with pytest.raises(services.TransitionRefused, match="Write a reason"):
        triage.return_to_triage(case=case, by=ben, reason="")
    case = triage.return_to_triage(case=case, by=ben, reason="Wrong side")
    assert (case.triage_due_at - timezone.now()).total_seconds() == pytest.approx(hours * 3600, abs=10)
    assert case.events.get(verb="return_to_triage").reason == "Wrong side"


@pytest.mark.parametrize("spoil", ["licence", "leave", "leaves_group"])
def test_a_person_who_left_is_no_route(waiting, ben, group, dana, spoil):
    if spoil == "licence":
        dana.practitioner.licences.update(valid_from=timezone.localdate() + timedelta(days=1))
    elif spoil == "leave":
        type(dana).objects.filter(pk=dana.pk).update(is_active=False)
    else:
        dana.memberships.update(is_active=False)
    assert triage.groups_for(waiting) == []
    with pytest.raises(triage.TriageRefused, match="licensed in OH"):
        accept(waiting, ben, group)


def test_the_state_of_the_day_it_was_sent_decides(waiting, ben, group, eli):
    type(waiting.patient).objects.update(state="NY")
    waiting.refresh_from_db()
    with pytest.raises(triage.TriageRefused, match="no license in OH"):
        accept(waiting, ben, group, assigned_to=eli)
    assert accept(waiting, ben, group).patient_state == "OH"


@pytest.mark.django_db(transaction=True)
def test_an_answer_and_going_on_without_one_at_once_have_one_winner(waiting, ben, ana):
    open_one = ask(waiting, ben)
    item = open_one.items.get()

    def settle(number):
        mine = InformationRequest.objects.select_related("case__patient", "case__clinic").get(pk=open_one.pk)
        if number % 2:
            return triage.answer_request(request=mine, by=ana, answers={item.pk: "Yes"})
        return triage.no_answer(request=mine, by=ben, reason="No phone")

    outcomes = race(12, settle)
    assert len([one for one in outcomes if isinstance(one, Case)]) == 1, outcomes
    assert all(isinstance(one, (Case, services.IntakeRefused, services.TransitionRefused)) for one in outcomes)
    open_one.refresh_from_db()
    item.refresh_from_db()
    assert (open_one.outcome, item.answer) in {("answered", "Yes"), ("no_answer", "")}


@pytest.mark.django_db(transaction=True)
def test_of_twelve_who_ask_at_once_one_question_is_open(waiting, ben):
    outcomes = race(12, lambda n: ask(Case.objects.get(pk=waiting.pk), ben))
    assert all(isinstance(one, (InformationRequest, services.TransitionRefused)) for one in outcomes), outcomes
    assert InformationRequest.objects.filter(outcome="").count() == 1
    assert CaseEvent.objects.filter(verb="request_information").count() == 1
