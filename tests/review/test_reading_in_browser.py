"""The reading room in a real browser: a review from the work list to the signature, the clock's honesty, the viewer, and
no accessibility violation."""

import json
import re
from itertools import groupby
from urllib.parse import parse_qs

import pytest
from django.urls import reverse

from intake import demo_pictures
from intake.renditions import process_photo
from intake.services import attach_photo
from review.models import Beat, Review
from tests import factories
from tests.browsing import needs_browser
from tests.review.conftest import NEVUS_LEFT, NEVUS_RIGHT

pytestmark = [needs_browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def browser(chromium):
    return chromium


@pytest.fixture
def pictured(draft, ana, group, icd):
    """Four photographs as the pipeline leaves them, in a case that waits for a dermatologist."""
    for view in ("overview", "close_up", "oblique", "scale"):
        attach_photo(
            case=draft, by=ana, data=demo_pictures.picture("changing_mole", view=view), name=f"{view}.jpg", slot=view
        )
    for photo in draft.photos.all():
        process_photo(photo.pk)
    return factories.put_status(draft, "ready", group=group, patient_state="OH", urgency="urgent")


def open_page(browser, live_server, user, width=1440, height=900, **options):
    context = browser.new_context(viewport={"width": width, "height": height}, **options)
    context.set_default_timeout(10_000)
    page = context.new_page()
    # what the content policy blocks shows as an error on the console
    page.on("console", lambda line: pytest.fail(line.text) if "Content Security" in line.text else None)
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.goto(live_server.url + "/accounts/login/")
    page.fill("[name=email]", user.email)
    page.fill("[name=password]", factories.PASSWORD)
    page.click("form button[type=submit]")
    page.wait_for_url("**/reading/**")
    return page


def type_the_review(page):
    page.locator("#id_photos_adequate").get_by_label("Yes", exact=True).check()
    page.fill("#id_findings", "Asymmetric 14 mm brown macule, at least 3 shades, irregular border.")
    page.fill("#id_assessment", "Atypical nevus; rule out melanoma")
    page.fill("#id_icd_q", "nevi right")
    page.locator("#icd-found button").first.wait_for()
    page.locator(f"#icd-found button[value='{NEVUS_RIGHT}']").click()
    page.locator("[name=diff_text]").nth(0).fill("Dysplastic nevus")
    page.locator("[name=diff_text]").nth(1).fill("solar lentigo")
    page.locator("[name=diff_confidence]").nth(0).select_option("medium")
    page.locator("#id_confidence").get_by_label("Medium").check()
    page.locator(".plan-line summary").click()
    page.fill("[name=plan_text]", "Excision biopsy, 2 mm margin")
    page.select_option("[name=plan_kind]", "biopsy")
    page.fill("[name=plan_weeks]", "2")
    page.fill("#id_patient_text", "Have the spot taken out within two weeks. Your clinic calls you.")


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1024, 768), (390, 844)])
def test_from_the_list_to_the_signature(live_server, browser, look, pictured, dana, width, height):
    page = open_page(browser, live_server, dana, width, height)
    look(page, "work-list")
    page.get_by_role("button", name=re.compile("Open the case of")).click()
    page.wait_for_url(f"**/reading/{pictured.pk}/")
    page.locator("#clock[data-state=counting]").wait_for()
    type_the_review(page)
    page.locator("[data-saved]", has_text="Draft saved").wait_for()
    page.wait_for_function("document.querySelector('[data-image]').complete")
    look(page, "reading-room")
    page.get_by_role("button", name="Check and sign").click()
    page.wait_for_url("**/sign/")
    look(page, "sign")
    review = Review.objects.get()
    assert review.differential_words == ["Dysplastic nevus (medium)", "solar lentigo"]
    assert review.action_items.get().in_words == "Excision biopsy, 2 mm margin (Clinic, within 2 weeks)"
    assert list(review.diagnoses.values_list("icd10cm", flat=True)) == [NEVUS_RIGHT]
    assert Beat.objects.latest("pk").state == "ended"
    page.get_by_role("link", name="See every interval").click()
    page.wait_for_url("**/time/**")
    look(page, "time")
    page.go_back()
    page.locator("input[name=attested]").check()
    page.get_by_role("button", name="Sign and send").click()
    page.wait_for_url("**/signed/")
    look(page, "signed")
    review.refresh_from_db()
    assert review.is_signed and 0 < review.measured_ms < 60_000
    page.goto(live_server.url + reverse("review:signed_list"))
    look(page, "signed-list")
    page.goto(live_server.url + reverse("review:worklist"))
    look(page, "work-list-empty")


