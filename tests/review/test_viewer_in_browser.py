"""The viewer as a reader uses it: by keys, by pointer, by touch; side by side; marks; and what must never be seen early."""

import re

import pytest
from django.urls import reverse

from intake import renditions, services, tiling
from intake.demo_pictures import picture
from intake.models import Case, Photo
from review import services as reviews
from review.models import Annotation
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def pictured(draft, ana, group):
    """Three photos with their renditions, and an earlier case of the same spot that the own group answered."""
    before = factories.make_draft(draft.patient, by=ana)
    for case, slots in ((before, ("close_up",)), (draft, ("overview", "close_up", "scale"))):
        for number, slot in enumerate(slots):
            data = picture("changing_mole", view=slot, seed=7 + number + 10 * (case == before))
            photo = services.attach_photo(case=case, by=ana, data=data, name=f"{slot}.jpg", slot=slot)
            renditions.process_photo(photo.pk)
    factories.put_status(before, "delivered", group=group)
    Case.objects.filter(pk=before.pk).update(created_at=factories.in_days(-400))
    return factories.put_status(draft, "ready", group=group, patient_state="OH")


@pytest.fixture
def room(open_page, live_server, pictured, dana):
    """room(width=1440) -> the room's page, its strip complete."""

    def _room(width=1440, **options):
        if Case.objects.get(pk=pictured.pk).status == "ready":
            reviews.claim_case(case=pictured, by=dana)
        page = open_page(dana, width, **options)
        page.goto(live_server.url + reverse("review:room", args=[pictured.pk]))
        page.locator(".strip [data-earlier='1']").wait_for()
        return page

    return _room


def turned(page, index=0):
    """Scale and turn of a sheet, out of its matrix: (a, b)."""
    matrix = page.locator("[data-sheet]").nth(index).evaluate("node => node.style.transform")
    a, b = re.match(r"matrix\(([-\d.e]+), ([-\d.e]+)", matrix).groups()
    return float(a), float(b)


def test_keys_zoom_turn_move_adjust_and_the_true_picture_comes_back(room, look):
    page = room()
    zoom, filtered = page.locator("[data-zoom]"), "node => node.style.filter"
    assert zoom.inner_text() == "Fit"
    fit = turned(page)[0]
    page.keyboard.press("+")
    assert zoom.inner_text().endswith("%") and turned(page)[0] > fit
    page.keyboard.press("1")
    assert zoom.inner_text() == "100%" and turned(page)[0] == pytest.approx(1, abs=0.01)
    page.keyboard.press("r")
    assert turned(page)[0] == 0 and turned(page)[1] > 0
    page.keyboard.press("0")
    layer = page.locator("[data-layer]")
    assert layer.evaluate(filtered) == ""
    page.keyboard.press(".")
    page.keyboard.press("'")
    assert layer.evaluate(filtered) == "brightness(110%) contrast(110%)"
    page.get_by_text("Adjusted").wait_for()
    page.keyboard.press("i")
    page.locator("[data-facts]").get_by_text("1200 x 1500 px").wait_for()
    look(page, "adjusted")
    page.keyboard.press("z")
    assert layer.evaluate(filtered) == "" and not page.get_by_text("Adjusted").is_visible()
    page.keyboard.press(".")
    page.keyboard.press("]")
    assert layer.evaluate(filtered) == ""  # another photo opens as it is
    assert page.locator("[data-caption]").inner_text() == "Close up"
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keys of the reading room").wait_for()
    look(page, "keys")
    page.get_by_label("Single letters work as keys").uncheck()
    page.keyboard.press("Escape")
    # while it is open no key turns the picture or opens it again
    page.get_by_role("dialog", name="Keys of the reading room").wait_for(state="hidden")
    page.keyboard.press("r")
    assert turned(page)[1] == 0
    page.keyboard.press("?")
    page.get_by_label("Single letters work as keys").check()


def test_side_by_side_with_the_earlier_photo_zooms_together(room, look):
    page = room()
    page.keyboard.press("]")
    page.keyboard.press("c")
    assert page.locator("[data-pane]").count() == 2
    page.get_by_text("13 months before").first.wait_for()
    assert page.locator(".strip [aria-pressed=true]").count() == 2
    before = turned(page, 0)[0]
    page.keyboard.press("+")
    assert turned(page, 0)[0] == pytest.approx(before * 1.4, rel=0.01) and turned(page, 1)[0] == turned(page, 0)[0]
    look(page, "side-by-side")
    page.keyboard.press("l")
    page.keyboard.press("+")
    assert turned(page, 1)[0] > turned(page, 0)[0]
    page.keyboard.press("x")
    page.keyboard.press("[")
    assert page.locator(".strip [aria-current=true] b").inner_text() != "Close up"
    page.keyboard.press("c")
    assert page.locator("[data-pane]").count() == 1


