"""The files of a pair of letters: made once, handed to who may have them, stopped where the two differ."""

from hashlib import sha256
from urllib.parse import urlsplit

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from config import storages, typesetting
from config.audit.models import AuditEvent
from config.work.services import needs_attention
from intake.models import Case
from review import delivery, invariants
from review.letters import making
from review.models import Letter, LetterPair
from tests import factories


@pytest.fixture
def review(answered):
    return answered()


@pytest.fixture
def pair(review) -> LetterPair:
    return review.letter_pairs.get()


@pytest.fixture
def made(pair, monkeypatch) -> LetterPair:
    """Files without the work of setting them: what they hold is tested elsewhere."""
    monkeypatch.setattr(typesetting, "pdf", lambda template, data, **rest: f"{template} {rest['paper']}".encode())
    making.make_letters(pair.pk)
    pair.refresh_from_db()
    return pair


def url(pair, audience="patient", paper="us-letter") -> str:
    return reverse("review:letter", args=[pair.pk, audience, paper])


def test_a_signature_makes_two_letters_on_two_papers_once(pair):
    assert pair.work_status == "waiting"
    making.make_letters(pair.pk)
    making.make_letters(pair.pk)
    rows = pair.letters.all()
    assert {(row.audience, row.paper) for row in rows} == {
        (reader, paper) for reader in ("patient", "clinician") for paper in ("us-letter", "a4")
    }
    for row in rows:
        data = storages.read(row.key)
        assert data.startswith(b"%PDF-")
        assert (sha256(data).hexdigest(), len(data)) == (row.sha256, row.byte_size)
    pair.refresh_from_db()
    assert (pair.work_status, pair.attempts) == ("done", 1)
    assert list(invariants.letters_are_what_was_made()) == []


def test_a_worker_that_was_cut_off_makes_the_same_files_again(pair, monkeypatch):
    monkeypatch.setattr(making.work, "settle", lambda *args, **kwargs: (_ for _ in ()).throw(making.work.Fenced("cut")))
    making.make_letters(pair.pk)
    assert not Letter.objects.exists()
    monkeypatch.undo()
    LetterPair.objects.filter(pk=pair.pk).update(work_status="waiting")
    making.make_letters(pair.pk)
    assert Letter.objects.count() == 4


def test_a_storage_that_is_away_delays_the_letters_and_loses_none(pair, monkeypatch):
    def away(key, data):
        raise ConnectionError("away")

    monkeypatch.setattr(typesetting, "pdf", lambda *args, **rest: b"x")
    monkeypatch.setattr(storages, "put_once", away)
    monkeypatch.setattr(storages, "check", lambda: "storage does not answer")
    for _ in range(7):
        LetterPair.objects.update(due_at=making.timezone.now())
        making.make_letters(pair.pk)
    pair.refresh_from_db()
    assert (pair.work_status, pair.attempts, pair.last_error) == ("waiting", 0, "ConnectionError")


def test_a_letter_that_cannot_be_set_shows_up_for_the_administrator_and_the_notice_still_goes(pair, monkeypatch):
    def broken(*args, **rest):
        raise typesetting.TypesettingFailed("a word of the patient")

    monkeypatch.setattr(typesetting, "pdf", broken)
    for _ in range(5):
        LetterPair.objects.update(due_at=making.timezone.now())
        making.make_letters(pair.pk)
    [(kind, row)] = list(needs_attention())
    assert (kind.name, row.last_error) == ("letters", "TypesettingFailed")
    for delivered in pair.review.deliveries.all():
        delivery.send_notice(delivered.pk)
    assert Case.objects.get(pk=pair.review.case_id).status == "delivered"


def test_an_addendum_has_letters_of_its_own_and_they_replace_the_first(pair, dana):
    delivery.add_addendum(review=pair.review, by=dana, text="Margin 3 mm.", patient_text="", changes={})
    first, second = LetterPair.objects.order_by("created_at")
    assert second.addendum.text == "Margin 3 mm."
    assert making.contents(second)["clinician"]["addenda"][0]["text"] == "Margin 3 mm."
    assert making.contents(first)["clinician"]["addenda"] == []
    assert (making.standing(first.spaced_code), making.standing(second.check_code.lower())) == ("superseded", "genuine")


# who may have them


def test_each_reader_has_the_letter_for_them_and_leaves_a_trace(made, sign_in, ana, ruth, ben, dana):
    for person, audience in ((ana, "patient"), (ruth, "clinician"), (ben, "patient"), (dana, "clinician")):
        page = sign_in(person).get(url(made, audience))
        assert (page.status_code, page["Content-Type"]) == (200, "application/pdf")
        assert b"".join(page.streaming_content) == f"{making.TEMPLATES[audience]} us-letter".encode()
        assert page["Cache-Control"].startswith("private, no-store")
        assert AuditEvent.objects.filter(verb="letter.downloaded", actor=person).count() == 1


@pytest.mark.parametrize(
    ("person", "audience"),
    [("ana", "clinician"), ("ruth", "patient"), ("max_stranger", "patient"), ("max_stranger", "clinician")],
)
def test_nobody_has_the_letter_for_somebody_else(request, made, sign_in, person, audience):
    client = sign_in(request.getfixturevalue(person))
    assert client.get(url(made, audience)).status_code == 404
    assert not AuditEvent.objects.filter(verb="letter.downloaded").exists()


