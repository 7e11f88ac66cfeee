import uuid
from datetime import date
from decimal import Decimal

import pytest
from django.db import transaction
from django.test import RequestFactory

from config.audit.context import AuditContextMiddleware, client_ip
from config.audit.models import AuditEvent
from config.audit.services import record, record_view

pytestmark = pytest.mark.django_db


def test_an_event_names_who_what_where_and_whom(ada, clinic, rf):
    event = record("membership.granted", by=ada, subject=ada, data={"role": "staff"}, request=rf.get("/"))
    event.refresh_from_db()
    assert (event.verb, event.actor, event.role, event.clinic) == (
        "membership.granted",
        ada,
        "administrator",
        clinic,
    )
    assert (event.subject_type, event.subject_id) == ("accounts.user", str(ada.pk))
    assert (event.ip, event.data) == ("127.0.0.1", {"role": "staff"})


def test_without_a_person_it_was_the_program(ada):
    assert record("charge.made", by=None, subject=ada).role == "system"


def test_a_verb_needs_its_namespace(ada):
    with pytest.raises(ValueError, match="namespace"):
        record("submitted", by=ada, subject=ada)


def test_data_becomes_plain_values_that_both_engines_keep_alike(ada):
    case_id = uuid.uuid4()
    data = {"cases": [case_id], "day": date(2026, 11, 24), "amount": Decimal("42.00"), "share": 0.1}
    event = record("case.listed", by=ada, subject=ada, data=data)
    event.refresh_from_db()
    assert event.data == {"cases": [str(case_id)], "day": "2026-11-24", "amount": "42.00", "share": "0.1"}


def test_a_case_is_found_by_its_number(draft, ana):
    assert record("case.saved", by=ana, subject=draft).case_number == draft.number


def test_the_event_goes_with_its_transaction(ada):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        record("test.done", by=ada, subject=ada)
        raise ZeroDivisionError
    assert not AuditEvent.objects.exists()


def test_a_view_leaves_one_row(ada, rf, django_assert_num_queries):
    request = rf.get("/")
    request.user = ada
    _ = ada.roles
    with django_assert_num_queries(1):
        record_view(request, "case.listed", ada, cases=["a", "b"])
    assert AuditEvent.objects.get().data == {"cases": ["a", "b"]}


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "203.0.113.7", "10.0.0.1"),
        (1, "", "10.0.0.1"),
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "1.2.3.4, 203.0.113.7", "203.0.113.7"),
        (2, "1.2.3.4, 203.0.113.7, 10.9.9.9", "203.0.113.7"),
    ],
)
def test_only_our_own_proxies_are_believed(settings, proxies, forwarded, expected):
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", headers={"X-Forwarded-For": forwarded})
    assert client_ip(request) == expected


def test_a_service_without_a_request_still_writes_the_address(ada, rf):
    seen = []
    AuditContextMiddleware(lambda request: seen.append(record("test.done", by=ada, subject=ada)))(
        rf.get("/", REMOTE_ADDR="203.0.113.7")
    )
    assert seen[0].ip == "203.0.113.7"
    assert record("test.done", by=ada, subject=ada).ip == ""
