"""Reading the running program's own database from the test: Photo.objects.using(PROGRAM)."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from django.db import OperationalError, connections

from config.settings import env
from tests import kept_database

PROGRAM = "program"


@contextlib.contextmanager
def own_database(migrated_in: Path | None = None) -> Iterator[str]:
    """The address of a database of its own on the server of the environment, or "" for the embedded one.

    It is empty, as at a first start; with the program's folder in `migrated_in` it is migrated already.
    """
    given = os.environ.get("DATABASE_URL", "")
    if not given.startswith("postgres"):
        if migrated_in:
            kept_database.copy_to(migrated_in / "db.sqlite3")
        yield ""
        return
    import psycopg

    name = f"dermforward_own_{secrets.token_hex(4)}"
    with psycopg.connect(given, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}" + (f" TEMPLATE {kept_database.name()}" if migrated_in else ""))
        try:
            yield f"{given.rsplit('/', 1)[0]}/{name}"
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextlib.contextmanager
def reading(url: str, folder: Path, blocker) -> Iterator[None]:
    """While this lasts, the alias PROGRAM is the program's database."""
    connections.databases[PROGRAM] = connections.databases["default"] | env.database(url, folder / "db.sqlite3")
    try:
        with blocker.unblock():
            yield
            connections[PROGRAM].close()
    finally:
        del connections[PROGRAM]
        del connections.databases[PROGRAM]


def nobody_writes() -> bool:
    """No transaction is open. A process that is frozen inside one would hold its locks for as long."""
    connection = connections[PROGRAM]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND xact_start IS NOT NULL"
                " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
            return cursor.fetchone()[0] == 0
        try:
            cursor.execute("PRAGMA busy_timeout = 100")
            cursor.execute("BEGIN IMMEDIATE")
            cursor.execute("ROLLBACK")
        except OperationalError:
            return False
    return True
