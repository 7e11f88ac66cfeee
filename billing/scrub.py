"""What a payer would reject, found before it is sent. Pure on the claim snapshot; the rules turn some of it into holds.

Sources: the 837P implementation guide (005010X222A1) as pyx12 maps it, 42 CFR 424.44 (timely filing), CMS' MBI format,
ICD-10-CM's own form of codes. The validators in the tests see none of what is checked here.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from billing.exports.plain import text
from config.identifiers import is_mbi, is_npi

_STATE = re.compile(r"[A-Z]{2}")
_ZIP = re.compile(r"\d{5}(\d{4})?")
_ZIP_9 = re.compile(r"\d{9}")
_TIN = re.compile(r"\d{9}")
_TAXONOMY = re.compile(r"[0-9A-Z]{9}X")
_ICD = re.compile(r"(?=..?\d)[A-Z][0-9A-Z]{2,6}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_HCPCS = re.compile(r"[A-Z]\d{4}")
_MODIFIER = re.compile(r"[0-9A-Z]{2}")
_AMOUNT = re.compile(r"\d{1,6}\.\d{2}")
_CLAIM_NUMBER = re.compile(r"[0-9A-Z\-]{1,20}")
_PO_BOX = re.compile(r"\s*p\.?\s*o\.?\s*box", re.IGNORECASE)
_CODES = {"G9868", "G9869", "G9870"}


@dataclass(frozen=True)
class Finding:
    """`hold` is the hold code of the rules where the same thing holds the line; the others keep it out of a batch."""

    code: str
    message: str
    fix: str
    hold: str = ""


@dataclass(frozen=True)
class _Check:
    code: str
    message: str
    fix: str
    fails: Callable[[dict], bool]
    hold: str = ""

    @property
    def finding(self) -> Finding:
        return Finding(self.code, self.message, self.fix, self.hold)


_CLINIC = "the clinic corrects the patient's page"
_ADMIN = "an administrator corrects the numbers"
_SPECIALIST = "the specialist: an addendum"

PATIENT: tuple[_Check, ...] = (
    _Check("PATIENT_NAME", "The patient's last name has no letters that a claim can carry.", _CLINIC, lambda p: not any(c.isalpha() for c in text(p["last_name"], 60))),
    _Check("PATIENT_SEX", "The sex on the claim must be F, M or U.", _CLINIC, lambda p: p["sex"] not in {"F", "M", "U"}),
    _Check("BIRTH_DATE", "The date of birth is missing or not a date.", _CLINIC, lambda p: not _is_date(p["date_of_birth"])),
    _Check("PATIENT_ADDRESS", "The patient's address is not complete.", _CLINIC, lambda p: not (text(p["address_line1"], 55) and len(text(p["city"], 30)) > 1 and _STATE.fullmatch(p["state"])), "ADDRESS_INCOMPLETE"),
    _Check("PATIENT_ZIP", "The patient's ZIP code is not possible.", _CLINIC, lambda p: not _ZIP.fullmatch(p["zip_code"]), "ADDRESS_INCOMPLETE"),
)  # fmt: skip

BILLING: tuple[_Check, ...] = (
    _Check("BILLING_NPI", "The billing provider's NPI is missing or not possible.", _ADMIN, lambda b: not is_npi(b["npi"]), "NPI_BAD"),
    _Check("BILLING_NAME", "The group's name has no letters that a claim can carry.", _ADMIN, lambda b: not any(c.isalpha() for c in text(b["name"], 60))),
    _Check("BILLING_ADDRESS", "The group's address needs a street, a city and a 9-digit ZIP code.", _ADMIN, lambda b: not (text(b["address_line1"], 55) and len(text(b["city"], 30)) > 1 and _STATE.fullmatch(b["state"]) and _ZIP_9.fullmatch(b["zip_code"])), "ADDRESS_INCOMPLETE"),
    _Check("BILLING_PO_BOX", "The group's address must be a street, not a PO box.", _ADMIN, lambda b: bool(_PO_BOX.match(b["address_line1"])), "ADDRESS_INCOMPLETE"),
    _Check("BILLING_TIN", "The group's tax number needs 9 digits.", _ADMIN, lambda b: not _TIN.fullmatch(b["tin"]), "ADDRESS_INCOMPLETE"),
    _Check("BILLING_TAXONOMY", "The group's taxonomy code is not possible.", _ADMIN, lambda b: bool(b["taxonomy_code"]) and not _TAXONOMY.fullmatch(b["taxonomy_code"])),
)  # fmt: skip

RENDERING: tuple[_Check, ...] = (
    _Check("RENDERING_NPI", "The rendering provider's NPI is missing or not possible.", _ADMIN, lambda r: not is_npi(r["npi"]), "NPI_BAD"),
    _Check("RENDERING_NAME", "The specialist's last name has no letters that a claim can carry.", _ADMIN, lambda r: not any(c.isalpha() for c in text(r["last_name"], 60))),
    _Check("RENDERING_TAXONOMY", "The specialist's taxonomy code is not possible.", _ADMIN, lambda r: bool(r["taxonomy_code"]) and not _TAXONOMY.fullmatch(r["taxonomy_code"])),
)  # fmt: skip

REFERRING: tuple[_Check, ...] = (
    _Check("REFERRING_NPI", "The referring clinician's NPI is not possible.", _ADMIN, lambda r: bool(r.get("npi")) and not is_npi(r["npi"])),
)  # fmt: skip

CLAIM: tuple[_Check, ...] = (
    _Check("MBI", "The Medicare number is missing or not possible.", _CLINIC, lambda c: c["payer"]["code"] == "medicare" and not is_mbi(c["patient"]["member_id"]), "MBI_BAD"),
    _Check("MEMBER_NUMBER", "The patient's member number is missing.", _CLINIC, lambda c: not c["patient"]["member_id"].strip()),
    _Check("PAYER_ID", "The payer has no identifier for claims.", "an administrator adds the payer's identifier", lambda c: len(text(c["payer"]["payer_id"], 80)) < 2),
    _Check("POS", "The place of service does not fit the model.", "an administrator checks the model", lambda c: c["pos"] not in c["allowed_pos"], "POS_MISMATCH"),
    _Check("HCPCS", "The code is not one that this product charges.", "a biller decides on the code", lambda c: c["code"] not in _CODES),
    _Check("MODIFIER", "A modifier is not possible: two letters or digits, at most four.", "an administrator checks the model", lambda c: bool(c["modifier"]) and (len(c["modifier"].split(":")) > 4 or not all(_MODIFIER.fullmatch(m) for m in c["modifier"].split(":")))),
    _Check("DIAGNOSIS_MISSING", "There is no diagnosis on the claim.", _SPECIALIST, lambda c: not c["diagnoses"]),
    _Check("DIAGNOSIS_FORM", "A diagnosis code does not have the form of an ICD-10-CM code.", _SPECIALIST, lambda c: not all(_ICD.fullmatch(d.replace(".", "")) for d in c["diagnoses"])),
    _Check("DIAGNOSIS_TWICE", "A diagnosis code stands twice on the claim.", _SPECIALIST, lambda c: len({d.replace(".", "") for d in c["diagnoses"]}) != len(c["diagnoses"])),
    _Check("DIAGNOSES_TOO_MANY", "A claim takes at most 12 diagnoses.", _SPECIALIST, lambda c: len(c["diagnoses"]) > 12),
    _Check("SERVICE_DATE", "The date of service is missing or not a date.", _SPECIALIST, lambda c: not _is_date(c["date_of_service"])),
    _Check("BORN_AFTER_SERVICE", "The patient was born after the date of service.", _CLINIC, lambda c: c["patient"]["date_of_birth"] > c["date_of_service"]),
    _Check("DEMO_NUMBER", "The model's demo number must be two digits or letters, or more.", "an administrator checks the model", lambda c: bool(c["demo_number"]) and not re.fullmatch(r"[0-9A-Z]{2,10}", c["demo_number"])),
    _Check("ORIGINAL_CLAIM", "A replacement or void needs the payer's claim number.", "a biller enters the number from the payer's answer", lambda c: c.get("frequency_code", "1") != "1" and not c.get("original_claim_number")),
    _Check("FREQUENCY", "The frequency code must be 1, 7 or 8.", "a biller corrects the line", lambda c: (c.get("frequency_code") or "1") not in {"1", "7", "8"}),
)  # fmt: skip

# these need the amount, the number and the day that only an export knows
SENDING: tuple[_Check, ...] = (
    _Check("AMOUNT", "The amount must be more than nothing, with two decimals.", "a biller sets the fee", lambda c: not _AMOUNT.fullmatch(c["amount"]) or not c["amount"].strip("0.")),
    _Check("CLAIM_NUMBER", "The claim's number must be 1 to 20 letters, digits or hyphens.", "a biller corrects the line", lambda c: not _CLAIM_NUMBER.fullmatch(c["claim_id"])),
)  # fmt: skip


def _is_date(value: str) -> bool:
    if not _DATE.fullmatch(value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def last_day_to_file(day: date) -> date:
    """One calendar year after the date of service; 29 February ends on 28 February (42 CFR 424.44)."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return day.replace(year=day.year + 1, day=28)


