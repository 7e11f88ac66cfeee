"""What a signed case is worth. Import models from this package; its files depend only on those above them."""

from billing.models.reference import (
    Alignment,
    BilledElsewhere,
    Fee,
    HcpcsCode,
    Payer,
    PayerPolicy,
    Programme,
    ReferenceChange,
    RosterEntry,
    Submitter,
)
from billing.models.charge import ChargeDecision, ChargeLine, ChargeReversal, HoldRelease
from billing.models.query import ClinicianQuery
from billing.models.batch import Batch, BatchFile, BatchLine

__all__ = [
    "Alignment",
    "Batch",
    "BatchFile",
    "BatchLine",
    "BilledElsewhere",
    "ChargeDecision",
    "ChargeLine",
    "ChargeReversal",
    "ClinicianQuery",
    "Fee",
    "HcpcsCode",
    "HoldRelease",
    "Payer",
    "PayerPolicy",
    "Programme",
    "ReferenceChange",
    "RosterEntry",
    "Submitter",
]
