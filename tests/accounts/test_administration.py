import uuid
from datetime import date

import pytest
from django.test import Client

from config import mail
from config.accounts import services
from config.accounts.models import Membership, User
from config.accounts.services import AdministrationRefused, create_invitation
from config.accounts.signin_models import OutgoingMail
from config.accounts.tasks import send_mail_task
from config.accounts.views import administration
from config.audit.models import AuditEvent
from tests import factories

pytestmark = pytest.mark.django_db
PAGES = [
    "/administration/",
    "/administration/people/new/",
    "/administration/clinics/",
    "/administration/licences/",
    "/administration/invitations/",
    "/administration/mail/",
    "/administration/audit/",
    "/administration/data/",
    "/administration/data/accounts/user/",
    "/administration/data/accounts/licence/add/",
]


@pytest.mark.parametrize("url", PAGES)
def test_administrators_only(url, sign_in, ada, ben, dana):
    assert Client().get(url, follow=True).redirect_chain[-1][0] == f"/accounts/login/?next={url}"
    assert sign_in(ben).get(url, follow=True).status_code == 404
    assert sign_in(dana).get(url, follow=True).status_code == 404
    assert sign_in(ada).get(url).status_code == 200


def test_the_flag_is_staff_opens_nothing(sign_in, clinic):
    flagged = factories.make_user("Flag", "staff", clinic, is_staff=True, is_superuser=True)
    assert sign_in(flagged).get("/administration/data/", follow=True).status_code == 404


def test_people_are_found_by_name_and_address(sign_in, ada, ben, kay):
    client = sign_in(ada)
    assert [p.email for p in client.get("/administration/", {"q": "ben sam"}).context["people"]] == [ben.email]
    assert [p.email for p in client.get("/administration/", {"q": kay.email}).context["people"]] == [kay.email]
    assert "Nobody found" in client.get("/administration/", {"q": "zzz"}).content.decode()


def test_the_list_goes_on_after_the_last_address(sign_in, ada, monkeypatch):
    monkeypatch.setattr(administration, "PAGE", 2)
    for n in range(4):
        factories.make_user("Many", email=f"many{n}@example.test")
    client, seen, after = sign_in(ada), [], ""
    while True:
        page = client.get("/administration/", {"after": after}).context
        seen += [person.email for person in page["people"]]
        after = page["more"]
        if not after:
            break
    assert seen == sorted(User.objects.values_list("email", flat=True))


def test_the_list_asks_the_same_number_of_questions_for_any_length(sign_in, ada, clinic, django_assert_max_num_queries):
    for _ in range(10):
        factories.make_user("Many", "staff", clinic)
    client = sign_in(ada)
    with django_assert_max_num_queries(10):
        client.get("/administration/")


def test_a_new_colleague_gets_a_role_and_a_link(sign_in, ada, clinic):
    data = {
        "first_name": "Nora",
        "last_name": "New",
        "email": "Nora@Example.test",
        "clinic": clinic.pk,
        "role": "staff",
    }
    sign_in(ada).post("/administration/people/new/", data)
    nora = User.objects.get(email="nora@example.test")
    assert nora.roles == {"staff"} and not nora.has_usable_password()
    assert OutgoingMail.objects.get().template == "welcome"
    assert set(AuditEvent.objects.values_list("verb", flat=True)) >= {"account.created", "membership.granted"}


def test_an_address_in_use_is_refused_with_the_way_on(sign_in, ada, ben, clinic):
    data = {"first_name": "B", "last_name": "B", "email": ben.email, "clinic": clinic.pk, "role": "staff"}
    page = sign_in(ada).post("/administration/people/new/", data)
    assert "Find it under People" in page.content.decode()


def test_a_role_is_added_and_ended(sign_in, ada, ben, clinic):
    client, url = sign_in(ada), f"/administration/people/{ben.pk}/"
    client.post(url, {"clinic": clinic.pk, "role": "referrer"})
    membership = Membership.objects.get(user=ben, role="referrer")
    assert membership.is_active
    client.post(url + "end-role/", {"membership": membership.pk})
    assert User.objects.get(pk=ben.pk).roles == {"staff"}
    client.post(url, {"clinic": clinic.pk, "role": "referrer"})
    assert Membership.objects.get(pk=membership.pk).is_active


def test_the_last_way_in_is_not_sawn_off(ada):
    with pytest.raises(AdministrationRefused):
        services.end_membership(by=ada, membership=ada.memberships.get())
    with pytest.raises(AdministrationRefused):
        services.set_active(by=ada, users=[ada], active=False)


def test_an_account_is_turned_off_and_on(sign_in, ada, ben):
    client, url = sign_in(ada), f"/administration/people/{ben.pk}/"
    client.post(url + "turn-off/")
    ben.refresh_from_db()
    assert not ben.is_active
    client.post(url + "turn-on/")
    ben.refresh_from_db()
    assert ben.is_active


@pytest.mark.parametrize(("action", "status"), [("make-coffee", 404), ("end-role", 404)])
def test_an_unknown_action_is_unknown(sign_in, ada, ben, action, status):
    assert sign_in(ada).post(f"/administration/people/{ben.pk}/{action}/").status_code == status


def test_invitations_are_listed_and_taken_back(sign_in, ada, ben, clinic):
    invitation, code = create_invitation(
        by=ben,
        subject_id=uuid.uuid4(),
        email="m@example.test",
        date_of_birth=date(1959, 4, 23),
        clinic=clinic,
    )
    client = sign_in(ada)
    page = client.get("/administration/invitations/").content.decode()
    assert "m@example.test" in page and code not in page and "1959" not in page
    client.post(f"/administration/invitations/{invitation.pk}/revoke/")
    invitation.refresh_from_db()
    assert invitation.state == "stopped"


def test_kept_mail_is_read_in_the_browser(sign_in, ada, settings, tmp_path):
    settings.EMAIL_BACKEND, settings.MAIL_FOLDER = "config.mail.FolderBackend", tmp_path
    row = services.queue_mail("password_changed", to="m@example.test")
    send_mail_task(str(row.pk))
    [kept] = mail.kept_mails()
    client = sign_in(ada)
    assert "Your password was changed" in client.get("/administration/mail/").content.decode()
    assert "signed out" in client.get(f"/administration/mail/{kept.name}/").content.decode()
    assert client.get("/administration/mail/unknown/").status_code == 404


def test_the_data_tables_change_rows_with_a_trace_and_delete_nothing(sign_in, ada, clinic):
    client = sign_in(ada)
    url = f"/administration/data/accounts/clinic/{clinic.pk}/"
    form = client.get(url + "change/").context["adminform"].form
    data = {name: form.initial.get(name) or "" for name in form.fields} | {
        "name": "Renamed Clinic",
        "is_active": "on",
    }
    assert client.post(url + "change/", data).status_code == 302
    clinic.refresh_from_db()
    assert clinic.name == "Renamed Clinic"
    event = AuditEvent.objects.get(verb="data.changed")
    assert event.data == {"fields": ["name"]} and event.actor == ada
    assert client.post(url + "delete/", {"post": "yes"}).status_code == 403


def test_the_data_tables_offer_no_password_and_no_flags(sign_in, ada, ben):
    page = sign_in(ada).get(f"/administration/data/accounts/user/{ben.pk}/change/").content.decode()
    assert "is_superuser" not in page and 'name="password' not in page
