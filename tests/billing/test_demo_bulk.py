"""Bulk demo cases, of which there may be a million: six letters are not enough to draw blindly."""

import pytest

from billing import demo_bulk
from intake.models import Case

pytestmark = pytest.mark.django_db


def test_a_number_that_is_taken_is_drawn_again(draft, monkeypatch):
    drawn = iter([draft.number, "DF-AAAAAA", "DF-AAAAAA", "DF-BBBBBB", draft.number, "DF-CCCCCC"])
    monkeypatch.setattr(demo_bulk, "new_case_number", lambda: next(drawn))
    assert demo_bulk._free_numbers(3) == ["DF-AAAAAA", "DF-BBBBBB", "DF-CCCCCC"]
    assert not Case.objects.filter(number__in=["DF-AAAAAA", "DF-BBBBBB", "DF-CCCCCC"]).exists()