def test_marks_are_made_by_keys_measured_listed_and_taken_back(room, look):
    page = room()
    page.keyboard.press("s")
    page.keyboard.press("Enter")
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.get_by_label("Its true length in millimeters").fill("10")
    look(page, "scale-dialog")
    page.keyboard.press("Enter")
    page.locator("[data-scale]", has_text="mm").wait_for()
    page.keyboard.press("m")
    page.keyboard.press("Enter")
    for _ in range(10):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.type("long axis")
    page.keyboard.press("Enter")
    words = page.locator("[data-marks-list] li", has_text="long axis")
    words.wait_for(state="attached")
    assert re.search(r"Overview: Measure, (19|20|21)\.\d mm: long axis", words.text_content())
    page.keyboard.press("a")
    page.keyboard.press("Escape")
    assert Annotation.objects.count() == 2
    page.keyboard.press("h")
    assert page.locator("svg.marks g").count() == 0
    page.keyboard.press("h")
    page.get_by_label("Marks", exact=True).click()
    look(page, "marks")
    words.get_by_role("button").click()
    words.wait_for(state="detached")
    assert Annotation.objects.live().count() == 1


def test_a_mark_is_drawn_with_the_pointer(room):
    page = room()
    box = page.locator("[data-lens]").bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.keyboard.press("a")
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + 60, middle[1] + 60, steps=3)
    page.mouse.up()
    page.get_by_label("Words beside it").fill("darker here")
    page.get_by_role("button", name="Keep the mark").click()
    page.locator("svg.marks text", has_text="darker here").wait_for()
    mark = Annotation.objects.get()
    assert (mark.kind, mark.text) == ("arrow", "darker here")
    assert (mark.x1, mark.y1) == (pytest.approx(0.5, abs=0.01), pytest.approx(0.5, abs=0.01)) and mark.x2 > mark.x1


@pytest.mark.parametrize("width", [1280, 390])
def test_by_touch_two_fingers_zoom(room, look, width):
    page = room(width, has_touch=True)
    before = turned(page)[0]
    page.locator("[data-lens]").evaluate(
        """lens => {
          const box = lens.getBoundingClientRect(), x = box.left + box.width / 2, y = box.top + box.height / 2;
          lens.setPointerCapture = () => {};
          const send = (kind, id, dx) => lens.dispatchEvent(new PointerEvent(kind,
            { pointerId: id, pointerType: "touch", clientX: x + dx, clientY: y, bubbles: true, cancelable: true }));
          send("pointerdown", 11, -20); send("pointerdown", 12, 20);
          send("pointermove", 11, -40); send("pointermove", 12, 40);
          send("pointerup", 11, -40); send("pointerup", 12, 40);
        }"""
    )
    assert turned(page)[0] == pytest.approx(2 * before, rel=0.05)
    look(page, f"touched-{width}")


def test_a_sensitive_photo_stays_blurred_until_it_is_opened(room, pictured):
    Case.objects.filter(pk=pictured.pk).update(site="genitalia", side="")
    page = room()
    image, asked = page.locator("[data-image]"), []
    page.on("request", lambda request: asked.append(request.url))
    assert image.get_attribute("src").endswith("/thumb/")
    page.keyboard.press("]")
    assert image.get_attribute("src").endswith("/thumb/")
    page.keyboard.press("o")
    assert image.get_attribute("src").endswith("/screen/")
    page.wait_for_load_state("networkidle")
    assert sum(address.endswith("/screen/") for address in asked) == 1


def test_a_very_large_photo_is_shown_in_tiles(room, pictured, monkeypatch):
    from intake.models import photo as photo_model

    monkeypatch.setattr(photo_model, "TILED_FROM", 1_000_000)
    for photo in Photo.objects.filter(case=pictured):
        # claimed larger than it is, so that it is worth tiles
        tiling.make_tiles(tiling.ask_for_tiles(photo).pk)
        Photo.objects.filter(pk=photo.pk).update(width=6000, height=7500)
    page = room()
    page.keyboard.press("1")
    tile = page.locator("img.tile").first
    tile.wait_for(state="attached")
    assert tile.evaluate("async node => { await node.decode(); return node.naturalWidth; }") > 0
    assert page.locator("img.tile").count() <= 6
