"""A morning at the work list: ten cases, read, documented and signed one after the other, and no hand on the mouse."""

import pytest
from django.urls import reverse

from intake.demo_pictures import picture
from intake.models import Photo, Rendition
from intake.renditions import process_photo
from intake.services import attach_photo
from review.models import Beat, Icd10Code, Review
from review.models.icd import RELEASE, VALID_FROM, VERIFIED_UNTIL
from tests import factories
from tests.browsing import needs_browser

pytestmark = [needs_browser, pytest.mark.django_db(transaction=True)]

CODES = {
    "D22.61": "Melanocytic nevi of right upper limb, including shoulder",
    "L82.1": "Other seborrheic keratosis",
    "L20.9": "Atopic dermatitis, unspecified",
    "L71.9": "Rosacea, unspecified",
    "L40.0": "Psoriasis vulgaris",
    "B35.4": "Tinea corporis",
    "L57.0": "Actinic keratosis",
}
# what was asked, where, the code, the answer, the words for the patient
TEN = [
    ("A brown spot that grew since August", "forearm_posterior", "right", "D22.61", "Benign nevus", "The spot is a harmless mole."),
    ("A rough brown patch on my back", "upper_back", "", "L82.1", "Seborrheic keratosis", "This is a harmless growth of the skin."),
    ("An itchy rash in the elbow", "forearm_posterior", "right", "L20.9", "Atopic dermatitis", "This is eczema. Use the cream each day."),
    ("Red bumps on the forehead", "forehead", "", "L71.9", "Rosacea", "This is rosacea. It is common and harmless."),
    ("A scaly plaque on the knee", "knee", "left", "L40.0", "Plaque psoriasis", "This is psoriasis. Use the ointment each day."),
    ("A ring on my belly", "abdomen", "", "B35.4", "Ringworm", "This is a fungus. Use the cream for 3 weeks."),
    ("Crusty spots on the forehead", "forehead", "", "L57.0", "Actinic keratosis", "Sun has hurt the skin here. Use the gel."),
    ("A dark mole on the forearm", "forearm_posterior", "right", "D22.61", "Benign nevus", "The mole looks harmless."),
    ("Dry, itchy skin on the belly", "abdomen", "", "L20.9", "Atopic dermatitis", "This is eczema. Use the cream each day."),
    ("A stuck-on spot on my chest", "chest", "", "L82.1", "Seborrheic keratosis", "This is a harmless growth of the skin."),
]  # fmt: skip
NO_HAND = (
    "window.hand = 0; addEventListener('pointerdown', (event) => { if (event.pointerType) window.hand += 1; }, true);"
)


@pytest.fixture
def morning(clinic, group, ana):
    """Ten people's cases, due one after the other; two photographs went through the pipeline, the rows of the rest share them."""
    Icd10Code.objects.bulk_create(
        Icd10Code(code=code, description=words, billable=True, release=RELEASE, valid_from=VALID_FROM,
                  verified_until=VERIFIED_UNTIL)
        for code, words in CODES.items()
    )  # fmt: skip
    cases = []
    for number, (reason, site, side, *_) in enumerate(TEN):
        patient = factories.make_patient(clinic, last_name=f"Walker{number}", user=ana if not number else None)
        case = factories.make_draft(patient, by=ana, reason=reason, site=site, side=side, history="Since a year.")
        cases.append(case)
    first = cases[0]
    slots = ("overview", "close_up")
    for slot in slots:
        attach_photo(case=first, by=ana, data=picture("quiet_mole", view=slot), name=f"{slot}.jpg", slot=slot)
    for photo in first.photos.all():
        process_photo(photo.pk)
    made = {photo.slot: list(photo.renditions.all()) for photo in Photo.objects.filter(case=first)}
    for case in cases[1:]:
        for slot in slots:
            copy = factories.make_ready_photo(case, by=ana, slot=slot)
            for one in made[slot]:
                Rendition.objects.create(photo=copy, kind=one.kind, key=one.key, format=one.format, width=one.width,
                                         height=one.height, byte_size=one.byte_size, sha256=one.sha256)  # fmt: skip
    return [
        factories.put_status(case, "ready", group=group, patient_state="OH", urgency="routine",
                             answer_due_at=factories.in_days(1 + number))
        for number, case in enumerate(cases)
    ]  # fmt: skip


