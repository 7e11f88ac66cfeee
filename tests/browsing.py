"""A real browser for tests: Debian's Chromium driven by Playwright."""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium")
ARGS = (
    "--no-sandbox --disable-gpu --disable-dev-shm-usage --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1440, "height": 900}
needs_browser = pytest.mark.skipif(not CHROMIUM or not find_spec("playwright"), reason="needs Chromium and Playwright")


def axe_script() -> str:
    package = Path(find_spec("axe_playwright_python").origin).parent
    return next(package.rglob("axe.min.js")).read_text()


def look_at(page, name: str, axe: str) -> None:
    """Nothing inaccessible, nothing wider than the window. DERMFORWARD_SHOTS=folder keeps what the browser saw."""
    # a click waits until the next page begins to come, when there is nothing of it to look at yet
    page.wait_for_load_state("domcontentloaded")
    folder = os.environ.get("DERMFORWARD_SHOTS")
    if folder:
        page.screenshot(path=f"{folder}/{name}-{page.viewport_size['width']}.png", full_page=True)
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert [(v["id"], v["nodes"][0]["html"]) for v in found["violations"]] == []
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{name} scrolls sideways by {wide} px"
