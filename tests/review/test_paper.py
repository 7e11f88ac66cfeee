"""Who cannot be told comes back to the clinic: letters to print, and mail that came back."""

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from config.accounts.models import ContactPreference
from config.audit.models import AuditEvent
from intake import calls
from intake.models import Case, Patient, RelatedPerson
from review import delivery, followup, paper
from review.bounces import Returned, returned
from review.letters import making
from review.models import Delivery
from tests import factories

REPORT = b"""From: MAILER-DAEMON@mx.test
To: no-reply@derm.test
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I could not deliver it.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.test

Final-Recipient: rfc822; %(address)s
Action: %(action)s
Status: 5.1.1
--b
Content-Type: text/rfc822-headers

Message-ID: %(identity)s
Subject: You have a message
--b--
"""


def report(address: str, identity: str, action: str = "failed") -> bytes:
    return REPORT % {b"address": address.encode(), b"identity": identity.encode(), b"action": action.encode()}


def waiting(ben) -> list[str]:
    return [row.recipient_kind for row in paper.to_print(ben)]


def test_a_mail_that_came_back_is_read_and_a_delay_is_not_one():
    assert returned(report("A@Example.test", "<x@derm.test>")) == Returned("<x@derm.test>", "a@example.test")
    assert returned(report("a@example.test", "<x@derm.test>", "delayed")) is None
    assert returned(b"Subject: hello\n\nI am on holiday.") is None
    assert returned(b"") is None
    assert returned(bytes(range(256))) is None


def test_a_patient_without_an_account_gets_a_letter(answered, clinic, ben, sign_in):
    review = answered(referred=False, patient=factories.make_patient(clinic, first_name="Nora"))
    assert waiting(ben) == ["patient"]
    making.make_letters(review.letter_pairs.get().pk)
    client = sign_in(ben)
    page = client.get(reverse("review:to_print")).content.decode()
    assert "Nora" in page
    assert "No account" in page
    letter = review.letter_pairs.get().letters.get(audience="patient", paper="us-letter")
    assert reverse("review:letter", args=[letter.pair_id, "patient", "us-letter"]) in page
    row = review.deliveries.get()
    assert client.post(reverse("review:printed", args=[row.pk]), {"how": "posted"}).status_code == 302
    row.refresh_from_db()
    assert (row.told_how, row.told_by) == ("posted", ben)
    assert Case.objects.get(pk=review.case_id).status == "delivered"
    assert waiting(ben) == []
    assert "Nothing to print" in client.get(reverse("review:to_print")).content.decode()


def test_who_wants_paper_gets_paper_and_no_notice(answered, ana, ben):
    ContactPreference.objects.create(user=ana, channel="paper")
    review = answered(referred=False)
    row = review.deliveries.get()
    assert (row.work_status, bool(row.visible_at), row.why_on_paper) == ("idle", True, "Wants letters on paper")
    assert waiting(ben) == ["patient"]


def test_who_chose_paper_after_the_signature_is_on_the_list_too(answered, ana, ben):
    review = answered(referred=False)
    assert waiting(ben) == []
    ContactPreference.objects.create(user=ana, channel="paper")
    delivery.send_notice(review.deliveries.get().pk)
    assert waiting(ben) == ["patient"]


def test_a_mailbox_that_refuses_for_good_is_on_the_list(answered, ben):
    review = answered(referred=False)
    Delivery.objects.filter(review=review).update(work_status="dead", due_at=None)
    [row] = paper.to_print(ben)
    assert row.why_on_paper == "The mailbox refuses mail"


def test_a_notice_that_came_back_is_on_the_list_and_the_next_one_is_not_sent(answered, ana, ben, tmp_path, capsys):
    review = answered(referred=False)
    row = review.deliveries.get()
    delivery.send_notice(row.pk)
    row.refresh_from_db()
    assert row.has_it
    assert waiting(ben) == []
    (tmp_path / "1").write_bytes(report(ana.email, row.notice_id))
    (tmp_path / "2").write_bytes(report("stranger@example.test", "<unknown@derm.test>"))
    (tmp_path / "3").write_bytes(b"Subject: out of office\n\nBack on Monday.")
    for _ in range(2):
        call_command("post_bounces", str(tmp_path))
    said = capsys.readouterr().out
    assert said == "1 came back, 1 not ours, 1 no report of a failure\n" * 2
    row.refresh_from_db()
    assert not row.has_it
    [row] = paper.to_print(ben)
    assert row.why_on_paper == "The notice came back"
    assert AuditEvent.objects.filter(verb="delivery.came_back").count() == 1
    assert ContactPreference.objects.get(user=ana).bounced_at
    delivery.add_addendum(review=review, by=review.specialist, text="More.", patient_text="", changes={})
    assert Delivery.objects.get(addendum__isnull=False).work_status == "idle"


def test_any_other_mail_that_came_back_becomes_a_call_until_there_is_another_address(
    submitted, ana, ben, ruth, patient
):
    lost = paper.came_back(identity="<a-reminder@derm.test>", address=ana.email, at=timezone.now())
    again = paper.came_back(identity="<a-message@derm.test>", address=ana.email, at=timezone.now())
    assert lost and again
    [call] = calls.calls(ben)
    assert (call.title, call.patient) == ("Mail came back: ask for another address", patient)
    assert followup.tick()["addresses"] == 0 and len(calls.calls(ben)) == 1
    # a colleague's address is no patient's
    assert paper.came_back(identity="", address=ruth.email, at=timezone.now()) and len(calls.calls(ben)) == 1
    ContactPreference.objects.filter(user=ana).update(bounced_at=None)
    assert followup.tick()["addresses"] == 1 and calls.calls(ben) == []


