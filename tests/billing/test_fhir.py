"""The line as FHIR R4B: required elements, references that resolve inside, the same facts as the claim file."""

import json

import pytest
from django.urls import reverse
from django.utils import timezone

from billing.exports import fhir
from tests import factories
from tests.billing.test_decisions import charge
from tests.billing.test_exports import claim

# elements with a minimum of one in R4B
REQUIRED = {
    "Claim": ["status", "type", "use", "patient", "created", "provider", "priority", "insurance"],
    "ChargeItem": ["status", "code", "subject"],
}
STATUSES = {"planned", "billable", "not-billable", "aborted", "billed", "entered-in-error", "unknown"}


def references(value) -> list[str]:
    if isinstance(value, dict):
        own = [value["reference"]] if isinstance(value.get("reference"), str) else []
        return own + [found for part in value.values() for found in references(part)]
    return [found for part in value for found in references(part)] if isinstance(value, list) else []


def empty(value) -> bool:
    """FHIR allows no empty string, list or object anywhere."""
    if isinstance(value, dict):
        return not value or any(empty(part) for part in value.values())
    if isinstance(value, list):
        return not value or any(empty(part) for part in value)
    return value == "" or value is None


@pytest.mark.parametrize("changes", [{}, {"modifier": "GQ"}, {"frequency_code": "7", "original_claim_number": "ICN7"}])
def test_a_claim_is_complete_and_closed_in_itself(changes):
    made = fhir.claim(claim(**changes), timezone.now())
    assert all(made.get(name) for name in REQUIRED["Claim"]) and not empty(json.loads(json.dumps(made)))
    inside = {f"#{resource['id']}" for resource in made["contained"]}
    assert set(references(made)) <= inside
    (item,) = made["item"]
    assert (item["net"]["value"], made["total"]["value"], item["quantity"]["value"]) == (42.0, 42.0, 1)
    assert item["productOrService"]["coding"][0]["code"] == "G9868" and item["servicedDate"] == "2026-09-14"
    written = [row["diagnosisCodeableConcept"]["coding"][0]["code"] for row in made["diagnosis"]]
    assert written == ["L57.0", "L82.1"] and item["diagnosisSequence"] == [1, 2]
    assert ("related" in made) is bool(changes.get("original_claim_number"))


@pytest.mark.parametrize("status", ["held", "ready", "batched", "paid", "denied", "not_billable", "void", "superseded"])
def test_a_charge_item_has_a_status_of_fhir(status):
    made = fhir.charge_item(claim(), status, "DF-1", timezone.now())
    assert all(made.get(name) for name in REQUIRED["ChargeItem"]) and made["status"] in STATUSES


def test_download_from_the_page(signed, sign_in, kay):
    line = charge(signed())
    client = sign_in(kay)
    answer = client.get(reverse("billing:fhir", args=[line.uid]))
    bundle = json.loads(answer.content)
    assert [entry["resource"]["resourceType"] for entry in bundle["entry"]] == ["Claim", "ChargeItem"]
    assert answer["Content-Type"] == "application/fhir+json"
    assert (
        reverse("billing:fhir", args=[line.uid])
        in client.get(reverse("billing:claim", args=[line.uid])).content.decode()
    )
    stranger = factories.make_user("Stan", "biller", factories.make_clinic("group"))
    assert sign_in(stranger).get(reverse("billing:fhir", args=[line.uid])).status_code == 404
