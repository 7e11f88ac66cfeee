"""What leaves the house by mail or text message, byte by byte: that something waits, and nothing of what."""

import logging
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as project
from django.utils import timezone

from config import mail, sms
from config.accounts.models import ContactPreference
from config.accounts.services import ask_for_email_change, ask_for_password_reset, queue_mail, set_password
from config.accounts.signin_models import OutgoingMail
from config.accounts.tasks import send_mail_task
from config.work import services as work
from intake import messages, notices, related
from intake.people import invite_patient
from review import critical, delivery, followup, paper
from review.letters import making
from review.models import Delivery
from tests import factories
from tests.mail_server import SMTP, mail_server

MARKS = {
    "name": "Zaphodine", "surname": "Quillfeather", "reason": "MARKREASONmelanoma", "history": "MARKHISTORYbiopsy",
    "clinic": "MARKCLINIC Harbor", "group": "MARKGROUP Dermatology", "clinician": "Wolfeschlegel", "site": "forearm",
    "text": "MARKTEXTnevus", "mrn": "MARKMRN77", "street": "MARKSTREET Lane",
}  # fmt: skip
WORDS = ("zaphodine", "quillfeather", "mark", "wolfeschlegel", "forearm", "melanoma", "nevus", "biopsy", "skin", "eye",
         "lesion", "rash", "specialist", "dermatolog", "photo", "result", "letter about")  # fmt: skip
TEMPLATES = sorted(path.stem for path in Path(project.BASE_DIR, "templates/emails").glob("*.txt"))
TEXTS = sorted(path.stem for path in Path(project.BASE_DIR, "templates/sms").glob("*.txt"))


@pytest.fixture
def server(settings):
    with mail_server(settings) as received:
        yield received


@pytest.fixture
def logs(caplog):
    """Every line that the program logs, at any level; the test's own mail server repeats what it is told, and the storage's
    client talks about itself where anybody asks for its debugging lines."""
    caplog.set_level(logging.DEBUG)
    others = ("mail.", "boto", "urllib3", "s3transfer")

    class Ours:
        @property
        def text(self) -> str:
            return "\n".join(line.getMessage() for line in caplog.records if not line.name.startswith(others))

    return Ours()


def nothing_clinical(text: str, *, allowed: str = "") -> None:
    plain = text.lower().replace("dermforward", "")
    for part in allowed.lower().split():
        plain = plain.replace(part, "")
    assert [word for word in WORDS if word in plain] == []


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("template", TEMPLATES)
def test_a_mail_template_shows_nothing_of_what_it_is_given_but_its_link_code_and_days(server, template, language, logs):
    given = dict.fromkeys(
        ["patient", "case", "clinic", "group", "reason", "site", "name", "user", "problem", "text", "subject", "by"],
        "MARKmelanoma",
    )
    context = given | {"link": "https://d.test/l/x", "code": "AAAAA-BBBBB", "days": 14}
    mail.send_notice(to="a@example.test", template=template, context=context, dedupe_key="k", language=language)
    nothing_clinical(server.plain() + logs.text)


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("template", TEXTS)
@pytest.mark.parametrize("provider", ["smtp", "console"])
def test_a_text_message_fits_one_message_and_says_only_sign_in(server, settings, template, language, provider, logs):
    settings.SMS_PROVIDER, settings.SMS_GATEWAY = provider, "sms.test"
    sms.send_notice(to="+16145550101", template=template, dedupe_key="k", language=language)
    if provider == "smtp":
        assert server.envelopes[0][1] == ("16145550101@sms.test",)
        body = mail.email.message_from_bytes(server.raw[0]).get_payload(decode=True).decode().strip()
        assert len(body) <= sms.MAX_LENGTH
    assert "5550101" not in logs.text
    nothing_clinical(server.plain() + logs.text)


@pytest.fixture
def marked(patient, clinic, group, dana, ana, draft):
    """Everything that a notice could give away carries a mark."""
    for row, changes in (
        (patient, {"first_name": MARKS["name"], "last_name": MARKS["surname"], "mrn": MARKS["mrn"],
                   "address_line1": MARKS["street"]}),
        (ana, {"first_name": MARKS["name"], "last_name": MARKS["surname"]}),
        (clinic, {"name": MARKS["clinic"]}),
        (group, {"name": MARKS["group"]}),
        (dana, {"last_name": MARKS["clinician"]}),
        (draft, {"reason": MARKS["reason"], "history": MARKS["history"]}),
    ):  # fmt: skip
        type(row).objects.filter(pk=row.pk).update(**changes)
        row.refresh_from_db()
    return patient


def everything_leaves() -> None:
    for row in OutgoingMail.objects.filter(work_status="waiting"):
        send_mail_task(str(row.pk))
    for row in Delivery.objects.filter(work_status="waiting"):
        delivery.send_notice(row.pk)


