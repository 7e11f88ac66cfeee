"""Tables whose rows are never changed or removed: the database itself refuses, on both engines.

An app names its tables in `apps.ready()` with `register_append_only("intake_caseevent")`. `install` runs after every
migrate, because a remade table (SQLite's way of altering one) comes back without its triggers.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

APPEND_ONLY: set[str] = set()
FUNCTION = "refuse_change_of_append_only"
# table -> (column that is set when its row is frozen, columns that then stay as they are)
FROZEN: dict[str, tuple[str, tuple[str, ...]]] = {}
FROZEN_FUNCTION = "refuse_change_of_frozen"


def register_append_only(*tables: str) -> None:
    APPEND_ONLY.update(tables)


def register_frozen(table: str, *, since: str, columns: Iterable[str]) -> None:
    """Once `since` is set, a row keeps these columns and cannot be removed; its other columns may change."""
    FROZEN[table] = (since, tuple(columns))


def install(using: str = "default") -> None:
    """Safe to repeat: each run ends with exactly one trigger per table and kind."""
    connection = connections[using]
    with transaction.atomic(using=using), connection.cursor() as cursor:
        for statement in _statements(connection, _present(connection), create=True):
            cursor.execute(statement)
        for statement in _frozen_statements(connection, create=True):
            cursor.execute(statement)


def remove(using: str = "default") -> None:
    connection = connections[using]
    with transaction.atomic(using=using), connection.cursor() as cursor:
        for statement in _statements(connection, _present(connection), create=False):
            cursor.execute(statement)
        for statement in _frozen_statements(connection, create=False):
            cursor.execute(statement)


@contextmanager
def lifted(using: str = "default") -> Iterator[None]:
    """For the flush between tests, and for a restore into an emptied database. Nothing else has a reason."""
    remove(using)
    try:
        yield
    finally:
        install(using)


def missing(using: str = "default") -> list[str]:
    """Append-only tables that the database does not guard at the moment."""
    connection = connections[using]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'")
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        there = {row[0] for row in cursor.fetchall()}
    open_tables = [
        table for table in _present(connection) if any(_name(table, kind) not in there for kind in _kinds(connection))
    ]
    return open_tables + [
        table
        for table in _frozen_present(connection)
        if any(_frozen_name(table, kind) not in there for kind in ("UPDATE", "DELETE"))
    ]


def install_after_migrate(sender, using: str, **kwargs) -> None:
    install(using)


def _present(connection: BaseDatabaseWrapper) -> list[str]:
    return sorted(APPEND_ONLY & set(connection.introspection.table_names()))


def _kinds(connection: BaseDatabaseWrapper) -> list[str]:
    return ["UPDATE", "DELETE", "TRUNCATE"] if connection.vendor == "postgresql" else ["UPDATE", "DELETE"]


def _name(table: str, kind: str) -> str:
    return f"{table}_refuses_{kind.lower()}"


def _statements(connection: BaseDatabaseWrapper, tables: list[str], *, create: bool) -> Iterator[str]:
    quote = connection.ops.quote_name
    postgresql = connection.vendor == "postgresql"
    if postgresql and create:
        yield (
            f"CREATE OR REPLACE FUNCTION {FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $$ "
            f"BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; "
            f"END $$"
        )
    for table in tables:
        for kind in _kinds(connection):
            name = quote(_name(table, kind))
            yield (
                f"DROP TRIGGER IF EXISTS {name} ON {quote(table)}" if postgresql else f"DROP TRIGGER IF EXISTS {name}"
            )
            if not create:
                continue
            if postgresql:
                scope = "STATEMENT" if kind == "TRUNCATE" else "ROW"
                yield (
                    f"CREATE TRIGGER {name} BEFORE {kind} ON {quote(table)} "
                    f"FOR EACH {scope} EXECUTE FUNCTION {FUNCTION}()"
                )
            else:
                yield (
                    f"CREATE TRIGGER {name} BEFORE {kind} ON {quote(table)} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )


def _frozen_present(connection: BaseDatabaseWrapper) -> list[str]:
    return sorted(FROZEN.keys() & set(connection.introspection.table_names()))


def _frozen_name(table: str, kind: str) -> str:
    return f"{table}_frozen_refuses_{kind.lower()}"


def _frozen_statements(connection: BaseDatabaseWrapper, *, create: bool) -> Iterator[str]:
    quote = connection.ops.quote_name
    postgresql = connection.vendor == "postgresql"
    if postgresql and create:
        yield (
            f"CREATE OR REPLACE FUNCTION {FROZEN_FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $$ "
            f"BEGIN RAISE EXCEPTION 'this row of % is frozen', TG_TABLE_NAME "
            f"USING ERRCODE = 'integrity_constraint_violation'; END $$"
        )
    for table in _frozen_present(connection):
        since, columns = FROZEN[table]
        for kind in ("UPDATE", "DELETE"):
            name = quote(_frozen_name(table, kind))
            yield (
                f"DROP TRIGGER IF EXISTS {name} ON {quote(table)}" if postgresql else f"DROP TRIGGER IF EXISTS {name}"
            )
            if not create:
                continue
            event = f"UPDATE OF {', '.join(map(quote, columns))}" if kind == "UPDATE" else kind
            head = f"CREATE TRIGGER {name} BEFORE {event} ON {quote(table)} FOR EACH ROW"
            if postgresql:
                yield f"{head} WHEN (OLD.{quote(since)} IS NOT NULL) EXECUTE FUNCTION {FROZEN_FUNCTION}()"
            else:
                yield (
                    f"{head} WHEN OLD.{quote(since)} IS NOT NULL "
                    f"BEGIN SELECT RAISE(ABORT, 'this row of {table} is frozen'); END"
                )
