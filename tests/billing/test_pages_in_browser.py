"""The biller's pages, the results and the administrator's work page in a real browser, at a phone's and a desk's width:
nothing inaccessible, nothing wider than the window."""

import pytest
from django.urls import reverse

from billing.models import Batch
from intake.models import Photo
from tests import factories
from tests.billing.test_decisions import charge
from tests.browsing import needs_browser

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
