"""A browser, a page signed in, and a look at it: fixtures of every test that clicks."""

import os

import pytest

from tests.browsing import ARGS, CHROMIUM, axe_script, look_at

CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")


@pytest.fixture(scope="session")
def playwright():
    """One driver for all tests of a process: it takes a second to start, and a thread can have only one."""
    from playwright.sync_api import sync_playwright

    # its sync API keeps an event loop in this thread, beside which Django would refuse its own queries
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def kept_chromium(playwright):
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
    yield browser
    browser.close()


@pytest.fixture
def chromium(kept_chromium):
    yield kept_chromium
    _close_all(kept_chromium)


@pytest.fixture(scope="session")
def kept_chromium_with_camera(playwright):
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGS, *CAMERA])
    yield browser
    browser.close()


@pytest.fixture
def chromium_with_camera(kept_chromium_with_camera):
    yield kept_chromium_with_camera
    _close_all(kept_chromium_with_camera)


def _close_all(browser) -> None:
    for context in browser.contexts:
        context.close()


@pytest.fixture
def look():
    axe = axe_script()
    return lambda page, name: look_at(page, name, axe)


@pytest.fixture
def open_page(chromium, live_server, client):
    """open_page(user, width) -> a page signed in as that user, which fails on any error of a script."""

    def _open(user, width, **options):
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        context = chromium.new_context(
            viewport={"width": width, "height": 844 if width < 600 else 900}, base_url=live_server.url, **options
        )
        context.set_default_timeout(10_000)
        cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
        context.add_cookies([cookie])
        page = context.new_page()
        page.on("console", lambda line: pytest.fail(line.text) if "Content Security" in line.text else None)
        page.on("pageerror", lambda error: pytest.fail(str(error)))
        opened.append(context)
        return page

    opened: list = []
    yield _open
    # before the database is emptied under a page that still asks
    for context in opened:
        context.close()
