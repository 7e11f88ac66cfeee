"""A phone whose line is cut in the middle of a 10 MB photo and whose browser is then killed: the case is complete in the
end, byte for byte, and twenty clicks on Send are one case."""

import contextlib
import os
import re
import signal
from hashlib import sha256
from pathlib import Path

import numpy
import pytest
from PIL import Image

from tests.browsing import ARGS, CHROMIUM, PHONE, needs_browser
from tests.faults.database import own_database
from tests.journeys.running import Program
from tests.waiting import wait_until

pytestmark = [needs_browser, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def large_photo(tmp_path_factory) -> Path:
    """About 10 MB of sharp grain: nothing compresses it away."""
    grain = numpy.random.default_rng(5).integers(60, 200, (2300, 2800, 3), dtype=numpy.uint8)
    path = tmp_path_factory.mktemp("photo") / "IMG_4711.jpg"
    Image.fromarray(grain).save(path, "JPEG", quality=92, subsampling=0)
    assert 9_000_000 < path.stat().st_size < 20_000_000
    return path


def browser_processes(folder: Path) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and f"--user-data-dir={folder}".encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
    return found


def open_phone(playwright, folder: Path):
    phone = playwright.chromium.launch_persistent_context(
        str(folder), executable_path=CHROMIUM, args=ARGS, viewport=PHONE
    )
    phone.set_default_timeout(20_000)
    return phone, phone.pages[0]


def sign_in(page, url: str) -> None:
    page.goto(url + "/accounts/login/")
    page.fill("[name=email]", "patient@demo.example")
    page.fill("[name=password]", "demo-only-2026")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/my/**")


def test_cut_off_killed_and_back_the_case_is_complete(tmp_path, large_photo, playwright):
    folder = tmp_path / "browser"
    one_case = {"DEMO_CASES": "1"}
    with own_database() as url, Program(tmp_path / "var", DATABASE_URL=url, REDIS_URL="", **one_case) as program:
        phone, page = open_phone(playwright, folder)
        sign_in(page, program.url)
        case = begin_case(page, program.url)
        slow = phone.new_cdp_session(page)
        slow.send("Network.enable")
        line = {"offline": False, "latency": 20, "downloadThroughput": 4_000_000, "uploadThroughput": 700_000}
        slow.send("Network.emulateNetworkConditions", line)
        page.set_input_files("#file-overview", large_photo)
        share = page.locator("#slot-overview progress")
        wait_until(lambda: 3 < float(share.get_attribute("value") or 0) < 97, 60)
        slow.send("Network.emulateNetworkConditions", line | {"offline": True})
        page.locator(".slot").get_by_text("The line dropped. The photo is safe on this phone").wait_for()

        # killed, without a chance to say goodbye
        for pid in browser_processes(folder):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(Exception):
            phone.close()

        phone, page = open_phone(playwright, folder)
        page.goto(program.url + "/my/")
        if "/accounts/login/" in page.url:
            sign_in(page, program.url)
        # any page of the patient goes on with it
        wait_until(lambda: len(photos_of(program, case)) == 1, 60)
        assert photos_of(program, case) == [sha256(large_photo.read_bytes()).hexdigest()]
        page.goto(f"{program.url}/my/cases/{case}/step/photos/")
        page.locator("#slot-overview .slot-pic:not(.slot-example) img").wait_for()
        assert page.locator(".on-its-way").count() == 0

        send_twenty_times(page, program.url, case)
        assert program.manage("shell", "-c", EVENTS.format(case=case)).split()[-1] == "1"
        assert "breaches" in program.manage("check_invariants", "--json")
        phone.close()


def begin_case(page, url: str) -> str:
    page.goto(url + "/my/cases/new/")
    page.get_by_text("Skin, hair or nails").click()
    page.get_by_role("button", name="Continue").click()
    case = re.search(r"/cases/([0-9a-f-]{36})/", page.url)[1]
    page.get_by_text("None of these").click()
    page.get_by_role("button", name="Continue").click()
    page.goto(f"{url}/my/cases/{case}/step/reason/")
    page.get_by_role("textbox").fill("A brown spot that grew")
    page.get_by_role("button", name="Continue").click()
    page.locator("input[name=site][value=nose]").check()
    page.get_by_role("button", name="Continue").click()
    page.goto(f"{url}/my/cases/{case}/step/consent/")
    for box in page.locator("form input[type=checkbox]").all()[:2]:
        box.check()
    page.get_by_role("button", name="Continue").click()
    page.goto(f"{url}/my/cases/{case}/step/photos/")
    page.locator("#slot-overview form.is-live").wait_for()
    return case


def send_twenty_times(page, url: str, case: str) -> None:
    """Twenty posts of the same page at once, as an impatient thumb on a slow line makes them."""
    page.goto(f"{url}/my/cases/{case}/step/check/")
    page.evaluate(
        """async () => {
            const form = document.querySelector('form .actionbar').closest('form');
            const post = () => fetch(location.href, {method: 'POST', body: new FormData(form), redirect: 'manual'});
            await Promise.all(Array.from({length: 20}, post));
        }"""
    )


EVENTS = """
from intake.models import CaseEvent
print(CaseEvent.objects.filter(case='{case}', verb='submit').count())
"""
HASHES = """
from hashlib import sha256
from config import storages
from intake.models import Photo
for photo in Photo.objects.filter(case='{case}'):
    print(sha256(storages.read(photo.original_key)).hexdigest())
"""


def photos_of(program: Program, case: str) -> list[str]:
    """SHA-256 of the stored bytes of each photo of the case."""
    return re.findall(r"\b[0-9a-f]{64}\b", program.manage("shell", "-c", HASHES.format(case=case)))