@pytest.fixture
def carla(submitted, patient, ana, ben, clinic, max_stranger):
    """Acts for Ana and for Otto, whose clinics are two."""
    carla = factories.make_user("Carla", email="carla@example.test", phone="614-555-0170")
    elsewhere = max_stranger.clinics("staff").get()
    otto = factories.make_patient(elsewhere, first_name="Otto", medicare=False, phone="614-555-0180")
    factories.put_status(factories.make_draft(otto, by=max_stranger), "submitted")
    for person in (patient, otto):
        RelatedPerson.objects.create(patient=person, user=carla, relationship="carer", created_by=ben)
    return carla


def test_a_carers_mail_that_came_back_reaches_the_clinic_of_each_patient(carla, patient, ben, max_stranger, sign_in):
    for _ in range(2):
        paper.came_back(identity="", address=carla.email, at=timezone.now())
    for by, name in ((ben, patient.name), (max_stranger, Patient.objects.get(first_name="Otto").name)):
        [call] = calls.calls(by)
        assert (call.name, call.phone, call.patient.name) == (str(carla), "614-555-0170", name)
        page = sign_in(by).get(reverse("intake:calls")).content.decode()
        assert "tel:614-555-0170" in page and f"Call {carla}" in page and "614-555-0180" not in page
        form = sign_in(by).get(reverse("intake:call", args=[call.case.pk]), {"about": call.key}).content.decode()
        assert f"<h1>Call {carla}</h1>" in form and f"<dt>About</dt><dd>{name}" in form
    assert followup.tick()["addresses"] == 0
    ContactPreference.objects.filter(user=carla).update(bounced_at=None)
    assert followup.tick()["addresses"] == 2
    assert calls.calls(ben) == calls.calls(max_stranger) == []


def test_who_acts_for_a_patient_no_more_is_not_called_about_them(carla, ben, max_stranger):
    paper.came_back(identity="", address=carla.email, at=timezone.now())
    RelatedPerson.objects.filter(patient__first_name="Otto").update(ended_at=timezone.now())
    assert followup.tick()["addresses"] == 1
    assert (len(calls.calls(ben)), calls.calls(max_stranger)) == (1, [])


def test_a_carer_without_a_number_is_called_at_the_one_of_their_own_record(carla, clinic, ben):
    type(carla).objects.filter(pk=carla.pk).update(phone="")
    factories.make_patient(clinic, user=carla, first_name="Carla", medicare=False, phone="614-555-0190")
    paper.came_back(identity="", address=carla.email, at=timezone.now())
    assert [call.phone for call in calls.calls(ben)] == ["614-555-0190"]


def test_the_patient_and_a_carer_whose_mail_comes_back_are_two_calls(carla, ana, ben, patient):
    for user in (ana, carla):
        paper.came_back(identity="", address=user.email, at=timezone.now())
    assert sorted(call.name for call in calls.calls(ben)) == sorted([patient.name, str(carla)])


def test_who_wants_paper_from_now_on_is_not_called_about_their_mail(submitted, ana, ben):
    paper.came_back(identity="", address=ana.email, at=timezone.now())
    ContactPreference.objects.filter(user=ana).update(channel="paper")
    assert followup.tick()["addresses"] == 1 and calls.calls(ben) == []


def test_a_closed_case_raises_no_call(draft, ana, ben):
    factories.put_status(draft, "withdrawn")
    assert paper.came_back(identity="", address=ana.email, at=timezone.now()) and calls.calls(ben) == []


def test_an_administrator_sees_whose_mail_comes_back(sign_in, ada, ruth):
    page = reverse("accounts:person", args=[ruth.pk])
    assert "came back" not in sign_in(ada).get(page).content.decode()
    paper.came_back(identity="", address=ruth.email, at=timezone.now())
    assert "Mail to this address came back" in sign_in(ada).get(page).content.decode()


def test_what_was_read_or_told_needs_no_paper(answered, ana, ben, clinic):
    review = answered(referred=False)
    Delivery.objects.filter(review=review).update(bounced_at=timezone.now(), notice_sent_at=timezone.now())
    assert waiting(ben) == ["patient"]
    delivery.acknowledge(case=review.case, kind="patient", by=ana)
    assert waiting(ben) == []


def test_another_clinic_sees_and_records_nothing(answered, clinic, max_stranger, sign_in):
    review = answered(referred=False, patient=factories.make_patient(clinic))
    assert waiting(max_stranger) == []
    client = sign_in(max_stranger)
    url = reverse("review:printed", args=[review.deliveries.get().pk])
    assert client.post(url, {"how": "posted"}).status_code == 404


def test_letters_that_differ_are_not_printed(answered, clinic, ben, sign_in, monkeypatch):
    monkeypatch.setattr(making.agreement, "disagreements", lambda *both: ["The letters name different sides."])
    answered(referred=False, patient=factories.make_patient(clinic))
    page = sign_in(ben).get(reverse("review:to_print")).content.decode()
    assert "The letters differ" in page
