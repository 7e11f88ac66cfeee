"""An 837P file (005010X222A1) from a list of segments; every count is counted, none is typed.

ASCII upper case throughout; separators that survive in a name would break the file, so they are taken out.
"""

import re
import unicodedata
from datetime import datetime
from decimal import Decimal

VERSION = "005010X222A1"
MAX_CLAIMS = 5_000
_BASIC = re.compile(r"[^A-Z0-9 !\"&'()+,\-./;?=%@\[\]_{}\\|<>#$]")


def text(value: object, limit: int) -> str:
    """ASCII upper case without separators or control characters, at most `limit` characters."""
    flat = unicodedata.normalize("NFKD", str(value or "")).encode("ascii", "ignore").decode().upper()
    return " ".join(_BASIC.sub(" ", flat).split())[:limit].strip()


def _segment(*elements: object) -> str:
    return "*".join(str(element) for element in elements).rstrip("*")


def _money(value: object) -> str:
    amount = Decimal(str(value)).quantize(Decimal("0.01"))
    return f"{amount:f}".rstrip("0").rstrip(".")


def _person(qualifier: str, person: dict, id_qualifier: str, identifier: str) -> str:
    return _segment(
        "NM1", qualifier, 1, text(person["last_name"], 60), text(person["first_name"], 35),
        text(person.get("middle_name", ""), 25), "", "", id_qualifier, identifier,
    )  # fmt: skip


def _address(place: dict) -> list[str]:
    return [
        _segment("N3", text(place["address_line1"], 55), text(place.get("address_line2", ""), 55)),
        _segment("N4", text(place["city"], 30), place["state"], place["zip_code"]),
    ]


def _head(batch: dict) -> list[str]:
    submitter = batch["submitter"]
    return [
        _segment("BHT", "0019", "00", batch["number"], batch["date"], batch["time"], "CH"),
        _segment("NM1", 41, 2, text(batch["billing_name"], 60), "", "", "", "", 46, submitter["etin"]),
        _segment("PER", "IC", text(submitter["contact_name"], 60), "TE", submitter["contact_phone"]),
        _segment("NM1", 40, 2, text(submitter["receiver_name"], 60), "", "", "", "", 46, submitter["receiver_id"]),
    ]


def _billing_provider(billing: dict, level: int) -> list[str]:
    prv = [_segment("PRV", "BI", "PXC", billing["taxonomy_code"])] if billing["taxonomy_code"] else []
    return [
        _segment("HL", level, "", 20, 1),
        *prv,
        _segment("NM1", 85, 2, text(billing["name"], 60), "", "", "", "", "XX", billing["npi"]),
        *_address(billing),
        _segment("REF", "EI", billing["tin"]),
    ]


def _claim(claim: dict, level: int, parent: int) -> list[str]:
    patient, payer = claim["patient"], claim["payer"]
    codes = [code.replace(".", "") for code in claim["diagnoses"][:12]]
    service = ":".join(part for part in ("HC", claim["code"], claim["modifier"]) if part)
    pointers = ":".join(str(n + 1) for n in range(min(4, len(codes))))
    charge = _money(claim["amount"])
    birth = claim["patient"]["date_of_birth"].replace("-", "")
    return [
        _segment("HL", level, parent, 22, 0),
        _segment("SBR", "P", 18, "", "", "", "", "", "", payer["claim_filing_code"]),
        _person("IL", patient, "MI", patient["member_id"]),
        *_address(patient),
        _segment("DMG", "D8", birth, patient["sex"]),
        _segment("NM1", "PR", 2, text(payer["name"], 60), "", "", "", "", "PI", payer["payer_id"]),
        _segment("CLM", claim["claim_id"], charge, "", "", f"{claim['pos']}:B:1", "Y", "A", "Y", "Y"),
        *([_segment("REF", "P4", claim["demo_number"])] if claim["demo_number"] else []),
        _segment("HI", *(f"{'ABF' if n else 'ABK'}:{code}" for n, code in enumerate(codes))),
        *_providers(claim),
        _segment("LX", 1),
        _segment("SV1", service, charge, "UN", 1, "", "", pointers),
        _segment("DTP", 472, "D8", claim["date_of_service"].replace("-", "")),
        _segment("REF", "6R", claim["claim_id"]),
    ]


def _providers(claim: dict) -> list[str]:
    """Referring only where somebody referred; rendering only where another than the billing provider."""
    segments = []
    if claim["referring"].get("npi"):
        segments.append(_person("DN", claim["referring"], "XX", claim["referring"]["npi"]))
    rendering = claim["rendering"]
    if rendering["npi"] != claim["billing"]["npi"]:
        segments.append(_person("82", rendering, "XX", rendering["npi"]))
        if rendering["taxonomy_code"]:
            segments.append(_segment("PRV", "PE", "PXC", rendering["taxonomy_code"]))
    return segments


def write(claims: list[dict], batch: dict) -> bytes:
    """One interchange with one group and one transaction set for at most MAX_CLAIMS claims of one billing provider."""
    if len(claims) > MAX_CLAIMS:
        raise ValueError(f"{len(claims)} claims are more than {MAX_CLAIMS} for one file")
    body = [_segment("ST", 837, "0001", VERSION), *_head(batch), *_billing_provider(claims[0]["billing"], 1)]
    for level, claim in enumerate(claims, start=2):
        body += _claim(claim, level, 1)
    body.append(_segment("SE", len(body) + 1, "0001"))
    control, submitter = batch["control_number"], batch["submitter"]
    usage = "T" if submitter["is_test"] else "P"
    isa = _segment(
        "ISA", "00", " " * 10, "00", " " * 10, "ZZ", submitter["etin"].ljust(15), "ZZ",
        submitter["receiver_id"].ljust(15), batch["date"][2:], batch["time"], "^", "00501", f"{control:09d}", "0",
        usage, ":",
    )  # fmt: skip
    gs = _segment(
        "GS", "HC", submitter["etin"], submitter["receiver_id"], batch["date"], batch["time"], control, "X", VERSION
    )
    segments = [isa, gs, *body, _segment("GE", 1, control), _segment("IEA", 1, f"{control:09d}")]
    return ("~\n".join(segments) + "~\n").encode("ascii")


def stamps(at: datetime) -> tuple[str, str]:
    """(CCYYMMDD, HHMM) of a moment, in UTC."""
    return f"{at:%Y%m%d}", f"{at:%H%M}"
