"""Patients at the desk: found before they are registered, registered once, reachable, and each start in the right clinic."""

import pytest
from django.urls import reverse

from config.accounts.signin_models import OutgoingMail
from config.audit.models import AuditEvent
from intake import related, services
from intake.models import Case, Coverage, Patient, RelatedPerson
from tests import factories
from tests.racing import race

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(sign_in, ben):
    return sign_in(ben)


@pytest.fixture
def walk_in(clinic):
    return factories.make_patient(clinic, first_name="Wim", last_name="Walker", mrn="W-77", email="")


def text(answer) -> str:
    return answer.content.decode()


def url(name, *args):
    return reverse(f"intake:{name}", args=args)


PERSON = {
    "first_name": "Nora",
    "last_name": "New",
    "date_of_birth": "1959-03-02",
    "administrative_sex": "F",
    "mrn": "M-1",
    "address_line1": "1 Sample Street",
    "city": "Columbus",
    "state": "OH",
    "zip_code": "43215",
    "preferred_language": "en",
    "payer_code": "self_pay",
    "plan": "self_pay",
}
LISTS = ["patients", "patient_new"]
PAGES = ["patient", "patient_edit"]
ACTIONS = ["patient_invite", "link_new", "related_invite"]


# who may


@pytest.mark.parametrize("who", ["ana", "dana", "ruth", "kay", "ada"])
def test_only_staff_come_here(request, sign_in, walk_in, patient, who):
    client = sign_in(request.getfixturevalue(who))
    for name in LISTS:
        assert client.get(url(name)).status_code == 404
    for name in PAGES:
        assert client.get(url(name, walk_in.pk)).status_code == 404
    for name in ACTIONS:
        assert client.post(url(name, walk_in.pk)).status_code == 404


def test_staff_of_another_clinic_find_change_and_start_nothing(sign_in, walk_in, max_stranger, ben):
    row, _, _ = related.invite_related(
        by=ben, patient=walk_in, name="Cara", email="cara@example.test", relationship="carer"
    )
    client = sign_in(max_stranger)
    assert "Walker" not in text(client.get(url("patients")))
    assert "Walker" not in text(client.get(url("patients"), {"q": "W-77"}))
    for name in PAGES:
        assert client.get(url(name, walk_in.pk)).status_code == 404
        assert client.post(url(name, walk_in.pk), PERSON | {"specialty": "dermatology"}).status_code == 404
    for name in ACTIONS:
        assert client.post(url(name, walk_in.pk), {"specialty": "dermatology"}).status_code == 404
    assert client.post(url("related_end", row.pk)).status_code == 404
    row.refresh_from_db()
    walk_in.refresh_from_db()
    assert (row.ended_at, walk_in.city, Case.objects.count()) == (None, "Columbus", 0)


def test_what_changes_something_is_never_a_link(desk, walk_in):
    for name in ACTIONS:
        assert desk.get(url(name, walk_in.pk)).status_code == 405
    assert not OutgoingMail.objects.exists()


# find


def test_nobody_found_offers_to_register(desk, walk_in):
    page = text(desk.get(url("patients"), {"q": "nobody of that name"}))
    assert "No patient found" in page
    assert url("patient_new") in page
    assert "nobody of that name" in page


@pytest.mark.parametrize("words", ["wim", "WALK", "walker wim", "w-77"])
def test_found_by_parts_of_the_name_in_any_order_and_by_the_whole_number(desk, walk_in, words):
    assert url("patient", walk_in.pk) in text(desk.get(url("patients"), {"q": words}))


@pytest.mark.parametrize("words", ["W-7", "wim nobody", "%", "_", "' OR 1=1 --", "<script>"])
def test_what_does_not_fit_finds_nobody(desk, walk_in, words):
    answer = desk.get(url("patients"), {"q": words})
    assert "No patient found" in text(answer)
    assert "<script>alert" not in text(answer) and '<script>"' not in text(answer)


@pytest.mark.parametrize("name", ["patients", "triage_queue", "all_cases"])
def test_a_search_no_database_can_hold_finds_nothing(desk, walk_in, name):
    assert desk.get(url(name), {"q": "Wim\x00"}).status_code == 200


