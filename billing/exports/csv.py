"""The biller's CSV: RFC 4180, UTF-8 with a header, one row a line, amounts with two decimals."""

from collections.abc import Iterable
from functools import lru_cache

COLUMNS = (
    "batch_id batch_created_at claim_id charge_id case_id line_no version frequency_code original_payer_claim_no "
    "patient_account_no last first middle dob sex addr1 city state zip payer_name payer_id mbi relationship dos_from "
    "dos_to pos hcpcs mod1 mod2 mod3 mod4 dx1 dx2 dx3 dx4 dx5 dx6 dx7 dx8 dx9 dx10 dx11 dx12 dx_pointers units charge "
    "rendering_name rendering_npi rendering_taxonomy billing_name billing_npi billing_tin billing_taxonomy billing_addr1 "
    "billing_city billing_state billing_zip referring_npi facility_npi programme demo_code aco_id alignment_checked_on "
    "review_seconds review_started_at review_completed_at signed_at delivered_at status hold_codes notes"
).split()
_FORMULA = frozenset("=+-@\t\r\n")
_SIXTEEN = ("",) * 16


def safe(value: object) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text and text[0] in _FORMULA else text


def _quoted(cell: str) -> str:
    """RFC 4180: quoted where a comma, a quote or a line end stands in it."""
    text = safe(cell)
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in ',"\r\n') else text


def _cells(values: tuple[str, ...]) -> str:
    joined = ",".join(values)
    return joined if _is_usual(joined, len(values)) else ",".join([_quoted(value) for value in values])


def _is_usual(joined: str, cells: int) -> bool:
    """No cell needs a second look. Searching a whole row for one mark is much cheaper than looking at each cell."""
    return not (
        '"' in joined or "\r" in joined or "\n" in joined or "\t" in joined or "=" in joined or "@" in joined
        or joined[0] in _FORMULA or ",-" in joined or ",+" in joined or joined.count(",") != cells - 1
    )  # fmt: skip


@lru_cache(maxsize=4096)
def _diagnoses(codes: tuple[str, ...]) -> tuple[str, ...]:
    """Twelve cells with dots, and the pointers to the first four."""
    dotted = [_dotted(code) for code in codes[:12]]
    pointers = ":".join([str(n) for n in range(1, min(4, len(dotted)) + 1)])
    return (*dotted, *_SIXTEEN[: 12 - len(dotted)], pointers)


@lru_cache(maxsize=256)
def _modifiers(written: str) -> tuple[str, ...]:
    modifiers = [part for part in written.split(":") if part][:4]
    return (*modifiers, *_SIXTEEN[: 4 - len(modifiers)])


def row(claim: dict, batch: dict, number: int) -> str:
    """One line, its cells in the order of COLUMNS."""
    patient, rendering, billing = claim["patient"], claim["rendering"], claim["billing"]
    payer, programme = claim["payer"], claim["programme"]
    name, day, signed = claim["claim_id"], claim["date_of_service"], claim["signed_at"]
    return _cells((
        batch["number"], batch["created_at"],
        name, name, claim["case_number"], str(number), str(claim.get("version") or 1),
        claim.get("frequency_code") or "1", claim.get("original_claim_number") or "", name,
        patient["last_name"], patient["first_name"], patient["middle_name"], patient["date_of_birth"],
        patient["sex"], patient["address_line1"], patient["city"], patient["state"], patient["zip_code"],
        payer["name"], payer["payer_id"], patient["member_id"], "18", day, day,
        claim["pos"], claim["code"], *_modifiers(claim["modifier"]), *_diagnoses(tuple(claim["diagnoses"])),
        "1", claim["amount"],
        f"{rendering['first_name']} {rendering['last_name']}", rendering["npi"], rendering["taxonomy_code"],
        billing["name"], billing["npi"], billing["tin"], billing["taxonomy_code"], billing["address_line1"],
        billing["city"], billing["state"], billing["zip_code"], claim["referring"].get("npi", ""),
        claim.get("facility_npi") or "", programme.get("name", ""), programme.get("demo_number", ""),
        programme.get("entity_id", ""), claim["decided_on"],
        _seconds(claim["review_ms"]), claim["review_started_at"], signed, signed, claim["delivered_at"],
        "exported", "", "",
    ))  # fmt: skip


def _seconds(ms: int) -> str:
    return f"{ms // 1000}.{ms % 1000:03d}"


def _dotted(code: str) -> str:
    return f"{code[:3]}.{code[3:]}" if len(code) > 3 and "." not in code else code


def header() -> str:
    return ",".join(COLUMNS)


def write(claims: Iterable[dict], batch: dict, first: int = 1) -> bytes:
    """A file with a header; `first` is the number of its first line within the batch."""
    return of_rows([row(claim, batch, number) for number, claim in enumerate(claims, start=first)])


def of_rows(rows: list[str]) -> bytes:
    return "\r\n".join([header(), *rows, ""]).encode()
