"""Where advice stands: each number checked against steps whose fate is known, for each who may see it."""

import csv
import io
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from review import items, standing
from review.models import ActionItem
from tests import factories
from tests.review.signed import BIOPSY, CALM, CREAM, PHOTO, answer, line

pytestmark = pytest.mark.django_db


@pytest.fixture
def two_answers(draft, patient, dana, group, ruth, ben, ana):
    """Of six steps two are done, one is declined, three are open and two of them over their day."""
    now = timezone.now()
    first = answer(draft, dana, group, BIOPSY, CREAM, CALM, PHOTO, at=now - timedelta(days=20), referrer=ruth)
    second = answer(factories.make_draft(patient, by=ana), dana, group, BIOPSY, CREAM, at=now - timedelta(days=100))
    items.settle(item=line(first, "biopsy"), by=ben, state="done", words="Cut out")
    items.settle(item=line(first, "medicine"), by=ana, state="declined", words="It burns")
    items.settle(item=line(second, "medicine"), by=ana, state="done")
    ActionItem.objects.filter(pk=line(first, "biopsy").pk).update(settled_at=now - timedelta(days=10))
    return first, second


def table(user, key, days=365):
    measure = standing.MEASURES[key](standing.seen_by(user, days))
    return {row[0]: row[1:] for row in measure.rows}, measure.says


def test_by_type(two_answers, ben):
    rows, says = table(ben, "type")
    assert says == "2 of 6 steps are done (33%), 3 open, 2 over their day."
    assert rows["Biopsy or excision"] == (2, 1, 1, 1, 0, 0, 50, 10.0)
    assert rows["Medicine"][:6] == (2, 0, 0, 1, 1, 0)
    assert rows["Watch and photograph again"][:3] == (1, 1, 0)


def test_by_clinic_and_owner(two_answers, ben, clinic):
    rows, _ = table(ben, "clinic")
    assert list(rows) == [clinic.name] and rows[clinic.name][0] == 6
    rows, _ = table(ben, "owner")
    assert (rows["Patient"][0], rows["Clinic"][0]) == (4, 2)


def test_by_age_of_what_is_open(two_answers, ben):
    rows, says = table(ben, "age")
    assert rows["8 to 30 days"] == (2, 0) and rows["More than 90 days"] == (1, 0)
    assert rows["Up to 7 days"] == (0, 1) and rows["31 to 90 days"] == (0, 1)
    assert says == "3 steps are open, 2 of them over their day."


@pytest.mark.parametrize(
    ("who", "days", "total"),
    [("ben", 365, 6), ("ben", 90, 4), ("ruth", 365, 4), ("dana", 365, 6), ("max_stranger", 365, 0), ("ana", 365, 0)],
)
def test_each_sees_the_own_part(two_answers, request, who, days, total):
    assert standing.seen_by(request.getfixturevalue(who), days).count() == total


def test_the_page_and_its_files(two_answers, sign_in, ben, ana):
    client = sign_in(ben)
    page = client.get(reverse("review:standing"), {"days": 365}).content.decode()
    assert "2 of 6 steps are done" in page and "By age of what is open" in page
    for key in standing.MEASURES:
        file = client.get(reverse("review:standing_csv", args=[key]), {"days": 365})
        rows = list(csv.reader(io.StringIO(file.content.decode())))
        assert "attachment" in file["Content-Disposition"] and len(rows) > 1
        assert not [cell for row in rows for cell in row if "Sample" in cell or "Ana" in cell]
    assert client.get(reverse("review:standing_csv", args=["name"])).status_code == 404
    assert client.get(reverse("review:standing"), {"days": "x"}).status_code == 200
    assert sign_in(ana).get(reverse("review:standing")).status_code == 404


def test_without_advice_it_says_so(sign_in, ben):
    assert "No advice in this time." in sign_in(ben).get(reverse("review:standing")).content.decode()
