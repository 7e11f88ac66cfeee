"""A migrated, empty SQLite database, kept from one run to the next: migrating takes longer than most tests.

Its name is a digest of all that migrations are made of, so that a changed one is never met by an old database; Django still
runs `migrate` on the copy, which then has nothing to do.
"""

import hashlib
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

import django
from django.apps import apps
from django.db import connection

from config.audit import guards, triggers

ROOT = Path(__file__).resolve().parent.parent
# what the rest of a database is made of: its triggers are installed after migrating
SHARED = ("config/audit", "config/settings")


def copy_to(target: str | Path) -> None:
    if _path().exists():
        shutil.copyfile(_path(), target)


def keep() -> None:
    if _path().exists():
        return
    _path().parent.mkdir(mode=0o700, exist_ok=True)
    mine = _path().with_suffix(f".{os.getpid()}")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(mine)])
    mine.replace(_path())


@cache
def _path() -> Path:
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
    folder = Path(tempfile.gettempdir()) / f"dermforward-databases-{os.getuid()}"
    return folder / f"{digest.hexdigest()[:24]}.sqlite3"
