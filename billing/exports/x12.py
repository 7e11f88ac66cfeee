"""An 837P file (005010X222A1) from a list of segments; every count is counted, none is typed.

ASCII upper case throughout; separators that survive in a name would break the file, so they are taken out.
"""

from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from billing.exports.plain import identifier, text

VERSION = "005010X222A1"
MAX_CLAIMS = 5_000
NEW, REPLACEMENT, VOID = "1", "7", "8"
_PAID_CODES = 12


def _segment(*elements: object) -> str:
    return "*".join([str(element) for element in elements]).rstrip("*")


def money(value: object) -> str:
    """As X12 writes amounts: 42, 42.5, 42.05."""
    whole = str(value)
    if whole.endswith(".00"):
        return whole[:-3]
    amount = Decimal(whole).quantize(Decimal("0.01"))
    written = f"{amount:f}"
    return written.rstrip("0").rstrip(".") if "." in written else written


def _person(qualifier: str, last: str, first: str, middle: str, id_qualifier: str, number: str) -> str:
    return (
        f"NM1*{qualifier}*1*{text(last, 60)}*{text(first, 35)}*{text(middle, 25)}"
        f"***{id_qualifier}*{identifier(number, 80)}"
    )


@lru_cache(maxsize=1024)
def _provider(qualifier: str, last: str, first: str, npi: str, taxonomy: str) -> tuple[str, ...]:
    person = _person(qualifier, last, first, "", "XX", npi)
    return (person, f"PRV*PE*PXC*{identifier(taxonomy, 10)}") if taxonomy else (person,)


def _address(place: dict) -> tuple[str, str]:
    street, more = text(place["address_line1"], 55), text(place.get("address_line2", ""), 55)
    zip_code = identifier(place["zip_code"], 15).replace("-", "")
    return (
        f"N3*{street}*{more}" if more else f"N3*{street}",
        f"N4*{text(place['city'], 30)}*{identifier(place['state'], 2)}*{zip_code}",
    )


@lru_cache(maxsize=64)
def _payer(name: str, number: str) -> str:
    return f"NM1*PR*2*{text(name, 60)}*****PI*{identifier(number, 80)}"


def _head(batch: dict) -> list[str]:
    submitter = batch["submitter"]
    etin, receiver = identifier(submitter["etin"], 15), identifier(submitter["receiver_id"], 15)
    phone = "".join(filter(str.isdigit, submitter["contact_phone"]))
    return [
        _segment("BHT", "0019", "00", batch["number"], batch["date"], batch["time"], "CH"),
        _segment("NM1", 41, 2, text(batch["billing_name"], 60), "", "", "", "", 46, etin),
        _segment("PER", "IC", text(submitter["contact_name"], 60), "TE", phone),
        _segment("NM1", 40, 2, text(submitter["receiver_name"], 60), "", "", "", "", 46, receiver),
    ]


def _billing_provider(billing: dict, level: int) -> list[str]:
    taxonomy = identifier(billing["taxonomy_code"], 10)
    return [
        _segment("HL", level, "", 20, 1),
        *([_segment("PRV", "BI", "PXC", taxonomy)] if taxonomy else []),
        _segment("NM1", 85, 2, text(billing["name"], 60), "", "", "", "", "XX", identifier(billing["npi"], 10)),
        *_address(billing),
        _segment("REF", "EI", identifier(billing["tin"], 9)),
    ]


def claim_segments(claim: dict, level: int, parent: int) -> list[str]:
    """One patient (loop 2000B), the claim (2300) and its one service line (2400)."""
    patient, payer = claim["patient"], claim["payer"]
    codes = [code.replace(".", "") for code in claim["diagnoses"][:_PAID_CODES]]
    modifiers = [part for part in claim["modifier"].split(":") if part]
    service = ":".join(["HC", claim["code"], *modifiers])
    pointers = ":".join([str(n) for n in range(1, min(4, len(codes)) + 1)])
    charge = money(claim["amount"])
    frequency = claim.get("frequency_code") or NEW
    pos = identifier(claim["pos"], 2)
    return [
        f"HL*{level}*{parent}*22*0",
        f"SBR*P*18*******{payer['claim_filing_code']}",
        _person("IL", patient["last_name"], patient["first_name"], patient["middle_name"], "MI", patient["member_id"]),
        *_address(patient),
        f"DMG*D8*{patient['date_of_birth'].replace('-', '')}*{identifier(patient['sex'], 1)}",
        _payer(payer["name"], payer["payer_id"]),
        f"CLM*{claim['claim_id']}*{charge}***{pos}:B:{frequency}*Y*A*Y*Y",
        *([f"REF*F8*{identifier(claim['original_claim_number'], 50)}"] if frequency != NEW else []),
        *([f"REF*P4*{identifier(claim['demo_number'], 50)}"] if claim["demo_number"] else []),
        "HI*" + "*".join([f"{'ABF' if n else 'ABK'}:{code}" for n, code in enumerate(codes)]),
        *_providers(claim),
        "LX*1",
        f"SV1*{service}*{charge}*UN*1***{pointers}",
        f"DTP*472*D8*{claim['date_of_service'].replace('-', '')}",
        f"REF*6R*{claim['claim_id']}",
    ]


def _providers(claim: dict) -> tuple[str, ...]:
    """Referring only where somebody referred; rendering only where another than the billing provider."""
    found: tuple[str, ...] = ()
    referring, rendering = claim["referring"], claim["rendering"]
    if referring.get("npi"):
        found = _provider("DN", referring["last_name"], referring["first_name"], referring["npi"], "")
    if rendering["npi"] != claim["billing"]["npi"]:
        taxonomy = rendering["taxonomy_code"]
        found += _provider("82", rendering["last_name"], rendering["first_name"], rendering["npi"], taxonomy)
    return found


def write(claims: list[dict], batch: dict) -> bytes:
    """One interchange with one group and one transaction set for at most MAX_CLAIMS claims of one submitter.

    Claims of the same billing provider that follow each other share its loop.
    """
    if len(claims) > MAX_CLAIMS:
        raise ValueError(f"{len(claims)} claims are more than {MAX_CLAIMS} for one file")
    body = [_segment("ST", 837, "0001", VERSION), *_head(batch)]
    level, parent, billing = 0, 0, None
    for claim in claims:
        level += 1
        if claim["billing"] != billing:
            billing, parent = claim["billing"], level
            body += _billing_provider(billing, parent)
            level += 1
        body += claim_segments(claim, level, parent)
    body.append(_segment("SE", len(body) + 1, "0001"))
    control, submitter = batch["control_number"], batch["submitter"]
    etin, receiver = identifier(submitter["etin"], 15), identifier(submitter["receiver_id"], 15)
    usage = "T" if submitter["is_test"] else "P"
    isa = _segment(
        "ISA", "00", " " * 10, "00", " " * 10, "ZZ", etin.ljust(15), "ZZ", receiver.ljust(15), batch["date"][2:],
        batch["time"], "^", "00501", f"{control:09d}", "0", usage, ":",
    )  # fmt: skip
    gs = _segment("GS", "HC", etin, receiver, batch["date"], batch["time"], control, "X", VERSION)
    segments = [isa, gs, *body, _segment("GE", 1, control), _segment("IEA", 1, f"{control:09d}")]
    return ("~\n".join(segments) + "~\n").encode("ascii")


def stamps(at: datetime) -> tuple[str, str]:
    """(CCYYMMDD, HHMM) of a moment, in UTC."""
    return f"{at:%Y%m%d}", f"{at:%H%M}"
