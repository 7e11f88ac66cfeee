"""The desk's pages: the queue, one case on one screen, patients. What is refused is said beside what was typed."""

import pytest
from django.urls import reverse

from config.accounts.signin_models import OutgoingMail
from config.audit.models import AuditEvent
from intake import services, triage
from intake.models import Case, Coverage, Patient
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


def text(answer) -> str:
    return answer.content.decode()


def url(name, *args):
    return reverse(f"intake:{name}", args=args)


def test_an_empty_desk_says_so(desk, clinic):
    assert "Nothing waits for a check" in text(desk.get(url("triage_queue")))
    assert "No open case fits" in text(desk.get(url("triage_queue"), {"q": "nobody"}))


def test_the_queue_names_the_patient_the_problem_and_the_time_left(desk, waiting):
    page = text(desk.get(url("triage_queue")))
    assert waiting.patient.name in page
    assert "A spot on the arm" in page
    assert "left</time>" in page


@pytest.mark.parametrize("by", ["number", "last_name", "mrn"])
def test_a_case_is_found_by_number_name_and_record(desk, waiting, by):
    word = waiting.number if by == "number" else getattr(waiting.patient, by)
    assert waiting.patient.name in text(desk.get(url("triage_queue"), {"q": word}))


def test_the_list_is_one_row_in_the_trail_with_its_cases(desk, waiting, ben):
    desk.get(url("triage_queue"))
    event = AuditEvent.objects.get(verb="case.listed")
    assert event.data["cases"] == [str(waiting.pk)]
    desk.get(url("triage_case", waiting.pk))
    assert AuditEvent.objects.filter(verb="case.viewed", subject_id=str(waiting.pk), actor=ben).count() == 1


@pytest.mark.parametrize("name", ["triage_case", "ask", "redirect"])
@pytest.mark.parametrize("who", ["max_stranger", "dana", "kay", "ada"])
def test_others_find_no_case_here(request, sign_in, waiting, name, who):
    assert sign_in(request.getfixturevalue(who)).get(url(name, waiting.pk)).status_code == 404


def accept(desk, case, group, **facts):
    facts = {"urgency": "routine", "specialty": "dermatology", "route": f"{group.pk}:"} | facts
    return desk.post(url("accept", case.pk), facts, follow=True)


def test_accepted_it_leaves_the_queue_with_a_word_where_it_went(desk, waiting, group):
    page = text(accept(desk, waiting, group))
    assert f"Case {waiting.number} is accepted and waits for {group}." in page
    assert "Nothing waits for a check" in page


def test_accepted_twice_the_second_is_told_what_happened(desk, waiting, group):
    accept(desk, waiting, group)
    answer = accept(desk, waiting, group)
    assert answer.status_code == 422
    assert waiting.events.filter(verb="accept").count() == 1


def test_a_refused_decision_keeps_the_note(desk, waiting, group, ana):
    waiting.photos.update(work_status="waiting", due_at=in_days(0))
    page = text(accept(desk, waiting, group, note="Called her: no fever."))
    assert "still arriving" in page
    assert "Called her: no fever." in page


def test_nobody_licensed_is_said_before_anything_is_chosen(desk, waiting, dana):
    dana.practitioner.licences.all().delete()
    assert "Nobody on our lists is licensed in OH" in text(desk.get(url("triage_case", waiting.pk)))


def test_asking_needs_something_to_ask(desk, waiting):
    page = text(desk.post(url("ask", waiting.pk), {"deadline": "2", "message": "Dear Ana"}))
    assert "Tick a photo or write a question." in page
    assert "Dear Ana" in page


def test_asked_it_waits_for_the_patient_who_sees_the_words(desk, sign_in, waiting, ben, ana):
    data = {"slot_close_up": "on", "reason_close_up": "blurred", "question": "Does it itch?", "deadline": "2"}
    page = text(desk.post(url("ask", waiting.pk), data, follow=True))
    assert "The target pauses until the answer." in page
    assert waiting.patient.name in text(desk.get(url("asked")))
    seen = text(sign_in(ana).get(reverse("intake:case_answer", args=[waiting.pk])))
    assert "The photo is blurry." in seen
    assert "Does it itch?" in seen


def test_staff_go_on_without_an_answer_only_with_a_reason(desk, waiting, ben):
    triage.request_information(
        case=waiting, by=ben, items=[triage.Asked("question", question="Why?")], deadline=in_days(1)
    )
    page = text(desk.post(url("go_on_without", waiting.pk), {"reason": ""}, follow=True))
    assert "Write why the case goes on without an answer." in page
    page = text(desk.post(url("go_on_without", waiting.pk), {"reason": "No phone"}, follow=True))
    assert "goes on without an answer." in page


def test_in_person_care_needs_a_reason_and_whom_was_told(desk, waiting):
    page = text(desk.post(url("redirect", waiting.pk), {"kind": "in_person", "reason": "Too deep"}))
    assert "Write whom you told and how." in page
    assert "Too deep" in page
    data = {"kind": "emergency", "reason": "Too deep", "told": "Called at 2 pm", "reached": "patient"}
    page = text(desk.post(url("redirect", waiting.pk), data, follow=True))
    assert "It is never billed." in page
    assert "Called at 2 pm" in page


