"""Statements that PostgreSQL keeps prepared: the same answers, by the same indexes, also behind a pooler."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config import kept_plans
from config.accounts.models import Clinic
from config.counting import count_all
from config.prepared import Prepared
from intake import messages
from intake.models import QueueEntry
from tests import factories

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL keeps plans"),
]


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    connection.close()
    monkeypatch.setattr(kept_plans, "_is_pooled", False)
    yield
    connection.close()


def named(*, clinics, until):
    found = Clinic.objects.filter(pk__in=clinics, name__contains="100%")
    return found.filter(memberships__user__date_joined__lt=until).order_by("name").values_list("pk", "name")


def asked(what):
    with CaptureQueriesContext(connection) as context:
        answer = what()
    return answer, [row["sql"].split("(")[0].split()[0] for row in context.captured_queries]


def test_from_the_third_time_it_is_executed_by_name_and_tells_the_same(clinic, ben):
    Clinic.objects.filter(pk=clinic.pk).update(name="100% O'Hara %s")
    prepared, later = Prepared(named), timezone.now() + timedelta(days=1)
    words = []
    for _ in range(8):
        found, said = asked(lambda: prepared(clinics=(clinic.pk,), until=later).rows())
        assert found == [(clinic.pk, "100% O'Hara %s")]
        words.append(said)
    assert words[:4] == [["SELECT"], ["SELECT"], ["PREPARE", "EXECUTE"], ["EXECUTE"]]
    assert prepared(clinics=(clinic.pk,), until=timezone.now() - timedelta(days=9)).rows() == []


def test_another_constant_is_another_plan(clinic):
    """A number that stays in the statement, as the most to be counted, is written out and not a parameter."""
    for _ in range(3):
        factories.make_clinic("clinic")
    everywhere = tuple(Clinic.objects.values_list("pk", flat=True))
    prepared = Prepared(lambda *, clinics: Clinic.objects.filter(pk__in=clinics))
    for _ in range(5):
        assert count_all([prepared.counted(up_to=9, clinics=everywhere)], 9) == [4]
        assert count_all([prepared.counted(up_to=1, clinics=everywhere)], 9) == [2]


def test_what_an_index_is_limited_to_stands_in_the_plan(clinic):
    """Of `clinic_unread > 0` the number must be known when it is planned, or the small index of unread threads is not
    for it."""
    statement = messages._unread_at.counted(up_to=10, clinics=(clinic.pk,))
    sql = f"SELECT ({statement.sql})"
    with connection.cursor() as cursor:
        cursor.execute("SET plan_cache_mode = force_generic_plan")
        names = [kept_plans._name(cursor, sql, statement.params, statement.places) for _ in range(3)]
        assert names[:2] == [None, None]
        cursor.execute(f"EXPLAIN EXECUTE {names[2]}(%s)", [clinic.pk])
        plan = str(cursor.fetchall())
    assert "thread_unread_at_clinic" in plan and "clinic_id = $1" in plan


def test_a_column_that_a_migration_widens_under_it_is_read_on(clinic):
    prepared = Prepared(lambda *, clinics: Clinic.objects.filter(pk__in=clinics).order_by("name").values_list("city"))
    ask = lambda: prepared(clinics=(clinic.pk,)).rows()  # noqa: E731
    for _ in range(4):
        ask()
    length = Clinic._meta.get_field("city").max_length
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE accounts_clinic ALTER city TYPE varchar({length + 1})")
    try:
        found, said = asked(ask)
        assert found == [(clinic.city,)] and said == ["EXECUTE", "DEALLOCATE", "SELECT"]
        assert not kept_plans._is_pooled
        assert [asked(ask)[1] for _ in range(2)] == [["PREPARE", "EXECUTE"], ["EXECUTE"]]
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE accounts_clinic ALTER city TYPE varchar({length})")


def test_behind_a_pooler_it_goes_back_to_asking(clinic, ben):
    prepared, later = Prepared(named), timezone.now() + timedelta(days=1)
    Clinic.objects.filter(pk=clinic.pk).update(name="100%")
    for _ in range(4):
        prepared(clinics=(clinic.pk,), until=later).rows()
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")  # the next statement comes to another session
    for _ in range(2):
        found, said = asked(lambda: prepared(clinics=(clinic.pk,), until=later).rows())
        assert found == [(clinic.pk, "100%")]
    assert said == ["SELECT"]


def test_an_error_of_another_kind_is_not_swallowed(clinic):
    prepared = Prepared(lambda *, clinics: QueueEntry.objects.filter(clinic__in=clinics).values_list("pk"))
    for _ in range(4):
        prepared(clinics=(clinic.pk,)).rows()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE intake_queueentry RENAME TO elsewhere")
    try:
        with pytest.raises(DatabaseError):
            prepared(clinics=(clinic.pk,)).rows()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE elsewhere RENAME TO intake_queueentry")


def test_inside_a_transaction_nothing_is_prepared(clinic):
    prepared = Prepared(lambda *, clinics: Clinic.objects.filter(pk__in=clinics).values_list("pk"))
    with transaction.atomic():
        for _ in range(5):
            _, said = asked(lambda: prepared(clinics=(clinic.pk,)).rows())
            assert said == ["SELECT"]
