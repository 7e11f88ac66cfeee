"""The biller's CSV: RFC 4180, UTF-8 with a header, one row a line, amounts with two decimals."""

import csv
import io
import re
from decimal import Decimal

COLUMNS = (
    "batch_id batch_created_at claim_id charge_id case_id line_no version frequency_code original_payer_claim_no "
    "patient_account_no last first middle dob sex addr1 city state zip payer_name payer_id mbi relationship dos_from "
    "dos_to pos hcpcs mod1 mod2 mod3 mod4 dx1 dx2 dx3 dx4 dx5 dx6 dx7 dx8 dx9 dx10 dx11 dx12 dx_pointers units charge "
    "rendering_name rendering_npi rendering_taxonomy billing_name billing_npi billing_tin billing_taxonomy billing_addr1 "
    "billing_city billing_state billing_zip referring_npi facility_npi programme demo_code aco_id alignment_checked_on "
    "review_seconds review_started_at review_completed_at signed_at delivered_at status hold_codes notes"
).split()
_FORMULA = re.compile(r"^[=+\-@\t\r]")


def safe(value: object) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if _FORMULA.match(text) else text


def row(claim: dict, batch: dict, number: int) -> dict[str, str]:
    patient, rendering, billing = claim["patient"], claim["rendering"], claim["billing"]
    codes = [_dotted(code) for code in claim["diagnoses"][:12]]
    cells = {
        "batch_id": batch["number"],
        "batch_created_at": batch["created_at"],
        "claim_id": claim["claim_id"],
        "charge_id": claim["claim_id"],
        "case_id": claim["case_number"],
        "line_no": number,
        "version": 1,
        "frequency_code": 1,
        "patient_account_no": claim["claim_id"],
        "last": patient["last_name"],
        "first": patient["first_name"],
        "middle": patient["middle_name"],
        "dob": patient["date_of_birth"],
        "sex": patient["sex"],
        "addr1": patient["address_line1"],
        "city": patient["city"],
        "state": patient["state"],
        "zip": patient["zip_code"],
        "payer_name": claim["payer"]["name"],
        "payer_id": claim["payer"]["payer_id"],
        "mbi": patient["member_id"],
        "relationship": 18,
        "dos_from": claim["date_of_service"],
        "dos_to": claim["date_of_service"],
        "pos": claim["pos"],
        "hcpcs": claim["code"],
        "mod1": claim["modifier"],
        "dx_pointers": ":".join(str(n + 1) for n in range(min(4, len(codes)))),
        "units": 1,
        "charge": f"{Decimal(claim['amount']):.2f}",
        "rendering_name": f"{rendering['first_name']} {rendering['last_name']}",
        "rendering_npi": rendering["npi"],
        "rendering_taxonomy": rendering["taxonomy_code"],
        "billing_name": billing["name"],
        "billing_npi": billing["npi"],
        "billing_tin": billing["tin"],
        "billing_taxonomy": billing["taxonomy_code"],
        "billing_addr1": billing["address_line1"],
        "billing_city": billing["city"],
        "billing_state": billing["state"],
        "billing_zip": billing["zip_code"],
        "referring_npi": claim["referring"].get("npi", ""),
        "programme": claim["programme"].get("name", ""),
        "demo_code": claim["programme"].get("demo_number", ""),
        "aco_id": claim["programme"].get("entity_id", ""),
        "alignment_checked_on": claim["decided_on"],
        "review_seconds": f"{Decimal(claim['review_ms']) / 1000:.3f}",
        "review_started_at": claim["review_started_at"],
        "review_completed_at": claim["signed_at"],
        "signed_at": claim["signed_at"],
        "delivered_at": claim["delivered_at"],
        "status": "exported",
    }
    cells |= {f"dx{n}": code for n, code in enumerate(codes, start=1)}
    return {name: safe(cells.get(name, "")) for name in COLUMNS}


def _dotted(code: str) -> str:
    return f"{code[:3]}.{code[3:]}" if len(code) > 3 and "." not in code else code


def write(claims: list[dict], batch: dict) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(row(claim, batch, number) for number, claim in enumerate(claims, start=1))
    return out.getvalue().encode()
