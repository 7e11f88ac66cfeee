import re

import pytest
from django import forms

from config import mail
from config.accounts import hooks
from config.accounts.models import User
from config.accounts.services import LinkRefused, confirm_email_change
from config.accounts.signin_models import OutgoingMail
from config.accounts.tasks import send_mail_task
from tests import factories

pytestmark = pytest.mark.django_db
NEW = "new.address@example.test"


@pytest.fixture(autouse=True)
def mail_folder(settings, tmp_path):
    settings.EMAIL_BACKEND = "config.mail.FolderBackend"
    settings.MAIL_FOLDER = tmp_path / "mail"


def deliver_all() -> list[mail.KeptMail]:
    for row in OutgoingMail.objects.filter(work_status="waiting"):
        send_mail_task(str(row.pk))
    return mail.kept_mails()


def test_name_and_phone(sign_in, ben):
    data = {"form": "profile", "first_name": "Benno", "last_name": "Sample", "phone": "614-555-0123"}
    assert sign_in(ben).post("/accounts/me/", data).status_code == 302
    ben.refresh_from_db()
    assert (ben.first_name, ben.phone) == ("Benno", "614-555-0123")


def test_an_empty_name_is_named(sign_in, ben):
    page = sign_in(ben).post("/accounts/me/", {"form": "profile", "first_name": "", "last_name": "S"})
    assert "Enter the first name." in page.content.decode()


def test_nothing_else_can_be_changed_that_way(sign_in, ben):
    data = {
        "form": "profile",
        "first_name": "B",
        "last_name": "S",
        "is_superuser": "1",
        "email": "x@example.test",
    }
    sign_in(ben).post("/accounts/me/", data)
    ben.refresh_from_db()
    assert not ben.is_superuser and ben.email != "x@example.test"


class CityForm(forms.Form):
    city = forms.CharField()
    saved: list = []

    def __init__(self, data=None, *, user, prefix):
        super().__init__(data, prefix=prefix)

    def save(self, *, by):
        self.saved.append((by, self.cleaned_data["city"]))


def test_other_apps_add_cards_for_those_they_concern(sign_in, ben, ada, monkeypatch):
    monkeypatch.setattr(hooks, "_profile_forms", {})
    hooks.register_profile_form(hooks.ProfileForm("home", "Postal address", lambda user: user == ben, CityForm))
    client = sign_in(ben)
    assert "Postal address" in client.get("/accounts/me/").content.decode()
    client.post("/accounts/me/", {"form": "home", "home-city": "Columbus"})
    assert CityForm.saved == [(ben, "Columbus")]
    assert "Postal address" not in sign_in(ada).get("/accounts/me/").content.decode()


def ask(client, email=NEW, password=factories.PASSWORD):
    return client.post("/accounts/me/email/", {"email": email, "password": password})


def link(messages) -> str:
    [message] = [m for m in messages if m.subject == "Confirm your new e-mail address"]
    return re.search(r"http://[^/\s]+(/\S+)", message.body).group(1)


def test_the_new_address_counts_only_after_its_link_was_confirmed(sign_in, ben):
    client = sign_in(ben)
    old = ben.email
    ask(client)
    url = link(deliver_all())
    ben.refresh_from_db()
    assert ben.email == old
    client.get(url)  # a mail program looking at the link changes nothing
    ben.refresh_from_db()
    assert ben.email == old
    client.post(url)
    ben.refresh_from_db()
    assert ben.email == NEW
    assert [m.to for m in deliver_all() if m.subject == "Your e-mail address was changed"] == [old]


def test_the_link_works_once_and_not_after_a_day(sign_in, ben, time_machine):
    time_machine.move_to("2026-11-24 10:00:00+00:00", tick=False)
    ask(sign_in(ben))
    token = link(deliver_all()).rstrip("/").rpartition("/")[2]
    time_machine.shift(24 * 3600 + 1)
    with pytest.raises(LinkRefused):
        confirm_email_change(token=token)
    time_machine.shift(-3600)
    confirm_email_change(token=token)
    with pytest.raises(LinkRefused):
        confirm_email_change(token=token)


def test_an_address_in_use_gets_no_link_and_the_page_does_not_tell(sign_in, ben, ada):
    answer = ask(sign_in(ben), email=ada.email)
    assert answer.url == "/accounts/me/"
    assert deliver_all() == []


def test_an_address_taken_meanwhile_is_refused(sign_in, ben):
    ask(sign_in(ben))
    url = link(deliver_all())
    factories.make_user("Quick", email=NEW)
    assert sign_in(ben).post(url).status_code == 410
    assert User.objects.filter(email=NEW).count() == 1


def test_it_needs_the_password(sign_in, ben):
    assert "This is not your password" in ask(sign_in(ben), password="guess").content.decode()
    assert not OutgoingMail.objects.exists()


def test_a_made_up_link_is_refused(client, db):
    assert client.post("/accounts/email/made-up/").status_code == 410
