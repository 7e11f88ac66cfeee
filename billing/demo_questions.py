"""What the demo's biller asked a specialist, once answered and once waiting, and what is recorded of a payer's policy."""

from datetime import timedelta

from django.utils import timezone

from billing import queries
from billing.models import ChargeLine, ClinicianQuery, Payer, PayerPolicy
from config.accounts.demo import DemoPeople

_ANSWERED = (
    "The record names two places. Which one does the diagnosis belong to?",
    "The one on the forearm. The other was only mentioned by the patient.",
)
_OPEN = "Part of the time lies after the letter was written. Was that still work on this review?"


def ask(people: DemoPeople) -> None:
    """On lines that are held anyway, so that no other page of the demo changes. Nothing the second time."""
    if ClinicianQuery.objects.filter(line__group=people.group).exists():
        return
    held = ChargeLine.objects.filter(group=people.group, status="held", review__specialist=people.dermatologist)
    lines = list(held.order_by("pk")[:2])
    if lines:
        queries.ask(line=lines[0], by=people.biller, question=_OPEN)
    if len(lines) > 1:
        question, answer = _ANSWERED
        query = queries.ask(line=lines[1], by=people.biller, question=question)
        queries.answer(query=query, by=people.dermatologist, text=answer)


def policies() -> None:
    """A payer asked twice: what it said first has ended, what it says now is open. No demo case is with it."""
    payer = Payer.objects.get(code="bcbs")
    if payer.policies.exists():
        return
    today = timezone.localdate()
    asked = today - timedelta(days=60)
    PayerPolicy.objects.create(
        payer=payer, pays=False, valid_from=today - timedelta(days=400), valid_until=asked - timedelta(days=1),
        note="Asynchronous review is not covered.", source="Demo data: the payer's provider line, by phone",
    )  # fmt: skip
    PayerPolicy.objects.create(
        payer=payer, pays=True, valid_from=asked, note="Covered for members of the demo plan.",
        source="Demo data: the payer's provider bulletin",
    )  # fmt: skip
