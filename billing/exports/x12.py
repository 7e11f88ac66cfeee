"""An 837P file (005010X222A1) from a list of segments; every count is counted, none is typed.

ASCII upper case throughout; separators that survive in a name would break the file, so they are taken out.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from billing.exports.plain import identifier, text

VERSION = "005010X222A1"
MAX_CLAIMS = 5_000
NEW, REPLACEMENT, VOID = "1", "7", "8"
_PAID_CODES = 12
# a patient whose every field a claim can carry as it is: names, street, more, city; state, ZIP, number, sex
_BASIC = r"[A-Z0-9 !\"&'()+,\-./;?=%@\[\]_{}\\|<>#$]"
_USUAL = re.compile(
    "\n".join(
        [f"({_BASIC}{{0,{limit}}})" for limit in (60, 35, 25, 55, 55, 30)]
        + [f"([A-Z0-9\\-]{{0,{limit}}})" for limit in (2, 15, 80, 1)]
    )
)


def _segment(*elements: object) -> str:
    return "*".join([str(element) for element in elements]).rstrip("*")


@lru_cache(maxsize=4096)
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
def _provider(qualifier: str, last: str, first: str, npi: str, taxonomy: str) -> str:
    person = _person(qualifier, last, first, "", "XX", npi)
    return f"{person}~\nPRV*PE*PXC*{identifier(taxonomy, 10)}~\n" if taxonomy else f"{person}~\n"


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


def _patient(patient: dict) -> tuple[str, ...]:
    """(last, first, middle, street, more, city, state, ZIP, number, sex) as a claim carries them."""
    given = (
        patient["last_name"] or "", patient["first_name"] or "", patient["middle_name"] or "",
        patient["address_line1"] or "", patient.get("address_line2") or "", patient["city"] or "",
        patient["state"] or "", patient["zip_code"] or "", patient["member_id"] or "", patient["sex"] or "",
    )  # fmt: skip
    # a space at an end, or two in a row, are taken out one by one
    joined = "\n".join(given).upper()
    usual = (
        None if "  " in joined or " \n" in joined or "\n " in joined or joined[:1] == " " else _USUAL.fullmatch(joined)
    )
    if usual:
        return usual.groups()
    limits = (60, 35, 25, 55, 55, 30)
    names = [text(value, limit) for value, limit in zip(given, limits, strict=False)]
    return (*names, *[identifier(value, limit) for value, limit in zip(given[6:], (2, 15, 80, 1), strict=True)])


@lru_cache(maxsize=4096)
def _diagnoses(codes: tuple[str, ...]) -> tuple[str, str]:
    """(HI, the pointers of the one service to its first four)."""
    plain = [code.replace(".", "") for code in codes[:_PAID_CODES]]
    listed = "*".join([f"{'ABF' if n else 'ABK'}:{code}" for n, code in enumerate(plain)])
    return f"HI*{listed}", ":".join([str(n) for n in range(1, min(4, len(plain)) + 1)])


@lru_cache(maxsize=256)
def _service(code: str, modifier: str) -> str:
    return ":".join(["HC", code, *[part for part in modifier.split(":") if part]])


def claim_text(claim: dict, level: int, parent: int) -> str:
    """One patient (loop 2000B), the claim (2300) and its one service line (2400), each segment with its end."""
    payer, name = claim["payer"], claim["claim_id"]
    last, first, middle, street, more, city, state, zip_code, number, sex = _patient(claim["patient"])
    listed, pointers = _diagnoses(tuple(claim["diagnoses"]))
    charge, frequency = money(claim["amount"]), claim.get("frequency_code") or NEW
    original = "" if frequency == NEW else f"REF*F8*{identifier(claim['original_claim_number'], 50)}~\n"
    demo = f"REF*P4*{identifier(claim['demo_number'], 50)}~\n" if claim["demo_number"] else ""
    return (
        f"HL*{level}*{parent}*22*0~\n"
        f"SBR*P*18*******{payer['claim_filing_code']}~\n"
        f"NM1*IL*1*{last}*{first}*{middle}***MI*{number}~\n"
        f"N3*{street}{'*' if more else ''}{more}~\n"
        f"N4*{city}*{state}*{zip_code.replace('-', '')}~\n"
        f"DMG*D8*{claim['patient']['date_of_birth'].replace('-', '')}*{sex}~\n"
        f"{_payer(payer['name'], payer['payer_id'])}~\n"
        f"CLM*{name}*{charge}***{identifier(claim['pos'], 2)}:B:{frequency}*Y*A*Y*Y~\n"
        f"{original}{demo}{listed}~\n"
        f"{_providers(claim)}"
        "LX*1~\n"
        f"SV1*{_service(claim['code'], claim['modifier'])}*{charge}*UN*1***{pointers}~\n"
        f"DTP*472*D8*{claim['date_of_service'].replace('-', '')}~\n"
        f"REF*6R*{name}~\n"
    )


def _providers(claim: dict) -> str:
    """Referring only where somebody referred; rendering only where another than the billing provider."""
    found = ""
    referring, rendering = claim["referring"], claim["rendering"]
    if referring.get("npi"):
        found = _provider("DN", referring["last_name"], referring["first_name"], referring["npi"], "")
    if rendering["npi"] != claim["billing"]["npi"]:
        taxonomy = rendering["taxonomy_code"]
        found += _provider("82", rendering["last_name"], rendering["first_name"], rendering["npi"], taxonomy)
    return found


def write(claims: Iterable[dict], batch: dict) -> bytes:
    """One interchange with one group and one transaction set for at most MAX_CLAIMS claims of one submitter.

    Claims of the same billing provider that follow each other share its loop. They may come as a stream.
    """
    parts = [_ended([_segment("ST", 837, "0001", VERSION), *_head(batch)])]
    level, parent, billing, count = 0, 0, None, 0
    for claim in claims:
        count += 1
        level += 1
        if claim["billing"] != billing:
            billing, parent = claim["billing"], level
            parts.append(_ended(_billing_provider(billing, parent)))
            level += 1
        parts.append(claim_text(claim, level, parent))
    if count > MAX_CLAIMS:
        raise ValueError(f"{count} claims are more than {MAX_CLAIMS} for one file")
    body = "".join(parts)
    control, submitter = batch["control_number"], batch["submitter"]
    etin, receiver = identifier(submitter["etin"], 15), identifier(submitter["receiver_id"], 15)
    usage = "T" if submitter["is_test"] else "P"
    isa = _segment(
        "ISA", "00", " " * 10, "00", " " * 10, "ZZ", etin.ljust(15), "ZZ", receiver.ljust(15), batch["date"][2:],
        batch["time"], "^", "00501", f"{control:09d}", "0", usage, ":",
    )  # fmt: skip
    gs = _segment("GS", "HC", etin, receiver, batch["date"], batch["time"], control, "X", VERSION)
    se = _segment("SE", body.count("~") + 1, "0001")
    ends = [se, _segment("GE", 1, control), _segment("IEA", 1, f"{control:09d}")]
    return (_ended([isa, gs]) + body + _ended(ends)).encode("ascii")


def _ended(segments: list[str]) -> str:
    return "~\n".join(segments) + "~\n"


def stamps(at: datetime) -> tuple[str, str]:
    """(CCYYMMDD, HHMM) of a moment, in UTC."""
    return f"{at:%Y%m%d}", f"{at:%H%M}"
