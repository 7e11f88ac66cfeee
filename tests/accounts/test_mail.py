import email
import smtplib
import threading
from pathlib import Path

import pytest
from django.conf import settings as project
from django.core.exceptions import ImproperlyConfigured
from django.core.mail.backends.base import BaseEmailBackend

from config import mail
from config.accounts.services import queue_mail
from config.accounts.signin_models import OutgoingMail
from config.accounts.tasks import send_mail_task
from config.settings.mail import mail_settings
from tests.journeys.running import free_port
from tests.mail_server import SMTP, mail_server

TEMPLATES = sorted(path.stem for path in Path(project.BASE_DIR, "templates/emails").glob("*.txt"))
CLINICAL = (
    "skin rash mole lesion eye eyelid cancer melanoma spot diagnosis dermatology dermatologist ophthalm specialist "
    "photo picture result treatment biopsy doctor urgent case review"
).split()


@pytest.fixture
def folder(settings, tmp_path):
    settings.EMAIL_BACKEND = "config.mail.FolderBackend"
    settings.MAIL_FOLDER = tmp_path / "mail"
    return settings.MAIL_FOLDER


def notice(**fields) -> str:
    return mail.send_notice(**({"to": "m@example.test", "template": "message_waiting", "dedupe_key": "a"} | fields))


def test_a_notice_says_that_something_waits_and_nothing_of_what(folder):
    notice()
    [kept] = mail.kept_mails()
    assert (kept.subject, kept.to) == ("You have a message", "m@example.test")
    assert kept.body.strip() == f"You have a message. Sign in to read it:\n\n{mail.public_url('/accounts/login/')}"


@pytest.mark.parametrize("template", TEMPLATES)
def test_no_message_holds_a_clinical_word(folder, template):
    context = {"link": "https://example.test/x", "code": "AAAAA-BBBBB", "days": 14}
    notice(template=template, context=context)
    [kept] = mail.kept_mails()
    words = f"{kept.subject} {kept.body}".lower()
    assert not [word for word in CLINICAL if word in words]


def test_the_same_message_twice_is_one(folder):
    assert notice() == notice()
    assert len(list(folder.glob("*.eml"))) == 1
    assert notice(dedupe_key="b") != notice()


def test_a_kept_message_is_a_mail_that_any_program_reads(folder):
    identity = notice()
    [path] = folder.glob("*.eml")
    message = email.message_from_bytes(path.read_bytes())
    assert message["Message-ID"] == identity
    assert message["Auto-Submitted"] == "auto-generated"
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["../secrets/secret-key", "..", "unknown", ""])
def test_only_names_from_the_list_are_read(folder, name):
    notice()
    assert mail.kept_mail(name) is None


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, {"EMAIL_BACKEND": "config.mail.FolderBackend"}),
        ({"EMAIL_URL": "smtp+tls://u%40x:p%2F@mail.test:2525"},
         {"EMAIL_HOST": "mail.test", "EMAIL_PORT": 2525, "EMAIL_HOST_USER": "u@x", "EMAIL_HOST_PASSWORD": "p/",
          "EMAIL_USE_TLS": True, "EMAIL_USE_SSL": False}),
        ({"EMAIL_URL": "smtps://mail.test"}, {"EMAIL_PORT": 465, "EMAIL_USE_SSL": True}),
        ({"SMTP_HOST": "mail.test"}, {"EMAIL_PORT": 587, "EMAIL_USE_TLS": True}),
        ({"SMTP_HOST": "mail.test", "SMTP_SECURITY": "none"}, {"EMAIL_PORT": 25, "EMAIL_USE_TLS": False}),
    ],
)  # fmt: skip
def test_settings_from_the_environment(monkeypatch, tmp_path, environment, expected):
    for name in ("EMAIL_URL", "SMTP_HOST", "SMTP_SECURITY", "SMTP_PORT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found = mail_settings(tmp_path)
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize("environment", [{"EMAIL_URL": "mail.test"}, {"SMTP_HOST": "m", "SMTP_SECURITY": "maybe"}])
def test_settings_that_cannot_be_understood_stop_the_start(monkeypatch, tmp_path, environment):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured):
        mail_settings(tmp_path)


class DeadServer(BaseEmailBackend):
    def send_messages(self, email_messages):
        raise smtplib.SMTPServerDisconnected("m@example.test is not served")


class NoSuchMailbox(BaseEmailBackend):
    def send_messages(self, email_messages):
        raise smtplib.SMTPRecipientsRefused({"m@example.test": (550, b"no such mailbox: m@example.test")})


class FullMailbox(BaseEmailBackend):
    def send_messages(self, email_messages):
        raise smtplib.SMTPRecipientsRefused({"m@example.test": (452, b"mailbox full: m@example.test")})


