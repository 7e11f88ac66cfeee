"""What a later part of the way wants the patient's home page to say. Intake does not know it: it registers itself."""

from collections.abc import Callable

from config.accounts.models import User

Counts = Callable[[User], dict[str, int]]

_counts: list[Counts] = []


def register(count: Counts) -> None:
    if count not in _counts:
        _counts.append(count)


def counts(user: User) -> dict[str, int]:
    """`open_steps` and `late_steps`, for the patient's home."""
    return {name: number for count in _counts for name, number in count(user).items()}