def test_more_patients_than_fit_are_said(desk, clinic):
    for n in range(51):
        factories.make_patient(clinic, last_name=f"Many{n:03d}", medicare=False)
    page = text(desk.get(url("patients")))
    assert page.count("Many0") == 50
    assert "The first 50 are shown" in page
    assert "The first 50 are shown" not in text(desk.get(url("patients"), {"q": "Many001"}))


def test_looking_at_a_patient_and_at_the_list_leaves_a_trace(desk, walk_in, ben):
    desk.get(url("patients"), {"q": "wim"})
    desk.get(url("patient", walk_in.pk))
    listed = AuditEvent.objects.get(verb="patient.listed", actor=ben)
    assert listed.data["patients"] == [str(walk_in.pk)]
    assert AuditEvent.objects.filter(verb="patient.viewed", subject_id=str(walk_in.pk), actor=ben).count() == 1


def test_the_record_says_what_is_not_there_yet(desk, walk_in):
    page = text(desk.get(url("patient", walk_in.pk)))
    assert "No case yet" in page
    assert "No account yet." in page
    assert "Nobody. A parent or carer can be invited" in page


# register


def test_without_insurance_no_member_number_is_needed(desk, clinic):
    desk.post(url("patient_new"), PERSON)
    assert Patient.objects.get().home_clinic == clinic
    assert (Coverage.objects.get().payer_code, Coverage.objects.get().member_id) == ("self_pay", "")


def test_registering_is_in_the_trail_and_shows_the_record(desk, ben, clinic):
    page = text(desk.post(url("patient_new"), PERSON, follow=True))
    assert "Nora New is registered." in page
    assert AuditEvent.objects.filter(verb="patient.registered", actor=ben).count() == 1


def test_everything_typed_stays_when_one_thing_is_wrong(desk, clinic):
    typed = PERSON | {"middle_name": "Quill", "phone": "614-555-0177", "email": "n@example.test", "state": "Ohio"}
    page = text(desk.post(url("patient_new"), typed))
    for words in ("Nora", "Quill", "1959-03-02", "614-555-0177", "n@example.test", "1 Sample Street", "43215", "Ohio"):
        assert words in page, words
    assert 'value="F" selected' in page
    assert 'value="self_pay" selected' in page


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("zip_code", "²²²²²"),
        ("state", "ÄÖ"),
        ("email", "not an address"),
        ("administrative_sex", "X"),
        ("mrn", "m" * 31),
    ],
)
def test_what_no_claim_can_carry_is_refused(desk, clinic, field, value):
    assert desk.post(url("patient_new"), PERSON | {field: value}).status_code == 200
    assert not Patient.objects.exists()


def test_the_twin_is_named_with_a_link_and_may_be_another_person(desk, clinic):
    desk.post(url("patient_new"), PERSON)
    twin = Patient.objects.get()
    page = text(desk.post(url("patient_new"), PERSON | {"first_name": "NORA", "mrn": ""}))
    assert url("patient", twin.pk) in page
    assert "register anyway" in page


def test_the_same_name_in_another_clinic_is_no_twin(sign_in, desk, max_stranger):
    desk.post(url("patient_new"), PERSON)
    sign_in(max_stranger).post(url("patient_new"), PERSON)
    assert Patient.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_record_number_given_twice_at_once_is_one_patients(client, ben, clinic):
    from django.test import Client

    def register(number):
        mine = Client()
        mine.force_login(ben, backend="django.contrib.auth.backends.ModelBackend")
        return mine.post(url("patient_new"), PERSON | {"first_name": f"Nora{number}"}).status_code

    codes = race(6, register)
    assert sorted(codes) == [200] * 5 + [302], codes
    assert Patient.objects.count() == 1


# change, reach, start


def test_the_e_mail_address_that_an_invitation_needs_can_be_entered(desk, walk_in):
    said = text(desk.post(url("patient_invite", walk_in.pk), follow=True))
    assert "Enter the patient&#x27;s e-mail address first." in said
    data = {name: PERSON[name] for name in ("address_line1", "city", "state", "zip_code")}
    desk.post(url("patient_edit", walk_in.pk), data | {"email": "wim@example.test"})
    assert "The invitation is on its way." in text(desk.post(url("patient_invite", walk_in.pk), follow=True))
    assert OutgoingMail.objects.get().to == "wim@example.test"


