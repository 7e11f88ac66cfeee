"""Which rows are work, and which task does it. Each app registers its own in apps.py."""

from dataclasses import dataclass

from django.db import models

LEASE_SECONDS = 60


@dataclass(frozen=True)
class Kind:
    name: str
    model: type[models.Model]
    task_name: str
    queue: str
    label: str
    lease_seconds: int


@dataclass(frozen=True)
class Periodic:
    name: str
    task_name: str
    every_seconds: int
    queue: str


kinds: dict[str, Kind] = {}
periodics: dict[str, Periodic] = {}


def register(
    name: str,
    model: type[models.Model],
    task_name: str,
    queue: str,
    label: str = "",
    lease_seconds: int = LEASE_SECONDS,
) -> None:
    """`lease_seconds` is what the task claims its row for; it ends before that."""
    kinds[name] = Kind(name, model, task_name, queue, label or name.replace("_", " "), lease_seconds)


def register_periodic(name: str, task_name: str, every_seconds: int, queue: str = "default") -> None:
    """A task that finds its own work and is harmless when it comes twice, late or not at all."""
    periodics[name] = Periodic(name, task_name, every_seconds, queue)
