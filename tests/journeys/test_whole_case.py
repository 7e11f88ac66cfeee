"""From a phone photo to an exported charge line, clicked in a browser, on the program as `scripts/run` starts it."""

import contextlib
import io
import json
import os
import re
from pathlib import Path

import pytest

from config.accounts.demo_logins import PASSWORD
from intake.demo_pictures import picture
from tests.browsing import DESKTOP, PHONE, needs_browser
from tests.faults.database import own_database
from tests.journeys.running import Program

PHOTOS = Path(__file__).resolve().parents[3] / "shared" / "data" / "photos"
pytestmark = [needs_browser, pytest.mark.browser, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    environment = {}
    if os.environ.get("REDIS_URL"):
        # a database of its own on the shared server, so that no other test's worker takes our work
        environment["REDIS_URL"] = os.environ["REDIS_URL"].rsplit("/", 1)[0] + "/9"
    with own_database() as url, Program(tmp_path_factory.mktemp("var"), DATABASE_URL=url, **environment) as running:
        yield running


@pytest.fixture(scope="module")
def photographs(tmp_path_factory) -> list[Path]:
    """All sixteen real photographs, or pictures made by code where the folder is absent."""
    if PHOTOS.is_dir():
        return sorted(path for path in PHOTOS.iterdir() if path.suffix != ".md")
    folder = tmp_path_factory.mktemp("photos")
    made = []
    for number, kind in enumerate(("changing_mole", "rash", "papules", "red_eye") * 4):
        path = folder / f"{number}.jpg"
        path.write_bytes(picture(kind, seed=number))
        made.append(path)
    return made


@contextlib.contextmanager
def signed_in(chromium, program, login: str, viewport: dict):
    context = chromium.new_context(viewport=viewport, accept_downloads=True)
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.goto(f"{program.url}/accounts/login/")
    page.get_by_label("E-mail address").fill(f"{login}@demo.example")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/accounts/login/" not in url)
    yield page
    context.close()


def tell_the_story(page, *, place: str, side: str, reason: str, kind: str = "") -> None:
    """The pages of a draft up to the photographs."""
    page.get_by_label("None of these").check()
    page.get_by_role("button", name="Continue").click()
    if kind:
        page.get_by_label(kind).check()
        page.get_by_role("button", name="Continue").click()
    page.get_by_label("What is the problem?").fill(reason)
    page.get_by_role("button", name="Continue").click()
    page.get_by_label(place, exact=True).check()
    page.get_by_label(side, exact=True).check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Since when?").fill("About 3 months")
    page.get_by_label("What has happened since?").fill("Bigger and darker since August. Bled once.")
    page.get_by_role("button", name="Continue").click()
    answer_the_questions(page)
    page.get_by_label("Which medicines do you take?").fill("Apixaban")
    page.get_by_label("Any allergies?").fill("None")
    page.get_by_role("button", name="Continue").click()


def skip_the_skin_tone(page) -> None:
    page.get_by_role("heading", name="Which is closest to your skin?").wait_for()
    page.get_by_role("button", name="Skip this question").click()


def answer_the_questions(page) -> None:
    """The first choice of each, or a word; one is skipped."""
    asked = 0
    page.wait_for_url(re.compile("/step/q-"))
    while "/step/q-" in page.url:
        here = page.url
        if asked == 1:
            page.get_by_role("button", name="Skip this question").click()
        else:
            if page.get_by_role("textbox").count():
                page.get_by_role("textbox").fill("nothing")
            else:
                page.locator("label.choice input").first.check()
            page.get_by_role("button", name="Continue").click()
        asked += 1
        page.wait_for_url(lambda url, here=here: url != here)
    assert asked > 5


def send_photos(page, slots: list[str], files: list[Path]) -> None:
    """The first files go into the slots one by one, the rest together; each goes up as soon as it is chosen."""
    for slot, file in zip(slots, files, strict=False):
        page.locator(f"#slot-{slot} input[type=file]").set_input_files(file)
        page.locator(f"#slot-{slot} .badge").first.wait_for()
    rest = files[len(slots) :]
    if rest:
        page.locator("#slot-other input[type=file]").set_input_files(rest)
        page.locator("#slot-other .slot-top").nth(len(rest) - 1).wait_for()
    from playwright.sync_api import expect

    # the pictures appear by themselves when the worker has made them
    expect(page.locator(".slot .is-sending")).to_have_count(0, timeout=90_000)
    assert page.locator(".slot-pic:not(.slot-example) img").count() == len(files)


def accept(chromium, program, name: str, reason: str) -> str:
    with signed_in(chromium, program, "staff", DESKTOP) as page:
        page.goto(f"{program.url}/triage/")
        page.locator("tr", has_text=reason).get_by_role("link", name=name).click()
        page.get_by_label("Urgent, 24 h").check()
        number = page.locator(".page-head").inner_text().split("Case ")[1].split(",")[0]
        page.get_by_role("button", name="Accept and pass on").click()
        page.get_by_text(f"Case {number} is accepted").wait_for()
        return number


def answer_the_findings(page) -> None:
    """What the record says against itself gets a reason each, as whoever signs gives it."""
    while count := page.locator(".check-reason").count():
        first = page.locator(".check-reason").first
        first.get_by_role("textbox").fill("Read together with the whole story; the plan covers it.")
        first.get_by_role("button", name="Answered").click()
        page.wait_for_function("n => document.querySelectorAll('.check-reason').length < n", arg=count)


def review_and_sign(chromium, program, login: str, name: str, reason: str, code: str) -> None:
    """Read, type, choose a code, and sign, for at least the half minute below which a line is held."""
    with signed_in(chromium, program, login, DESKTOP) as page:
        page.goto(f"{program.url}/reading/")
        page.locator("tr", has_text=reason).get_by_role("button", name="Open").first.click()
        page.locator("#clock[data-state=counting]").wait_for()
        page.locator("#id_photos_adequate").get_by_label("Yes", exact=True).check()
        page.get_by_label("What you see").fill("Asymmetric brown macule with three shades.")
        page.get_by_label("Most likely").fill("Atypical finding; rule out malignancy")
        page.locator("#id_confidence").get_by_label("Medium", exact=True).check()
        page.locator("#id_icd_q").fill(code)
        page.locator("#icd-found button", has_text=code).first.click()
        page.locator("[data-codes]", has_text=code).wait_for()
        page.locator("#id_plan").fill("Excision biopsy within 14 days.")
        page.locator("#id_follow_up").fill("In 3 months.")
        page.locator("#id_patient_text").fill("This spot should be tested. Your clinic calls you.")
        for _ in range(40):
            page.mouse.move(500, 400)
            page.mouse.wheel(0, 1)
            if page.locator(".clock-time").inner_text() >= "0:33":
                break
            page.wait_for_timeout(1000)
        page.get_by_role("button", name="Check and sign").click()
        page.get_by_text("Sign this review").wait_for()
        answer_the_findings(page)
        page.locator("label.attest input").check()
        page.get_by_role("button", name="Sign and send").click()
        page.get_by_text("Signed").first.wait_for()


def is_valid_837(content: bytes) -> bool:
    import pyx12.params
    import pyx12.x12n_document

    path = Path(os.environ["DERMFORWARD_VAR"]) / "claim.837"
    path.write_bytes(content)
    answer = io.StringIO()
    valid = pyx12.x12n_document.x12n_document(
        param=pyx12.params.params(),
        src_file=str(path),
        fd_997=answer,
        fd_html=None,
        fd_xmldoc=None,
        fd_json=io.StringIO(),
    )
    return bool(valid) and "AK9*A" in answer.getvalue()


def downloaded(page, name: str) -> bytes:
    with page.expect_download() as started:
        page.get_by_role("link", name=f"Save {name}").click()
    return Path(started.value.path()).read_bytes()


def test_a_patients_case_from_the_phone_to_the_claim(chromium, program, photographs):
    reason = "The spot on my arm changed again. Is it dangerous?"
    with signed_in(chromium, program, "patient", PHONE) as page:
        page.get_by_role("link", name="Start a new case").click()
        page.get_by_label("Skin, hair or nails").check()
        page.get_by_role("button", name="Continue").click()
        tell_the_story(page, kind="One spot, mole or lump", place="Forearm, outer side", side="My right", reason=reason)
        skip_the_skin_tone(page)
        send_photos(page, ["overview", "close_up", "oblique", "scale"], photographs[:12])
        page.get_by_role("button", name="Continue").click()
        for box in ("Care from photos", "My photos in my record"):
            page.get_by_label(box).check()
        page.get_by_role("button", name="Continue").click()
        page.get_by_role("button", name="Send to Harbor Street Clinic").click()
        page.get_by_text("is sent").first.wait_for()
    number = accept(chromium, program, "Margaret Ellison", reason)
    review_and_sign(chromium, program, "dermatologist", "Margaret Ellison", reason, "D22.61")
    with signed_in(chromium, program, "patient", PHONE) as page:
        page.get_by_role("link", name="Read the result").first.click()
        page.get_by_text("This spot should be tested").wait_for()
        page.get_by_role("button", name="I have read this").click()
        page.get_by_text("We noted that you have read this").first.wait_for()
    with signed_in(chromium, program, "biller", DESKTOP) as page:
        export_line(page, program, number)
    breaches = json.loads(program.manage("check_invariants", "--json").strip().splitlines()[-1])
    assert breaches["status"] == "ok"
    assert "0 waiting" in program.manage("verify_audit") or "sealed to" in program.manage("verify_audit")


def export_line(page, program, number: str) -> None:
    """The line of that case becomes ready by itself; it is exported alone, and downloading again gives the same bytes."""
    row = page.locator("tr", has_text="Margaret Ellison").filter(has_text="Ready")
    for _ in range(60):
        page.goto(f"{program.url}/billing/?q={number}&show=ready")
        if row.count():
            break
        page.wait_for_timeout(500)
    assert row.count() == 1
    page.get_by_role("button", name="Look at the batch").click()
    page.get_by_role("button", name="Export 1 line").click()
    page.get_by_role("heading", name="Batch B-").wait_for()
    batch = page.locator("h1").inner_text().split()[1]
    csv, x12 = downloaded(page, f"{batch}.csv"), downloaded(page, f"{batch}.837")
    assert b"G9868" in csv and b"HC:G9868*42*UN*1" in x12
    assert is_valid_837(x12)
    assert (downloaded(page, f"{batch}.csv"), downloaded(page, f"{batch}.837")) == (csv, x12)


def test_an_eye_case_entered_by_the_clinic_with_a_referrer(chromium, program, photographs):
    reason = "Red eye since three days"
    with signed_in(chromium, program, "staff", DESKTOP) as page:
        page.goto(f"{program.url}/patients/?q=Olson")
        page.get_by_role("link", name="Olson, Bernice").click()
        page.get_by_label("Ophthalmology").check()
        page.get_by_label("Referring clinician").select_option(label="Priya Nair")
        page.get_by_role("button", name="Start a case for Bernice").click()
        tell_the_story(page, place="The white of the eye", side="My left", reason=reason)
        send_photos(page, ["face", "close_up", "gaze", "closed"], photographs[12:])
        page.get_by_role("button", name="Continue").click()
        page.get_by_label("Intake note").fill("Acuity 20/25 by chart in the clinic.")
        page.get_by_role("button", name="Continue").click()
        for box in ("Care from photos", "My photos in my record"):
            page.get_by_label(box).check()
        page.get_by_role("button", name="Continue").click()
        page.get_by_role("button", name="Send to Harbor Street Clinic").click()
        page.get_by_text("is sent").first.wait_for()
    number = accept(chromium, program, "Bernice Olson", reason)
    review_and_sign(chromium, program, "ophthalmologist", "Bernice Olson", reason, "H10.9")
    with signed_in(chromium, program, "referrer", DESKTOP) as page:
        page.locator("tr", has_text=number).get_by_role("link", name="Bernice Olson", exact=True).click()
        page.get_by_role("button", name="I have read this").click()
        page.get_by_text("We noted that you have read this").first.wait_for()
    with signed_in(chromium, program, "staff", DESKTOP) as page:
        page.goto(f"{program.url}/results/")
        page.locator("tr", has_text=number).get_by_role("link", name="Bernice Olson").click()
        page.get_by_label("Record that they were told").select_option(label="Printed and handed over")
        page.get_by_role("button", name="Record", exact=True).click()
        page.get_by_text("Printed and handed over").first.wait_for()
        page.get_by_label("They told us that they read it").select_option(label="Signed the paper letter")
        page.get_by_role("button", name="Record", exact=True).click()
        page.get_by_text("Closed", exact=True).first.wait_for()
    with signed_in(chromium, program, "biller", DESKTOP) as page:
        row = page.locator("tr", has_text="Bernice Olson").filter(has_text="Ready")
        for _ in range(60):
            page.goto(f"{program.url}/billing/?q={number}&show=ready")
            if row.count():
                break
            page.wait_for_timeout(500)
        assert row.count() == 1
