"""The ICD-10-CM set in its table: once, whole, and honest about its date."""

from datetime import date

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction

from review.icd10 import import_codes
from review.models import Icd10Code, ReviewDiagnosis
from review.models.icd import RELEASE, RELEASE_CODES

pytestmark = pytest.mark.django_db


def test_the_set_is_read_once(capsys):
    call_command("import_icd10cm")
    assert "codes added" in capsys.readouterr().out
    assert Icd10Code.objects.filter(billable=True).count() > 74_000
    assert import_codes() == 0
    assert Icd10Code.objects.filter(release=RELEASE).count() == RELEASE_CODES
    Icd10Code.objects.filter(pk__in=["B20", "D03.61"]).delete()
    assert import_codes() == 2
    melanoma = Icd10Code.objects.get(pk="D03.61")
    assert melanoma.billable and melanoma.description == "Melanoma in situ of right upper limb, including shoulder"
    assert not Icd10Code.objects.get(pk="D03.6").billable
    assert Icd10Code.objects.get(pk="B20").billable
    assert not Icd10Code.objects.filter(pk__in=["1", "A00-A09"]).exists()
    with pytest.raises(IntegrityError), transaction.atomic():
        Icd10Code.objects.create(
            pk="B20", billable=True, release="x", valid_from=date.today(), verified_until=date.today()
        )


@pytest.mark.parametrize(
    ("day", "verified"),
    [(date(2026, 3, 31), False), (date(2026, 4, 1), True), (date(2026, 9, 30), True), (date(2026, 10, 1), False)],
)
def test_the_release_answers_for_its_own_months(icd, day, verified):
    assert Icd10Code.objects.get(pk="D22.61").is_verified_on(day) is verified


def test_a_code_that_ended_is_not_verified_later(icd):
    code = Icd10Code.objects.get(pk="D22.61")
    code.valid_until = date(2026, 5, 31)
    assert code.is_verified_on(date(2026, 5, 31)) and not code.is_verified_on(date(2026, 6, 1))


def test_a_diagnosis_stands_once_in_a_review(review):
    ReviewDiagnosis.objects.create(review=review, icd10cm="L30.9", description="Dermatitis", rank=1)
    with pytest.raises(IntegrityError, match="diagnosis_stands_once|UNIQUE"), transaction.atomic():
        ReviewDiagnosis.objects.create(review=review, icd10cm="L30.9", description="Dermatitis", rank=2)


def test_a_search_finds_what_a_clinician_types(icd):
    def codes(text):
        return list(Icd10Code.objects.search(text, date(2026, 5, 1)).values_list("code", flat=True))

    assert codes("d22.6") == ["D22.61", "D22.62"]
    assert codes("upper RIGHT nevi") == ["D22.61"]
    assert codes("dermatitis") == ["L30.9"] and codes(" ") == []
