"""What a signed case is worth. Import models from this package; its files depend only on those above them."""

from billing.models.reference import (
    Alignment,
    BilledElsewhere,
    Fee,
    HcpcsCode,
    PaperOffset,
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
from billing.models.remittance import (
    AnswerMatch,
    ClaimCorrection,
    PayerAnswer,
    PayerFile,
    PayerTransaction,
    Posting,
)

__all__ = [
    "Alignment",
    "AnswerMatch",
    "Batch",
    "BatchFile",
    "BatchLine",
    "BilledElsewhere",
    "ChargeDecision",
    "ChargeLine",
    "ChargeReversal",
    "ClaimCorrection",
    "ClinicianQuery",
    "Fee",
    "HcpcsCode",
    "HoldRelease",
    "PaperOffset",
    "Payer",
    "PayerAnswer",
    "PayerFile",
    "PayerPolicy",
    "PayerTransaction",
    "Posting",
    "Programme",
    "ReferenceChange",
    "RosterEntry",
    "Submitter",
]
