"""A migrated, empty database, kept from one run to the next: migrating takes longer than most tests.

Its name is a digest of all that migrations are made of, so that a changed one is never met by an old database; Django still
runs `migrate` on the copy, which then has nothing to do. On SQLite it is a file, on PostgreSQL a database that serves as a
template. Of several test processes the first makes it, and the others wait for it.
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import TextIO

import django
from django.apps import apps
from django.db import connection

from config.audit import guards, triggers

ROOT = Path(__file__).resolve().parent.parent
# what the rest of a database is made of: its triggers are installed after migrating
SHARED = ("config/audit", "config/settings")


_held: list[TextIO] = []


def begin() -> None:
    """Have the test database made from the kept one; without one it is this process that makes it, until `keep`."""
    _folder().mkdir(mode=0o700, exist_ok=True)
    lock = (_folder() / "lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    test = connection.settings_dict["TEST"]
    if not exists():
        _held.append(lock)
        return
    if connection.vendor == "sqlite":
        shutil.copyfile(_path(), test["NAME"])
    else:
        test["TEMPLATE"] = name()
    lock.close()


def keep() -> None:
    """The test database is migrated now, and empty."""
    if _held and connection.vendor == "sqlite":
        mine = _path().with_suffix(f".{os.getpid()}")
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(mine)])
        mine.replace(_path())
    elif _held:
        made = connection.settings_dict["NAME"]
        # what is connected to it cannot be copied
        connection.close()
        with _server() as server:
            server.execute(f"CREATE DATABASE {name()} TEMPLATE {made}")
    while _held:
        _held.pop().close()


def exists() -> bool:
    if connection.vendor == "sqlite":
        return _path().exists()
    with _server() as server:
        return server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name()]).fetchone() is not None


def name() -> str:
    return f"dermforward_kept_{_digest()}"


def copy_to(target: Path) -> None:
    """The kept SQLite database as a file of its own."""
    shutil.copyfile(_path(), target)


def _server():
    import psycopg

    return psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)


def _folder() -> Path:
    return Path(tempfile.gettempdir()) / f"dermforward-databases-{os.getuid()}"


def _path() -> Path:
    return _folder() / f"{_digest()}.sqlite3"


@cache
def _digest() -> str:
    digest = hashlib.sha256(django.__version__.encode())
    for app in apps.get_app_configs():
        for file in [*sorted((Path(app.path) / "migrations").glob("*.py")), Path(app.path) / "apps.py"]:
            if not file.is_relative_to(ROOT):
                continue
            digest.update(file.read_bytes())
    digest.update(
        repr([sorted(guards.GUARDS.items()), sorted(triggers.APPEND_ONLY), sorted(triggers.FROZEN.items())]).encode()
    )
    for folder in SHARED:
        for file in sorted((ROOT / folder).rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:24]
