"""Rules about a changing row that the database itself keeps, on both engines: "this column stays", "no two of these
overlap". Where a whole table never changes, see `triggers.py`.

An app registers a guard in `apps.ready()`. `install` runs after every migrate, because a remade table (SQLite's way of
altering one) comes back without its triggers.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper


@dataclass(frozen=True)
class Guard:
    """`refuse_when` is SQL on OLD and NEW that both engines read alike; `{differs}` is "is not the same, null-safe".

    `lock` names columns of NEW: writers of the same values wait for each other, so that the condition sees them all.
    """

    name: str
    table: str
    event: str
    refuse_when: str
    message: str
    lock: tuple[str, ...] = ()


GUARDS: dict[str, Guard] = {}


def register(guard: Guard) -> None:
    GUARDS[guard.name] = guard


def keep_columns(name: str, table: str, columns: tuple[str, ...], *, when: str, message: str) -> Guard:
    """Where `when` (SQL on OLD) holds, these columns never change.

    It is asked only by statements that set one of them, so that a new status does not compare a wide row.
    """
    touched = " OR ".join(f'NEW."{column}" {{differs}} OLD."{column}"' for column in columns)
    event = "UPDATE OF " + ", ".join(f'"{column}"' for column in columns)
    return Guard(name, table, event, f"({when}) AND ({touched})", message)


def no_overlap(name: str, table: str, same: tuple[str, ...], *, live: str, message: str) -> Iterator[Guard]:
    """No two rows that are `live` and alike in `same` may be valid on one day. `valid_until` is the last day."""
    alike = " AND ".join(f'o."{column}" = NEW."{column}"' for column in same)
    far = "'9999-12-31'"
    condition = (  # names of our own tables and columns, nothing from outside
        f'NEW.{live} IS NULL AND EXISTS (SELECT 1 FROM "{table}" o WHERE o.id <> COALESCE(NEW.id, -1) '  # noqa: S608
        f"AND o.{live} IS NULL AND {alike} "
        f"AND o.valid_from <= COALESCE(NEW.valid_until, {far}) AND NEW.valid_from <= COALESCE(o.valid_until, {far}))"
    )
    for event in ("INSERT", "UPDATE"):
        yield Guard(f"{name}_{event.lower()}", table, event, condition, message, lock=same)


def install(using: str = "default") -> None:
    """Safe to repeat."""
    connection = connections[using]
    with transaction.atomic(using=using), connection.cursor() as cursor:
        for guard in _present(connection):
            for statement in (*_drop(connection, guard), *_create(connection, guard)):
                cursor.execute(statement)


def remove(using: str = "default") -> None:
    connection = connections[using]
    with transaction.atomic(using=using), connection.cursor() as cursor:
        for guard in _present(connection):
            for statement in _drop(connection, guard):
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
    """Guards that the database does not keep at the moment."""
    connection = connections[using]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'")
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        there = {row[0] for row in cursor.fetchall()}
    return [guard.name for guard in _present(connection) if guard.name not in there]


def remove_before_migrate(sender, using: str, **kwargs) -> None:
    remove(using)


def install_after_migrate(sender, using: str, **kwargs) -> None:
    install(using)


def _present(connection: BaseDatabaseWrapper) -> list[Guard]:
    tables = set(connection.introspection.table_names())
    return [guard for _, guard in sorted(GUARDS.items()) if guard.table in tables]


def _drop(connection: BaseDatabaseWrapper, guard: Guard) -> Iterator[str]:
    if connection.vendor == "postgresql":
        yield f'DROP TRIGGER IF EXISTS {guard.name} ON "{guard.table}"'
    else:
        yield f"DROP TRIGGER IF EXISTS {guard.name}"


def _create(connection: BaseDatabaseWrapper, guard: Guard) -> Iterator[str]:
    head = f'CREATE TRIGGER {guard.name} BEFORE {guard.event} ON "{guard.table}" FOR EACH ROW'
    message = guard.message.replace("'", "''")
    if connection.vendor != "postgresql":
        when = guard.refuse_when.format(differs="IS NOT")
        yield f"{head} WHEN {when} BEGIN SELECT RAISE(ABORT, '{message}'); END"
        return
    when = guard.refuse_when.format(differs="IS DISTINCT FROM").replace("'9999-12-31'", "DATE '9999-12-31'")
    # the lock is held to the end of the transaction; the next statement sees what the one before it committed
    key = " || '/' || ".join([f"'{guard.table}'", *(f'NEW."{column}"::text' for column in guard.lock)])
    lock = f"PERFORM pg_advisory_xact_lock(hashtextextended({key}, 0)); " if guard.lock else ""
    row = "OLD" if guard.event == "DELETE" else "NEW"
    yield (
        f"CREATE OR REPLACE FUNCTION {guard.name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {lock}"
        f"IF {when} THEN RAISE EXCEPTION '{message}' USING ERRCODE = 'integrity_constraint_violation'; END IF; "
        f"RETURN {row}; END $$"
    )
    yield f"{head} EXECUTE FUNCTION {guard.name}()"
