"""A patient who uses no mouse: from the first page to a case that is sent, by Tab, Shift+Tab, Enter, Space and arrows."""

import re

import pytest
from django.urls import reverse

from intake import demo_pictures
from intake.models import Answer, Case, Photo
from tests.browsing import needs_browser

pytestmark = [needs_browser, pytest.mark.django_db(transaction=True)]
MOST_TABS = 120

# what has the focus: whether it can be seen, and how a person would name it
FOCUSED = r"""() => {
  const at = document.activeElement;
  if (!at || at === document.body) return null;
  const box = at.getBoundingClientRect(), style = getComputedStyle(at);
  const shown = (at.labels && at.labels[0]) || at;
  const ring = [at, shown].some((one) => {
    const seen = getComputedStyle(one);
    return (seen.outlineStyle !== "none" && parseFloat(seen.outlineWidth) > 0) || seen.boxShadow !== "none";
  });
  return {
    tag: at.tagName, type: at.type || "", name: at.name || "", value: at.value || "", form: at.form ? at.form.id : "",
    text: (shown.innerText || at.getAttribute("aria-label") || "").replace(/\s+/g, " ").replace(" :", ":").trim(),
    inside: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    covered: [...document.querySelectorAll(".actionbar, .topbar, .uploads-bar")].some((bar) => {
      const over = bar.getBoundingClientRect(), seen = shown.getBoundingClientRect();
      const fixed = ["sticky", "fixed"].includes(getComputedStyle(bar).position);
      return fixed && !bar.contains(at) && !at.matches(".skip") && seen.top >= over.top && seen.bottom <= over.bottom;
    }),
    ring, visible: style.visibility !== "hidden",
  };
}"""


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path):
    settings.VAR = tmp_path


class Hands:
    """Only keys. Each stop on the way must be inside the window and show that it has the focus."""

    def __init__(self, page):
        self.page = page

    def press(self, key):
        self.page.keyboard.press(key)

    def at(self):
        return self.page.evaluate(FOCUSED)

    def tab_to(self, wanted="", **facts):
        """`wanted`: how the label begins; `facts` of the element besides."""
        seen = []
        for _ in range(MOST_TABS):
            self.press("Tab")
            at = self.at()
            if at is None:
                continue
            assert at["inside"], f"the focus is outside of the window: {at}"
            assert not at["covered"], f"what has the focus is under a bar: {at}"
            assert at["ring"], f"nothing shows where the focus is: {at}"
            if at["text"].startswith(wanted) and all(at[name] == value for name, value in facts.items()):
                return at
            seen.append(at["text"] or at["name"])
        raise AssertionError(f"no way to {wanted!r} {facts} by Tab on {self.page.url}; there are {seen}")

    def go_on(self, wanted="Continue"):
        self.tab_to(wanted)
        with self.page.expect_navigation():
            self.press("Enter")

    def step(self):
        return re.search(r"/step/([a-z_-]+)/$", self.page.url)[1]

    def choose(self, name):
        """What is offered first under this name."""
        at = self.tab_to(name=name)
        self.press("Space")
        assert self.page.evaluate("document.activeElement.checked"), at

    def write(self, name, words):
        self.tab_to(name=name)
        self.page.keyboard.insert_text(words)


def fill(hands, step):
    """What a person does on this screen, up to its button."""
    if step == "danger":
        hands.choose("none")
    elif step == "kind":
        hands.choose("problem_kind")
    elif step == "reason":
        hands.write("reason", "A mole on my arm has grown.")
    elif step == "place":
        hands.choose("side")
        hands.choose("site")
    elif step == "story":
        hands.write("onset", "In May")
        hands.write("history", "It was flat before.")
    elif step == "medicines":
        hands.write("medicines", "None")
        hands.write("allergies", "None")
    elif step == "tone":
        hands.choose("tone")
    elif step == "photos":
        hands.tab_to("Take or choose a photo", type="file")
        hands.press("Enter")  # opens the system's own window, in which the photo is chosen
        hands.page.locator(".slot", has_text="It is here and safe").wait_for()
        # the slot was drawn anew around who stood in it; who listens is told
        assert hands.at()["type"] == "file"
        hands.page.locator("[data-told]", has_text="It is here and safe").wait_for(state="attached")
    elif step == "consent":
        hands.choose("treatment")
        hands.choose("photography")
    elif step.startswith("q-"):
        answer(hands)


def answer(hands):
    at = hands.tab_to(name="answer")
    if at["type"] in {"radio", "checkbox"}:
        hands.press("Space")
    else:
        hands.page.keyboard.insert_text("Nothing more.")


