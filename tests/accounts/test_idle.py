"""Idle sign-out: when it comes, what stays, and that typed text is never lost and never somebody else's."""

from urllib.parse import urlencode

import pytest
from django.test import Client

from config.accounts.services import set_active
from config.accounts.signin_models import KeptText
from config.accounts.tasks import tidy_task
from tests import factories

pytestmark = pytest.mark.django_db
START = "2026-11-24 10:00:00+00:00"
MINUTE = 60


@pytest.fixture
def clock(time_machine):
    time_machine.move_to(START, tick=False)
    return time_machine


def signed_in(user, **extra) -> Client:
    client = Client(**extra)
    client.post("/accounts/login/", {"email": user.email, "password": factories.PASSWORD})
    return client


@pytest.mark.parametrize(("person", "minutes"), [("ben", 15), ("dana", 15), ("patient", 30)])
def test_the_session_ends_after_its_idle_time(request, clock, person, minutes):
    user = request.getfixturevalue(person)
    client = signed_in(getattr(user, "user", user))
    clock.shift(minutes * MINUTE - 1)
    assert client.get("/accounts/me/").status_code == 200
    clock.shift(minutes * MINUTE + 1)
    response = client.get("/accounts/me/")
    assert response.url == "/accounts/login/?next=/accounts/me/"
    assert "nothing happened for a while" in client.get(response.url).content.decode()


def test_activity_prolongs_but_not_beyond_12_hours(clock, ben):
    client = signed_in(ben)
    for _ in range(72):
        assert client.get("/accounts/me/").status_code == 200
        clock.shift(10 * MINUTE)
    clock.shift(1)
    assert client.get("/accounts/me/").status_code == 302


def test_background_requests_are_no_activity(clock, ben):
    client = signed_in(ben)
    for _ in range(2):
        clock.shift(7 * MINUTE)
        assert client.get("/accounts/me/", headers={"X-Background": "1"}).status_code == 200
    clock.shift(2 * MINUTE)
    assert client.get("/accounts/me/").status_code == 302


def test_stay_signed_in_is_activity(clock, ben):
    client = signed_in(ben)
    clock.shift(14 * MINUTE)
    assert client.post("/accounts/still-here/").status_code == 204
    clock.shift(14 * MINUTE)
    assert client.get("/accounts/me/").status_code == 200


def test_the_page_knows_its_limit(ben):
    page = signed_in(ben).get("/accounts/me/").content.decode()
    assert 'data-idle-seconds="900"' in page and "Stay signed in" in page


def post_late(client, clock, data=None, path="/accounts/me/", **headers):
    clock.shift(20 * MINUTE)
    data = data or {
        "form": "profile",
        "first_name": "Benjamin",
        "last_name": "Sample",
        "phone": "614-555-0199",
    }
    return client.post(path, data, headers={"Referer": "http://testserver/accounts/me/", **headers})


def test_what_was_posted_too_late_is_kept_shown_and_sent_on(clock, ben):
    client = signed_in(ben)
    response = post_late(client, clock)
    assert response.url == "/accounts/login/?next=/accounts/me/"
    ben.refresh_from_db()
    assert ben.first_name == "Ben"
    back = client.post(
        "/accounts/login/", {"email": ben.email, "password": factories.PASSWORD, "next": "/accounts/me/"}
    )
    assert back.url == "/accounts/kept/"
    page = client.get("/accounts/kept/")
    assert "Benjamin" in page.content.decode()
    kept = page.context["kept"]
    sent = client.post(kept.path, {name: value for name, _, value in page.context["pairs"]})
    assert sent.status_code == 302
    ben.refresh_from_db()
    assert (ben.first_name, ben.phone) == ("Benjamin", "614-555-0199")


def test_after_sending_the_kept_text_is_gone(clock, ben):
    client = signed_in(ben)
    post_late(client, clock)
    client.post("/accounts/login/", {"email": ben.email, "password": factories.PASSWORD})
    page = client.get("/accounts/kept/")
    sent = {name: value for name, _, value in page.context["pairs"]} | {"kept_text": page.context["kept"].pk}
    # as the browser sends that form; the test client's own default is multipart
    client.post(page.context["kept"].path, urlencode(sent), content_type="application/x-www-form-urlencoded")
    assert not KeptText.objects.exists()


def test_going_back_without_it_drops_it_and_returns_to_the_page(clock, ben):
    client = signed_in(ben)
    post_late(client, clock)
    client.post("/accounts/login/", {"email": ben.email, "password": factories.PASSWORD})
    response = client.post("/accounts/kept/", {"kept": KeptText.objects.get().pk})
    assert response.url == "/accounts/me/"
    assert not KeptText.objects.exists()
    assert client.get("/accounts/kept/").url == "/"


def test_passwords_are_never_kept(clock, ben):
    client = signed_in(ben)
    data = {"old_password": "first secret", "new_password": "second secret", "note": "kept"}
    post_late(client, clock, data, path="/accounts/password/")
    assert KeptText.objects.get().fields == {"note": ["kept"]}


def test_somebody_else_at_the_same_browser_sees_nothing_of_it(clock, ben, dana):
    client = signed_in(ben)
    post_late(client, clock)
    response = client.post(
        "/accounts/login/", {"email": dana.email, "password": factories.PASSWORD, "next": "/accounts/me/"}
    )
    assert "/accounts/" not in response.url  # neither ben's page nor ben's text
    assert client.get("/accounts/kept/").url == "/"
    stolen = client.post("/accounts/kept/", {"kept": KeptText.objects.get().pk})
    assert stolen.status_code == 404
    assert KeptText.objects.count() == 1


def test_a_forged_post_keeps_nothing(clock, ben):
    client = signed_in(ben, enforce_csrf_checks=False)
    client.handler.enforce_csrf_checks = True
    assert post_late(client, clock).status_code == 403
    assert not KeptText.objects.exists()


def test_a_stranger_without_an_earlier_session_keeps_nothing(ben):
    assert Client().post("/accounts/me/", {"first_name": "X"}).status_code == 302
    assert not KeptText.objects.exists()


def test_a_second_late_post_of_the_tab_that_stayed_open_is_kept_too(clock, ben):
    client = signed_in(ben)
    clock.shift(20 * MINUTE)
    client.get("/accounts/me/")
    client.post("/accounts/me/", {"form": "profile", "first_name": "Later"})
    assert KeptText.objects.get(user=ben).fields["first_name"] == ["Later"]


def test_it_is_kept_for_an_hour(clock, ben):
    client = signed_in(ben)
    post_late(client, clock)
    clock.shift(61 * MINUTE)
    back = client.post("/accounts/login/", {"email": ben.email, "password": factories.PASSWORD})
    assert back.url != "/accounts/kept/"
    tidy_task()
    assert not KeptText.objects.exists()


def test_a_script_is_told_and_htmx_moves_the_whole_page(clock, ben):
    client = signed_in(ben)
    answer = post_late(client, clock, Accept="application/json")
    assert answer.status_code == 401
    assert answer.json() == {"signed_out": True, "sign_in": "/accounts/login/?next=/accounts/me/"}
    htmx = client.get("/accounts/me/", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/my/"})
    assert htmx["HX-Redirect"] == "/accounts/login/?next=/my/"


def test_turning_an_account_off_ends_its_sessions_for_good(clock, ben, ada):
    client = signed_in(ben)
    clock.shift(1)
    set_active(by=ada, users=[ben], active=False)
    assert client.get("/accounts/me/").status_code == 302
    set_active(by=ada, users=[ben], active=True)
    assert client.get("/accounts/me/").status_code == 302
