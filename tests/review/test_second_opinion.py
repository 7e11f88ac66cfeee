"""A colleague is asked, answers on the same record with a review of their own, and its time is kept apart."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from billing.facts import gather
from config.accounts.signin_models import OutgoingMail
from config.audit.models import AuditEvent
from intake.models import Case
from intake.workflow import TransitionRefused
from review import opinions, services
from review.delivery import signed_review
from review.errors import NotReadyToSign, ReviewRefused
from review.models import Delivery, Review, SecondOpinion
from tests import factories
from tests.append_only import tampering
from tests.review.conftest import Tab

pytestmark = pytest.mark.django_db


@pytest.fixture
def dora(group):
    return factories.make_specialist("Dora", group)


def case_of(review):
    return Case.objects.get(pk=review.case_id)


@pytest.fixture
def asked(filled, dana, dora):
    return opinions.ask(case=case_of(filled), by=dana, colleague=dora, question="Is this a melanoma?")


def url(name, *args):
    return reverse(f"review:{name}", args=args)


def answer(asked, dora, clock, ms=45_000):
    review = Review.objects.get(pk=asked.review_id)
    Tab(review, dora, clock, "tab-dora").work(ms)
    review, held = services.save_draft(
        review=review, by=dora, version=review.version, findings="Network is atypical.", assessment="Melanoma in situ",
        photos_adequate="yes", confidence="high",
    )  # fmt: skip
    assert held, "a second opinion is written without holding the case"
    review.case = case_of(review)
    seen = services.propose(review)
    return services.sign_review(
        review=review, by=dora, last_beat_id=seen.time.last_beat_id, measured_ms=seen.time.measured_ms, attested=True,
        fingerprint=seen.fingerprint,
    )  # fmt: skip


def test_the_answer_is_an_own_review_and_the_case_goes_its_own_way(asked, filled, dana, dora, clock, tab, sign):
    tab.work(60_000)
    opinion = answer(asked, dora, clock)
    case = case_of(filled)
    assert opinion.is_signed and opinion.second_opinion and opinion.measured_ms == 45_000
    assert (case.status, case.holder) == ("in_review", dana) and not Delivery.objects.exists()
    asked.refresh_from_db()
    assert asked.state == "answered" and asked.closed_at == opinion.signed_at
    signed = sign(filled)
    assert signed.measured_ms == 60_000, "only the signer's own time"
    assert signed_review(case_of(filled)) == signed
    assert signed.signed_record["second_opinions"] == [
        {"review": str(opinion.pk), "by": str(dora.pk), "content_sha256": opinion.content_sha256}
    ]


def test_it_is_never_billable(asked, dora, clock):
    opinion = answer(asked, dora, clock)
    assert gather(opinion).facts.second_opinion is True


def test_the_database_takes_one_main_signature_and_any_number_of_opinions(asked, filled, dora, clock, sign):
    opinion = answer(asked, dora, clock)
    sign(filled)
    with tampering(), pytest.raises(IntegrityError, match="one_signed_review_per_case|UNIQUE"), transaction.atomic():
        Review.objects.filter(pk=opinion.pk).update(second_opinion=False)


def test_the_signer_asks_after_signing_too(filled, dana, dora, tab, sign, clock):
    tab.work(30_000)
    sign(filled)
    asked = opinions.ask(case=case_of(filled), by=dana, colleague=dora, question="Would you agree?")
    clock.ms += 60_000
    assert answer(asked, dora, clock).is_signed
    assert case_of(filled).status == "signed"


@pytest.mark.parametrize("who", ["eli", "olga", "kay", "dana"])
def test_only_a_licensed_colleague_of_the_specialty_can_be_asked(request, filled, dana, dora, who):
    person = request.getfixturevalue(who)
    assert opinions.colleagues(case_of(filled), dana) == [dora]
    with pytest.raises(ReviewRefused, match="cannot answer"):
        opinions.ask(case=case_of(filled), by=dana, colleague=person, question="Well?")


def test_only_holder_or_signer_asks_once_and_with_words(asked, filled, dana, dora):
    other = factories.make_specialist("Finn", filled.case.group)
    with pytest.raises(ReviewRefused, match="holds or signed"):
        opinions.ask(case=case_of(filled), by=dora, colleague=other, question="Well?")
    with pytest.raises(ReviewRefused, match="asked already"):
        opinions.ask(case=case_of(filled), by=dana, colleague=dora, question="Once more?")
    with pytest.raises(ReviewRefused, match="what you want to know"):
        opinions.ask(case=case_of(filled), by=dana, colleague=other, question=" ")


def test_a_closed_question_takes_no_beats_and_no_signature(asked, dana, dora, clock):
    review = Review.objects.get(pk=asked.review_id)
    with pytest.raises(ReviewRefused, match="why you decline"):
        opinions.close(asked=asked, by=dora)
    opinions.close(asked=asked, by=dana)
    with pytest.raises(ReviewRefused, match="closed already"):
        opinions.close(asked=asked, by=dana)
    assert Tab(review, dora, clock, "t").send() is False
    saved, held = services.save_draft(review=review, by=dora, version=review.version, findings="Late", assessment="x")
    assert held is False, "the text is kept, the colleague is told"
    saved.case = case_of(saved)
    with pytest.raises(NotReadyToSign, match="not asked any more"):
        seen = services.propose(saved)
        services.sign_review(review=saved, by=dora, last_beat_id=0, measured_ms=seen.time.measured_ms, attested=True)


def test_a_lost_licence_holds_an_opinion(asked, dora, clock):
    dora.practitioner.licences.all().delete()
    with pytest.raises(NotReadyToSign, match="license"):
        answer(asked, dora, clock)


def test_who_claims_the_case_answers_it_instead(asked, filled, dana, dora):
    services.release_case(case=case_of(filled), by=dana)
    mine = services.claim_case(case=case_of(filled), by=dora)
    asked.refresh_from_db()
    assert mine.pk == asked.review_id and mine.second_opinion is False and asked.state == "withdrawn"


def test_who_gave_an_opinion_does_not_answer_the_case_too(asked, filled, dana, dora, clock):
    answer(asked, dora, clock)
    services.release_case(case=case_of(filled), by=dana)
    with pytest.raises(TransitionRefused, match="second opinion"):
        services.claim_case(case=case_of(filled), by=dora)


@pytest.mark.parametrize(
    "broken", [{"state": "answered"}, {"state": "lost"}, {"question": ""}, {"seen_at": "2026-11-23T12:00:00Z"}]
)
def test_the_database_itself_refuses_a_broken_question(asked, broken):
    with pytest.raises(IntegrityError), transaction.atomic():
        SecondOpinion.objects.filter(pk=asked.pk).update(**broken)


# --- pages ------------------------------------------------------------------------------------------------------------


def test_asked_by_form_answered_in_the_room_and_read_by_who_asked(sign_in, filled, dana, dora, clock, photo):
    case = case_of(filled)
    client = sign_in(dana)
    assert "Dora Sample" in client.get(url("opinion", case.pk)).content.decode()
    assert client.post(url("opinion", case.pk), {"colleague": str(dora.pk)}).status_code == 422
    sent = client.post(url("opinion", case.pk), {"colleague": str(dora.pk), "question": "Melanoma?"})
    assert sent.url == url("room", case.pk)
    client = sign_in(dora)
    assert "Dana Sample asks you about" in client.get(url("worklist")).content.decode()
    room = client.get(url("room", case.pk)).content.decode()
    assert "Dana Sample asks for your opinion" in room and "Ask for more" not in room and "id_patient_text" not in room
    assert client.get(url("ask", case.pk)).url == url("room", case.pk), "a colleague asks the patient nothing"
    opinion = answer(SecondOpinion.objects.get(), dora, clock)
    assert "Your time" in client.get(url("signed", case.pk)).content.decode()
    room = sign_in(dana).get(url("room", case.pk)).content.decode()
    assert "Dora Sample: answered" in room and "Melanoma in situ" in room
    assert "Network is atypical." in sign_in(dana).get(url("opinion", case.pk)).content.decode()
    assert opinion.is_signed


def test_declined_with_a_reason_by_form(sign_in, asked, filled, dana, dora):
    client = sign_in(dora)
    client.post(url("close_opinion", asked.pk), {"reason": ""})
    asked.refresh_from_db()
    assert asked.is_open
    client.post(url("close_opinion", asked.pk), {"reason": "On leave"})
    asked.refresh_from_db()
    assert asked.state == "declined"
    assert "On leave" in sign_in(dana).get(url("room", filled.case_id)).content.decode()


def test_strangers_neither_read_nor_close_it(sign_in, asked, eli, olga):
    for person in (eli, olga):
        client = sign_in(person)
        assert client.get(url("opinion", asked.case_id)).status_code == 404
        assert client.post(url("close_opinion", asked.pk)).status_code == 404
    asked.refresh_from_db()
    assert asked.is_open


def test_what_came_back_after_the_signature_waits_on_the_askers_list_until_it_is_opened(
    sign_in, filled, dana, dora, clock, tab, sign
):
    tab.work(60_000)
    sign(filled)
    asked = opinions.ask(case=case_of(filled), by=dana, colleague=dora, question="Do you agree?")
    assert [mail.to for mail in OutgoingMail.objects.filter(dedupe_key__startswith="opinion:")] == [dora.email]
    assert opinions.count_waiting(dora) == 1 and opinions.count_waiting(dana) == 0
    page = sign_in(dana).get(url("worklist")).content.decode()
    assert "Dora Sample: asked" in page, "an unanswered question stays in sight when the case is signed"
    answer(asked, dora, clock)
    told = OutgoingMail.objects.filter(dedupe_key__startswith="opinion:").values_list("to", "template")
    assert set(told) == {(dora.email, "message_waiting"), (dana.email, "message_waiting")}
    assert opinions.count_waiting(dora) == 0 and opinions.count_waiting(dana) == 1
    client = sign_in(dana)
    page = client.get(url("worklist")).content.decode()
    assert "Dora Sample has answered" in page and "You asked: Do you agree?" in page and "Read the answer" in page
    assert "Network is atypical." in client.get(url("room", filled.case_id), follow=True).content.decode()
    assert opinions.count_waiting(dana) == 0
    assert "Dora Sample" not in client.get(url("worklist")).content.decode(), "read, and the case is signed: settled"


def test_a_refusal_waits_for_the_asker_with_its_reason(sign_in, asked, filled, dana, dora):
    opinions.close(asked=asked, by=dora, reason="On leave until Monday")
    assert OutgoingMail.objects.filter(to=dana.email, dedupe_key__startswith="opinion:").count() == 1
    client = sign_in(dana)
    page = client.get(url("worklist")).content.decode()
    assert "Dora Sample has declined" in page and "On leave until Monday" in page
    client.get(url("room", filled.case_id))
    assert opinions.count_waiting(dana) == 0


def test_the_page_to_ask_another_colleague_shows_the_answer_and_settles_it(sign_in, asked, dana, dora, clock):
    answer(asked, dora, clock)
    page = sign_in(dana).get(url("opinion", asked.case_id)).content.decode()
    assert "Network is atypical." in page and opinions.count_waiting(dana) == 0


def test_a_question_taken_back_while_the_answer_is_signed_stays_taken_back(asked, dana):
    """The asker withdraws between the signature's look at the question and its own update."""
    taken_back = []

    def withdrawing(execute, sql, params, many, context):
        found = execute(sql, params, many, context)
        if sql.startswith("SELECT") and "secondopinion" in sql and not taken_back:
            taken_back.append(asked)
            opinions.close(asked=asked, by=dana)
        return found

    with connection.execute_wrapper(withdrawing):
        opinions.answered(asked.review, timezone.now())
    asked.refresh_from_db()
    assert taken_back and asked.state == "withdrawn"
    assert not OutgoingMail.objects.filter(to=dana.email).exists()


def test_only_the_asker_opening_it_makes_an_answer_read(asked, dana, dora, clock):
    answer(asked, dora, clock)
    opinions.shown_to(dora, case_of(asked.review))
    assert opinions.count_waiting(dana) == 1
    opinions.shown_to(dana, case_of(asked.review))
    assert opinions.count_waiting(dana) == 0


def test_the_list_that_names_patients_of_second_opinions_is_on_the_record(sign_in, asked, dora):
    sign_in(dora).get(url("worklist"))
    listed = AuditEvent.objects.filter(verb="case.listed", actor=dora).latest("pk")
    assert str(asked.case_id) in listed.data["cases"]
