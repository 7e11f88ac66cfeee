"""A browser, a page signed in, and a look at it: fixtures of every test that clicks."""

import pytest

from tests.browsing import ARGS, CHROMIUM, axe_script, look_at


def _launched(monkeypatch, *more):
    from playwright.sync_api import sync_playwright

    # Playwright's sync API runs an event loop in this thread; Django would refuse its own queries beside it
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGS, *more])
        yield chromium
        chromium.close()


@pytest.fixture
def chromium(monkeypatch):
    yield from _launched(monkeypatch)


@pytest.fixture
def chromium_with_camera(monkeypatch):
    yield from _launched(monkeypatch, "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")


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
        return page

    return _open
