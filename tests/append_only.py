"""Lets a TransactionTestCase empty tables whose triggers refuse it: they are lifted for the flush and put back."""

from contextlib import contextmanager

import pytest
from django.db import connection
from django.test import TransactionTestCase

from tests import in_flight


@contextmanager
def tampering():
    """Whoever owns the database can lift its triggers: what remains then is that the change is found."""
    from config.audit import triggers

    connection.check_constraints()  # PostgreSQL alters no table that has a check still to come
    with triggers.lifted():
        yield
        connection.check_constraints()


@pytest.fixture(autouse=True, scope="session")
def _append_only_lifted_for_flush():
    from config.audit import guards, triggers

    original = TransactionTestCase._fixture_teardown

    def teardown(self):
        with in_flight.nothing_answered(), triggers.lifted(), guards.lifted():
            original(self)

    unwatch = in_flight.watch()
    TransactionTestCase._fixture_teardown = teardown
    yield
    unwatch()
    TransactionTestCase._fixture_teardown = original