@pytest.mark.parametrize("width", [1440, 390])
def test_the_ways_out_are_accessible(live_server, browser, look, review, dana, width):
    page = open_page(browser, live_server, dana, width)
    for name in ("release", "ask", "in_person", "back_to_triage", "time", "sign", "room"):
        page.goto(live_server.url + reverse(f"review:{name}", args=[review.case_id]))
        look(page, name)


def test_the_clock_pauses_hides_and_goes_on(live_server, browser, review, dana):
    page = open_page(browser, live_server, dana)
    page.goto(live_server.url + reverse("review:room", args=[review.case_id]))
    clock = page.locator("#clock")
    page.locator("#clock[data-state=counting]").wait_for()
    page.get_by_role("button", name="Pause").click()
    page.locator("#clock[data-state=paused]").wait_for()
    assert "Paused" in clock.inner_text()
    page.get_by_role("button", name="Go on").click()
    page.locator("#clock[data-state=counting]").wait_for()
    page.goto(live_server.url + reverse("review:worklist"))
    page.wait_for_load_state("networkidle")
    beats = list(Beat.objects.order_by("pk").values_list("seq", "state"))
    # a page that goes away may send a beat again that is still on its way: the clock drops the second
    assert list(dict.fromkeys(seq for seq, _ in beats)) == list(range(beats[-1][0] + 1))
    # on a slow machine a beat of the 15 s falls between: what matters is each change of state
    assert [state for state, _ in groupby(state for _, state in beats)] == ["counting", "paused", "counting", "ended"]


def latest_told(answer) -> int:
    """How long ago the page opened, by the last beat of this request, ms."""
    return json.loads(parse_qs(answer.request.post_data)["beats"][0])[-1]["mono_ms"]


def test_nobody_there_is_asked_after_75_s_and_stopped_after_90(live_server, browser, look, review, dana):
    page = open_page(browser, live_server, dana)
    page.clock.install()
    page.goto(live_server.url + reverse("review:room", args=[review.case_id]))
    page.locator("#clock[data-state=counting]").wait_for()
    page.clock.run_for(76_000)
    page.get_by_text("Still reviewing?", exact=True).wait_for()
    look(page, "still-reviewing")
    with page.expect_response(lambda answer: "/beats/" in answer.url and latest_told(answer) >= 90_000):
        page.clock.run_for(16_000)  # the beat that stopped it has arrived
    page.locator("#clock[data-state=idle]").wait_for()
    count = Beat.objects.count()
    page.clock.run_for(60_000)
    assert Beat.objects.count() == count
    page.keyboard.press("Shift")
    page.locator("#clock[data-state=counting]").wait_for()


def test_offline_says_so_keeps_the_text_and_sends_it_later(live_server, browser, review, dana):
    page = open_page(browser, live_server, dana)
    page.goto(live_server.url + reverse("review:room", args=[review.case_id]))
    page.locator("#clock[data-state=counting]").wait_for()
    page.context.set_offline(True)
    page.fill("#id_findings", "Typed without a line")
    page.get_by_role("button", name="Pause").click()
    page.locator("#clock[data-state=offline]").wait_for()
    page.locator("[data-saved]", has_text="Offline").wait_for()
    page.context.set_offline(False)
    page.locator("[data-saved]", has_text="Draft saved").wait_for()
    review.refresh_from_db()
    assert review.findings == "Typed without a line"


