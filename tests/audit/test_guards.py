"""Guards of single columns and of overlapping periods: in place after migrate, and tried for real."""

import threading
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connections, transaction

from billing.models import Fee
from config.audit import guards
from config.audit.invariants import append_only_tables_are_guarded

pytestmark = pytest.mark.django_db


def fee(group, start, end=None, **fields):
    return Fee.objects.create(
        group=group, code="G9868", amount=Decimal("42"), valid_from=start, valid_until=end, source="board", **fields
    )


def refused(make, message):
    with pytest.raises(DatabaseError, match=message), transaction.atomic():
        make()


def test_every_guard_is_in_place():
    assert guards.GUARDS and guards.missing() == []


@pytest.mark.parametrize(
    ("start", "end", "fits"),
    [
        (date(2026, 7, 1), None, True),
        (date(2026, 6, 30), None, False),
        (date(2025, 1, 1), date(2025, 12, 31), True),
        (date(2025, 1, 1), date(2026, 1, 1), False),
        (date(2025, 1, 1), None, False),
        (date(2026, 2, 1), date(2026, 2, 2), False),
    ],
)
def test_no_two_rows_of_one_thing_on_one_day(group, start, end, fits):
    fee(group, date(2026, 1, 1), date(2026, 6, 30))
    if fits:
        fee(group, start, end)
    else:
        refused(lambda: fee(group, start, end), "overlap")


def test_an_end_taken_away_overlaps_too(group):
    first = fee(group, date(2026, 1, 1), date(2026, 6, 30))
    fee(group, date(2026, 7, 1))
    refused(lambda: Fee.objects.filter(pk=first.pk).update(valid_until=None), "overlap")
    Fee.objects.filter(pk=first.pk).update(valid_until=date(2026, 6, 1))


def test_another_thing_or_a_withdrawn_row_is_no_overlap(group):
    first = fee(group, date(2026, 1, 1))
    Fee.objects.create(group=group, code="G9869", amount=68, valid_from=date(2026, 1, 1), source="board")
    Fee.objects.filter(pk=first.pk).update(withdrawn_at=first.recorded_at)
    fee(group, date(2026, 1, 1))


@pytest.mark.django_db(transaction=True)
def test_migrate_puts_a_lost_guard_back():
    guards.remove()
    assert any("guard" in text for text in append_only_tables_are_guarded())
    call_command("migrate", verbosity=0)
    assert guards.missing() == []


@pytest.mark.django_db(transaction=True)
def test_of_eight_writers_at_once_one_row_stands(group):
    start, outcomes = threading.Barrier(8), []

    def write(number):
        try:
            start.wait()
            fee(group, date(2026, 1, 1) + timedelta(days=number))
            outcomes.append("written")
        except DatabaseError:
            outcomes.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=write, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("written") == 1 == Fee.objects.count()
