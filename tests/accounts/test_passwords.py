import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from config import mail
from config.accounts.signin_models import OutgoingMail
from config.accounts.tasks import send_mail_task
from config.audit.models import AuditEvent
from tests import factories

pytestmark = pytest.mark.django_db
ASK = "/accounts/password/forgot/"
NEW = "four quiet garden lamps"


@pytest.fixture(autouse=True)
def mail_folder(settings, tmp_path):
    settings.EMAIL_BACKEND = "config.mail.FolderBackend"
    settings.MAIL_FOLDER = tmp_path / "mail"


def deliver_all() -> list[mail.KeptMail]:
    for row in OutgoingMail.objects.filter(work_status="waiting"):
        send_mail_task(str(row.pk))
    return mail.kept_mails()


def link_in(message: mail.KeptMail) -> str:
    return re.search(r"http://[^/\s]+(/\S+)", message.body).group(1)


def ask_and_open(client, user):
    client.post(ASK, {"email": user.email})
    [message] = deliver_all()
    return client.get(link_in(message)).url


def test_the_link_sets_a_new_password_once(client, ben):
    form = ask_and_open(client, ben)
    assert form.endswith("/now/")  # the token is in no address that a later page could name
    response = client.post(form, {"new_password": NEW, "again": NEW})
    assert response.url == "/accounts/login/"
    ben.refresh_from_db()
    assert ben.check_password(NEW)
    [message] = [m for m in deliver_all() if m.subject == "Set a new password"]
    assert client.get(client.get(link_in(message)).url).status_code == 410


def test_the_answer_and_the_work_do_not_tell_who_has_an_account(client, ben):
    pages = []
    for email in (ben.email, "nobody@example.test"):
        with CaptureQueriesContext(connection) as queries:
            answer = Client().post(ASK, {"email": email})
        pages.append((answer.status_code, answer.content.decode().replace(email, "-"), len(queries)))
    strip = [(status, re.sub(r"[A-Za-z0-9]{64}", "token", text), count) for status, text, count in pages]
    assert strip[0] == strip[1]


def test_no_mail_goes_where_there_is_no_account(client, db):
    client.post(ASK, {"email": "nobody@example.test"})
    assert deliver_all() == []
    assert OutgoingMail.objects.get().work_status == "done"


def test_an_account_that_is_off_gets_no_link(client, ben):
    ben.is_active = False
    ben.save()
    client.post(ASK, {"email": ben.email})
    assert deliver_all() == []


def test_asking_is_throttled(client, ben):
    for _ in range(3):
        assert client.post(ASK, {"email": ben.email}).status_code == 200
    assert client.post(ASK, {"email": ben.email}).status_code == 429
    assert OutgoingMail.objects.count() == 3


def test_the_link_ends_after_an_hour(client, ben, time_machine):
    time_machine.move_to("2026-11-24 10:00:00+00:00", tick=False)
    form = ask_and_open(client, ben)
    assert client.get(form).status_code == 200
    time_machine.shift(3601)
    assert "no longer works" in client.get(form).content.decode()


@pytest.mark.parametrize("uid", ["bm90LWEtdXVpZA", "!!", "AAAA"])
def test_a_made_up_link_is_refused(client, db, uid):
    assert client.get(client.get(f"/accounts/password/set/{uid}/abc-def/").url).status_code == 410


@pytest.mark.parametrize(
    ("password", "reason"),
    [("short", "too short"), ("password1234", "too common"), ("", "Enter a new password")],
)
def test_weak_passwords_are_refused(client, ben, password, reason):
    form = ask_and_open(client, ben)
    answer = client.post(form, {"new_password": password, "again": password})
    assert answer.status_code == 200 and reason in answer.content.decode()
    ben.refresh_from_db()
    assert ben.check_password(factories.PASSWORD)


def test_a_reset_ends_every_session(client, ben):
    elsewhere = Client()
    elsewhere.post("/accounts/login/", {"email": ben.email, "password": factories.PASSWORD})
    form = ask_and_open(client, ben)
    client.post(form, {"new_password": NEW, "again": NEW})
    assert elsewhere.get("/accounts/me/").status_code == 302


def test_changing_it_needs_the_old_one_and_keeps_only_this_session(client, ben):
    elsewhere = Client()
    for browser in (client, elsewhere):
        browser.post("/accounts/login/", {"email": ben.email, "password": factories.PASSWORD})
    wrong = {"old_password": "guess", "new_password": NEW, "again": NEW}
    assert "This is not your password" in client.post("/accounts/password/", wrong).content.decode()
    right = wrong | {"old_password": factories.PASSWORD}
    assert client.post("/accounts/password/", right).url == "/accounts/me/"
    assert client.get("/accounts/me/").status_code == 200
    assert elsewhere.get("/accounts/me/").status_code == 302
    assert AuditEvent.objects.filter(verb="account.password_changed", actor=ben).count() == 1
    assert [m.subject for m in deliver_all()] == ["Your password was changed"]


def test_two_different_new_passwords_are_refused(client, sign_in, ben):
    answer = sign_in(ben).post(
        "/accounts/password/", {"old_password": factories.PASSWORD, "new_password": NEW, "again": NEW + "x"}
    )
    assert "The two passwords differ" in answer.content.decode()


def test_real_settings_hash_with_argon2():
    from config.settings import base

    assert base.PASSWORD_HASHERS[0].endswith("Argon2PasswordHasher")