def _of(checks: tuple[_Check, ...], facts: dict) -> Iterator[Finding]:
    for check in checks:
        if check.fails(facts):
            yield check.finding


@lru_cache(maxsize=512)
def _shared(checks: tuple[_Check, ...], facts: tuple[tuple[str, str], ...]) -> tuple[Finding, ...]:
    """Providers stand on many claims; each is looked at once."""
    return tuple(_of(checks, dict(facts)))


def _of_claim(claim: dict) -> Iterator[Finding]:
    yield from _of(PATIENT, claim["patient"])
    yield from _shared(BILLING, tuple(claim["billing"].items()))
    yield from _shared(RENDERING, tuple(claim["rendering"].items()))
    yield from _shared(REFERRING, tuple(claim["referring"].items()))
    yield from _of(CLAIM, claim)


def problems(claim: dict) -> tuple[tuple[str, str], ...]:
    """(hold code, sentence) of everything in a claim snapshot that holds its line."""
    return tuple((finding.hold, finding.message) for finding in _of_claim(claim) if finding.hold)


def findings(claim: dict, today: date) -> list[Finding]:
    """Everything that keeps a claim out of a batch on that day, each with its fix. Empty: it may go."""
    return [] if _is_usual(claim, today) else _all_findings(claim, today)


# last name, street, city, state, ZIP, date of birth, sex, member number of a patient in whom nothing is to be found
_USUAL_PATIENT = re.compile(
    r"[A-Za-z][0-9A-Za-z '.\-]{0,50}\n[0-9A-Za-z][0-9A-Za-z '.#/\-]{0,50}\n[A-Za-z]{2}[A-Za-z .'\-]{0,26}\n[A-Z]{2}\n"
    r"\d{5}(?:\d{4})?\n\d{4}-\d{2}-\d{2}\n[FMU]\n[0-9A-Z]{2,30}",
    re.ASCII,
)


