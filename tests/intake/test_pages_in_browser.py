"""Every page of intake in a real browser, at a phone's and a desk's width: nothing inaccessible, nothing wider than the
window, no script that fails. DERMFORWARD_SHOTS=folder keeps what the browser saw."""

import io
import uuid

import pytest
from django.urls import reverse

from intake import demo_pictures, entries, escalation, messages, related, services, triage
from intake.models import Case, Photo, RequestItem, Upload
from intake.renditions import process_photo
from tests import factories
from tests.browsing import needs_browser

pytestmark = [needs_browser, pytest.mark.django_db(transaction=True)]
WIDTHS = pytest.mark.parametrize("width", [390, 1440])


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path):
    settings.VAR = tmp_path


def step(case, name):
    return reverse("intake:case_step", args=[case.pk, name])


@pytest.fixture
def pictured(draft, ana):
    for view in ("overview", "close_up"):
        photo = services.attach_photo(
            case=draft, by=ana, data=demo_pictures.picture("changing_mole", view=view), name="a.jpg", slot=view
        )
        process_photo(photo.pk)
    return draft


@WIDTHS
def test_the_patients_pages(open_page, look, pictured, ana, width):
    draft = pictured
    page = open_page(ana, width)
    page.goto("/my/")
    look(page, "patient-home")
    page.goto(reverse("intake:case_new"))
    look(page, "case-new")
    for name in (
        "danger",
        "kind",
        "reason",
        "place",
        "story",
        "q-changes",
        "q-tried",
        "medicines",
        "photos",
        "consent",
    ):
        page.goto(step(draft, name))
        look(page, f"step-{name}")
    page.goto(step(draft, "check"))
    page.get_by_role("button", name="Send to").click()
    page.get_by_text("still missing").first.wait_for()
    look(page, "step-check")
    page.goto(reverse("intake:case_withdraw", args=[draft.pk]))
    look(page, "withdraw")


@WIDTHS
def test_the_pages_after_sending(open_page, look, pictured, ana, ben, width):
    services.give_consent(case=pictured, by=ana, kinds={"treatment", "photography"})
    case = services.submit_case(case=pictured, by=ana)
    page = open_page(ana, width)
    page.goto("/my/")
    look(page, "home-sent")
    page.goto(reverse("intake:patient_case", args=[case.pk]))
    look(page, "patient-case")
    messages.send(case=case, by=ben, text="Please keep it dry.", key=uuid.uuid4())
    page.goto(reverse("intake:messages", args=[case.pk]))
    look(page, "messages")
    page.get_by_label("Your message").fill("I will.")
    page.locator("#write button[type=submit]").first.press("Enter")
    page.get_by_text("Your message is sent.").wait_for()
    assert case.messages.count() == 2
    triage.request_information(
        case=case,
        by=ben,
        items=[
            triage.Asked("photo", slot="close_up", reason_code="blurred", note="It is blurry."),
            triage.Asked("question", question="Does it itch?"),
        ],
        deadline=factories.in_days(2),
        message="One more thing.",
    )
    page.goto(reverse("intake:case_answer", args=[case.pk]))
    look(page, "answer")
    page.get_by_role("button", name="Send the answer").click()
    page.get_by_text("Something is still missing").wait_for()
    look(page, "answer-missing")
    assert RequestItem.objects.filter(answer="").count() == 2


@WIDTHS
def test_the_stop_page(open_page, look, draft, ana, width):
    services.answer_danger_signs(case=draft, by=ana, signs=["Sudden loss of sight"])
    page = open_page(ana, width)
    page.goto(reverse("intake:case_stop", args=[draft.pk]))
    page.get_by_role("heading", name="Call 911 now").wait_for()
    look(page, "stop")


