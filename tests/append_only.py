"""Lets a TransactionTestCase empty tables whose triggers refuse it: they are lifted for the flush and put back."""

import pytest
from django.test import TransactionTestCase


@pytest.fixture(autouse=True, scope="session")
def _append_only_lifted_for_flush():
    from config.audit import guards, triggers

    original = TransactionTestCase._fixture_teardown

    def teardown(self):
        with triggers.lifted(), guards.lifted():
            original(self)

    TransactionTestCase._fixture_teardown = teardown
    yield
    TransactionTestCase._fixture_teardown = original
