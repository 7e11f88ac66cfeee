"""The patient's pages, as a browser without script sends and gets them: one thought a screen, nothing typed is lost."""

import pytest
from django.urls import reverse

from intake import services
from intake.models import Case
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def phone(sign_in, ana):
    return sign_in(ana)


def step(case, name):
    return reverse("intake:case_step", args=[case.pk, name])


def text(answer) -> str:
    return answer.content.decode()


def test_somebody_new_is_told_how_to_begin(phone, patient):
    page = text(phone.get(reverse("intake:patient_home")))
    assert "Hello, Ana" in page
    assert "No case yet" in page
    assert "Start a new case" in page


def test_only_patients_come_here(sign_in, ben, dana, kay, ada, client):
    url = reverse("intake:patient_home")
    assert client.get(url).status_code == 302
    for user in (ben, dana, kay, ada):
        assert sign_in(user).get(url).status_code == 404


def test_a_draft_is_the_one_thing_to_do(phone, draft):
    page = text(phone.get(reverse("intake:patient_home")))
    assert f"Finish and send: {draft.problem}" in page
    assert reverse("intake:case_draft", args=[draft.pk]) in page


def test_skin_or_eye_must_be_chosen(phone, patient):
    page = text(phone.post(reverse("intake:case_new"), {"sent": "1"}))
    assert "Choose skin or eye." in page
    assert not Case.objects.exists()


def test_danger_signs_come_first_and_nothing_is_chosen_beforehand(phone, patient):
    answer = phone.post(reverse("intake:case_new"), {"specialty": "dermatology"})
    case = Case.objects.get()
    assert answer.url == step(case, "danger")
    page = text(phone.get(answer.url))
    assert " checked" not in page
    assert "Tick each sign that you have" in text(phone.post(answer.url, {"sent": "1"}))
    both = text(phone.post(answer.url, {"signs": ["fever_rash"], "none": "on"}))
    assert "Tick each sign that you have" in both


def test_a_danger_sign_leads_to_the_number_to_call_and_not_to_the_queue(phone, patient):
    phone.post(reverse("intake:case_new"), {"specialty": "ophthalmology"})
    case = Case.objects.get()
    page = phone.post(step(case, "danger"), {"signs": ["vision_loss"]}, follow=True)
    assert "Call 911 now" in text(page)
    assert 'href="tel:911"' in text(page)
    assert case.clinic.phone in text(page)
    case.refresh_from_db()
    assert case.status == "redirected"
    assert "See someone in person" in text(phone.get(reverse("intake:patient_home")))


def test_an_eye_is_not_asked_whether_it_is_a_rash(phone, patient):
    phone.post(reverse("intake:case_new"), {"specialty": "ophthalmology"})
    case = Case.objects.get()
    answer = phone.post(step(case, "danger"), {"none": "on"})
    assert answer.url == step(case, "reason")
    assert phone.get(step(case, "kind")).status_code == 404


def test_another_kind_brings_other_questions_and_other_slots(phone, draft):
    phone.post(step(draft, "kind"), {"problem_kind": "rash", "version": draft.version})
    draft.refresh_from_db()
    assert draft.problem_kind == "rash"
    page = text(phone.get(step(draft, "photos")))
    assert "The whole area" in page
    assert "With a coin or ruler" not in page
    assert phone.get(step(draft, "q-spread")).status_code == 200


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("reason", {"reason": ""}, "Tell us what the problem is"),
        ("place", {"site": ""}, "Choose where it is."),
        ("place", {"site": "knee"}, "Choose your left, your right, or both sides."),
        ("story", {"onset": "", "history": "kept words"}, "Tell us since when"),
        ("medicines", {"medicines": "kept words", "allergies": ""}, "Write your allergies, or “none”."),
        ("kind", {}, "Choose one."),
        ("consent", {}, "without it your clinic may not look at your case"),
    ],
)
def test_what_is_missing_is_said_and_what_was_typed_stays(phone, draft, name, data, sentence):
    answer = phone.post(step(draft, name), data | {"version": draft.version})
    assert answer.status_code == 200
    assert sentence in text(answer)
    for typed in data.values():
        assert typed in text(answer)


def test_half_a_point_on_the_body_is_none(phone, draft):
    data = {"site": "knee", "side": "left", "point_view": "front", "point_x": "0.5", "point_y": ""}
    phone.post(step(draft, "place"), data | {"version": draft.version})
    draft.refresh_from_db()
    assert (draft.site, draft.point_view, draft.point_x) == ("knee", "", None)