@WIDTHS
def test_the_clinics_pages(open_page, look, pictured, ana, ben, dana, patient, width):
    services.give_consent(case=pictured, by=ana, kinds={"treatment", "photography"})
    services.answer_question(case=pictured, by=ana, key="changes", value=["size", "color"])
    case = services.submit_case(case=pictured, by=ana)
    messages.send(case=case, by=ana, text="May I swim?", key=uuid.uuid4())
    Upload.objects.create(case=case, by=ana, client_key="phone-key-9", byte_size=1000, slot="oblique")
    related.invite_related(by=ben, patient=patient, name="Cara", email="cara@example.test", relationship="carer")
    ben.memberships.update(lead=True)
    Case.objects.filter(pk=case.pk).update(triage_due_at=factories.in_days(-1))
    entries.keep(case.pk)
    assert escalation.escalate() == 1
    page = open_page(ben, width)
    for name, url in (
        ("queue", reverse("intake:triage_queue")),
        ("day-sheet", reverse("intake:day_sheet")),
        ("hand-over", reverse("intake:handover")),
        ("clinic", reverse("intake:clinic_page")),
        ("lead", reverse("intake:lead")),
        ("asked", reverse("intake:asked")),
        ("photo-hints", reverse("intake:photo_hints")),
        ("all-cases", reverse("intake:all_cases")),
        ("case", reverse("intake:triage_case", args=[case.pk])),
        ("ask", reverse("intake:ask", args=[case.pk])),
        ("redirect", reverse("intake:redirect", args=[case.pk])),
        ("messages", reverse("intake:messages", args=[case.pk])),
        ("inbox", reverse("intake:inbox")),
        ("patients", reverse("intake:patients")),
        ("patient", reverse("intake:patient", args=[patient.pk])),
        ("patient-edit", reverse("intake:patient_edit", args=[patient.pk])),
        ("patient-new", reverse("intake:patient_new")),
    ):
        page.goto(url)
        look(page, f"staff-{name}")


@WIDTHS
def test_the_pages_about_the_wrong_person(open_page, look, draft, ana, ben, clinic, patient, dana, width):
    photo = factories.make_ready_photo(draft, by=ana)
    case = factories.put_status(draft, "submitted")
    factories.make_patient(clinic, first_name="Twin", last_name=patient.last_name)
    page = open_page(ben, width)
    for name, url in (
        ("wrong-person", reverse("intake:wrong_person", args=[case.pk])),
        ("wrong-photo", reverse("intake:wrong_photo", args=[photo.pk])),
        ("merge", reverse("intake:merge", args=[patient.pk])),
        ("routing", reverse("intake:routes")),
    ):
        page.goto(url)
        look(page, f"staff-{name}")


@WIDTHS
def test_a_case_with_messages_goes_to_the_right_person(open_page, look, pictured, ana, ben, clinic, width):
    case = factories.put_status(pictured, "submitted")
    data = demo_pictures.picture("changing_mole", view="close_up", seed=5)
    messages.send(
        case=case, by=ana, text="It is my sister's arm. Is that all right?", key=uuid.uuid4(), files=[("a.jpg", data)]
    )
    process_photo(Photo.objects.get(slot="other").pk)
    messages.send(case=case, by=ben, text="Then we put it under her name.", key=uuid.uuid4())
    messages.open_thread(case=case, by=ana)
    bea = factories.make_user("Bea", email="bea@example.test")
    factories.make_patient(clinic, user=bea, first_name="Bea", last_name="Ortega", medicare=False)
    page = open_page(ben, width)
    page.goto(reverse("intake:wrong_person", args=[case.pk]) + "?q=Ortega")
    look(page, "staff-wrong-person-messages")
    page.get_by_label("Bea Ortega").check()
    page.get_by_label("Why").fill("Ms. Sample used her own account for her sister")
    page.get_by_role("button", name="Move the case").click()
    page.get_by_text("is Bea Ortega's now").wait_for()
    look(page, "staff-moved-case")
    page.goto(reverse("intake:messages", args=[case.pk]))
    page.locator("summary", has_text="2 messages with Ana").click()
    look(page, "staff-moved-messages")
    for login, name in ((ana, "left"), (bea, "came")):
        page = open_page(login, width)
        page.goto("/my/")
        look(page, f"patient-moved-{name}-home")
        page.get_by_role("link", name="Read it").click()
        page.get_by_role("heading", level=1).wait_for()
        look(page, f"patient-moved-{name}")


