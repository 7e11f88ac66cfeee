"""Every page of advice and of what becomes of it, in a real browser at a phone's and a desk's width: nothing inaccessible,
nothing wider than the window. DERMFORWARD_SHOTS=folder keeps what the browser saw."""

import uuid

import pytest
from django.urls import reverse

from config.accounts.models import Clinic
from intake import demo_pictures, messages, referrals, services
from intake.models import Case, Patient
from intake.renditions import process_photo
from review import critical, items
from review.letters import making
from review.models import Review
from review.plan import PlanLine
from review.record import building
from review.services import claim_case, save_draft
from tests import factories
from tests.browsing import needs_browser
from tests.review.conftest import DRAFT, NEVUS_RIGHT, Tab
from tests.review.signed import CALM, answer, day, tell

pytestmark = [needs_browser, pytest.mark.django_db(transaction=True)]
# 320 px is a desk's window at 400 %
WIDTHS = pytest.mark.parametrize("width", [320, 390, 1440])
LINES = [
    PlanLine("biopsy", "Excision biopsy, 2 mm margin", "referring_clinic", "Have the spot taken out and tested", due_weeks=2),
    PlanLine("medicine", "Hydrocortisone 1 % cream twice a day", "patient", due_weeks=2),
    PlanLine("watch_rephotograph", "Photograph the back again", "patient", "Take new photos of your back", due_weeks=4),
    PlanLine("recall", "Full skin check", "specialist_group", due_weeks=52),
]  # fmt: skip
REPORT = items.Report(
    "malignant", "Melanoma, 0.4 mm, margins free", day(0), report="Sections show an asymmetric proliferation.",
    laboratory="Sample Pathology", number="S26-1", agreement="in_differential",
)  # fmt: skip


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path):
    settings.VAR = tmp_path
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


@pytest.fixture
def places(clinic, group, patient):
    """With what a letter prints, and a last rung for the ladder."""
    director = factories.make_user("Mira", "staff", factories.make_clinic("clinic", name="Head office"))
    address = {"address_line1": "12 Example Street", "city": "Lorain", "state": "OH", "zip_code": "44052"}
    Clinic.objects.filter(pk=clinic.pk).update(medical_director=director, phone="614-555-0142", **address)
    Clinic.objects.filter(pk=group.pk).update(phone="614-555-0180", **address)
    Patient.objects.filter(pk=patient.pk).update(phone="614-555-0101", **address)
    for row in (clinic, group, patient):
        row.refresh_from_db()


@pytest.fixture
def signed(places, draft, ana, ruth, dana, group, icd, clock, sign) -> Review:
    """A whole answer as a specialist signs it, with photographs, every kind of owner, and both letters made."""
    for view in ("overview", "close_up"):
        data = demo_pictures.picture("changing_mole", view=view)
        process_photo(services.attach_photo(case=draft, by=ana, data=data, name=f"{view}.jpg", slot=view).pk)
    services.give_consent(case=draft, by=ana, kinds={"treatment", "photography"})
    where = {"site": "forearm_posterior", "side": "right", "problem_kind": "lesion"}
    Case.objects.filter(pk=draft.pk).update(reason="A brown spot that grew", history="It bled once.", **where)
    case = factories.put_status(
        draft, "ready", group=group, patient_state="OH", referring_clinician=ruth, referring_clinic=ruth.main_clinic
    )
    review = claim_case(case=case, by=dana)
    terms = ["morphology.macule", "color.dark_brown"]
    words = DRAFT | {"plan": "", "finding_terms": terms}
    review, _ = save_draft(review=review, by=dana, version=0, codes=[NEVUS_RIGHT], lines=LINES, **words)
    Tab(review, dana, clock).work(60_000)
    review = sign(review)
    making.make_letters(review.letter_pairs.get().pk)
    tell(review)
    return review


def walk(page, look, who: str, pages: dict[str, str]) -> None:
    for name, url in pages.items():
        answer = page.goto(url)
        assert answer.status in {200, 404} and (answer.status == 200 or "unknown" in name), (name, answer.status)
        look(page, f"{who}-{name}")


@WIDTHS
@pytest.mark.parametrize("language", ["en", "es"])
def test_what_the_patient_reads_and_does(open_page, look, signed, ana, ben, patient, language, width):
    Patient.objects.filter(pk=patient.pk).update(preferred_language=language)
    case, step = signed.case, signed.action_items.get(kind="medicine")
    photo = demo_pictures.picture("rash", view="close_up")
    sent = messages.send(case=case, by=ana, text="May I swim?", key=uuid.uuid4(), files=[("a.jpg", photo)])
    process_photo(sent.photos.get().photo_id)
    messages.send(case=case, by=ben, text="Keep it dry for two days.", key=uuid.uuid4())
    items.settle(item=signed.action_items.get(kind="watch_rephotograph"), by=ana, state="done", words="Sent.")
    building.make_record(building.ask(patient=patient, by=ana).pk)
    building.ask(patient=patient, by=ana)
    code = signed.letter_pairs.get().spaced_code
    page = open_page(ana, width)
    walk(
        page,
        look,
        f"patient-{language}",
        {
            "home": reverse("intake:patient_home"),
            "result": reverse("review:patient_result", args=[case.pk]),
            "steps": reverse("review:own_steps"),
            "step": reverse("review:own_step", args=[step.pk]),
            "messages": reverse("intake:messages", args=[case.pk]),
            "record": reverse("review:record"),
            "letter-check": reverse("review:letter_check_form"),
            "letter-genuine": reverse("review:letter_check", args=[code]),
            "letter-unknown": reverse("review:letter_check", args=["AAAA-BBBB-CCCC-DDDD"]),
        },
    )
    page.goto(reverse("review:own_step", args=[step.pk]))
    page.locator("main form button[type=submit]").click()
    page.locator("#error-summary").wait_for()
    look(page, f"patient-{language}-step-refused")


