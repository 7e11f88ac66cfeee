"""What other apps hang on a patient's record at the desk. They register in `apps.ready()`; intake never imports them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from intake.models import Patient


@dataclass(frozen=True)
class PatientCard:
    """Facts beside a patient's own, entered with them.

    `form(data, patient=..., prefix=key)` is built (patient None while one is registered) and `form.save(patient=, by=)`
    called in the transaction that keeps the patient. `facts(patient)` are sentences for the record.
    """

    key: str
    title: str
    form: Callable[..., Any]
    facts: Callable[[Patient], Iterable[str]]


_cards: dict[str, PatientCard] = {}


def register(card: PatientCard) -> None:
    _cards[card.key] = card


def forms_for(data, patient: Patient | None = None) -> list[tuple[str, Any]]:
    """(title, form) of each card."""
    return [(card.title, card.form(data, patient=patient, prefix=card.key)) for card in _cards.values()]


def facts_of(patient: Patient) -> list[tuple[str, list[str]]]:
    return [(card.title, list(card.facts(patient))) for card in _cards.values()]
