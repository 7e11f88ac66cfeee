"""What a payer's files say, one dataclass an answer. Pure: segments in, answers out. Sources: the guides 005010X231A1
(999), 005010X214 (277CA) and 005010X221A1 (835) as pyx12 maps them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from billing.remittance.segments import Segment, Transaction, Unreadable, amount, day

ACCEPTED, REJECTED = "accepted", "rejected"
PAID, DENIED, REVERSED, NOT_OURS = "paid", "denied", "reversed", "not_ours"
# STC01-1 of a 277CA: received, forwarded, accepted or split; all others refuse the claim
_TAKEN = {"A0", "A1", "A2", "A5"}
_FORMAT = {"A": ACCEPTED, "E": ACCEPTED, "P": ACCEPTED, "R": REJECTED, "M": REJECTED, "W": REJECTED, "X": REJECTED}


@dataclass(frozen=True)
class FormatAnswer:
    """A 999 about one of our files: the control number of its group, and what was wrong where."""

    group_control: str
    verdict: str
    code: str
    errors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Adjustment:
    group: str
    reason: str
    amount: Decimal


@dataclass(frozen=True)
class ClaimAnswer:
    """What a 277CA or an 835 says about one claim, or about its one line where it says more there."""

    claim_number: str
    verdict: str
    status_code: str
    line_number: str = ""
    payer_claim_number: str = ""
    patient_name: str = ""
    service_date: date | None = None
    batch_number: str = ""
    charged: Decimal = Decimal("0.00")
    paid: Decimal = Decimal("0.00")
    patient_share: Decimal = Decimal("0.00")
    adjustments: tuple[Adjustment, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass
class Payment:
    """An 835: one payment with its claims."""

    trace: str = ""
    total: Decimal = Decimal("0.00")
    paid_on: date | None = None
    payer: str = ""
    payee_npi: str = ""
    payee_tin: str = ""
    claims: list[ClaimAnswer] = field(default_factory=list)
    provider_adjustments: list[tuple[str, Decimal]] = field(default_factory=list)


def read_999(transaction: Transaction) -> FormatAnswer:
    control, errors, code = "", [], ""
    place = ""
    for segment in transaction.segments:
        if segment.name == "AK1":
            control = segment.get(2)
        elif segment.name == "IK3":
            place = f"{segment.get(1)} at segment {segment.get(2)}"
            errors.append(f"{place}, error {segment.get(4)}")
        elif segment.name == "IK4":
            errors.append(f"{place}, element {segment.get(1)}, error {segment.get(3)}")
        elif segment.name == "AK9":
            code = segment.get(1)
    if not control or code not in _FORMAT:
        raise Unreadable("The 999 does not say which file it answers, or how.")
    return FormatAnswer(control, _FORMAT[code], code, tuple(errors))


def read_277ca(transaction: Transaction) -> list[ClaimAnswer]:
    """One a claim; the line's own status wins over the claim's where it is worse."""
    return list(_claim_states(transaction))


def _claim_states(transaction: Transaction) -> Iterator[ClaimAnswer]:
    batch_number, level, facts = "", "", None
    for segment in transaction.segments:
        if segment.name == "HL":
            if facts:
                yield _state(facts, batch_number)
                facts = None
            level = segment.get(3)
            if level == "PT":
                facts = {"statuses": []}
        elif segment.name == "TRN" and level == "21":
            batch_number = segment.get(2)
        elif facts is not None:
            _claim_fact(facts, segment, transaction.component)
    if facts:
        yield _state(facts, batch_number)


def _claim_fact(facts: dict, segment: Segment, component: str) -> None:
    if segment.name == "NM1":
        facts["patient_name"] = " ".join(filter(None, (segment.get(4), segment.get(3))))
    elif segment.name == "TRN":
        facts["claim_number"] = segment.get(2)
    elif segment.name == "STC":
        for place in (1, 10, 11):
            if segment.get(place):
                facts["statuses"].append(":".join(segment.parts(place, component)[:2]))
        if segment.get(4):
            facts["charged"] = amount(segment.get(4))
    elif segment.name == "REF" and segment.get(1) == "1K":
        facts["payer_claim_number"] = segment.get(2)
    elif segment.name == "REF" and segment.get(1) == "FJ":
        facts["line_number"] = segment.get(2)
    elif segment.name == "DTP" and segment.get(1) == "472":
        facts["service_date"] = day(segment.get(3))


def _state(facts: dict, batch_number: str) -> ClaimAnswer:
    statuses = list(dict.fromkeys(facts.pop("statuses")))
    if not facts.get("claim_number") or not statuses:
        raise Unreadable("The 277CA holds a claim without its number or its status.")
    refused = [status for status in statuses if status.partition(":")[0] not in _TAKEN]
    return ClaimAnswer(
        verdict=REJECTED if refused else ACCEPTED,
        status_code=(refused or statuses)[0],
        remarks=tuple(refused or statuses),
        batch_number=batch_number,
        **facts,
    )


def read_835(transaction: Transaction) -> Payment:
    """Raises Unreadable where a claim, or the payment, does not add up: nothing of such a file is posted."""
    payment, claim, lines, place = Payment(), None, [], "head"
    for segment in transaction.segments:
        if segment.name == "CLP":
            payment.claims += _finished(claim, lines)
            claim, lines, place = _begun(segment), [], "claim"
        elif segment.name == "SVC" and claim is not None:
            lines.append(_line(segment, transaction.component))
            place = "line"
        elif segment.name in {"LX", "PLB", "SE"}:
            payment.claims += _finished(claim, lines)
            claim, lines, place = None, [], "head"
            if segment.name == "PLB":
                payment.provider_adjustments += _provider_adjustments(segment)
        elif claim is not None:
            _payment_fact(lines[-1] if place == "line" else claim, segment, place)
        else:
            _head_fact(payment, segment)
    if not payment.trace:
        raise Unreadable("The 835 has no trace number (TRN): it cannot be told from another payment.")
    _check_total(payment)
    return payment


def _head_fact(payment: Payment, segment: Segment) -> None:
    if segment.name == "BPR":
        sign = -1 if segment.get(3) == "D" else 1
        payment.total = sign * amount(segment.get(2))
        payment.paid_on = day(segment.get(16))
    elif segment.name == "TRN":
        payment.trace = segment.get(2)
    elif segment.name == "N1" and segment.get(1) == "PR":
        payment.payer = segment.get(2)
    elif segment.name == "N1" and segment.get(1) == "PE":
        payment.payee_npi = segment.get(4) if segment.get(3) == "XX" else ""
        payment.payee_tin = segment.get(4) if segment.get(3) == "FI" else ""
    elif segment.name == "REF" and segment.get(1) == "TJ":
        payment.payee_tin = segment.get(2)


def _begun(segment: Segment) -> dict:
    return {
        "claim_number": segment.get(1), "status_code": segment.get(2), "charged": amount(segment.get(3)),
        "paid": amount(segment.get(4)), "patient_share": amount(segment.get(5)),
        "payer_claim_number": segment.get(7), "adjustments": [], "remarks": [],
    }  # fmt: skip


def _line(segment: Segment, component: str) -> dict:
    return {
        "code": (segment.parts(1, component) + [""])[1], "charged": amount(segment.get(2)),
        "paid": amount(segment.get(3)), "adjustments": [], "remarks": [],
    }  # fmt: skip


def _payment_fact(facts: dict, segment: Segment, place: str) -> None:
    if segment.name == "CAS":
        for at in range(2, len(segment.elements) + 1, 3):
            if segment.get(at):
                facts["adjustments"].append(Adjustment(segment.get(1), segment.get(at), amount(segment.get(at + 1))))
    elif segment.name == "NM1" and segment.get(1) == "QC":
        facts["patient_name"] = " ".join(filter(None, (segment.get(4), segment.get(3))))
    elif segment.name == "LQ":
        facts["remarks"].append(segment.get(2))
    elif segment.name in {"MOA", "MIA"} and place == "claim":
        facts["remarks"] += [code for code in segment.elements[2:] if code and not code[0].isdigit()]
    elif segment.name == "REF" and segment.get(1) == "6R":
        facts["line_number"] = segment.get(2)
    elif segment.name == "DTM" and segment.get(1) in {"472", "150", "232"}:
        facts["service_date"] = day(segment.get(2))


def _finished(claim: dict | None, lines: list[dict]) -> list[ClaimAnswer]:
    """The claim with its lines' facts in it. We send one line a claim; what a payer splits is added up."""
    if claim is None:
        return []
    number = claim["claim_number"]
    for line in lines:
        if line["charged"] - sum((a.amount for a in line["adjustments"]), Decimal()) != line["paid"]:
            raise Unreadable(
                f"Claim {number} does not add up: charge less adjustments is not what its line says was paid."
            )
    adjustments = [*claim["adjustments"], *(a for line in lines for a in line["adjustments"])]
    if claim["charged"] - sum((a.amount for a in adjustments), Decimal()) != claim["paid"]:
        raise Unreadable(f"Claim {number} does not add up: charge less adjustments is not what it says was paid.")
    return [
        ClaimAnswer(
            claim_number=number,
            verdict=_verdict(claim),
            status_code=claim["status_code"],
            line_number=next((line["line_number"] for line in lines if "line_number" in line), ""),
            payer_claim_number=claim["payer_claim_number"],
            patient_name=claim.get("patient_name", ""),
            service_date=next(
                (line["service_date"] for line in lines if "service_date" in line), claim.get("service_date")
            ),
            charged=claim["charged"],
            paid=claim["paid"],
            patient_share=claim["patient_share"],
            adjustments=tuple(adjustments),
            remarks=tuple(dict.fromkeys([*claim["remarks"], *(r for line in lines for r in line["remarks"])])),
        )
    ]


def _verdict(claim: dict) -> str:
    code = claim["status_code"]
    if code == "22":
        return REVERSED
    if code == "23":
        return NOT_OURS
    return DENIED if code == "4" or (claim["paid"] == 0 and not claim["patient_share"]) else PAID


def _provider_adjustments(segment: Segment) -> Iterator[tuple[str, Decimal]]:
    for at in range(3, len(segment.elements) + 1, 2):
        if segment.get(at):
            yield segment.get(at), amount(segment.get(at + 1))


def _check_total(payment: Payment) -> None:
    claims = sum((claim.paid for claim in payment.claims), Decimal())
    others = sum((value for _, value in payment.provider_adjustments), Decimal())
    if claims - others != payment.total:
        raise Unreadable(
            f"The payment does not add up: its claims come to {claims}, less {others} of other adjustments, "
            f"but it says {payment.total}. Nothing was posted. Ask the payer."
        )