@WIDTHS
def test_what_the_referring_clinician_reads_and_does(open_page, look, signed, ruth, dana, clinic, width):
    case = signed.case
    other = factories.make_patient(clinic, first_name="Twin", last_name="Sample")
    referrals.start_referral(by=ruth, patient=other, specialty="dermatology", note="Growing mole, 8 mm. Excise?")
    messages.send(case=case, by=ruth, text="How wide a margin?", key=uuid.uuid4())
    biopsy = signed.action_items.get(kind="biopsy")
    walk(
        open_page(ruth, width),
        look,
        "referrer",
        {
            "home": reverse("review:referrer_home"),
            "result": reverse("review:referrer_result", args=[case.pk]),
            "steps": reverse("review:items"),
            "step": reverse("review:item", args=[biopsy.pk]),
            "pathology": reverse("review:pathology_new", args=[case.pk]),
            "standing": reverse("review:standing"),
            "critical": reverse("review:critical_board"),
            "messages": reverse("intake:messages", args=[case.pk]),
            "find": reverse("intake:referral_find"),
            "refer": reverse("intake:referral_new", args=[other.pk]),
        },
    )


@WIDTHS
def test_what_the_clinic_follows(open_page, look, signed, ben, dana, clinic, ruth, draft, ana, width):
    case = signed.case
    other = factories.make_patient(clinic, first_name="Paper", last_name="Only")
    answer(factories.make_draft(other, by=ben), dana, case.group, CALM)
    items.attach_pathology(review=signed, by=ben, item=signed.action_items.get(kind="biopsy"), what=REPORT)
    page = open_page(ben, width)
    walk(
        page,
        look,
        "staff",
        {
            "results": reverse("review:results_to_close"),
            "result": reverse("review:staff_result", args=[case.pk]),
            "steps": reverse("review:items"),
            "steps-settled": reverse("review:items") + "?show=settled",
            "step": reverse("review:item", args=[signed.action_items.get(kind="medicine").pk]),
            "step-settled": reverse("review:item", args=[signed.action_items.get(kind="biopsy").pk]),
            "standing": reverse("review:standing"),
            "critical": reverse("review:critical_board"),
            "to-print": reverse("review:to_print"),
            "calls": reverse("intake:calls"),
            "texts": reverse("intake:message_templates"),
            "messages": reverse("intake:messages", args=[case.pk]),
            "wrong-person": reverse("review:report_wrong_person", args=[case.pk]),
        },
    )
    row = signed.critical
    critical.acknowledge(row=row, by=ruth, action="Seen on Tuesday at 9 in the surgery.")
    page.goto(reverse("review:critical_board"))
    look(page, "staff-critical-taken")


@WIDTHS
def test_what_the_specialist_hears(open_page, look, signed, dana, ben, ruth, width):
    case = signed.case
    messages.send(case=case, by=ruth, text="How wide a margin?", key=uuid.uuid4())
    items.attach_pathology(review=signed, by=ben, item=signed.action_items.get(kind="biopsy"), what=REPORT)
    walk(
        open_page(dana, width),
        look,
        "specialist",
        {
            "signed-list": reverse("review:signed_list"),
            "signed": reverse("review:signed", args=[case.pk]),
            "addendum": reverse("review:addendum", args=[signed.pk]),
            "steps": reverse("review:items"),
            "critical": reverse("review:critical_board"),
            "messages": reverse("intake:messages", args=[case.pk]),
        },
    )


@pytest.mark.parametrize("width", [1024, 1440])
def test_what_a_specialist_writes_for_a_reader_of_spanish(open_page, look, review, dana, ana, patient, width):
    Patient.objects.filter(pk=patient.pk).update(preferred_language="es")
    page = open_page(dana, width)
    page.goto(reverse("review:room", args=[review.case_id]))
    own = page.get_by_label("For the patient, in Spanish")
    own.fill("Hola.")
    page.get_by_text("Insert a text in English and Spanish").click()
    page.get_by_role("button", name="Spot to be tested").click()
    assert own.input_value() == "Hola.\nHay que analizar esta mancha. Eso no quiere decir que usted tenga cáncer. Solo con un análisis se puede estar seguro."  # fmt: skip
    assert page.get_by_label("Follow-up, in Spanish").input_value().startswith("Tendrá el resultado")
    assert page.get_by_label("For the patient", exact=True).input_value().startswith("This spot should be tested.")
    page.locator("#plan-lines summary").last.click()
    page.locator("[name=plan_text]").last.fill("Excision biopsy")
    page.locator("[name=plan_own]").first.fill("Que le quiten la mancha")
    look(page, "specialist-room-spanish")
    page.get_by_role("button", name="Check and sign").click()
    page.wait_for_url("**/sign/")
    look(page, "specialist-sign-spanish")
    review.refresh_from_db()
    assert (
        review.patient_text_own.startswith("Hola.")
        and review.action_items.get().patient_text_own == "Que le quiten la mancha"
    )
