"""The patient's pages for whom they are not, at the wrong moment, and with what a browser should never send."""

import re

import pytest
from django.urls import reverse

from intake import services, triage
from intake.models import Answer, Case, Consent, InformationRequest
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def phone(sign_in, ana):
    return sign_in(ana)


@pytest.fixture
def complete(draft, ana):
    services.give_consent(case=draft, by=ana, kinds={"treatment", "photography"})
    factories.make_ready_photo(draft, by=ana)
    return draft


@pytest.fixture
def asked(complete, ana, ben):
    case = services.submit_case(case=complete, by=ana)
    return triage.request_information(
        case=case,
        by=ben,
        items=[
            triage.Asked("question", question="Does it itch?"),
            triage.Asked("photo", slot="oblique", reason_code="missing", note="This photo is still missing."),
        ],
        deadline=factories.in_days(2),
        message="One more thing, Ana.",
    )


def text(answer) -> str:
    return answer.content.decode()


def url(name, *args):
    return reverse(f"intake:{name}", args=args)


def step(case, name):
    return url("case_step", case.pk, name)


STEPS = ["danger", "kind", "reason", "place", "story", "q-changes", "medicines", "tone", "photos", "consent", "check"]
OTHERS = ["otto", "max_stranger", "dana", "ruth", "kay", "ada"]


@pytest.fixture
def otto(clinic):
    """Another patient of the same clinic."""
    user = factories.make_user("Otto")
    factories.make_patient(clinic, user=user)
    return user


# who may


@pytest.mark.parametrize("who", OTHERS)
def test_no_page_of_a_draft_opens_for_others(request, sign_in, draft, who):
    client = sign_in(request.getfixturevalue(who))
    before = Case.objects.values().get()
    for name in STEPS:
        assert client.get(step(draft, name)).status_code == 404, name
        assert client.post(step(draft, name), {"reason": "Mine", "none": "on"}).status_code == 404, name
    assert client.post(url("case_withdraw", draft.pk)).status_code == 404
    assert Case.objects.values().get() == before
    assert not Answer.objects.exists() and not Consent.objects.exists()


@pytest.mark.parametrize("who", OTHERS)
def test_no_page_after_sending_opens_for_others(request, sign_in, asked, who):
    client = sign_in(request.getfixturevalue(who))
    for name in ("patient_case", "case_answer", "case_consents", "case_withdraw"):
        assert client.get(url(name, asked.case_id)).status_code == 404, name
    for name in ("case_answer", "case_follow_up", "case_withdraw", "case_consents"):
        assert client.post(url(name, asked.case_id), {"kind": "treatment"}).status_code == 404, name
    asked.refresh_from_db()
    assert (asked.outcome, asked.case.status) == ("", "needs_information")


def test_staff_of_the_clinic_enter_every_page_but_do_not_say_the_skin_tone(sign_in, draft, ben):
    client = sign_in(ben)
    codes = {name: client.get(step(draft, name)).status_code for name in [*STEPS, "note"]}
    assert {name for name, code in codes.items() if code != 200} == {"tone"}


@pytest.mark.parametrize("name", ["nonsense", "q-nonsense", "note"])
def test_a_page_that_is_not_there_is_not_there(phone, draft, name):
    assert phone.get(step(draft, name)).status_code == 404


# nothing runs without script, and nothing is lost


def test_every_page_is_a_form_that_a_browser_alone_can_send(phone, draft):
    """A button that submits, a token, an address of our own, and no handler inside the page."""
    for name in STEPS:
        page = text(phone.get(step(draft, name)))
        main = page[page.index("<main") :]
        assert 'method="post"' in main, name
        assert "csrfmiddlewaretoken" in main, name
        assert re.search(r"<button[^>]*type=\"submit\"", main), name
        assert not re.search(r"\son(click|submit|change)=", page), name
        assert "javascript:" not in page, name


