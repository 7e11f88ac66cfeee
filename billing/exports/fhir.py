"""A claim as FHIR R4B resources: Claim and ChargeItem, plain dictionaries ready for JSON. Pure on the claim snapshot."""

from datetime import datetime
from decimal import Decimal

_HCPCS = "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
_ICD = "http://hl7.org/fhir/sid/icd-10-cm"
_NPI = "http://hl7.org/fhir/sid/us-npi"
_MBI = "http://hl7.org/fhir/sid/us-mbi"
_POS = "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set"
_TERMS = "http://terminology.hl7.org/CodeSystem"
_SEX = {"F": "female", "M": "male"}
# how a line stands, in FHIR's words
_ITEM_STATUS = {
    "held": "planned",
    "ready": "billable",
    "not_billable": "not-billable",
    "void": "aborted",
    "superseded": "aborted",
}


def _money(amount: str) -> dict:
    # FHIR writes decimals as JSON numbers; two decimals survive as they are
    return {"value": float(Decimal(amount)), "currency": "USD"}


def _coding(system: str, code: str) -> dict:
    return {"coding": [{"system": system, "code": code}]}


def _person(resource: str, key: str, person: dict, system: str, number: str) -> dict:
    given = [name for name in (person.get("first_name"), person.get("middle_name")) if name]
    return {
        "resourceType": resource,
        "id": key,
        "identifier": [{"system": system, "value": number}],
        "name": [{"family": person["last_name"]} | ({"given": given} if given else {})],
    }


def _dotted(code: str) -> str:
    plain = code.replace(".", "")
    return f"{plain[:3]}.{plain[3:]}" if len(plain) > 3 else plain


def claim(facts: dict, created: datetime) -> dict:
    """A professional Claim with its one item; patient, providers and insurer are contained."""
    patient, billing, payer = facts["patient"], facts["billing"], facts["payer"]
    subject = _person(
        "Patient", "patient", patient, _MBI if payer["code"] == "medicare" else "urn:member", patient["member_id"]
    )
    subject |= {"gender": _SEX.get(patient["sex"], "unknown"), "birthDate": patient["date_of_birth"]}
    contained = [
        subject,
        _person("Practitioner", "rendering", facts["rendering"], _NPI, facts["rendering"]["npi"]),
        {"resourceType": "Organization", "id": "billing", "identifier": [{"system": _NPI, "value": billing["npi"]}], "name": billing["name"]},
        {"resourceType": "Organization", "id": "insurer", "identifier": [{"value": payer["payer_id"] or payer["code"]}], "name": payer["name"]},
        {
            "resourceType": "Coverage", "id": "coverage", "status": "active", "subscriberId": patient["member_id"],
            "beneficiary": {"reference": "#patient"}, "payor": [{"reference": "#insurer"}],
        },
    ]  # fmt: skip
    related = facts.get("original_claim_number")
    codes = facts["diagnoses"][:12]
    item = {
        "sequence": 1,
        "careTeamSequence": [1],
        "diagnosisSequence": list(range(1, min(4, len(codes)) + 1)),
        "productOrService": _coding(_HCPCS, facts["code"]),
        "servicedDate": facts["date_of_service"],
        "locationCodeableConcept": _coding(_POS, facts["pos"]),
        "quantity": {"value": 1},
        "unitPrice": _money(facts["amount"]),
        "net": _money(facts["amount"]),
    }
    if facts["modifier"]:
        item["modifier"] = [{"text": modifier} for modifier in facts["modifier"].split(":")]
    return {
        "resourceType": "Claim",
        "id": facts["claim_id"],
        "contained": contained,
        "identifier": [{"value": facts["claim_id"]}],
        "status": "active",
        "type": _coding(f"{_TERMS}/claim-type", "professional"),
        "use": "claim",
        "patient": {"reference": "#patient"},
        "created": created.isoformat(),
        "insurer": {"reference": "#insurer"},
        "provider": {"reference": "#billing"},
        "priority": _coding(f"{_TERMS}/processpriority", "normal"),
        "careTeam": [{"sequence": 1, "provider": {"reference": "#rendering"}}],
        "diagnosis": [
            {"sequence": n, "diagnosisCodeableConcept": _coding(_ICD, _dotted(code))} for n, code in enumerate(codes, 1)
        ],
        "insurance": [{"sequence": 1, "focal": True, "coverage": {"reference": "#coverage"}}],
        "item": [item],
        "total": _money(facts["amount"]),
    } | ({"related": [{"claim": {"identifier": {"value": related}}}]} if related else {})


def charge_item(facts: dict, status: str, case: str, entered: datetime) -> dict:
    """The line as a ChargeItem; `status` is the line's."""
    patient = facts["patient"]
    return {
        "resourceType": "ChargeItem",
        "id": facts["claim_id"],
        "contained": [_person("Patient", "patient", patient, _MBI, patient["member_id"])],
        "identifier": [{"value": facts["claim_id"]}],
        "status": _ITEM_STATUS.get(status, "billed"),
        "code": _coding(_HCPCS, facts["code"]),
        "subject": {"reference": "#patient"},
        "supportingInformation": [{"identifier": {"value": case}, "display": "Case"}],
        "occurrenceDateTime": facts["date_of_service"],
        "performer": [{"actor": {"identifier": {"system": _NPI, "value": facts["rendering"]["npi"]}}}],
        "quantity": {"value": 1},
        "enteredDate": entered.isoformat(),
        "reason": [_coding(_ICD, _dotted(code)) for code in facts["diagnoses"][:12]],
    } | ({"priceOverride": _money(facts["amount"])} if facts["amount"] else {})