def test_the_address_of_an_account_is_not_changed_here(desk, patient, ana):
    assert 'name="email"' not in text(desk.get(url("patient_edit", patient.pk)))
    data = {name: PERSON[name] for name in ("address_line1", "city", "state", "zip_code")}
    desk.post(url("patient_edit", patient.pk), data | {"email": "other@example.test"})
    patient.refresh_from_db()
    assert (patient.email, patient.address_line1) == (ana.email, "1 Sample Street")


@pytest.mark.parametrize(
    ("field", "value"), [("state", "O1"), ("zip_code", "4321"), ("city", ""), ("address_line1", "")]
)
def test_a_refused_address_keeps_what_was_typed(desk, walk_in, field, value):
    data = {"address_line1": "9 Other Road", "city": "Dayton", "state": "OH", "zip_code": "45402"} | {field: value}
    page = text(desk.post(url("patient_edit", walk_in.pk), data))
    for words in data.values():
        assert words in page
    walk_in.refresh_from_db()
    assert walk_in.city == "Columbus"
    assert not AuditEvent.objects.filter(verb="patient.address_changed").exists()


def test_who_has_an_account_is_not_invited(desk, patient):
    assert "Invite by e-mail" not in text(desk.get(url("patient", patient.pk)))
    assert "This patient has an account already." in text(desk.post(url("patient_invite", patient.pk), follow=True))
    assert not OutgoingMail.objects.exists()


def test_a_case_needs_skin_or_eye_and_knows_its_referrer_of_this_clinic(desk, walk_in, group):
    outside = factories.make_user("Rob", "referrer", factories.make_clinic("clinic"))
    for data in ({}, {"specialty": "teeth"}, {"specialty": "dermatology", "referring_clinician": str(outside.pk)}):
        assert desk.post(url("patient", walk_in.pk), data).status_code == 200
    assert not Case.objects.exists()
    assert "Rob" not in text(desk.get(url("patient", walk_in.pk)))
    desk.post(url("patient", walk_in.pk), {"specialty": "ophthalmology"})
    case = Case.objects.get()
    assert (case.specialty, case.referring_clinician, case.referring_clinic) == ("ophthalmology", None, None)
    assert case.events.get().role == "staff"


def test_a_link_needs_skin_or_eye(desk, walk_in):
    assert "Choose skin or eye" in text(desk.post(url("link_new", walk_in.pk), {"specialty": ""}, follow=True))
    assert not Case.objects.exists()


@pytest.mark.parametrize("status", ["submitted", "ready", "signed"])
def test_no_link_leads_to_a_case_that_waits_for_nobody(desk, ready, status, group):
    factories.put_status(ready, status, group=group, patient_state="OH")
    page = text(desk.post(url("link_for_case", ready.pk), follow=True))
    assert "A link is for a draft, or for a case that waits for the patient." in page


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"name": "", "email": "c@example.test", "relationship": "carer"}, "Write the person&#x27;s name."),
        ({"name": "Cara", "email": "", "relationship": "carer"}, "Write the e-mail address."),
        ({"name": "Cara", "email": "nowhere", "relationship": "carer"}, "Write an e-mail address like"),
        ({"name": "Cara", "email": "c@example.test", "relationship": ""}, "Choose how this person is related"),
        ({"name": "Cara", "email": "c@example.test", "relationship": "parent"}, "is an adult"),
    ],
)
def test_who_acts_for_a_patient_is_invited_completely_or_not_at_all(desk, walk_in, data, sentence):
    assert sentence in text(desk.post(url("related_invite", walk_in.pk), data, follow=True))
    assert not RelatedPerson.objects.exists()


def test_a_carer_is_shown_and_ended_with_one_button(desk, walk_in):
    data = {"name": "Cara Kind", "email": "c@example.test", "relationship": "carer"}
    page = text(desk.post(url("related_invite", walk_in.pk), data, follow=True))
    assert "Cara Kind" in page and "Invited, not accepted yet" in page
    page = text(desk.post(url("related_end", RelatedPerson.objects.get().pk), follow=True))
    assert "no longer acts for" in page
    assert "Invited, not accepted yet" not in page


def test_the_record_lists_its_cases_with_where_they_stand(desk, walk_in, ben):
    case = services.start_case(by=ben, patient=walk_in, specialty="dermatology")
    page = text(desk.get(url("patient", walk_in.pk)))
    assert case.number in page and "Draft" in page