def test_a_line_that_comes_back_with_nothing_waiting_leaves_the_clock_going(live_server, browser, review, dana):
    page = open_page(browser, live_server, dana)
    with page.expect_response("**/beats/") as first:
        page.goto(live_server.url + reverse("review:room", args=[review.case_id]))
    first.value.finished()
    page.context.set_offline(True)
    page.context.set_offline(False)
    page.evaluate("dispatchEvent(new Event('online'))")
    with page.expect_response("**/beats/"):
        page.get_by_role("button", name="Pause").click()
    page.locator("#clock[data-state=paused]").wait_for()
    assert told(review)[-1][1] == "paused"


def told(review):
    """Of the page's own tab; what was done meanwhile comes in others."""
    beats = Beat.objects.filter(review=review).order_by("pk")
    return list(beats.filter(tab=beats[0].tab).values_list("seq", "state", "mono_ms", "last_input_ms"))


def test_what_a_dead_line_kept_back_is_told_as_of_then_and_a_look_first_proves_itself(
    live_server, browser, review, dana
):
    """The page was left and taken up again while the line was down: how long the look is only the page knows."""
    page = open_page(browser, live_server, dana)
    page.clock.install()
    page.goto(live_server.url + reverse("review:room", args=[review.case_id]))
    page.locator("#clock[data-state=counting]").wait_for()
    page.keyboard.press("Shift")
    with page.expect_response("**/beats/"):
        page.clock.run_for(16_000)
    page.context.set_offline(True)
    page.get_by_role("button", name="Pause").click()
    page.locator("#clock[data-state=offline]").wait_for()
    page.clock.run_for(4_000)
    page.get_by_role("button", name="Go on").click()
    page.clock.run_for(10_000)
    before = told(review)
    with page.expect_response("**/beats/"):
        page.context.set_offline(False)
        page.clock.run_for(6_000)
    page.locator("#clock[data-state=idle]").wait_for()
    new = told(review)[len(before) :]
    assert [state for _, state, _, _ in new][-1] == "paused" and {state for _, state, _, _ in new[:-1]} == {"counting"}
    assert new[0][0] > before[-1][0] + 1, "nothing counts up to the first beat after the outage"
    assert len({mono for _, _, mono, _ in new}) == 1 and new[0][2] >= before[-1][2] + 14_000
    assert new[-1][3] <= new[-1][2] - 14_000, "when it was paused, not when that was told"
    aside = list(Beat.objects.exclude(tab=Beat.objects.order_by("pk")[0].tab).order_by("pk"))
    assert (aside[0].state, aside[-1].state) == ("paused", "ended")
    assert len({beat.server_ms for beat in aside}) == 1, "all at once, so that it counts nothing"
    # the look proves itself: one beat at 45 s, and one with the touch that ends it
    with page.expect_response("**/beats/"):
        page.clock.run_for(45_000)
    page.locator("#clock[data-state=counting]").wait_for()
    quiet = told(review)
    assert [state for _, state, _, _ in quiet[len(before) + len(new) :]] == ["counting"]
    page.clock.run_for(20_000)
    page.wait_for_load_state("networkidle")
    assert told(review) == quiet
    with page.expect_response("**/beats/"):
        page.keyboard.press("Shift")
    last = told(review)[-1]
    assert last[0] == quiet[-1][0] + 1 and last[2] - last[3] < 100, "the touch, with nothing left out before it"


def test_a_beat_that_the_server_calls_late_is_told_again(live_server, browser, review, dana):
    page = open_page(browser, live_server, dana)
    page.goto(live_server.url + reverse("review:room", args=[review.case_id]))
    page.locator("#clock[data-state=counting]").wait_for()
    page.wait_for_load_state("networkidle")
    held_up = []

    def hold_up(route):
        """Once: as if it had been sent a minute ago."""
        body = route.request.post_data
        if held_up:
            return route.continue_()
        held_up.append(body)
        return route.continue_(post_data=re.sub(r"sent_ms=[0-9]+", "sent_ms=1", body))

    page.route("**/beats/", hold_up)
    with page.expect_response(lambda answer: "/beats/" in answer.url and "late" not in answer.text()):
        page.get_by_role("button", name="Pause").click()
    assert held_up and Beat.objects.latest("pk").state == "paused"
    assert list(Beat.objects.order_by("pk").values_list("seq", flat=True)) == list(range(Beat.objects.count()))


