"""What must see all apps without importing them: each app registers its invariants and readiness facts in apps.py."""

from collections.abc import Callable, Iterable
from datetime import datetime

from django.db import models

Invariant = Callable[[], Iterable[str]]
RoleRows = Callable[[datetime], models.QuerySet]
ReadinessFact = Callable[[], dict]

invariants: dict[str, Invariant] = {}
readiness: dict[str, ReadinessFact] = {}
role_rows: dict[str, RoleRows] = {}


def register_invariant(name: str, check: Invariant) -> None:
    """`check()` yields one sentence per breach; nothing when the promise holds."""
    invariants[name] = check


def register_readiness(name: str, fact: ReadinessFact) -> None:
    """`fact()` returns JSON-ready data; `{"degraded": "why"}` in it marks the service as degraded."""
    readiness[name] = fact


def register_role_rows(role: str, rows: RoleRows) -> None:
    """Who has one of `rows(now)` (by its `user`) holds the role without a membership."""
    role_rows[role] = rows