def test_a_case_may_be_taken_back_from_the_specialist_with_a_reason(desk, waiting, group):
    accept(desk, waiting, group)
    page = text(desk.post(url("back_to_triage", waiting.pk), {"reason": "Wrong side"}, follow=True))
    assert f"Case {waiting.number} is back in triage." in page
    waiting.refresh_from_db()
    assert waiting.status == "submitted"


# patients


PERSON = {
    "first_name": "Nora",
    "last_name": "New",
    "date_of_birth": "1959-03-02",
    "administrative_sex": "F",
    "mrn": "M-1",
    "email": "nora@example.test",
    "phone": "614-555-0199",
    "address_line1": "1 Sample Street",
    "city": "Columbus",
    "state": "oh",
    "zip_code": "43215-0001",
    "preferred_language": "es",
    "interpreter_needed": "on",
    "payer_code": "medicare",
    "plan": "original",
    "member_id": "1eg4-te5-mk73",
}


def test_a_patient_is_registered_with_coverage_language_and_address(desk, clinic):
    answer = desk.post(url("patient_new"), PERSON)
    patient = Patient.objects.get()
    assert answer.url == url("patient", patient.pk)
    assert (patient.state, patient.zip_code, patient.preferred_language) == ("OH", "432150001", "es")
    assert patient.interpreter_needed
    assert Coverage.objects.get().member_id == "1EG4TE5MK73"
    assert "interpreter needed" in text(desk.get(answer.url))


@pytest.mark.parametrize(
    ("payer", "chosen", "plan"),
    [
        ("self_pay", "original", "self_pay"),
        ("aetna", "original", "commercial"),
        ("aetna", "advantage", "advantage"),
        ("medicare", "original", "original"),
    ],
)
def test_nobody_else_pays_for_original_medicare(desk, payer, chosen, plan):
    desk.post(url("patient_new"), PERSON | {"payer_code": payer, "plan": chosen})
    assert Coverage.objects.get().plan == plan


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("member_id", "1EG4TE5MK7S", "A Medicare number has 11 letters and digits"),
        ("member_id", "", "Write the Medicare number (11 letters and digits"),
        ("state", "Ohio", "Write the two letters of the state, like OH."),
        ("zip_code", "4321", "Write 5 or 9 digits"),
        ("date_of_birth", "2100-01-01", "Write the date of birth"),
        ("first_name", "", "First name is missing."),
    ],
)
def test_what_is_wrong_is_said_and_the_rest_stays(desk, clinic, field, value, sentence):
    page = text(desk.post(url("patient_new"), PERSON | {field: value}))
    assert sentence in page
    assert "1 Sample Street" in page
    assert not Patient.objects.exists()


def test_the_same_person_twice_is_asked_about(desk, clinic):
    desk.post(url("patient_new"), PERSON)
    page = text(desk.post(url("patient_new"), PERSON | {"mrn": "M-2"}))
    assert "already registered" in page
    assert Patient.objects.count() == 1
    desk.post(url("patient_new"), PERSON | {"mrn": "M-2", "anyway": "on"})
    assert Patient.objects.count() == 2


def test_a_record_number_is_one_patients(desk, clinic):
    desk.post(url("patient_new"), PERSON)
    page = text(desk.post(url("patient_new"), PERSON | {"first_name": "Other"}))
    assert "Another patient of this clinic has this medical record number." in page


def test_patients_are_found_by_name_record_and_address_in_the_own_clinic_only(desk, sign_in, patient, max_stranger):
    for word in (patient.first_name, patient.last_name[:4], patient.mrn):
        assert patient.last_name in text(desk.get(url("patients"), {"q": word}))
    found = text(sign_in(max_stranger).get(url("patients"), {"q": patient.last_name}))
    assert url("patient", patient.pk) not in found
    assert sign_in(max_stranger).get(url("patient", patient.pk)).status_code == 404


def test_staff_start_a_case_and_enter_it_for_the_patient(desk, patient, ruth):
    answer = desk.post(url("patient", patient.pk), {"specialty": "dermatology", "referring_clinician": str(ruth.pk)})
    case = Case.objects.get()
    assert answer.url == reverse("intake:case_step", args=[case.pk, "danger"])
    assert case.referring_clinician == ruth
    page = text(desk.get(reverse("intake:case_step", args=[case.pk, "note"])))
    assert "What the specialist should know" in page


def test_an_invitation_goes_to_the_address_and_only_there(desk, clinic):
    walk_in = factories.make_patient(clinic, email="")
    assert "Enter the patient&#x27;s e-mail address first." in text(
        desk.post(url("patient_invite", walk_in.pk), follow=True)
    )
    reachable = factories.make_patient(clinic, email="r@example.test")
    assert "The invitation is on its way." in text(desk.post(url("patient_invite", reachable.pk), follow=True))
    assert OutgoingMail.objects.get().to == "r@example.test"


def test_a_changed_address_is_on_the_trail(desk, patient, ben):
    data = {"address_line1": "9 Other Road", "city": "Dayton", "state": "OH", "zip_code": "45402"}
    desk.post(url("patient_edit", patient.pk), data)
    patient.refresh_from_db()
    assert patient.address_line1 == "9 Other Road"
    assert AuditEvent.objects.filter(verb="patient.address_changed", actor=ben).exists()
