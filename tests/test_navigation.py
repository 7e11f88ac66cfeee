"""The top bar: each page once, whatever roles its reader holds, with what waits for any of them."""

import pytest
from django.urls import reverse

from config import navigation
from config.accounts.models import Clinic, User
from tests import factories

pytestmark = pytest.mark.django_db


def mine(user, path="/"):
    return {shown.label: shown for shown in navigation.items_for(User.objects.get(pk=user.pk), path)}


@pytest.fixture
def both(ben, group):
    """Staff of a clinic, and a specialist of a group."""
    ben.memberships.create(clinic=group, role="specialist")
    return ben


def test_who_is_staff_and_specialist_sees_messages_once(both):
    labels = [shown.label for shown in navigation.items_for(User.objects.get(pk=both.pk), "/")]
    assert labels.count("Messages") == 1
    assert len(labels) == len(set(labels))


def test_each_role_alone_keeps_its_pages(ben, dana):
    assert "Messages" in mine(ben) and "Messages" in mine(dana)
    assert set(mine(ben)) != set(mine(dana))


@pytest.mark.parametrize(("staff", "specialist", "shown"), [(2, 3, "5"), (0, 0, "0"), (800, 900, "999+")])
def test_what_waits_for_either_role_is_added(monkeypatch, both, staff, specialist, shown):
    items = [
        navigation.Item("staff", "Messages", "intake:inbox", lambda user: staff),
        navigation.Item("specialist", "Messages", "intake:inbox", lambda user: specialist),
    ]
    monkeypatch.setattr(navigation, "ITEMS", items)
    assert mine(both)["Messages"].count == shown


def test_a_count_that_two_roles_share_is_asked_once(monkeypatch, both):
    def waiting(user):
        return Clinic.objects.all()

    items = [navigation.Item(role, "Places", "intake:inbox", waiting) for role in ("staff", "specialist")]
    monkeypatch.setattr(navigation, "ITEMS", items)
    assert mine(both)["Places"].count == str(Clinic.objects.count())


def test_pages_without_a_number_have_none(monkeypatch, ben):
    monkeypatch.setattr(navigation, "ITEMS", [navigation.Item("staff", "Messages", "intake:inbox")])
    assert mine(ben)["Messages"].count is None


def test_the_page_that_is_open_is_marked(ben):
    marked = [shown.url for shown in mine(ben, reverse("intake:inbox")).values() if shown.is_current]
    assert marked == [reverse("intake:inbox")]


def test_rows_and_numbers_of_one_page_are_added(monkeypatch, both):
    factories.make_clinic("clinic")
    items = [
        navigation.Item("staff", "Messages", "intake:inbox", lambda user: 4),
        navigation.Item("specialist", "Messages", "intake:inbox", lambda user: [Clinic.objects.all()]),
    ]
    monkeypatch.setattr(navigation, "ITEMS", items)
    assert mine(both)["Messages"].count == str(4 + Clinic.objects.count())


def test_what_is_seldom_opened_stands_under_more_with_what_waits_there(client, monkeypatch, ben):
    items = [
        navigation.Item("staff", "Triage", "intake:triage_queue"),
        navigation.Item("staff", "Messages", "intake:inbox", lambda user: 4, seldom=True),
        navigation.Item("staff", "To call", "intake:calls", lambda user: 3, seldom=True),
    ]
    monkeypatch.setattr(navigation, "ITEMS", items)
    client.force_login(ben, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(reverse("intake:inbox")).content.decode()
    main, more = page.split('<details class="nav-more">')
    assert "Triage" in main and "To call" not in main.split("<nav")[1]
    assert 'class="is-on"' in more and ">7<" in more.split("</summary>")[0]
    assert [label for label in ("Messages", "To call") if label in more.split("</details>")[0]] == [
        "Messages",
        "To call",
    ]


def test_a_page_that_one_of_two_roles_opens_all_day_is_not_hidden(monkeypatch, both):
    items = [
        navigation.Item("staff", "Messages", "intake:inbox", seldom=True),
        navigation.Item("specialist", "Messages", "intake:inbox"),
    ]
    monkeypatch.setattr(navigation, "ITEMS", items)
    assert not mine(both)["Messages"].is_seldom
