"""Every page of accounts and administration in a real browser: no accessibility violation, no blocked script, nothing
that scrolls sideways, at desktop and phone size."""

import shutil
import uuid
from datetime import date
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session

from config.accounts.idle import SEEN
from config.accounts.services import create_invitation, queue_mail
from tests import factories

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.skipif(not CHROMIUM or not find_spec("playwright"), reason="needs Chromium and Playwright"),
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def browser(chromium):
    return chromium


@pytest.fixture
def axe() -> str:
    package = Path(find_spec("axe_playwright_python").origin).parent
    return next(package.rglob("axe.min.js")).read_text()


@pytest.fixture
def addresses(ben, clinic) -> dict[str, list[str]]:
    _, code = create_invitation(
        by=ben,
        subject_id=uuid.uuid4(),
        email="m@example.test",
        date_of_birth=date(1959, 4, 23),
        clinic=clinic,
    )
    queue_mail("password_changed", to="m@example.test")
    return {
        "nobody": [
            "/accounts/login/",
            "/accounts/password/forgot/",
            f"/accounts/invitation/{code}/",
            "/accounts/email/x/",
        ],
        "patient": ["/accounts/me/", "/accounts/password/", "/accounts/me/email/"],
        "ada": [
            "/administration/",
            "/administration/people/new/",
            f"/administration/people/{ben.pk}/",
            "/administration/clinics/",
            "/administration/licences/",
            "/administration/invitations/",
            "/administration/mail/",
            "/administration/audit/",
        ],
    }


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("who", ["nobody", "patient", "ada"])
def test_pages_are_accessible(live_server, browser, axe, addresses, request, dana, who, width):
    page = browser.new_context(viewport={"width": width, "height": 900}, bypass_csp=True).new_page()
    if who != "nobody":
        person = request.getfixturevalue(who)
        page.goto(live_server.url + "/accounts/login/")
        page.fill("[name=email]", getattr(person, "user", person).email)
        page.fill("[name=password]", factories.PASSWORD)
        page.click("button[type=submit]")
    found = []
    for address in addresses[who]:
        page.goto(live_server.url + address)
        page.add_script_tag(content=axe)
        found += [
            (address, hit["id"], hit["nodes"][0]["html"][:120]) for hit in page.evaluate("axe.run()")["violations"]
        ]
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        found += [(address, "scrolls sideways", wide)] if wide > 0 else []
    assert found == []


def test_the_warning_comes_before_the_end_and_staying_hides_it(live_server, browser, ben):
    """With the policy in force: what it blocks shows as an error on the console."""
    page = browser.new_context().new_page()
    errors = []
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    page.clock.install()
    page.goto(live_server.url + "/accounts/login/")
    page.fill("[name=email]", ben.email)
    page.fill("[name=password]", factories.PASSWORD)
    page.click("button[type=submit]")
    page.goto(live_server.url + "/accounts/me/")
    warning = page.locator("#idle-warning")
    assert not warning.is_visible()
    page.clock.fast_forward(13 * 60 * 1000 + 6000)
    warning.wait_for(state="visible")
    page.click("#idle-stay")
    warning.wait_for(state="hidden")
    for row in Session.objects.all():  # the server's clock goes on with the page's
        store = SessionStore(row.session_key)
        store[SEEN] -= 16 * 60
        store.save()
    page.clock.fast_forward(15 * 60 * 1000 + 6000)
    page.wait_for_url("**/accounts/login/?next=%2Faccounts%2Fme%2F")
    assert [text for text in errors if "Content Security Policy" in text] == []