def test_what_is_typed_before_the_scripts_have_come_is_searched_and_saved(live_server, browser, review, dana, icd):
    page = open_page(browser, live_server, dana)
    late = []
    page.route("**/js/room.*", lambda route: late.append(route))
    page.goto(live_server.url + reverse("review:room", args=[review.case_id]), wait_until="commit")
    # the clock runs already; the search, which waits for the whole page, does not
    page.locator("#clock[data-state=counting]").wait_for()
    page.locator("#id_photos_adequate").get_by_label("Yes", exact=True).check()
    page.fill("#id_findings", "Brown macule")
    page.fill("#id_icd_q", NEVUS_RIGHT)
    late[0].continue_()
    page.locator("#icd-found button", has_text=NEVUS_RIGHT).wait_for()
    page.locator("[data-saved]", has_text="Draft saved").wait_for()
    review.refresh_from_db()
    assert (review.findings, review.photos_adequate) == ("Brown macule", "yes")


def test_enter_takes_only_a_code_of_the_words_that_stand_there(live_server, browser, review, dana, icd):
    page = open_page(browser, live_server, dana)
    page.goto(live_server.url + reverse("review:room", args=[review.case_id]))
    page.fill("#id_icd_q", NEVUS_LEFT)
    page.locator("#icd-found button", has_text=NEVUS_LEFT).wait_for()
    held = []
    page.route("**/reading/codes/**", lambda route: held.append(route))
    page.fill("#id_icd_q", "Dermatitis")
    page.keyboard.press("Enter")  # before the answer for these words is there
    page.wait_for_function("document.querySelector('#id_icd_q').classList.contains('htmx-request')")
    assert page.locator("[data-codes] li").count() == 0
    held.pop().abort()
    page.get_by_text("The search does not answer. Press Enter to search again.").wait_for()
    page.unroute("**/reading/codes/**")
    page.keyboard.press("Enter")
    page.locator("#icd-found button", has_text="L30.9").wait_for()
    page.keyboard.press("Enter")
    page.locator("[data-codes] li", has_text="L30.9").wait_for()
    assert page.locator("[data-codes] li").count() == 1


def test_a_second_window_shows_both_texts(live_server, browser, review, dana):
    page = open_page(browser, live_server, dana)
    address = live_server.url + reverse("review:room", args=[review.case_id])
    page.goto(address)
    other = page.context.new_page()
    other.goto(address)
    other.fill("#id_findings", "From the second window")
    other.locator("[data-saved]", has_text="Draft saved").wait_for()
    page.bring_to_front()
    page.fill("#id_findings", "From the first window")
    page.get_by_text("This draft was saved in another window").first.wait_for()
    assert page.input_value("#id_findings") == "From the first window"
    assert page.get_by_text("From the second window").count() == 1


def test_without_a_script_the_review_is_typed_and_signed(live_server, browser, pictured, dana):
    page = open_page(browser, live_server, dana, java_script_enabled=False)
    page.get_by_role("button", name=re.compile("Open the case of")).click()
    page.locator("noscript .alert", has_text="").first.wait_for()
    assert "your time cannot be counted here" in page.locator(".pane-doc noscript").inner_text()
    page.locator(".strip button").nth(1).click()
    page.locator("#id_photos_adequate").get_by_label("Yes", exact=True).check()
    page.fill("#id_findings", "Brown macule")
    page.fill("#id_icd_q", "nevi right")
    page.get_by_role("button", name="Find").click()
    page.locator(f"button[value='{NEVUS_RIGHT}']").click()
    page.fill("#id_assessment", "Nevus")
    page.fill("#id_plan", "Biopsy")
    page.fill("#id_patient_text", "Have it taken out.")
    page.get_by_role("button", name="Check and sign").click()
    page.locator("input[name=attested]").check()
    page.get_by_role("button", name="Sign and send").click()
    page.wait_for_url("**/signed/")
    assert Review.objects.get().signed_record["opinion"]["findings"] == "Brown macule"