@pytest.mark.parametrize(
    ("specialty", "width", "height"),
    [("dermatology", 1280, 900), ("ophthalmology", 390, 844), ("dermatology", 640, 400), ("dermatology", 320, 225)],
    ids=["desk", "phone", "200 percent", "400 percent"],
)
def test_the_whole_intake_without_a_mouse(open_page, patient, ana, tmp_path, specialty, width, height):
    picture = tmp_path / "photo.jpg"
    picture.write_bytes(demo_pictures.picture("changing_mole", view="close_up"))
    page = open_page(ana, width)
    page.set_viewport_size({"width": width, "height": height})
    hands = Hands(page)
    page.on("filechooser", lambda window: window.set_files(picture))
    page.goto("/my/")
    hands.go_on("Start a new case")
    hands.choose("specialty")
    if specialty == "ophthalmology":
        hands.press("ArrowDown")
    hands.go_on()
    walked = []
    while (step := hands.step()) != "check":
        assert step not in walked, f"{step} comes again after {walked}"
        walked.append(step)
        fill(hands, step)
        hands.go_on()
    asked = [step.removeprefix("q-") for step in walked if step.startswith("q-")]
    assert set(Answer.objects.values_list("question", flat=True)) == set(asked)
    hands.go_on("Send to")
    page.get_by_text("is sent").first.wait_for()
    case = Case.objects.get()
    assert (case.status, case.specialty, case.onset) == ("submitted", specialty, "In May")
    assert (case.reason, bool(case.site)) == ("A mole on my arm has grown.", True)
    assert Photo.objects.count() == 1


def test_enter_in_an_answer_keeps_it(open_page, draft, ana):
    """The first button of the page skips the question: Enter in a field must not press that one."""
    page = open_page(ana, 1280)
    hands = Hands(page)
    page.goto(reverse("intake:case_step", args=[draft.pk, "q-changes"]))
    answer(hands)
    with page.expect_navigation():
        hands.press("Enter")
    assert Answer.objects.get().question == "changes"
    page.goto(reverse("intake:case_step", args=[draft.pk, "tone"]))
    hands.choose("tone")
    with page.expect_navigation():
        hands.press("Enter")
    assert Case.objects.get().patient.skin_tone == 1


def test_a_question_can_be_skipped_by_its_button(open_page, draft, ana):
    page = open_page(ana, 390)
    hands = Hands(page)
    page.goto(reverse("intake:case_step", args=[draft.pk, "q-changes"]))
    hands.go_on("Skip this question")
    assert hands.step() != "q-changes"
    assert not Answer.objects.exists()


def test_without_a_line_a_skip_stays_on_the_page_and_loses_no_word(open_page, draft, ana):
    page = open_page(ana, 390)
    hands = Hands(page)
    page.goto(reverse("intake:case_step", args=[draft.pk, "q-changes"]))
    page.context.set_offline(True)
    answer(hands)
    hands.tab_to("Skip this question")
    hands.press("Enter")
    page.get_by_text("You are offline. What you typed stays on this page").wait_for()
    assert hands.step() == "q-changes" and page.locator("[name=answer]:checked").count() == 1
    page.context.set_offline(False)
    page.locator("[data-saved][data-state=saved]").wait_for()
    assert Answer.objects.get().question == "changes"


# on a slow line the page stands for seconds after a button was pressed: each wait that is left then is over at once
SLOW_LINE = """(() => {
  const after = window.setTimeout, forget = window.clearTimeout, waits = new Map();
  let pressed = false;
  window.setTimeout = (act, ...rest) => {
    const id = after(() => { waits.delete(id); act(); }, pressed ? 0 : 60_000);
    waits.set(id, act);
    return id;
  };
  window.clearTimeout = (id) => { waits.delete(id); forget(id); };
  window.addEventListener("submit", () => { pressed = true; for (const act of waits.values()) act(); });
  window.saveNow = () => { for (const [id, act] of [...waits]) { window.clearTimeout(id); act(); } };
})()"""


@pytest.mark.parametrize("under_way", [False, True], ids=["not saved yet", "a save under way fails"])
def test_no_answer_is_saved_after_its_question_was_skipped(open_page, draft, ana, under_way):
    page = open_page(ana, 390)
    hands = Hands(page)
    saves, skips = [], []

    def sent(route):
        if route.request.method != "POST":
            route.continue_()
        elif "x-draft" in route.request.headers:
            saves.append(route)  # under way until the line lets go of it
        else:
            skips.append(route)
            for save in saves:
                save.abort()
            route.continue_()

    page.add_init_script(SLOW_LINE)
    page.route("**/step/q-changes/", sent)
    page.goto(reverse("intake:case_step", args=[draft.pk, "q-changes"]))
    answer(hands)
    hands.tab_to("Skip this question")
    if under_way:
        page.evaluate("saveNow()")
    with page.expect_navigation():
        hands.press("Enter")
    assert hands.step() != "q-changes"
    assert (len(saves), len(skips), Answer.objects.count()) == (int(under_way), 1, 0)


def test_who_stops_the_page_and_writes_on_is_saved_again(open_page, draft, ana):
    page = open_page(ana, 390)
    hands = Hands(page)
    page.goto(reverse("intake:case_step", args=[draft.pk, "q-changes"]))
    page.route("**/step/q-changes/", lambda r: r.continue_() if "x-draft" in r.request.headers else r.abort("aborted"))
    answer(hands)
    hands.tab_to("Skip this question")
    with page.expect_event("requestfailed"):
        hands.press("Enter")
    page.keyboard.press("Shift+Tab")
    page.locator("[name=answer]").last.click()
    page.locator("[data-saved][data-state=saved]").wait_for()
    assert Answer.objects.get().question == "changes"