@WIDTHS
def test_a_photo_link_from_the_mail_to_the_photos(chromium, live_server, look, clinic, ben, width):
    walk_in = factories.make_patient(clinic, first_name="Wim")
    case = services.start_case(by=ben, patient=walk_in, specialty="ophthalmology")
    _, url = related.make_link(by=ben, case=case)
    page = chromium.new_context(viewport={"width": width, "height": 844}).new_page()
    page.goto(live_server.url + "/link/" + url.partition("/link/")[2])
    look(page, "link-open")
    page.get_by_label("Date of birth").fill(walk_in.date_of_birth.isoformat())
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("heading", name="Do you have any of these now?").wait_for()
    page.goto(live_server.url + step(case, "place"))
    look(page, "link-eyes")
    page.goto(live_server.url + "/link/nonsense/")
    look(page, "link-gone")


def test_the_drawing_picks_from_the_list_and_the_list_alone_is_enough(open_page, draft, ana):
    page = open_page(ana, 390)
    page.goto(step(draft, "place"))
    page.locator("[data-map=front] path[data-site=knee][data-side=left]").click()
    assert page.locator("input[name=site][value=knee]").is_checked()
    assert page.locator("input[name=side][value=left]").is_checked()
    assert page.locator("[data-map-chosen]").inner_text() == "Knee, my left"
    with page.expect_navigation():
        page.get_by_role("button", name="Continue").click()
    draft.refresh_from_db()
    assert (draft.site, draft.side, draft.point_view) == ("knee", "left", "front")
    assert 0.4 < draft.point_x < 0.8 and 0.6 < draft.point_y < 0.8
    # another place, with the keyboard, from the list: the old point is not its point
    page.goto(step(draft, "place"))
    page.locator("input[name=site][value=knee]").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/step/story/")
    draft.refresh_from_db()
    assert (draft.site, draft.point_view, draft.point_x) == ("knee_flexure", "", None)


def test_without_a_line_what_was_typed_stays_and_is_saved_later(open_page, draft, ana):
    page = open_page(ana, 390)
    page.goto(step(draft, "reason"))
    page.context.set_offline(True)
    page.locator("#id_reason").fill("A spot that bled on the train")
    page.get_by_role("button", name="Continue").click()
    page.get_by_text("You are offline. What you typed stays on this page").wait_for()
    assert page.locator("#id_reason").input_value() == "A spot that bled on the train"
    page.context.set_offline(False)
    page.locator("[data-saved][data-state=saved]").wait_for()
    draft.refresh_from_db()
    assert draft.reason == "A spot that bled on the train"
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/step/place/")


def test_a_blurred_and_a_dark_photo_are_noticed_on_the_phone(open_page, draft, ana, tmp_path):
    from PIL import Image, ImageEnhance, ImageFilter

    sharp = Image.open(io.BytesIO(demo_pictures.picture("changing_mole", view="close_up", tone="deep")))
    pictures = {
        "sharp": sharp,
        "half": ImageEnhance.Brightness(sharp).enhance(0.5),
        "blurred": sharp.filter(ImageFilter.GaussianBlur(max(sharp.size) * 0.006)),
        "dark": ImageEnhance.Brightness(sharp).enhance(0.05),
    }
    page = open_page(ana, 390)
    page.goto(step(draft, "photos"))
    told = {}
    for name, picture in pictures.items():
        picture.save(tmp_path / f"{name}.jpg", quality=92)
        data = list((tmp_path / f"{name}.jpg").read_bytes())
        told[name] = page.evaluate(
            "async (data) => (await dermforwardCoach.look(new Blob([new Uint8Array(data)]))).reasons",
            data,
        )
    assert told == {"sharp": [], "half": [], "blurred": ["blurred"], "dark": ["too_dark"]}


