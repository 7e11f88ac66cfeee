"""Every append-only table refuses UPDATE, DELETE and (PostgreSQL) TRUNCATE, on whichever engine the suite runs."""

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from config.audit import triggers
from config.audit.invariants import append_only_tables_are_guarded
from config.audit.models import AuditEvent
from config.audit.services import record

TABLES = sorted(triggers.APPEND_ONLY)
MODELS = {model._meta.db_table: model for model in apps.get_models()}


def refused(sql: str) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    except DatabaseError as error:
        assert "append-only" in str(error)
        return True
    return False


def test_the_trail_itself_is_registered():
    assert {"audit_auditevent", "audit_auditseal"} <= set(TABLES)


@pytest.mark.parametrize("table", TABLES)
def test_a_registered_table_exists_and_is_guarded(db, table):
    assert table in MODELS
    assert triggers.missing() == []


@pytest.mark.parametrize("table", TABLES)
def test_the_guard_names_all_ways_to_change_a_row(db, table):
    """Read from the catalog, because a table may have no row to try it on here; the trail below is tried for real."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
                "WHERE c.relname = %s AND NOT t.tgisinternal",
                [table],
            )
        else:
            cursor.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [table])
        text = " ".join(row[0] for row in cursor.fetchall())
    kinds = ["UPDATE", "DELETE"] + (["TRUNCATE"] if connection.vendor == "postgresql" else [])
    for kind in kinds:
        assert f"BEFORE {kind}" in text


@pytest.mark.django_db
def test_an_event_is_never_changed(ada):
    event = record("test.done", by=ada, subject=ada)
    assert refused(f"UPDATE audit_auditevent SET verb = 'test.undone' WHERE id = {event.pk}")
    assert refused(f"DELETE FROM audit_auditevent WHERE id = {event.pk}")
    assert AuditEvent.objects.get(pk=event.pk).verb == "test.done"


@pytest.mark.django_db
def test_the_orm_is_refused_too(ada):
    event = record("test.done", by=ada, subject=ada)
    event.verb = "test.undone"
    for change in (event.save, event.delete, AuditEvent.objects.update):
        with pytest.raises(DatabaseError), transaction.atomic():
            change(verb="test.undone") if change == AuditEvent.objects.update else change()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="only PostgreSQL has TRUNCATE")
@pytest.mark.django_db
def test_truncate_is_refused():
    assert refused("TRUNCATE audit_auditevent CASCADE")


@pytest.mark.django_db
def test_installing_twice_changes_nothing(ada):
    triggers.install()
    triggers.install()
    assert triggers.missing() == []
    assert list(append_only_tables_are_guarded()) == []


@pytest.mark.django_db(transaction=True)
def test_lifting_ends_with_the_guard_in_place_even_after_an_error(ada):
    event = record("test.done", by=ada, subject=ada)
    with pytest.raises(ZeroDivisionError), triggers.lifted():
        assert "audit_auditevent" in triggers.missing()
        assert len(list(append_only_tables_are_guarded())) == len(TABLES) + len(triggers.FROZEN)
        raise ZeroDivisionError
    assert triggers.missing() == []
    assert refused(f"DELETE FROM audit_auditevent WHERE id = {event.pk}")


@pytest.mark.django_db(transaction=True)
def test_migrate_puts_a_lost_trigger_back():
    triggers.remove()
    call_command("migrate", verbosity=0)
    assert triggers.missing() == []
