"""The desk when something does not go through: who finds nothing, what stays typed, what two people at once are told."""

import pytest
from django.urls import reverse

from intake import services, triage
from intake.models import Case, CaseEvent, InformationRequest, Upload
from tests import factories
from tests.factories import in_days

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(sign_in, ben):
    return sign_in(ben)


@pytest.fixture
def waiting(draft, ana, dana):
    services.give_consent(case=draft, by=ana, kinds={"treatment", "photography"})
    factories.make_ready_photo(draft, by=ana)
    Case.objects.update(reason="A spot on the arm", history="")
    draft.refresh_from_db()
    return services.submit_case(case=draft, by=ana)


@pytest.fixture
def asked(waiting, ben):
    return triage.request_information(
        case=waiting, by=ben, items=[triage.Asked("question", question="Does it itch?")], deadline=in_days(1)
    )


def text(answer) -> str:
    return answer.content.decode()


def url(name, *args):
    return reverse(f"intake:{name}", args=args)


# who may

LISTS = ["triage_queue", "asked", "all_cases"]
ACTIONS = ["accept", "ask", "redirect", "back_to_triage", "go_on_without", "link_for_case"]
OTHERS = ["max_stranger", "ana", "dana", "ruth", "kay", "ada"]


@pytest.mark.parametrize("who", OTHERS)
def test_nobody_else_decides_anything(request, sign_in, waiting, asked, who):
    client = sign_in(request.getfixturevalue(who))
    before = Case.objects.values().get()
    for name in ACTIONS:
        assert client.post(url(name, waiting.pk), {"reason": "Because", "kind": "in_person"}).status_code == 404, name
    assert Case.objects.values().get() == before
    assert InformationRequest.objects.get().outcome == ""


@pytest.mark.parametrize("who", OTHERS)
def test_the_lists_show_others_nothing_of_this_clinic(request, sign_in, waiting, who):
    client = sign_in(request.getfixturevalue(who))
    for name in LISTS:
        answer = client.get(url(name), {"q": waiting.number})
        # staff of another clinic have a list of their own
        assert answer.status_code == (200 if who == "max_stranger" else 404)
        assert waiting.patient.last_name not in text(answer)


def test_what_decides_is_never_a_link(desk, waiting):
    for name in ("accept", "back_to_triage", "go_on_without", "link_for_case"):
        assert desk.get(url(name, waiting.pk)).status_code == 405
    assert Case.objects.get().status == "submitted"


# lists


def test_empty_lists_say_what_will_be_here(desk, clinic):
    assert "No patient owes an answer" in text(desk.get(url("asked")))
    assert "No case found" in text(desk.get(url("all_cases"), {"q": "nobody"}))
    assert "No case under this filter" in text(desk.get(url("triage_queue"), {"show": "late"}))


@pytest.mark.parametrize("start", ["²", "-1", "x", "9" * 40, "1e3", ""])
def test_a_page_number_that_is_none_shows_the_first_page_or_an_empty_one(desk, waiting, start):
    assert desk.get(url("triage_queue"), {"from": start}).status_code == 200


def test_an_unknown_filter_shows_all(desk, waiting):
    assert waiting.number in text(desk.get(url("triage_queue"), {"show": "nonsense"}))


def test_the_filters_find_and_count_what_they_say(desk, waiting, patient, ana):
    late = factories.put_status(
        factories.make_draft(patient, by=ana, reason="Late one"), "submitted", triage_due_at=in_days(-1)
    )
    eye = factories.put_status(
        factories.make_draft(patient, by=ana, reason="Eye one", specialty="ophthalmology"),
        "submitted",
        triage_due_at=in_days(1),
    )
    doubtful = factories.put_status(factories.make_draft(patient, by=ana, reason="Blurred one"), "submitted")
    for _ in range(2):
        photo = factories.make_ready_photo(doubtful, by=ana)
        type(photo).objects.filter(pk=photo.pk).update(quality_verdict="retake_suggested")
    factories.put_status(doubtful, "submitted", triage_due_at=in_days(1))
    for key, number in (("late", late.number), ("eye", eye.number), ("photos", doubtful.number)):
        page = text(desk.get(url("triage_queue"), {"show": key}))
        found = [case.number for case in (waiting, late, eye, doubtful) if f", {case.number}</div>" in page]
        assert found == [number], key
    everything = text(desk.get(url("triage_queue")))
    assert "4 cases wait" in everything and "1 is over the target" in everything
    assert everything.index(late.number) < everything.index(waiting.number)


def test_a_question_past_its_day_says_call_the_patient(desk, waiting, asked):
    InformationRequest.objects.update(deadline=in_days(-1))
    page = text(desk.get(url("asked")))
    assert "Call the patient: 614-555-0101" in page


def test_drafts_of_the_desk_are_found_again_and_those_of_patients_are_not_shown(desk, patient, ana, ben, clinic):
    mine = services.start_case(by=ben, patient=factories.make_patient(clinic), specialty="dermatology")
    theirs = factories.make_draft(patient, by=ana)
    page = text(desk.get(url("all_cases")))
    assert url("case_draft", mine.pk) in page
    assert url("case_draft", theirs.pk) not in page


# accept


def accept(desk, case, group, **facts):
    facts = {"urgency": "routine", "specialty": "dermatology", "route": f"{group.pk}:"} | facts
    return desk.post(url("accept", case.pk), facts, follow=True)


