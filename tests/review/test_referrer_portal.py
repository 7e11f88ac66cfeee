"""The referring clinician: referrals with a question, steps, one click to acknowledge, and questions that are answered."""

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from config.accounts.signin_models import OutgoingMail
from intake import calls, messages, referrals, services
from intake.models import Case, Thread
from review import delivery, followup
from tests import factories
from tests.review.signed import BIOPSY, answer, tell

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed(draft, dana, group, ruth):
    return answer(draft, dana, group, BIOPSY, referrer=ruth)


def ask(case, by, text="How wide?"):
    return messages.send(case=Case.objects.get(pk=case.pk), by=by, text=text, key=uuid.uuid4())


def text(answer) -> str:
    return answer.content.decode()


# referrals


def test_a_referral_is_a_draft_with_the_question_and_the_patient_is_told(patient, ruth, ana, ben, sign_in):
    case = referrals.start_referral(
        by=ruth, patient=patient, specialty="dermatology", note="Growing mole, 8 mm. Excise?"
    )
    assert (case.status, case.intake_note, case.referring_clinician) == ("draft", "Growing mole, 8 mm. Excise?", ruth)
    assert OutgoingMail.objects.filter(to=ana.email, template="message_waiting").count() == 1
    assert "Go on" in text(sign_in(ana).get(reverse("intake:patient_home")))
    assert sign_in(ben).get(reverse("intake:case_draft", args=[case.pk]), follow=True).status_code == 200
    services.save_draft(case=case, by=ana, reason="My mole")
    with pytest.raises(services.IntakeRefused, match="already waits"):
        referrals.start_referral(by=ruth, patient=patient, specialty="dermatology", note="Growing mole, again")


def test_who_cannot_be_told_is_called(clinic, ruth, ben):
    lonely = factories.make_patient(clinic)
    referrals.start_referral(by=ruth, patient=lonely, specialty="ophthalmology", note="Red eye since Monday")
    assert [call.title for call in calls.calls(ben)] == ["Referred: photos are needed"]


@pytest.mark.parametrize(
    ("who", "facts", "refused"),
    [
        ("max_stranger", {}, "your own clinic"),
        ("ben", {}, "your own clinic"),
        ("ruth", {"note": "Mole"}, "what you ask"),
        ("ruth", {"specialty": "surgery"}, "skin or eye"),
    ],
)
def test_what_is_no_referral(patient, request, who, facts, refused):
    facts = {"specialty": "dermatology", "note": "Growing mole, 8 mm"} | facts
    with pytest.raises(services.IntakeRefused, match=refused):
        referrals.start_referral(by=request.getfixturevalue(who), patient=patient, **facts)
    assert not Case.objects.exists()


def test_a_referral_by_the_pages(patient, ruth, sign_in, max_stranger):
    client = sign_in(ruth)
    assert patient.name in text(client.get(reverse("intake:referral_find"), {"q": patient.last_name}))
    assert "No patient found" in text(client.get(reverse("intake:referral_find"), {"q": "Nobody"}))
    url = reverse("intake:referral_new", args=[patient.pk])
    assert client.post(url, {"specialty": "dermatology", "note": ""}).status_code == 422
    home = text(client.post(url, {"specialty": "dermatology", "note": "Growing mole, 8 mm"}, follow=True))
    assert "Referrals that wait for photos" in home and Case.objects.get().number in home
    assert sign_in(max_stranger).get(url).status_code == 404


# one click


def test_the_list_has_steps_and_one_click_to_acknowledge(signed, ruth, sign_in):
    tell(signed)
    client = sign_in(ruth)
    page = text(client.get(reverse("review:referrer_home")))
    assert "1 step waits" in page and "1 open step" in page and "I have read this" in page
    client.post(reverse("review:acknowledge", args=[signed.case_id, "referrer"]))
    assert signed.deliveries.get(recipient_kind="referrer").acknowledged_by == ruth
    assert "I have read this" not in text(client.get(reverse("review:referrer_home")))


# questions


def test_a_question_waits_until_the_specialist_writes(signed, ruth, dana, ana, ben):
    ask(signed.case, ruth)
    thread = Thread.objects.get()
    assert thread.question_at and thread.specialist_unread == 1
    assert OutgoingMail.objects.filter(to=dana.email).count() == 1
    messages.open_thread(case=signed.case, by=dana)
    assert Thread.objects.get().question_at, "reading is not answering"
    ask(signed.case, ben, "We called her")
    assert Thread.objects.get().question_at
    ask(signed.case, dana, "2 mm")
    thread = Thread.objects.get()
    assert (thread.question_at, thread.referrer_unread) == (None, 2)
    assert list(messages.waiting_at_referrer(ruth)) == [thread]
    messages.open_thread(case=signed.case, by=ruth)
    assert not messages.waiting_at_referrer(ruth)


def test_an_addendum_answers_too(signed, ruth, dana):
    tell(signed)
    ask(signed.case, ruth)
    delivery.add_addendum(review=signed, by=dana, text="Margin of 2 mm.", patient_text="", changes={})
    assert Thread.objects.get().question_at is None


def test_the_specialist_is_reminded_once(signed, ruth, dana):
    ask(signed.case, ruth)
    before = OutgoingMail.objects.filter(to=dana.email).count()
    for days in (1, 3, 4):
        followup.tick(timezone.now() + timedelta(days=days))
    assert OutgoingMail.objects.filter(to=dana.email, dedupe_key__startswith="question").count() == 1 and before == 1


def test_a_closed_case_can_be_asked_about_and_is_answered(signed, ruth, dana, ana, ben):
    factories.put_status(signed.case, "closed")
    case = Case.objects.get(pk=signed.case_id)
    for somebody in (ana, dana, ben):
        with pytest.raises(messages.MessageRefused, match="finished"):
            ask(case, somebody)
    ask(case, ruth)
    with pytest.raises(messages.MessageRefused, match="Answer first"):
        messages.open_thread(case=case, by=ben)
        messages.put_away(case=case, by=ben)
    ask(case, dana, "2 mm")
    with pytest.raises(messages.MessageRefused, match="finished"):
        ask(case, ana)


def test_the_pages_of_a_question(signed, ruth, dana, ana, max_stranger, sign_in):
    url = reverse("intake:messages", args=[signed.case_id])
    client = sign_in(ruth)
    assert "Ask the specialist here" in text(client.get(url))
    client.post(url, {"text": "How wide a margin?", "key": uuid.uuid4()})
    assert "Question open" in text(client.get(reverse("review:referrer_home")))
    assert signed.case.number in text(client.get(reverse("intake:inbox")))
    assert "Ask the specialist" in text(client.get(reverse("review:referrer_result", args=[signed.case_id])))
    client = sign_in(dana)
    assert "Question" in text(client.get(reverse("intake:inbox")))
    page = text(client.get(url))
    assert "has waited for the specialist" in page and "How wide a margin?" in page
    assert "doctor's office" in text(sign_in(ana).get(url)).replace("&#x27;", "'")
    assert sign_in(max_stranger).get(url).status_code == 404