class Keys:
    """Hands on the keyboard: Tab until the wanted field has the focus, as a person does."""

    def __init__(self, page):
        self.page, self.pressed, self.known = page, 0, {}

    def press(self, key, times=1):
        for _ in range(times):
            self.page.keyboard.press(key)
        self.pressed += times

    def type(self, text):
        self.page.keyboard.insert_text(text)

    def to(self, selector, most=90):
        """The way that was found in the case before is gone at once."""
        taken = max(0, self.known.get(selector, 0) - 1)
        self.press("Tab", taken)
        while not self.page.evaluate("wanted => Boolean(document.activeElement.matches(wanted))", selector):
            assert taken < most, f"no way to {selector} by {most} Tabs"
            self.press("Tab")
            taken += 1
        self.known[selector] = taken


def read(keys, code, assessment, words):
    page = keys.page
    page.locator("#clock[data-state=counting]").wait_for()
    page.wait_for_function("document.querySelector('[data-image]').complete")
    keys.press("]")  # the second photo too
    page.wait_for_function("document.querySelectorAll('.strip button')[1].getAttribute('aria-pressed') === 'true'")
    keys.press("f")
    keys.to("[name=photos_adequate]")
    keys.press("Space")
    keys.to("#id_findings")
    keys.type(f"Seen on both photographs, typical of {assessment.lower()}.")
    keys.to("#id_assessment")
    keys.type(assessment)
    keys.to("[name=confidence]")
    keys.press("Space")
    keys.to("#id_icd_q")
    keys.type(code)
    page.locator(f"#icd-found button[value='{code}']").wait_for()
    keys.press("Enter")
    page.locator("[data-codes] li", has_text=code).wait_for()
    keys.to("#id_plan")
    keys.type("Sunscreen every day. Come back when it changes.")
    keys.to("#id_patient_text")
    keys.type(words)
    keys.press("Control+Enter")
    page.wait_for_url("**/sign/")


def sign(keys, last):
    page = keys.page
    keys.to("[name=attested]")
    keys.press("Space")
    if page.locator("#password").count():
        keys.to("#password")
        keys.type(factories.PASSWORD)
    keys.to("button[type=submit]:not([name])" if last else "button[value=next]")
    keys.press("Enter")


def test_ten_cases_from_the_list_to_the_last_signature(open_page, morning, dana):
    page = open_page(dana, 1440)
    page.add_init_script(NO_HAND)
    page.goto(reverse("review:worklist"))
    keys = Keys(page)
    keys.press("n")
    for number, (case, (*_, code, assessment, words)) in enumerate(zip(morning, TEN, strict=True)):
        page.wait_for_url(f"**{reverse('review:room', args=[case.pk])}")
        read(keys, code, assessment, words)
        sign(keys, last=number == len(TEN) - 1)
    page.wait_for_url("**/signed/")
    assert page.evaluate("window.hand") == 0
    signed = Review.objects.signed().order_by("signed_at")
    assert [(one.case, one.assessment, one.patient_text) for one in signed] == [
        (case, assessment, words) for case, (*_, assessment, words) in zip(morning, TEN, strict=True)
    ]
    assert [one.diagnoses.get().icd10cm for one in signed] == [code for *_, code, _, _ in TEN]
    assert all(one.measured_ms > 0 for one in signed)
    seen = [
        {photo for shown in one.beats.values_list("shown", flat=True) for photo in shown.get("photos", [])}
        for one in signed
    ]
    assert all(len(photos) == 2 for photos in seen), "each photograph was on screen, and the tape's rows tell it"
    assert Beat.objects.filter(state="ended").count() == len(TEN)
    assert keys.pressed / len(TEN) < 250, "a person would not do it"