@pytest.mark.parametrize(
    ("spoiled", "sentence"),
    [
        ({"urgency": ""}, "Choose the urgency."),
        ({"route": ""}, "Choose who answers."),
        ({"route": "nobody:"}, "Choose who answers."),
        ({"urgency": "someday"}, "Select a valid choice"),
    ],
)
def test_a_decision_that_is_not_whole_keeps_what_was_typed(desk, waiting, group, spoiled, sentence):
    answer = accept(desk, waiting, group, note="Called her: no fever.", lower_reason="Seen before", **spoiled)
    assert answer.status_code == 422
    page = text(answer)
    assert sentence in page
    assert "Called her: no fever." in page and "Seen before" in page
    assert Case.objects.get().status == "submitted"


def test_below_the_suggestion_the_page_asks_why(desk, waiting, group):
    Case.objects.update(reason="It bled and it grew")
    page = text(accept(desk, waiting, group))
    assert "Write why it may wait longer." in page
    assert "Suggested urgent" in page
    assert "is accepted" in text(accept(desk, waiting, group, lower_reason="Known angioma"))


def test_without_script_another_specialty_brings_its_own_routes(desk, waiting, group, olga):
    answer = accept(desk, waiting, group, specialty="ophthalmology", route=f"{group.pk}:{olga.pk}")
    assert f"waits for {olga}" in text(answer)
    case = Case.objects.get()
    assert (case.specialty, case.assigned_to) == ("ophthalmology", olga)


def test_a_person_of_another_specialty_is_no_choice_and_no_secret_key_is_shown(desk, waiting, group, olga):
    answer = accept(desk, waiting, group, route=f"{group.pk}:{olga.pk}")
    assert answer.status_code == 422
    assert "Choose who answers." in text(answer)
    assert f"{group.pk}:{olga.pk}" not in text(answer)


def test_the_second_to_decide_is_told_and_sees_no_decision_any_more(desk, waiting, group):
    accept(desk, waiting, group)
    page = text(accept(desk, waiting, group, note="Mine"))
    assert "has moved on: it is now “ready for review”. Nothing was changed." in page


# ask, redirect, back, go on


def test_two_who_ask_at_once_the_second_keeps_the_words(desk, waiting, asked):
    data = {"question": "Since when does it itch?", "message": "Dear Ana", "deadline": "2"}
    answer = desk.post(url("ask", waiting.pk), data)
    page = text(answer)
    assert "has moved on: it is now “needs information”. Nothing was changed." in page
    assert "Since when does it itch?" in page and "Dear Ana" in page
    assert InformationRequest.objects.count() == 1


def test_an_open_page_does_not_take_a_case_out_of_the_readers_hands(desk, waiting, group, dana):
    accept(desk, waiting, group)
    Case.objects.update(status="in_review", holder=dana, hold_expires_at=in_days(1))
    page = text(desk.post(url("ask", waiting.pk), {"question": "Does it itch?", "deadline": "2"}))
    assert "has moved on" in page and "Does it itch?" in page
    assert Case.objects.get().holder == dana


@pytest.mark.parametrize("spoiled", [{"deadline": "400"}, {"question": "q" * 501}, {"reason_close_up": "ugly"}])
def test_what_cannot_be_asked_keeps_the_rest(desk, waiting, spoiled):
    data = {"slot_close_up": "on", "reason_close_up": "blurred", "message": "Dear Ana", "deadline": "2"} | spoiled
    assert "Dear Ana" in text(desk.post(url("ask", waiting.pk), data))
    assert Case.objects.get().status == "submitted"


@pytest.mark.parametrize("missing", ["kind", "reason", "told", "reached"])
def test_sending_away_needs_all_three(desk, waiting, missing):
    data = {"kind": "emergency", "reason": "Spreading", "told": "Called", "reached": "patient"} | {missing: ""}
    page = text(desk.post(url("redirect", waiting.pk), data))
    assert all(value in page for name, value in data.items() if value and name != "kind")
    assert Case.objects.get().status == "submitted"


def test_back_to_triage_without_a_reason_is_refused(desk, waiting, group):
    accept(desk, waiting, group)
    assert "Write a reason." in text(desk.post(url("back_to_triage", waiting.pk), {"reason": " \x00"}, follow=True))
    assert Case.objects.get().status == "ready"


def test_staff_enter_the_answer_for_the_patient(desk, asked, waiting, ben):
    item = asked.items.get()
    page = text(desk.get(url("case_answer", waiting.pk)))
    assert f"Answer for {waiting.patient.name}" in page
    answer = desk.post(url("case_answer", waiting.pk), {f"answer_{item.pk}": "Yes, by phone"})
    assert answer.url == url("triage_case", waiting.pk)
    asked.refresh_from_db()
    assert (asked.outcome, asked.answered_by) == ("answered", ben)


def test_staff_no_longer_wait_for_a_photo_that_never_came(desk, sign_in, waiting, ana, max_stranger, ben):
    upload = Upload.objects.create(case=waiting, by=ana, client_key="phone-key-1", byte_size=100, slot="oblique")
    for other in (max_stranger, ana):
        assert sign_in(other).post(url("upload_skip", upload.pk)).status_code == 404
    page = text(sign_in(ben).post(url("upload_skip", upload.pk), follow=True))
    assert "The case no longer waits for that photo." in page
    assert not waiting.uploads.arriving().exists()


def test_a_draft_at_the_desk_is_gone_on_with(desk, draft):
    assert desk.get(url("triage_case", draft.pk)).url == url("case_draft", draft.pk)


def test_what_is_over_offers_no_decision(desk, waiting, ben):
    services.withdraw_case(case=waiting, by=ben, reason="Moved away")
    page = text(desk.get(url("triage_case", waiting.pk)))
    assert "Your decision" not in page
    assert "Accept and pass on" not in page
    assert url("case_withdraw", waiting.pk) not in page
    assert CaseEvent.objects.filter(verb="withdraw").count() == 1
