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
