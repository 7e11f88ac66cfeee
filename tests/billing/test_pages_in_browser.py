"""The biller's pages, the results and the administrator's work page in a real browser, at a phone's and a desk's width:
nothing inaccessible, nothing wider than the window."""

import pytest
from django.urls import reverse

from billing import batches
from billing.models import Batch, Payer
from intake.models import Photo
from review.models import Icd10Release
from review.models.icd import RELEASE, VALID_FROM, VERIFIED_UNTIL
from tests import factories
from tests.billing.conftest import NEVUS
from tests.billing.test_decisions import charge
from tests.browsing import needs_browser
from tests.review.test_icd10 import order_file

pytestmark = [needs_browser, pytest.mark.django_db(transaction=True)]
WIDTHS = pytest.mark.parametrize("width", [390, 1440])


@WIDTHS
def test_the_billers_pages(open_page, look, signed, kay, width):
    ready, held = charge(signed()), charge(signed(delivered=False))
    page = open_page(kay, width)
    page.goto(reverse("billing:desk"))
    look(page, "desk")
    for name, line in (("ready", ready), ("held", held)):
        page.goto(reverse("billing:line", args=[line.uid]))
        look(page, f"line-{name}")
    page.goto(reverse("billing:desk"))
    page.get_by_role("button", name="Look at the batch").click()
    page.get_by_role("heading", name="New batch").wait_for()
    look(page, "preview")
    page.get_by_role("button", name="Export 1 line").click()
    page.get_by_role("heading", name="Batch B-").wait_for()
    look(page, "batch")
    assert Batch.objects.count() == 1
    for name in ("batches", "reference", "worklists", "missing", "deadlines", "totals", "what_if"):
        page.goto(reverse(f"billing:{name}"))
        look(page, name)
    page.goto(reverse("billing:desk"))
    page.get_by_label(f"Choose {held.number} to release or void").check()
    page.get_by_role("button", name="Release or void the ticked").click()
    page.get_by_role("heading", name="1 chosen line").wait_for()
    look(page, "bulk")
    page.get_by_label("Void").check()
    page.get_by_label("Why, for each").fill("Entered twice.")
    page.get_by_role("button", name="Do it for 1 line").click()
    page.get_by_role("heading", name="1 of 1 line done").wait_for()
    look(page, "bulk-done")
    for kind in ("alignment", "programme"):
        page.goto(reverse("billing:reference_kind", args=[kind]))
        look(page, f"reference-{kind}")
    page.goto(reverse("billing:reference_new", args=["fee"]))
    look(page, "reference-new")


def test_on_a_phone_each_number_of_a_card_says_what_it_counts(open_page, signed, kay):
    charge(signed(delivered=False))
    page = open_page(kay, 390)
    page.goto(reverse("billing:worklists"))
    numbers = page.locator("tbody tr").first.locator("td.n")
    said = [one.evaluate("e => getComputedStyle(e, '::before').content") for one in numbers.all()]
    assert said[:2] == ['"Lines"', '"Under 7 days"'] and "none" not in said, said
    page.set_viewport_size({"width": 1440, "height": 900})
    assert numbers.first.evaluate("e => getComputedStyle(e, '::before').content") == "none", "the table has its head"


@WIDTHS
def test_paper_forms_and_code_sets(open_page, look, signed, kay, ada, tmp_path, width):
    Payer.objects.filter(code="medicare").update(takes_paper=True)
    charge(signed())
    (batch,) = batches.export_ready(by=kay)
    Icd10Release.objects.create(name=RELEASE, valid_from=VALID_FROM, verified_until=VERIFIED_UNTIL, codes=1)
    page = open_page(kay, width)
    page.goto(reverse("billing:batch", args=[batch.pk]))
    look(page, "batch-paper")
    page.goto(reverse("billing:paper"))
    look(page, "paper")
    page = open_page(ada, width)
    page.goto(reverse("billing:codesets"))
    look(page, "codesets")
    order = tmp_path / "icd10cm-order-2027.txt"
    order.write_bytes(order_file(**{NEVUS: "-Melanocytic nevi", "D22.611": "One", "D22.612": "Two"}))
    page.get_by_label("CMS's order file").set_input_files(order)
    page.get_by_label("Name").fill("April 2027")
    page.get_by_label("First day").fill("2027-04-01")
    page.get_by_label("Last day that it answers for").fill("2027-09-30")
    page.get_by_role("button", name="Show what changes").click()
    page.get_by_role("heading", name="What changes with April 2027").wait_for()
    look(page, "codesets-preview")
    page.get_by_role("button", name="Read 3 codes").click()
    page.get_by_text("The release April 2027 is read").wait_for()
    look(page, "codesets-done")


@WIDTHS
def test_the_results(open_page, look, signed, ana, ruth, ben, clinic, dana, width):
    review = signed()
    case = review.case
    type(case).objects.filter(pk=case.pk).update(referring_clinician=ruth, referring_clinic=clinic)
    for user, name, args in (
        (ana, "patient_result", [case.pk]),
        (ruth, "referrer_home", []),
        (ruth, "referrer_result", [case.pk]),
        (ben, "results_to_close", []),
        (ben, "staff_result", [case.pk]),
        (dana, "addendum", [review.pk]),
    ):
        page = open_page(user, width)
        assert page.goto(reverse(f"review:{name}", args=args)).status == 200, name
        look(page, name)
        page.context.close()


@WIDTHS
def test_the_administrators_work_page(open_page, look, ada, draft, ana, width):
    photo = factories.make_ready_photo(draft, by=ana)
    Photo.objects.filter(pk=photo.pk).update(work_status="dead", last_error="MemoryError")
    page = open_page(ada, width)
    page.goto(reverse("work:attention"))
    look(page, "work")
    page.get_by_role("button", name="Try again").click()
    page.get_by_text("All is well").wait_for()
