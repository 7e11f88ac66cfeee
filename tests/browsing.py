"""A real browser for tests: Debian's Chromium driven by Playwright."""

import shutil
from importlib.util import find_spec

import pytest

CHROMIUM = shutil.which("chromium")
ARGS = (
    "--no-sandbox --disable-gpu --disable-dev-shm-usage --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1440, "height": 900}
needs_browser = pytest.mark.skipif(not CHROMIUM or not find_spec("playwright"), reason="needs Chromium and Playwright")