@pytest.mark.parametrize("spoiled", [{"point_x": "7"}, {"point_view": "moon"}, {"point_y": "nan"}])
def test_a_point_outside_the_drawing_is_refused(phone, draft, spoiled):
    data = {"site": "knee", "side": "left", "point_view": "front", "point_x": "0.5", "point_y": "0.5"} | spoiled
    phone.post(step(draft, "place"), data | {"version": draft.version})
    draft.refresh_from_db()
    assert draft.point_view == ""


def test_two_windows_keep_both_texts(phone, draft):
    version = draft.version
    phone.post(step(draft, "reason"), {"reason": "From the first window", "version": version})
    answer = phone.post(step(draft, "reason"), {"reason": "From the second window", "version": version})
    assert answer.status_code == 409
    assert "changed in another window" in text(answer)
    assert "From the second window" in text(answer)
    assert "From the first window" in text(answer)


def test_the_autosave_keeps_unfinished_words(phone, draft):
    answer = phone.post(
        step(draft, "story"),
        {"onset": "", "history": "half a sent", "version": draft.version},
        headers={"X-Draft": "1"},
    )
    assert answer.json()["version"] == draft.version + 1
    draft.refresh_from_db()
    assert draft.history == "half a sent"


def test_the_summary_says_what_is_missing_with_links_and_sends_nothing(phone, draft):
    page = text(phone.get(step(draft, "check")))
    assert step(draft, "photos") in page and "Add at least one photo." in page
    assert phone.post(step(draft, "check")).status_code == 200
    draft.refresh_from_db()
    assert draft.status == "draft"


def kept_languages(case) -> set[str]:
    return {consent.language for consent in case.consents.all()}


def test_who_reads_spanish_agrees_to_the_spanish_text_whatever_their_record_says(phone, draft):
    phone.post(reverse("accounts:language"), {"language": "es", "next": "/"})
    page = text(phone.get(step(draft, "consent")))
    assert "Atención por fotos" in page and "Care from photos" not in page
    # another window goes back to English meanwhile: what was on this screen counts
    phone.post(reverse("accounts:language"), {"language": "en", "next": "/"})
    phone.post(step(draft, "consent"), {"treatment": "on", "photography": "on", "shown_in": "es"})
    assert kept_languages(draft) == {"es"}


def test_staff_read_the_text_out_in_the_patients_language(sign_in, ben, draft, patient):
    type(patient).objects.update(preferred_language="es")
    staff = sign_in(ben)
    assert '<div class="stack mt4" lang="es">' in text(staff.get(step(draft, "consent")))
    staff.post(step(draft, "consent"), {"treatment": "on", "photography": "on"})
    assert kept_languages(draft) == {"es"}


def test_sent_it_shows_its_way_and_the_draft_pages_are_gone(phone, draft, ana):
    services.give_consent(case=draft, by=ana, kinds={"treatment", "photography"})
    factories.make_ready_photo(draft, by=ana)
    page = phone.post(step(draft, "check"), follow=True)
    assert f"Case {draft.number} is sent." in text(page)
    assert "Your clinic checks it" in text(page)
    assert phone.get(step(draft, "reason")).status_code == 404
    # sent again from a page that was still open: nothing happens twice
    assert phone.post(step(draft, "check")).status_code == 404
    assert draft.events.filter(verb="submit").count() == 1


def test_a_draft_is_deleted_only_after_it_was_asked(phone, draft):
    url = reverse("intake:case_withdraw", args=[draft.pk])
    assert "Delete this draft?" in text(phone.get(url))
    draft.refresh_from_db()
    assert draft.status == "draft"
    phone.post(url, {"reason": ""})
    draft.refresh_from_db()
    assert draft.status == "withdrawn"
    assert "Finish and send" not in text(phone.get(reverse("intake:patient_home")))


@pytest.mark.parametrize("name", ["case_draft", "patient_case", "case_withdraw", "case_consents", "case_stop"])
def test_another_patients_case_is_not_there(sign_in, draft, clinic, name):
    other = factories.make_user("Otto", email="otto@example.test")
    factories.make_patient(clinic, user=other)
    assert sign_in(other).get(reverse(f"intake:{name}", args=[draft.pk])).status_code == 404


def test_the_address_decides_who_may_answer_so_it_is_asked_for(phone, draft, patient):
    type(patient).objects.update(state="")
    page = text(phone.get(step(draft, "check")))
    assert "Add the home address: it decides which specialist may answer." in page
    assert reverse("accounts:me") in page
