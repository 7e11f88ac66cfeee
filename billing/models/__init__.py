"""What a signed case is worth. Import models from this package; its files depend only on those above them."""

from billing.models.reference import (
    Alignment,
    Fee,
    HcpcsCode,
    Payer,
    PayerPolicy,
    Programme,
    RosterEntry,
    Submitter,
)
from billing.models.charge import ChargeDecision, ChargeLine, HoldRelease
from billing.models.batch import Batch, BatchFile, BatchLine

__all__ = [
    "Alignment",
    "Batch",
    "BatchFile",
    "BatchLine",
    "ChargeDecision",
    "ChargeLine",
    "Fee",
    "HcpcsCode",
    "HoldRelease",
    "Payer",
    "PayerPolicy",
    "Programme",
    "RosterEntry",
    "Submitter",
]
