"""The top bar fits every window of a desk, whatever its reader's roles, with all its numbers at their widest."""

from dataclasses import replace

import pytest

from config import navigation
from tests import factories
from tests.browsing import needs_browser

pytestmark = [pytest.mark.django_db(transaction=True), needs_browser]

ROLES = ("staff", "specialist", "referrer", "biller", "administrator")


REGISTERED = navigation.ITEMS


def numbers(monkeypatch, number):
    def count(user):
        return number

    items = [replace(item, count=count if item.count else None) for item in REGISTERED]
    monkeypatch.setattr(navigation, "ITEMS", items)


def assert_fits(page, what):
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, what
    beyond = "[...document.querySelectorAll('.topbar a, .topbar button, .topbar summary')]"
    assert (
        page.evaluate(
            f"{beyond}.filter(e => e.offsetParent && e.getBoundingClientRect().right > innerWidth + .5).length"
        )
        == 0
    )


@pytest.mark.parametrize("width", [961, 1024, 1280, 1440])
def test_each_role_has_one_row_in_browser(open_page, clinic, monkeypatch, width):
    for role in ROLES:
        user = factories.make_user("Bernadette", role, clinic, lead=True, last_name="Featherstone")
        page = open_page(user, width)
        numbers(monkeypatch, 24)
        page.goto("/accounts/me/")
        assert_fits(page, role)
        if width > 961:  # the narrowest window of a desk may have two
            assert page.locator(".topbar").bounding_box()["height"] <= 60, role
        numbers(monkeypatch, 1_000)
        page.reload()
        assert_fits(page, role)


def test_who_holds_every_role_gets_more_rows_and_no_sideways_page_in_browser(open_page, clinic, monkeypatch):
    user = factories.make_user("Bernadette", last_name="Featherstone")
    for role in ROLES:
        user.memberships.create(clinic=clinic, role=role)
    numbers(monkeypatch, 1_000)
    page = open_page(user, 1024)
    page.goto("/accounts/me/")
    assert_fits(page, "every role")
