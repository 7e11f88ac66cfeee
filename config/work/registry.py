"""Which rows are work, and which task does it. Each app registers its own in apps.py."""

from dataclasses import dataclass

from django.db import models


@dataclass(frozen=True)
class Kind:
    name: str
    model: type[models.Model]
    task_name: str
    queue: str
    label: str


@dataclass(frozen=True)
class Periodic:
    name: str
    task_name: str
    every_seconds: int
    queue: str


kinds: dict[str, Kind] = {}
periodics: dict[str, Periodic] = {}


def register(name: str, model: type[models.Model], task_name: str, queue: str, label: str = "") -> None:
    kinds[name] = Kind(name, model, task_name, queue, label or name.replace("_", " "))


def register_periodic(name: str, task_name: str, every_seconds: int, queue: str = "default") -> None:
    """A task that finds its own work and is harmless when it comes twice, late or not at all."""
    periodics[name] = Periodic(name, task_name, every_seconds, queue)