def tried(row, times: int) -> OutgoingMail:
    for _ in range(times):
        send_mail_task(str(row.pk))
    row.refresh_from_db()
    return row


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("server", "fault"), [("DeadServer", "SMTPServerDisconnected"), ("FullMailbox", "SMTPRecipientsRefused")]
)
def test_an_outage_of_any_length_delays_a_message_and_keeps_no_address_in_the_error(settings, server, fault):
    settings.EMAIL_BACKEND = f"tests.accounts.test_mail.{server}"
    row = tried(queue_mail("password_changed", to="m@example.test"), 8)
    assert (row.work_status, row.attempts, row.last_error) == ("waiting", 0, fault)


@pytest.mark.django_db
def test_a_port_where_nobody_listens_is_an_outage(settings):
    settings.EMAIL_BACKEND = SMTP
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    row = tried(queue_mail("password_changed", to="m@example.test"), 6)
    assert (row.work_status, row.attempts, row.last_error) == ("waiting", 0, "ConnectionRefusedError")


@pytest.mark.django_db
def test_a_message_that_came_through_after_an_outage_is_sent_once(settings, folder):
    settings.EMAIL_BACKEND = "tests.accounts.test_mail.DeadServer"
    row = tried(queue_mail("password_changed", to="m@example.test"), 6)
    settings.EMAIL_BACKEND = "config.mail.FolderBackend"
    assert tried(row, 2).work_status == "done"
    assert len(mail.kept_mails()) == 1


@pytest.mark.django_db
def test_an_address_that_the_server_refuses_for_good_needs_attention_after_five_tries(settings):
    settings.EMAIL_BACKEND = "tests.accounts.test_mail.NoSuchMailbox"
    row = tried(queue_mail("password_changed", to="m@example.test"), 8)
    assert (row.work_status, row.attempts, row.last_error) == ("dead", 5, "SMTPRecipientsRefused")


@pytest.mark.django_db
def test_a_doubled_task_sends_once_and_the_code_is_forgotten(folder):
    row = queue_mail("invitation", to="m@example.test", context={"code": "AAAAA-BBBBB", "days": 14})
    send_mail_task(str(row.pk))
    send_mail_task(str(row.pk))
    row = OutgoingMail.objects.get()
    assert (row.work_status, row.context, row.attempts) == ("done", {}, 1)
    assert row.settled_at is not None
    [kept] = mail.kept_mails()
    assert "AAAAA-BBBBB" in kept.body


# one connection for many messages


@pytest.fixture
def server(settings):
    with mail_server(settings) as received:
        yield received


def send(number: int) -> str:
    return mail.send_notice(to="m@example.test", template="password_changed", dedupe_key=f"k{number}")


def test_messages_share_a_connection_and_each_arrives_once(server):
    sent = [send(number) for number in range(5)]
    assert server.identities == sent
    assert len(set(server.peers)) == 1


def test_a_connection_is_not_used_for_ever(server, monkeypatch):
    monkeypatch.setattr(mail, "MESSAGES_A_CONNECTION", 2)
    for number in range(5):
        send(number)
    assert len(server.raw) == 5 and len(set(server.peers)) == 3


def test_a_connection_that_was_idle_too_long_is_replaced(server, monkeypatch):
    send(1)
    monkeypatch.setattr(mail, "IDLE_SECONDS", 0)
    send(2)
    assert len(set(server.peers)) == 2


def test_a_message_that_was_refused_for_now_costs_the_connection_and_no_other_message(server):
    server.answers = ["250 OK", "451 try again later"]
    send(1)
    with pytest.raises(smtplib.SMTPDataError):
        send(2)
    send(3)
    assert len(server.raw) == 2 and len(set(server.peers)) == 2


def test_a_server_that_hung_up_or_moved_meanwhile_is_called_again(server, settings):
    send(1)
    mail._kept.connection.sock.close()
    send(2)
    with mail_server(settings) as another:
        send(3)
    assert len(server.raw) == 2 and len(another.raw) == 1


def test_each_thread_has_its_own(server):
    send(1)
    worker = threading.Thread(target=lambda: (send(2), mail.hang_up()))
    worker.start()
    worker.join()
    assert len(set(server.peers)) == 2


def test_a_server_that_does_not_answer_is_left_alone_for_a_minute(server, settings, monkeypatch):
    address, now, calls = settings.EMAIL_PORT, [1000.0], []
    monkeypatch.setattr(mail.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(mail, "_away", {})
    real = mail.EmailBackend.open
    monkeypatch.setattr(mail.EmailBackend, "open", lambda self: (calls.append(self.port), real(self))[1])
    settings.EMAIL_PORT = gone = free_port()
    for number in range(5):
        with pytest.raises(ConnectionRefusedError):
            send(number)
    assert calls.count(gone) == 1
    now[0] += mail.AWAY_SECONDS + 1
    with pytest.raises(ConnectionRefusedError):
        send(6)
    # another server is not held up by it, and it is asked again once it is back
    settings.EMAIL_PORT = address
    send(7)
    assert len(server.raw) == 1
