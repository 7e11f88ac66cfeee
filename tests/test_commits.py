"""A commit that does not wait for the disk is visible at once, and the next one waits again."""

import pytest
from django.db import connection, transaction

from config import commits
from config.accounts.models import Clinic
from tests import factories


def waits() -> bool:
    """Whether a commit of this connection waits for the disk."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous" if connection.vendor == "sqlite" else "SHOW synchronous_commit")
        return cursor.fetchone()[0] in {2, "on"}


@pytest.mark.django_db(transaction=True)
def test_it_is_written_and_only_this_one_does_not_wait():
    assert waits()
    with commits.soon_durable():
        assert not waits()
        factories.make_clinic("clinic")
    assert Clinic.objects.count() == 1
    assert waits()


@pytest.mark.django_db(transaction=True)
def test_an_error_takes_it_back_and_the_next_commit_waits():
    with pytest.raises(ZeroDivisionError), commits.soon_durable():
        factories.make_clinic("clinic")
        1 / 0  # noqa: B018
    assert not Clinic.objects.exists()
    assert waits()


@pytest.mark.django_db(transaction=True)
def test_inside_another_transaction_that_one_decides():
    with transaction.atomic():
        with commits.soon_durable():
            factories.make_clinic("clinic")
        assert waits()
    assert Clinic.objects.count() == 1
