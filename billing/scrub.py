"""What a payer would reject, found before it is sent. Pure on the claim snapshot; the rules turn it into holds."""

import re

from config.identifiers import is_mbi, is_npi


def problems(claim: dict) -> tuple[tuple[str, str], ...]:
    """(hold code, sentence) of everything in a claim snapshot that no payer would take."""
    found: list[tuple[str, str]] = []
    if claim["payer"]["code"] == "medicare" and not is_mbi(claim["patient"]["member_id"]):
        found.append(("MBI_BAD", "The Medicare number is missing or not possible."))
    for who in ("rendering", "billing"):
        if not is_npi(claim[who]["npi"]):
            found.append(("NPI_BAD", f"The {who} provider's NPI is missing or not possible."))
    if claim["pos"] not in claim["allowed_pos"]:
        found.append(("POS_MISMATCH", f"Place of service {claim['pos']} does not fit the model."))
    return (*found, *_addresses(claim))


def _addresses(claim: dict) -> list[tuple[str, str]]:
    found = []
    patient, billing = claim["patient"], claim["billing"]
    if not (patient["address_line1"] and patient["city"] and re.fullmatch(r"[A-Z]{2}", patient["state"])):
        found.append(("ADDRESS_INCOMPLETE", "The patient's address is not complete."))
    elif not re.fullmatch(r"\d{5}(\d{4})?", patient["zip_code"]):
        found.append(("ADDRESS_INCOMPLETE", "The patient's ZIP code is not possible."))
    if not (billing["address_line1"] and billing["city"] and re.fullmatch(r"\d{9}", billing["zip_code"])):
        found.append(("ADDRESS_INCOMPLETE", "The group's address needs a street, a city and a 9-digit ZIP code."))
    if re.match(r"\s*p\.?\s*o\.?\s+box", billing["address_line1"], re.IGNORECASE):
        found.append(("ADDRESS_INCOMPLETE", "The group's address must be a street, not a PO box."))
    if not re.fullmatch(r"\d{9}", billing["tin"]):
        found.append(("ADDRESS_INCOMPLETE", "The group's tax number needs 9 digits."))
    return found
