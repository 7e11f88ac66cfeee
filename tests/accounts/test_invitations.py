import threading
import uuid
from datetime import date, timedelta

import pytest
from django.db import connections

from config.accounts import hooks, services, throttle
from config.accounts.models import User
from config.accounts.services import AccountExists, InvitationRefused, accept_invitation, create_invitation
from config.accounts.signin_models import Invitation
from tests import factories

pytestmark = pytest.mark.django_db
BORN = date(1959, 4, 23)
PASSWORD = "four quiet garden lamps"
EMAIL = "margaret@example.test"


@pytest.fixture
def linked(monkeypatch):
    pairs = []
    monkeypatch.setattr(hooks, "invitation_links", [lambda subject, user: pairs.append((subject, user))])
    monkeypatch.setattr(services, "invitation_links", hooks.invitation_links)
    return pairs


@pytest.fixture
def invited(ben, clinic, linked):
    return create_invitation(by=ben, subject_id=uuid.uuid4(), email=EMAIL, date_of_birth=BORN, clinic=clinic)


def form(code, born="1959-04-23", password=PASSWORD):
    return {"code": code, "date_of_birth": born, "new_password": password, "again": password}


def test_code_and_birthday_open_the_account_and_link_the_record(client, invited, linked):
    invitation, code = invited
    assert code in client.get(f"/accounts/invitation/{code}/").content.decode()
    assert client.post(f"/accounts/invitation/{code}/", form(code)).url == "/"
    user = User.objects.get(email=EMAIL)
    assert user.check_password(PASSWORD)
    assert linked == [(invitation.subject_id, user)]
    assert client.get("/accounts/me/").status_code == 200


def test_only_a_keyed_hash_of_the_code_is_kept(invited):
    invitation, code = invited
    assert code not in str(Invitation.objects.values().get())
    assert len(invitation.code_hash) == 64


@pytest.mark.parametrize("typed", [str.lower, lambda c: c.replace("-", " "), lambda c: c.replace("0", "O")])
def test_a_code_is_read_as_people_write_it(invited, typed):
    _, code = invited
    assert accept_invitation(code=typed(code), date_of_birth=BORN, password=PASSWORD).email == EMAIL


def test_it_works_once(invited):
    _, code = invited
    accept_invitation(code=code, date_of_birth=BORN, password=PASSWORD)
    with pytest.raises(InvitationRefused):
        accept_invitation(code=code, date_of_birth=BORN, password=PASSWORD)


def test_it_expires(invited, time_machine):
    invitation, code = invited
    time_machine.move_to(invitation.expires_at + timedelta(seconds=1))
    with pytest.raises(InvitationRefused):
        accept_invitation(code=code, date_of_birth=BORN, password=PASSWORD)


def test_after_five_wrong_birthdays_the_right_one_is_too_late(invited):
    _, code = invited
    for day in range(1, 6):
        with pytest.raises(InvitationRefused):
            accept_invitation(code=code, date_of_birth=date(1959, 5, day), password=PASSWORD)
    with pytest.raises(InvitationRefused):
        accept_invitation(code=code, date_of_birth=BORN, password=PASSWORD)
    assert Invitation.objects.get().state == "stopped"
    assert not User.objects.filter(email=EMAIL).exists()


def test_wrong_code_and_wrong_birthday_read_the_same(client, invited):
    _, code = invited
    wrong_day = client.post("/accounts/invitation/", form(code, born="1960-01-01")).context["refused"]
    wrong_code = client.post("/accounts/invitation/", form("AAAAA-AAAAA")).context["refused"]
    assert wrong_day == wrong_code != ""


def test_guessing_codes_is_throttled(client, linked):
    for _ in range(throttle.CODE_ADDRESS.tries):
        client.post("/accounts/invitation/", form("AAAAA-AAAAA"))
    refused = client.post("/accounts/invitation/", form("AAAAA-AAAAA"))
    assert refused.status_code == 429 and "Too many tries" in refused.content.decode()


def test_a_weak_password_uses_nothing_up(client, invited):
    _, code = invited
    assert "too short" in client.post("/accounts/invitation/", form(code, password="short")).content.decode()
    assert Invitation.objects.get().state == "open"


def test_a_newer_invitation_stops_the_older(ben, invited):
    invitation, code = invited
    create_invitation(by=ben, subject_id=invitation.subject_id, email=EMAIL, date_of_birth=BORN)
    with pytest.raises(InvitationRefused):
        accept_invitation(code=code, date_of_birth=BORN, password=PASSWORD)


def test_an_existing_account_keeps_its_password_and_must_sign_in(client, invited, linked, sign_in):
    """Or else whoever writes an invitation could take over the account of any address."""
    invitation, code = invited
    owner = factories.make_user("Margaret", email=EMAIL)
    with pytest.raises(AccountExists):
        accept_invitation(code=code, date_of_birth=BORN, password=PASSWORD)
    owner.refresh_from_db()
    assert owner.check_password(factories.PASSWORD) and linked == []
    sign_in(owner).post("/accounts/invitation/", {"code": code, "date_of_birth": "1959-04-23"})
    assert linked == [(invitation.subject_id, owner)]


def test_somebody_elses_account_cannot_take_it(invited, ada, linked):
    _, code = invited
    with pytest.raises(InvitationRefused, match="another e-mail address"):
        accept_invitation(code=code, date_of_birth=BORN, signed_in=ada)
    assert linked == []


def test_a_link_that_fails_undoes_everything(invited, monkeypatch):
    def refuse(subject, user):
        raise InvitationRefused("This record has an account already.")

    monkeypatch.setattr(services, "invitation_links", [refuse])
    _, code = invited
    with pytest.raises(InvitationRefused, match="already"):
        accept_invitation(code=code, date_of_birth=BORN, password=PASSWORD)
    assert not User.objects.filter(email=EMAIL).exists()
    assert Invitation.objects.get().state == "open"


@pytest.mark.django_db(transaction=True)
def test_twelve_at_once_have_one_winner(invited, linked):
    _, code = invited
    start, outcomes = threading.Barrier(12), []

    def use():
        try:
            start.wait()
            accept_invitation(code=code, date_of_birth=BORN, password=PASSWORD)
            outcomes.append("in")
        except InvitationRefused:
            outcomes.append("refused")
        except Exception as error:  # noqa: BLE001 collected for the assertion
            outcomes.append(repr(error))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=use) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["in"] + ["refused"] * 11
    assert User.objects.filter(email=EMAIL).count() == 1
    assert len(linked) == 1


@pytest.mark.django_db(transaction=True)
def test_wrong_birthdays_at_once_are_all_counted(invited):
    _, code = invited
    start = threading.Barrier(12)

    def guess(day):
        try:
            start.wait()
            accept_invitation(code=code, date_of_birth=date(1960, 1, day), password=PASSWORD)
        except InvitationRefused:
            pass
        finally:
            connections.close_all()

    threads = [threading.Thread(target=guess, args=(day,)) for day in range(1, 13)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Invitation.objects.get().wrong_tries == Invitation.MAX_WRONG_TRIES
