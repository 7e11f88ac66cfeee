import threading

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse

from config.accounts import throttle
from config.accounts.models import Membership
from config.accounts.signin_models import Attempt
from config.audit.models import AuditEvent
from tests import factories

pytestmark = pytest.mark.django_db
URL = "/accounts/login/"


def sign_in(client, email, password=factories.PASSWORD, **extra):
    return client.post(URL, {"email": email, "password": password}, **extra)


@pytest.mark.parametrize(
    ("person", "lands_on"),
    [
        ("patient", "intake:patient_home"),
        ("ben", "intake:triage_queue"),
        ("ruth", "review:referrer_home"),
        ("dana", "review:worklist"),
        ("olga", "review:worklist"),
        ("kay", "billing:desk"),
        ("ada", "accounts:administration"),
    ],
)
def test_each_role_lands_on_its_own_list(client, request, person, lands_on):
    user = request.getfixturevalue(person)
    user = getattr(user, "user", user)
    assert sign_in(client, user.email).url == reverse(lands_on)
    assert client.get("/").url == reverse(lands_on)


def test_the_address_is_read_without_regard_to_case(client, ben):
    assert sign_in(client, f" {ben.email.upper()} ").status_code == 302


def test_a_wrong_password_and_an_unknown_address_read_the_same(client, ben):
    wrong = sign_in(client, ben.email, "not the password").content.decode()
    unknown = sign_in(client, "nobody@example.test").content.decode()
    sentence = "The e-mail address and the password do not fit together."
    assert sentence in wrong and sentence in unknown
    refused = AuditEvent.objects.filter(verb="account.sign_in_refused")
    assert refused.count() == 2
    assert not any("example.test" in str(event.data) for event in refused)


def test_an_account_that_is_off_cannot_sign_in(client, ben):
    ben.is_active = False
    ben.save()
    assert "do not fit together" in sign_in(client, ben.email).content.decode()


def test_the_session_key_changes_at_sign_in(client, ben):
    session = client.session  # a session from before, as one planted by somebody else would be
    session["planted"] = True
    session.save()
    client.cookies["sessionid"] = before = session.session_key
    sign_in(client, ben.email)
    assert client.cookies["sessionid"].value != before


def test_the_sixth_guess_from_one_address_is_told_how_long_to_wait(client, ben):
    for _ in range(5):
        assert sign_in(client, ben.email, "wrong guess").status_code == 200
    refused = sign_in(client, ben.email)
    assert refused.status_code == 429
    assert "Too many tries. Wait 15 minutes, then try again." in refused.content.decode()


def test_after_the_wait_it_goes_on(client, ben, time_machine):
    time_machine.move_to("2026-11-24 10:00:00+00:00", tick=False)
    for _ in range(6):
        sign_in(client, ben.email, "wrong guess")
    time_machine.shift(14 * 60)
    assert "Wait 1 minute," in sign_in(client, ben.email).content.decode()
    time_machine.shift(61)
    assert sign_in(client, ben.email).status_code == 302


def test_a_strangers_guesses_do_not_lock_the_owner_out(client, ben):
    stranger = Client(REMOTE_ADDR="203.0.113.66")
    for _ in range(8):
        sign_in(stranger, ben.email, "wrong guess")
    assert sign_in(stranger, ben.email).status_code == 429
    assert sign_in(client, ben.email).status_code == 302


def test_one_address_that_tries_many_accounts_is_stopped(client, ben):
    for n in range(throttle.SIGN_IN_ADDRESS.tries):
        sign_in(client, f"guess{n}@example.test")
    assert sign_in(client, ben.email).status_code == 429
    assert sign_in(Client(REMOTE_ADDR="203.0.113.67"), ben.email).status_code == 302


def test_neighbours_in_one_ipv6_network_are_one_address(client, ben):
    for n in range(5):
        sign_in(Client(REMOTE_ADDR=f"2001:db8:1:2::{n}"), ben.email, "wrong guess")
    assert sign_in(Client(REMOTE_ADDR="2001:db8:1:2:ffff::1"), ben.email).status_code == 429
    assert sign_in(Client(REMOTE_ADDR="2001:db8:1:3::1"), ben.email).status_code == 302


def test_success_clears_the_count(client, ben):
    for _ in range(4):
        sign_in(client, ben.email, "wrong guess")
    sign_in(client, ben.email)
    client.post("/accounts/logout/")
    for _ in range(4):
        sign_in(client, ben.email, "wrong guess")
    assert sign_in(client, ben.email).status_code == 302


def test_tries_keep_no_address_and_no_email(client, ben):
    sign_in(client, ben.email, "wrong guess", REMOTE_ADDR="203.0.113.7")
    for row in Attempt.objects.values_list("key", flat=True):
        assert ben.email not in row and "203.0" not in row


@pytest.mark.django_db(transaction=True)
def test_twelve_guesses_at_once_are_all_counted(ben):
    start = threading.Barrier(12)
    outcomes = []

    def guess():
        try:
            start.wait()
            throttle.attempt((throttle.SIGN_IN_ACCOUNT, "same key"))
            outcomes.append("tried")
        except throttle.Throttled:
            outcomes.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 12
    assert outcomes.count("tried") <= throttle.SIGN_IN_ACCOUNT.tries + 1  # two may commit out of the order of their ids


@pytest.mark.parametrize("target", ["/my/cases/new/?a=1", "/administration/audit/"])
def test_after_signing_in_one_is_where_one_was(client, ben, target):
    response = client.post(URL, {"email": ben.email, "password": factories.PASSWORD, "next": target})
    assert response.url == target


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "\\\\evil.example", "https:evil"],
)
def test_next_never_leads_elsewhere(client, ben, target):
    response = client.post(URL, {"email": ben.email, "password": factories.PASSWORD, "next": target})
    assert response.url.startswith("/") and "evil" not in response.url


def test_signing_out_needs_a_post(client, ben):
    sign_in(client, ben.email)
    assert client.get("/accounts/logout/").status_code == 405
    assert client.post("/accounts/logout/").url == URL
    assert client.get("/accounts/me/").status_code == 302
    assert list(AuditEvent.objects.order_by("id").values_list("verb", flat=True)) == [
        "account.signed_in",
        "account.signed_out",
    ]


def test_a_person_with_two_roles_chooses_the_start_page(client, ben, group):
    Membership.objects.create(user=ben, clinic=group, role="biller")
    sign_in(client, ben.email)
    page = client.get("/accounts/me/").content.decode()
    assert "Start as biller" in page and "Start as clinic staff" in page
    client.post("/accounts/role/", {"role": "biller"})
    assert client.get("/").url.startswith("/billing/")
    client.post("/accounts/role/", {"role": "administrator"})
    assert client.get("/").url.startswith("/billing/")


def test_an_account_without_a_role_is_told_what_to_do(client, db):
    nobody = factories.make_user("Nobody")
    sign_in(client, nobody.email)
    assert "Enter an invitation code" in client.get("/").content.decode()
