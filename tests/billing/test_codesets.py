"""An administrator reads a further release of ICD-10-CM: seen first, then written; lines that waited are decided anew."""

import re
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from billing import facts
from billing.models import ChargeLine
from config.audit.models import AuditEvent
from review.models import Icd10Code, Icd10Release
from review.models.icd import RELEASE, VALID_FROM, VERIFIED_UNTIL
from tests.billing.conftest import NEVUS
from tests.billing.test_decisions import charge
from tests.review.test_icd10 import order_file

DATES = {"name": "October 2026", "valid_from": "2026-10-01", "verified_until": "2027-03-31"}


@pytest.fixture
def first(billable):
    return Icd10Release.objects.create(name=RELEASE, valid_from=VALID_FROM, verified_until=VERIFIED_UNTIL, codes=1)


@pytest.fixture
def admin(client_of, ada):
    return client_of(ada)


def upload(client, content: bytes, **dates):
    file = SimpleUploadedFile("icd10cm-order-2027.txt", content)
    return client.post(reverse("billing:codesets"), DATES | dates | {"file": file})


def hidden(page: str) -> dict:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))


def test_seen_first_then_written(first, admin, signed):
    line = charge(signed())
    answer = upload(admin, order_file(**{NEVUS: "Melanocytic nevi", "L99.9": "New one"}))
    page = answer.content.decode()
    assert "What changes with October 2026" in page and "L99.9" in page and "New one" in page
    assert Icd10Code.objects.count() == 1 and Icd10Release.objects.count() == 1
    fields = hidden(page)
    done = admin.post(reverse("billing:codesets"), fields, follow=True).content.decode()
    assert "The release October 2026 is read: 2 codes." in done
    assert Icd10Code.objects.get(code=NEVUS).verified_until == date(2027, 3, 31)
    assert AuditEvent.objects.get(verb="codeset.read").data["release"] == "October 2026"
    again = admin.post(reverse("billing:codesets"), fields, follow=True).content.decode()
    assert "is read already. Nothing was written." in again
    assert line.status == "ready"


def test_what_changed_since_the_preview_is_not_written(first, admin):
    fields = hidden(upload(admin, order_file(**{NEVUS: "Melanocytic nevi", "L99.9": "New one"})).content.decode())
    Icd10Code.objects.filter(code=NEVUS).update(description="Other words")
    page = admin.post(reverse("billing:codesets"), fields, follow=True).content.decode()
    assert "changed since the preview" in page and Icd10Release.objects.count() == 1


@pytest.mark.parametrize("spoilt", [{"kept": "0" * 64}, {"kept": "../x"}, {"valid_from": "nonsense"}])
def test_a_confirmation_of_what_is_not_here_writes_nothing(first, admin, spoilt):
    fields = hidden(upload(admin, order_file(**{NEVUS: "Melanocytic nevi"})).content.decode())
    page = admin.post(reverse("billing:codesets"), fields | spoilt, follow=True).content.decode()
    assert "nothing was written" in page and Icd10Release.objects.count() == 1


def test_a_file_of_another_kind_is_refused_in_words(first, admin):
    page = upload(admin, b"code,description\nL57.0,x\n").content.decode()
    assert "Line 1 does not have the form of CMS" in page
    assert (
        "oldest first" in upload(admin, order_file(**{NEVUS: "x"}), name="x", valid_from="2026-04-01").content.decode()
    )


def test_the_page_says_which_days_are_not_verified(first, admin):
    Icd10Release.objects.update(verified_until=date(2026, 4, 2))
    assert "not verified for this date" in admin.get(reverse("billing:codesets")).content.decode()


def test_a_biller_looks_and_an_administrator_reads(first, client_of, kay, ben):
    biller = client_of(kay)
    page = biller.get(reverse("billing:codesets")).content.decode()
    assert "April 2026" in page and "Show what changes" not in page
    assert upload(biller, order_file(**{NEVUS: "x"})).status_code == 403
    assert client_of(ben).get(reverse("billing:codesets")).status_code in (403, 404)
    assert Icd10Release.objects.count() == 1


@pytest.mark.parametrize(
    ("day", "held"),
    [(date(2026, 9, 30), False), (date(2026, 10, 1), True)],
)
def test_a_line_is_decided_with_the_codes_of_its_own_day(first, admin, signed, day, held):
    """The code ends with September: the last day goes, the first of October is held."""
    Icd10Code.objects.bulk_create(
        Icd10Code(code=f"L10.{n}", description="x", billable=True, release=RELEASE, valid_from=VALID_FROM, verified_until=VERIFIED_UNTIL)
        for n in range(9)
    )  # fmt: skip
    fields = hidden(upload(admin, order_file(**{f"L10.{n}": "x" for n in range(9)})).content.decode())
    admin.post(reverse("billing:codesets"), fields)
    found = facts.gather(signed(), asked=facts.Asked(day=day)).facts.diagnoses[0]
    assert (found.is_billable, found.is_verified) == ((False, False) if held else (True, True))


def test_a_line_says_that_its_day_has_no_release(first, signed, kay, sign_in):
    Icd10Code.objects.update(verified_until=date(2026, 4, 2))
    line = charge(signed())
    assert [warning["code"] for warning in ChargeLine.objects.get(pk=line.pk).warnings] == ["DX_NOT_VERIFIED"]
    page = sign_in(kay).get(reverse("billing:line", args=[line.uid])).content.decode()
    assert "not verified for this date" in page
