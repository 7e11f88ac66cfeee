"""The gate: decisions a second on plain facts, of every kind of outcome."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from billing.rules import Diagnosis, Facts, decide
from tests.benchmarks import benchmark

DAY = date(2026, 11, 20)
GOOD = Facts(
    date_of_service=DAY, decided_on=DAY, total_ms=462_000, lost_ms=0, is_delivered=True, payer_code="medicare",
    plan="original", programme="model", programme_active=True, programme_confirmed=True, programme_covers_code=True,
    is_aligned=True, is_rostered=True, amount=Decimal("42.00"), diagnoses=(Diagnosis("D2261", True, True),),
    date_of_birth=date(1959, 3, 1),
)  # fmt: skip
MIX = (
    GOOD,
    replace(GOOD, is_delivered=False, is_aligned=False, amount=None),
    replace(GOOD, total_ms=700_000, released=frozenset({"TIME_GE_10"})),
    replace(GOOD, no_opinion=True),
    replace(GOOD, decided_on=DAY + timedelta(days=310), claim_problems=(("MBI_BAD", "No number."),)),
)


@benchmark
def gate(quick: bool) -> Iterator[dict]:
    count = 2_000 if quick else 5_000
    for name, facts in (("ready", (GOOD,)), ("mixed", MIX)):
        rounds = count // len(facts)
        best = 0.0
        for _ in range(1 if quick else 20):
            began = time.perf_counter()
            for _ in range(rounds):
                for row in facts:
                    decide(row)
            best = max(best, rounds * len(facts) / (time.perf_counter() - began))
        yield {"facts": name, "decisions_per_second": round(best), "wanted": 20_000}