def _is_usual(claim: dict, today: date) -> bool:
    """True only where no check fails: of a large batch nearly every claim. The table is the judge of all others."""
    patient, payer, day = claim["patient"], claim["payer"], claim["date_of_service"]
    born, member = patient["date_of_birth"], patient["member_id"]
    written = "\n".join((
        patient["last_name"], patient["address_line1"], patient["city"], patient["state"], patient["zip_code"], born,
        patient["sex"], member,
    ))  # fmt: skip
    return (
        _USUAL_PATIENT.fullmatch(written) is not None
        and (payer["code"] != "medicare" or is_mbi(member))
        and _is_calendar_day(born)
        and _is_calendar_day(day)
        and born <= day
        and _CLAIM_NUMBER.fullmatch(claim["claim_id"]) is not None
        and not _on_day(day, today)
        and _is_right(BILLING, claim["billing"])
        and _is_right(RENDERING, claim["rendering"])
        and (not claim["referring"] or _is_right(REFERRING, claim["referring"]))
        and _fits(
            payer["code"], payer["payer_id"], claim["pos"], tuple(claim["allowed_pos"]), claim["code"],
            claim["modifier"], tuple(claim["diagnoses"]), claim["demo_number"], claim.get("frequency_code", "1"),
            claim.get("original_claim_number"), claim["amount"],
        )
    )  # fmt: skip


PROVIDERS_KEPT = 500
_right: dict[tuple[int, str], dict] = {}


def _is_right(checks: tuple[_Check, ...], provider: dict) -> bool:
    """Comparing with the provider that was found right before is cheaper than a look-up of all its fields."""
    key = (id(checks), provider.get("npi", ""))
    if _right.get(key) == provider:
        return True
    if _shared(checks, tuple(provider.items())):
        return False
    if len(_right) > PROVIDERS_KEPT:
        _right.clear()
    _right[key] = dict(provider)
    return True


@lru_cache(maxsize=4096)
def _fits(
    payer, payer_id, pos, allowed_pos, code, modifier, diagnoses, demo_number, frequency, original, amount
) -> bool:
    """The checks of what many claims share, by a claim whose own part has no fault."""
    claim = {
        "payer": {"code": payer, "payer_id": payer_id}, "pos": pos, "allowed_pos": allowed_pos, "code": code,
        "modifier": modifier, "diagnoses": diagnoses, "demo_number": demo_number, "frequency_code": frequency,
        "original_claim_number": original, "amount": amount, **_NO_FAULT,
    }  # fmt: skip
    return not any(check.fails(claim) for check in (*CLAIM, *SENDING))


_NO_FAULT = {
    "patient": {"member_id": "1EG4TE5MK73", "date_of_birth": "1950-01-01"}, "date_of_service": "2020-01-01", "claim_id": "1",
}  # fmt: skip


def _all_findings(claim: dict, today: date) -> list[Finding]:
    found = [*_of_claim(claim), *_of(SENDING, claim)]
    if _is_date(claim["date_of_service"]):
        found += _on(date.fromisoformat(claim["date_of_service"]), today)
    return found


_is_calendar_day = lru_cache(maxsize=65536)(_is_date)


@lru_cache(maxsize=4096)
def _on_day(day: str, today: date) -> tuple[Finding, ...]:
    return _on(date.fromisoformat(day), today)


@lru_cache(maxsize=4096)
def _on(day: date, today: date) -> tuple[Finding, ...]:
    if day > today:
        return (Finding("SERVICE_IN_FUTURE", "The date of service is in the future.", "a biller waits for that day"),)
    if today > last_day_to_file(day):
        return (
            Finding(
                "TOO_LATE", "More than a calendar year has passed since the service.", "nobody: too late for a claim"
            ),
        )
    return ()