def test_another_patient_has_none_of_it(made, sign_in, clinic):
    other = factories.make_user("Oscar")
    factories.make_patient(clinic, user=other)
    assert sign_in(other).get(url(made)).status_code == 404


def test_a_letter_about_the_wrong_person_is_not_handed_to_them_again(made, sign_in, ana, ben):
    Case.objects.filter(pk=made.review.case_id).update(filed_in_error_at=made.created_at)
    LetterPair.objects.filter(pk=made.pk).update(created_at=made.created_at.replace(year=2020))
    later = LetterPair(review=made.review, check_code="Z" * 16)
    later.addendum = made.review.addenda.create(
        by=made.review.specialist, text="Wrong person.", content_sha256="a" * 64
    )
    later.save()
    assert sign_in(ana).get(url(made)).status_code == 404
    assert sign_in(ben).get(url(made)).status_code == 200


def test_pages_list_the_letters_that_their_reader_may_have(made, sign_in, ana, ruth, ben):
    case = made.review.case_id
    for person, page, has, hasnt in (
        (ana, "review:patient_result", "patient", "clinician"),
        (ruth, "review:referrer_result", "clinician", "patient"),
    ):
        html = sign_in(person).get(reverse(page, args=[case])).content.decode()
        assert url(made, has) in html
        assert url(made, hasnt) not in html
    html = sign_in(ben).get(reverse("review:staff_result", args=[case])).content.decode()
    assert url(made, "patient", "a4") in html
    assert url(made, "clinician") in html


# stopped


@pytest.fixture
def stopped(answered, monkeypatch):
    monkeypatch.setattr(making.agreement, "disagreements", lambda *both: ["Step 1 has a different day in each letter."])
    return answered().letter_pairs.get()


def test_letters_that_differ_go_nowhere_and_the_signer_is_asked(stopped, sign_in, ana, ruth, ben):
    assert stopped.is_stopped
    assert stopped.work_status == "idle"
    for row in stopped.review.deliveries.all():
        assert (row.visible_at, row.work_status) == (None, "idle")
        delivery.send_notice(row.pk)
        row.refresh_from_db()
        assert row.notice_sent_at is None
    making.make_letters(stopped.pk)
    assert not Letter.objects.exists()
    for person, page in ((ana, "patient_result"), (ruth, "referrer_result")):
        shown = sign_in(person).get(reverse(f"review:{page}", args=[stopped.review.case_id])).content.decode()
        assert "checked once more" in shown
        assert "Have it tested." not in shown
    html = sign_in(ben).get(reverse("review:staff_result", args=[stopped.review.case_id])).content.decode()
    assert "Step 1 has a different day in each letter." in html


def test_the_database_keeps_files_from_letters_that_differ(stopped):
    with pytest.raises(IntegrityError), transaction.atomic():
        LetterPair.objects.filter(pk=stopped.pk).update(made_at=stopped.created_at)


def test_a_specialist_releases_them_with_a_reason_and_they_leave(stopped, dana, ben):
    with pytest.raises(making.LettersRefused, match="Only a specialist"):
        making.release(pair=stopped, by=ben, reason="Fine")
    with pytest.raises(making.LettersRefused, match="Write why"):
        making.release(pair=stopped, by=dana, reason=" ")
    released = making.release(pair=stopped, by=dana, reason="The day is the same, spelled out.")
    assert (released.is_stopped, released.work_status) == (False, "waiting")
    for row in stopped.review.deliveries.all():
        assert row.visible_at
        assert row.work_status == "waiting"
    assert making.standing(stopped.check_code) == "genuine"
    assert AuditEvent.objects.filter(verb="letters.released", actor=dana).count() == 1


def test_a_difference_that_came_after_the_signature_stops_the_files_too(pair, monkeypatch):
    monkeypatch.setattr(making.agreement, "disagreements", lambda *both: ["The letters name different people."])
    making.make_letters(pair.pk)
    pair.refresh_from_db()
    assert pair.is_stopped
    assert not Letter.objects.exists()
    assert {row.work_status for row in pair.review.deliveries.all()} == {"idle"}


# the public page


def test_the_public_page_says_genuine_superseded_or_unknown_and_not_a_word_more(client, pair, patient):
    page = client.get(urlsplit(making.check_url(pair)).path)
    html = page.content.decode()
    assert page.status_code == 200
    assert "This letter is real" in html
    for secret in (
        patient.last_name,
        patient.first_name,
        pair.review.case.number,
        "macule",
        "forearm",
        "Dana",
        "Harbor",
    ):
        assert secret.lower() not in html.lower()
    assert client.get(reverse("review:letter_check", args=["ZZZZ-ZZZZ-ZZZZ-ZZZZ"])).status_code == 404
    typed = client.get(reverse("review:letter_check_form"), {"code": pair.spaced_code.lower().replace("-", " ")})
    assert "This letter is real" in typed.content.decode()
    assert client.get(reverse("review:letter_check_form")).status_code == 200


def test_a_stopped_letter_is_nobodys_yet(client, stopped):
    assert client.get(reverse("review:letter_check", args=[stopped.spaced_code])).status_code == 404
