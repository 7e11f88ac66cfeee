"""How a sent line stands, from everything that the payer said, in whatever order it came. Pure."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Sums:
    charged: Decimal = Decimal("0.00")
    paid: Decimal = Decimal("0.00")
    contractual: Decimal = Decimal("0.00")
    patient: Decimal = Decimal("0.00")
    denied: Decimal = Decimal("0.00")

    @property
    def open(self) -> Decimal:
        """What the payer has not answered for yet; below nothing where it answered twice."""
        return self.charged - self.paid - self.contractual - self.patient - self.denied


def status(sums: Sums, claim_verdict: str, format_verdict: str, was_paid: bool) -> str:
    """Money wins over words, a claim's answer over its file's; so a late acknowledgment changes nothing.

    `was_paid`: there are postings, if only such that were taken back to nothing.
    """
    if sums.paid > 0 or sums.patient > 0:
        return "paid" if sums.denied <= 0 and sums.open <= 0 else "partly_paid"
    if sums.denied > 0 or sums.contractual > 0:
        return "denied"
    if was_paid:
        return "accepted"
    if claim_verdict:
        return claim_verdict
    return "rejected" if format_verdict == "rejected" else "exported"
