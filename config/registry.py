"""What must see all apps without importing them: each app registers its invariants and readiness facts in apps.py."""

from collections.abc import Callable, Iterable

Invariant = Callable[[], Iterable[str]]
RoleSource = Callable[..., set[str]]
ReadinessFact = Callable[[], dict]

invariants: dict[str, Invariant] = {}
readiness: dict[str, ReadinessFact] = {}
role_sources: list[RoleSource] = []


def register_invariant(name: str, check: Invariant) -> None:
    """`check()` yields one sentence per breach; nothing when the promise holds."""
    invariants[name] = check


def register_readiness(name: str, fact: ReadinessFact) -> None:
    """`fact()` returns JSON-ready data; `{"degraded": "why"}` in it marks the service as degraded."""
    readiness[name] = fact


def register_role_source(source: RoleSource) -> None:
    """`source(user)` names roles that a person holds without a membership."""
    if source not in role_sources:
        role_sources.append(source)