def test_a_picture_that_is_there_already_is_noticed_on_the_phone(open_page, draft, ana, tmp_path):
    """Saved again in another size, as a gallery does: not the same file, but the same picture."""
    from PIL import Image

    services.attach_photo(
        case=draft, by=ana, data=demo_pictures.picture("changing_mole", view="close_up"), name="a.jpg", slot="close_up"
    )
    process_photo(draft.photos.get().pk)
    page = open_page(ana, 390)
    page.route("**/my/uploads/**", lambda route: route.abort())
    page.goto(step(draft, "photos"))
    page.locator("#slot-oblique form.is-live").wait_for(state="attached")
    other = tmp_path / "other.jpg"
    other.write_bytes(demo_pictures.picture("changing_mole", view="oblique"))
    again = tmp_path / "again.jpg"
    with Image.open(io.BytesIO(demo_pictures.picture("changing_mole", view="close_up"))) as picture:
        picture.resize((picture.width * 2 // 3, picture.height * 2 // 3)).save(again, quality=70)
    page.set_input_files("#file-overview", other)
    page.locator("#slot-overview [data-on-its-way] img:not([hidden])").wait_for()
    page.set_input_files("#file-oblique", again)
    page.locator("#slot-oblique").get_by_text("You sent this picture before.").wait_for()
    assert page.locator("[data-tip=again]:visible").count() == 1


@pytest.mark.parametrize("width", [320, 390, 1440])
def test_a_tap_and_a_slider_circle_the_spot_and_say_at_once_that_it_is_far_away(width, open_page, look, draft, ana):
    services.attach_photo(
        case=draft, by=ana, data=demo_pictures.picture("changing_mole", view="close_up"), name="a.jpg", slot="close_up"
    )
    photo = draft.photos.get()
    process_photo(photo.pk)
    page = open_page(ana, width)
    page.goto(step(draft, "photos"))
    look(page, "photos-to-circle")
    page.get_by_role("link", name="Circle the spot").click()
    page.get_by_role("heading", name="Circle the spot").wait_for()
    box = page.locator(".circle-pic").bounding_box()
    page.locator(".circle-pic").click(position={"x": box["width"] * 0.25, "y": box["height"] * 0.75})
    warned = page.get_by_text("It is small on this photo.")
    assert not warned.is_visible()
    page.get_by_label("Size of the circle").focus()
    page.keyboard.press("Home")
    warned.wait_for()
    look(page, "circle")
    page.get_by_role("button", name="Keep it").click()
    page.get_by_text("The circle is kept.").wait_for()
    page.get_by_text("Hold the phone a hand's width away, then tap it on the screen.").wait_for()
    photo.refresh_from_db()
    assert (photo.circle_x, photo.circle_y) == (pytest.approx(0.25, abs=0.02), pytest.approx(0.75, abs=0.02))
    assert "too_far" in photo.quality_reasons


def test_a_circle_that_nobody_has_set_is_asked_about_once(open_page, look, draft, ana):
    services.attach_photo(
        case=draft, by=ana, data=demo_pictures.picture("changing_mole", view="close_up"), name="a.jpg", slot="close_up"
    )
    photo = draft.photos.get()
    process_photo(photo.pk)
    page = open_page(ana, 390)
    page.goto(step(draft, "photos"))
    page.get_by_role("link", name="Circle the spot").click()
    asked = page.get_by_text("The circle is where we put it.")
    page.get_by_role("heading", name="Circle the spot").wait_for()
    assert not asked.is_visible()
    page.get_by_role("button", name="Keep it").click()
    asked.wait_for()
    look(page, "circle-unset")
    photo.refresh_from_db()
    assert photo.circle_across is None
    page.get_by_role("button", name="Keep it").click()
    page.get_by_text("The circle is kept.").wait_for()
    photo.refresh_from_db()
    assert photo.circle_x == pytest.approx(0.5, abs=0.01)


def test_the_place_of_the_photo_to_circle_is_kept_free_before_it_has_come(open_page, draft, ana):
    """Else the page moves under the finger, and the circle lies elsewhere."""
    services.attach_photo(
        case=draft, by=ana, data=demo_pictures.picture("changing_mole", view="close_up"), name="a.jpg", slot="close_up"
    )
    photo = draft.photos.get()
    process_photo(photo.pk)
    page, held = open_page(ana, 390), []
    page.route("**/screen/", lambda route: held.append(route))
    page.goto(reverse("intake:circle", args=[photo.pk]), wait_until="domcontentloaded")
    early = page.locator(".circle-pic").bounding_box()
    for _ in range(100):
        if held:
            break
        page.wait_for_timeout(50)
    held[0].continue_()
    page.evaluate("document.querySelector('.circle-pic img').decode()")
    assert page.locator(".circle-pic").bounding_box() == early


def test_a_chosen_photo_goes_up_by_itself_and_can_be_taken_back(open_page, draft, ana, tmp_path):
    path = tmp_path / "spot.jpg"
    path.write_bytes(demo_pictures.picture("changing_mole", view="close_up"))
    page = open_page(ana, 390)
    page.goto(step(draft, "photos"))
    page.locator("#slot-close_up form.is-live").wait_for(state="attached")
    announced = []

    def lose_the_first(route):
        """A server that stops in the middle and comes back from an earlier hour: it does not know the photo any more."""
        if route.request.method != "PATCH" or announced:
            return route.continue_()
        announced.extend(Upload.objects.values_list("pk", flat=True))
        Upload.objects.all().delete()
        return route.abort()

    page.route("**/my/uploads/**", lose_the_first)
    page.set_input_files("#file-close_up", path)
    page.locator("#slot-close_up").get_by_text("It is here and safe.").wait_for()
    assert Photo.objects.live().get().slot == "close_up"
    assert announced and Upload.objects.get().pk not in announced
    page.locator("#slot-close_up").get_by_role("button", name="Remove").click()
    page.locator("#slot-close_up").get_by_text("A hand's width away").wait_for()
    assert not Photo.objects.live().exists()


def test_the_camera_lies_over_the_earlier_photo(chromium_with_camera, live_server, client, pictured, ana):
    factories.put_status(pictured, "closed")
    again = services.start_follow_up(by=ana, earlier=pictured)
    client.force_login(ana, backend="django.contrib.auth.backends.ModelBackend")
    context = chromium_with_camera.new_context(viewport={"width": 390, "height": 844}, permissions=["camera"])
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
    page = context.new_page()
    page.goto(live_server.url + step(again, "photos"))
    over = page.locator("#slot-close_up [data-camera]")
    # the card hides what is wider than it
    button, card = over.bounding_box(), page.locator("#slot-close_up").bounding_box()
    assert button["x"] + button["width"] <= card["x"] + card["width"]
    over.click()
    shutter = page.get_by_role("button", name="Take the photo")
    page.locator("[data-camera-take]:not([disabled])").wait_for()
    assert page.locator("[data-camera-earlier]").evaluate("node => getComputedStyle(node).opacity") == "0.5"
    page.get_by_role("button", name="Hide it").click()
    assert page.locator("[data-camera-earlier]").evaluate("node => getComputedStyle(node).opacity") == "0"
    shutter.click()
    page.locator("#slot-close_up").get_by_text("It is here and safe.").wait_for()
    assert again.photos.live().get().slot == "close_up"


def test_single_letter_keys_turned_off_in_one_place_are_off_in_every_place(open_page, ben):
    page = open_page(ben, 1440)
    page.goto(reverse("intake:triage_queue"))
    page.keyboard.press("/")
    search = page.locator(".search input")
    assert search.evaluate("e => e === document.activeElement")
    page.locator("h1").click()
    page.goto(reverse("accounts:me"))
    page.get_by_label("Single letters work as keys").uncheck()
    page.goto(reverse("intake:triage_queue"))
    page.keyboard.press("/")
    assert not search.evaluate("e => e === document.activeElement")
    page.keyboard.press("?")
    switch = page.get_by_role("dialog", name="Keys").get_by_label("Single letters work as keys")
    assert not switch.is_checked(), "the list of keys opens all the same, and says that they are off"
    switch.check()
    page.keyboard.press("Escape")
    switch.wait_for(state="hidden")
    page.keyboard.press("/")
    assert search.evaluate("e => e === document.activeElement")


def test_on_a_phone_the_open_page_is_in_sight_in_the_bar(open_page, ben):
    page = open_page(ben, 390)
    page.goto(reverse("review:items"))
    here = page.locator(".nav > [aria-current]")
    here.wait_for()
    box = here.bounding_box()
    assert 0 <= box["x"] and box["x"] + box["width"] <= 390, box