def test_the_pages_lead_from_the_first_to_the_last_without_script(phone, draft):
    """Each page as a browser would send it; where a question is not answered, it is skipped."""
    data = {
        "danger": {"none": "on"},
        "kind": {"problem_kind": "lesion"},
        "reason": {"reason": "It grew"},
        "place": {"site": "knee", "side": "left"},
        "story": {"onset": "May", "history": ""},
        "medicines": {"medicines": "none", "allergies": "none"},
        "tone": {"skip": "1"},
        "photos": {},
        "consent": {"treatment": "on", "photography": "on"},
    }
    at, seen = step(draft, "danger"), []
    while not at.endswith("/check/"):
        name = at.rstrip("/").rpartition("/")[2]
        seen.append(name)
        page = text(phone.get(at))
        found = re.search(r'name="version"[^>]*value="(\d+)"', page)
        version = {"version": found.group(1)} if found else {}
        answer = phone.post(at, data.get(name, {"skip": "1"}) | version)
        assert answer.status_code == 302, (name, text(answer))
        at = answer.url
    assert [name for name in seen if not name.startswith("q-")] == list(data)
    assert len(seen) > len(data)
    case = Case.objects.get()
    assert (case.reason, case.site, case.side, case.allergies) == ("It grew", "knee", "left", "none")
    assert set(Consent.objects.values_list("kind", flat=True)) == {"treatment", "photography"}


@pytest.mark.parametrize("version", ["²", "-1", "x", "9" * 30, "1.5"])
def test_a_version_that_is_none_breaks_nothing(phone, draft, version):
    for headers in ({}, {"X-Draft": "1"}):
        data = {"reason": "Typed with care", "version": version}
        assert phone.post(step(draft, "reason"), data, headers=headers).status_code in {200, 302, 409}


def test_a_character_no_database_can_hold_loses_nothing_else(phone, draft):
    data = {"reason": "It grew\x00 since May", "version": draft.version}
    phone.post(step(draft, "reason"), data, headers={"X-Draft": "1"})
    assert Case.objects.get().reason == "It grew since May"


def test_the_autosave_in_an_old_window_is_told_and_overwrites_nothing(phone, draft):
    phone.post(step(draft, "reason"), {"reason": "First", "version": draft.version})
    late = {"reason": "Second", "version": draft.version}
    answer = phone.post(step(draft, "reason"), late, headers={"X-Draft": "1"})
    assert answer.status_code == 409
    assert "changed in another window" in answer.json()["error"]
    assert Case.objects.get().reason == "First"


@pytest.mark.parametrize(
    ("name", "field", "limit"),
    [("reason", "reason", 2000), ("story", "history", 4000), ("medicines", "allergies", 2000)],
)
def test_too_long_a_text_is_said_and_stays_and_the_autosave_keeps_its_beginning(phone, draft, name, field, limit):
    data = {"onset": "May", "medicines": "none", field: "w" * (limit + 1), "version": draft.version}
    answer = phone.post(step(draft, name), data)
    assert answer.status_code == 200
    assert f"at most {limit} characters" in text(answer)
    assert "w" * (limit + 1) in text(answer)
    phone.post(step(draft, name), data, headers={"X-Draft": "1"})
    assert len(getattr(Case.objects.get(), field)) == limit


def test_what_was_typed_is_shown_as_text_and_never_runs(phone, draft):
    phone.post(step(draft, "reason"), {"reason": "<script>alert(1)</script>", "version": draft.version})
    for address in (step(draft, "reason"), step(draft, "check"), url("patient_home")):
        page = text(phone.get(address))
        assert "<script>alert(1)" not in page
        assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize("answer", [{"answer": "nonsense"}, {"answer": ["size", "none"]}, {}])
def test_an_answer_that_is_none_is_asked_again(phone, draft, answer):
    assert phone.post(step(draft, "q-changes"), answer | {"sent": "1"}).status_code == 200
    assert not Answer.objects.exists()


# answering


def test_what_is_asked_is_shown_with_its_reason_and_day(phone, asked):
    home = text(phone.get(url("patient_home")))
    assert "needs a little more" in home and "One more thing, Ana." in home
    page = text(phone.get(url("case_answer", asked.case_id)))
    for words in ("Does it itch?", "This photo is still missing.", "One more thing, Ana.", "Send the answer"):
        assert words in page