def test_no_mark_leaves_in_any_byte_address_or_log_line(
    marked, server, logs, answered, draft, ana, ben, dana, settings
):
    smtp = (settings.EMAIL_HOST, settings.EMAIL_PORT)
    review = answered()
    settings.EMAIL_BACKEND = SMTP
    settings.EMAIL_HOST, settings.EMAIL_PORT = smtp
    making.make_letters(review.letter_pairs.get().pk)
    delivery.add_addendum(
        review=review, by=dana, text=MARKS["text"], patient_text=MARKS["text"], changes={"plan": True}
    )
    messages.send(case=review.case, by=ben, text=MARKS["text"], key=review.pk)
    notices.tell_of_request(review.case, by=ben, key="request")
    other = factories.make_patient(marked.home_clinic, first_name=MARKS["name"], last_name=MARKS["surname"], email="b@example.test")  # fmt: skip
    invite_patient(by=ben, patient=other)
    asked = factories.make_draft(other, by=ben, reason=MARKS["reason"])
    related.make_link(by=ben, case=asked)
    ask_for_password_reset(email=ana.email)
    set_password(user=ana, password="correct horse battery staple two")
    ask_for_email_change(user=ana, email="new@example.test")
    # what cannot wait, by telephone too; what is brought up again; mail that comes back
    settings.SMS_PROVIDER, settings.SMS_GATEWAY = "smtp", "sms.test"
    type(ben).objects.filter(pk=review.case.referring_clinician_id).update(phone="614-555-0101")
    review.case.refresh_from_db()
    critical.mark(review=review, by=dana, note=MARKS["text"])
    everything_leaves()
    before = len(server.raw)
    critical.tick(timezone.now() + timedelta(days=3))
    followup.tick(timezone.now() + timedelta(days=40))
    paper.came_back(identity=server.identities[0], address=ana.email, at=timezone.now())
    everything_leaves()
    assert len(server.raw) >= before + 2
    assert any(to == ("16145550101@sms.test",) for _, to in server.envelopes)
    assert len(server.raw) >= 9
    assert not OutgoingMail.objects.exclude(work_status="done").exists()
    nothing_clinical(server.plain() + logs.text)


def test_killed_between_sending_and_marking_it_is_sent_again_and_shown_once(
    server, answered, settings, monkeypatch, sign_in, ana
):
    smtp = (settings.EMAIL_HOST, settings.EMAIL_PORT)
    review = answered(referred=False)
    settings.EMAIL_BACKEND = SMTP
    settings.EMAIL_HOST, settings.EMAIL_PORT = smtp
    row = review.deliveries.get()

    class Killed(BaseException):
        pass

    def killed(*args, **kwargs):
        raise Killed

    with monkeypatch.context() as cut:
        cut.setattr(work, "settle", killed)
        with pytest.raises(Killed):
            delivery.send_notice(row.pk)
    row.refresh_from_db()
    assert (row.work_status, row.notice_sent_at, len(server.raw)) == ("working", None, 1)
    # the lease runs out, as it does a minute after the kill
    Delivery.objects.filter(pk=row.pk).update(due_at=timezone.now())
    delivery.send_notice(row.pk)
    delivery.send_notice(row.pk)
    row.refresh_from_db()
    assert (row.work_status, len(server.raw), len(set(server.identities))) == ("done", 2, 1)
    assert row.notice_id == server.identities[0]
    page = sign_in(ana).get("/my/").content.decode()
    assert page.count(f"/my/results/{review.case_id}/") <= 2  # one case, with its picture and its name
    assert Delivery.objects.filter(case=review.case).count() == 1


def test_a_server_that_is_away_blocks_nothing_and_loses_nothing(server, answered, settings, ana):
    smtp = (settings.EMAIL_HOST, settings.EMAIL_PORT)
    review = answered()
    settings.EMAIL_BACKEND = SMTP
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    queue_mail("message_waiting", to=ana.email)
    for _ in range(7):
        Delivery.objects.filter(work_status="waiting").update(due_at=timezone.now())
        everything_leaves()
    assert {row.work_status for row in (*Delivery.objects.all(), *OutgoingMail.objects.all())} == {"waiting"}
    # what needs no mail goes on
    assert delivery.acknowledge(case=review.case, kind="patient", by=ana) == 1
    settings.EMAIL_HOST, settings.EMAIL_PORT = smtp
    server.answers = ["451 try again later", "250 OK"]
    everything_leaves()
    everything_leaves()
    assert len(server.raw) == len(set(server.identities)) == 3


@pytest.mark.parametrize("channel", ["sms", "email"])
def test_a_notice_goes_the_way_that_was_chosen(server, answered, settings, ana, channel):
    smtp = (settings.EMAIL_HOST, settings.EMAIL_PORT)
    settings.SMS_PROVIDER, settings.SMS_GATEWAY = "smtp", "sms.test"
    type(ana).objects.filter(pk=ana.pk).update(phone="(614) 555-0101")
    ContactPreference.objects.create(user=ana, channel=channel, quiet_from="00:00", quiet_until="00:00")
    answered(referred=False)
    settings.EMAIL_BACKEND = SMTP
    settings.EMAIL_HOST, settings.EMAIL_PORT = smtp
    queue_mail("message_waiting", to=ana.email)
    everything_leaves()
    assert {to for _, to in server.envelopes} == {("16145550101@sms.test",) if channel == "sms" else (ana.email,)}
    assert len(server.raw) == 2