def test_an_answer_that_is_not_whole_says_what_lacks_and_keeps_the_words(phone, asked):
    item = asked.items.get(kind="question")
    page = text(phone.post(url("case_answer", asked.case_id), {f"answer_{item.pk}": "Yes, at night"}))
    assert "Add the photo: from the side." in page
    assert "Yes, at night" in page
    assert "Yes, at night" in text(phone.get(url("case_answer", asked.case_id)))
    assert Case.objects.get().status == "needs_information"


def test_answered_it_goes_back_and_the_patient_sees_what_was_answered(phone, asked, ana):
    item = asked.items.get(kind="question")
    factories.make_ready_photo(asked.case, by=ana, slot="oblique")
    page = text(phone.post(url("case_answer", asked.case_id), {f"answer_{item.pk}": "Yes"}, follow=True))
    assert "Your answer is sent." in page
    assert "You answered" in page and "Does it itch?" in page
    assert phone.get(url("case_answer", asked.case_id)).status_code == 404


def test_answered_by_the_clinic_meanwhile_is_said(phone, asked, ben):
    triage.no_answer(request=asked, by=ben, reason="Told on the phone")
    page = text(phone.post(url("case_answer", asked.case_id), {"answer_1": "Yes"}, follow=True))
    assert "This was already answered." in page
    assert InformationRequest.objects.get().outcome == "no_answer"


def test_nobody_is_said_to_have_answered_who_did_not(phone, asked, ben):
    triage.no_answer(request=asked, by=ben, reason="Nobody picks up")
    assert "You answered" not in text(phone.get(url("patient_case", asked.case_id)))


def test_an_answer_to_the_question_of_another_case_goes_nowhere(sign_in, otto, asked, clinic):
    own = factories.make_draft(otto.patient, by=otto)
    factories.put_status(own, "needs_information")
    InformationRequest.objects.create(case=own, asked_by=otto, asked_from="clinic", deadline=factories.in_days(1))
    item = asked.items.get(kind="question")
    sign_in(otto).post(url("case_answer", own.pk), {f"answer_{item.pk}": "Not mine"})
    item.refresh_from_db()
    assert item.answer == ""


# cancelling


@pytest.mark.parametrize("status", ["signed", "closed", "redirected", "withdrawn"])
def test_what_is_answered_or_over_is_not_offered_to_be_cancelled(phone, ready, status):
    factories.put_status(ready, status)
    assert url("case_withdraw", ready.pk) not in text(phone.get(url("patient_case", ready.pk)))
    assert phone.get(url("case_withdraw", ready.pk)).status_code == 404


def test_a_page_that_was_still_open_is_told_that_the_case_moved_on(phone, ready):
    factories.put_status(ready, "signed")
    page = text(phone.post(url("case_withdraw", ready.pk), {"reason": ""}, follow=True))
    assert "has moved on" in page
    assert Case.objects.get().status == "signed"


def test_cancelled_the_reason_is_kept_and_the_case_still_shown(phone, asked):
    long = phone.post(url("case_withdraw", asked.case_id), {"reason": "h" * 301})
    assert "h" * 301 in text(long)
    page = text(phone.post(url("case_withdraw", asked.case_id), {"reason": "It healed"}, follow=True))
    assert "is canceled." in page
    assert asked.case.problem in text(phone.get(url("patient_home")))
    assert asked.case.events.get(verb="withdraw").reason == "It healed"


def test_looking_and_asking_first_change_nothing(phone, asked):
    before = Case.objects.values().get()
    for name in ("patient_case", "case_answer", "case_withdraw", "case_consents"):
        assert phone.get(url(name, asked.case_id)).status_code == 200
    assert phone.get(url("case_follow_up", asked.case_id)).status_code == 405
    assert Case.objects.values().get() == before


def test_the_stop_page_is_only_for_a_case_that_was_stopped(phone, draft):
    assert phone.get(url("case_stop", draft.pk)).status_code == 404
    factories.put_status(draft, "redirected")
    assert "Call 911" in text(phone.get(url("case_stop", draft.pk)))
