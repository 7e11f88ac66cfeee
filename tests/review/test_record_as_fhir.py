"""Every resource of a patient's record, read back with models of FHIR R4B that somebody else wrote: shapes, types, ids and
times by the models; codes of required value sets and kinds of references by what the models know of them."""

import io
import json
import uuid
import zipfile

import pytest
from fhir.resources.R4B import get_fhir_model_class
from pydantic import BaseModel, ValidationError

from intake import messages, services
from intake.models import Patient, Photo
from review import delivery, items
from review.letters import making
from review.record import building, fhir
from tests import factories
from tests.review.signed import BIOPSY, CALM, CREAM, PHOTO, answer, day

pytestmark = pytest.mark.django_db


# the models shorten long lists to their first codes and a "+": these are the rest of the required value sets
MORE = {
    "DiagnosticReport.status": {"amended", "corrected", "appended", "cancelled", "entered-in-error", "unknown"},
    "Task.status": {
        "rejected",
        "ready",
        "cancelled",
        "in-progress",
        "on-hold",
        "failed",
        "completed",
        "entered-in-error",
    },
    "Task.intent": {"plan", "order", "original-order", "reflex-order", "filler-order", "instance-order", "option"},
    "Communication.status": {"stopped", "completed", "entered-in-error", "unknown"},
    "Media.status": {"stopped", "completed", "entered-in-error", "unknown"},
    "ServiceRequest.status": {"completed", "entered-in-error", "unknown"},
    "ServiceRequest.intent": {"original-order", "reflex-order", "filler-order", "instance-order", "option"},
    "Bundle.type": {"history", "searchset", "collection"},
}


def faults(resource: dict) -> list[str]:
    """What is wrong with it as R4B; nothing for a valid one."""
    try:
        model = get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    except ValidationError as error:
        return [f"{resource['resourceType']}: {one['loc']} {one['msg']}" for one in error.errors()]
    return list(_deeper(model))


def _deeper(part: BaseModel):
    """The models carry the codes and the targets of references, but do not enforce them."""
    for name, field in type(part).model_fields.items():
        known, value = field.json_schema_extra or {}, getattr(part, name, None)
        where = f"{type(part).__name__}.{name}"
        for one in value if isinstance(value, list) else [value]:
            if one is None:
                continue
            codes = {*known.get("enum_values", ()), *MORE.get(where, ())} - {"+"}
            if known.get("enum_values") and one not in codes:
                yield f"{where}: {one} is none of {codes}"
            kinds = known.get("enum_reference_types")
            if kinds and getattr(one, "reference", None) and not {"Resource", one.reference.split("/")[0]} & set(kinds):
                yield f"{where}: {one.reference} is none of {kinds}"
            if isinstance(one, BaseModel):
                yield from _deeper(one)


def bundle_of(patient) -> dict:
    file = io.BytesIO()
    building.write(patient, file)
    return json.loads(zipfile.ZipFile(file).read("fhir/bundle.json"))


@pytest.fixture
def whole(patient, draft, dana, group, ruth, ben, ana, clinic, settings, monkeypatch):
    """A record in which each kind of row is there, with every field that a resource shows."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    monkeypatch.setattr(making.typesetting, "pdf", lambda template, data, **rest: json.dumps(data["to"]).encode())
    monkeypatch.setattr(building.storages, "stream", lambda key: iter([b"x"]))
    Patient.objects.filter(pk=patient.pk).update(phone="614-555-0101", mrn="M-1", address_line1="1 Example Street")
    type(clinic).objects.filter(pk=clinic.pk).update(phone="614-555-0142", npi="2000000002")
    services.give_consent(case=draft, by=ana, kinds={"treatment", "photography", "teaching"})
    services.give_consent(case=draft, by=ana, kinds={"treatment", "photography"})
    draft.answers.create(question="changes", version="1", value=["size"], answered_by=ana)
    factories.make_ready_photo(draft, by=ana)
    review = answer(draft, dana, group, BIOPSY, CREAM, PHOTO, CALM, referrer=ruth, assessment="Nevus")
    by_kind = {item.kind: item for item in review.action_items.all()}
    items.settle(item=by_kind["medicine"], by=ana, state="declined", words="It burns.")
    items.settle(item=by_kind["watch_rephotograph"], by=ben, state="impossible", words="Moved away.")
    items.attach_pathology(
        review=review, by=ben, item=by_kind["biopsy"],
        what=items.Report("benign", "Nevus", day(0), report="Nests.", laboratory="Sample Pathology", number="S26-1",
                          file=b"%PDF-1.7 x"),
    )  # fmt: skip
    for person, text in ((ana, "May I swim?"), (ben, "Yes."), (ruth, "How wide?"), (dana, "2 mm.")):
        messages.send(case=review.case, by=person, text=text, key=uuid.uuid4())
    delivery.add_addendum(review=review, by=dana, text="Benign.", patient_text="All is fine.", changes={"plan": True})
    for pair in review.letter_pairs.all():
        making.make_letters(pair.pk)
    factories.make_draft(patient, by=ana)
    patient.refresh_from_db()
    return patient


def review_number(patient) -> str:
    return patient.cases.get(status="signed").number


def test_every_resource_is_valid_and_none_is_left_out(whole):
    bundle = bundle_of(whole)
    resources = [entry["resource"] for entry in bundle["entry"]]
    assert [fault for resource in resources for fault in faults(resource)] == []
    assert faults(bundle) == []
    kinds = {resource["resourceType"] for resource in resources}
    assert kinds == {
        "Patient", "Organization", "Practitioner", "ServiceRequest", "QuestionnaireResponse", "Media", "DiagnosticReport",
        "Task", "DocumentReference", "Communication", "Consent",
    }  # fmt: skip
    assert {row["status"] for row in resources if row["resourceType"] == "Task"} == {
        "completed", "rejected", "failed", "requested"
    }  # fmt: skip
    said = {row["code"]["text"]: row for row in resources if row["resourceType"] == "DiagnosticReport"}
    assert (said["Consult note"]["status"], said["Pathology study"]["identifier"]) == ("amended", [{"value": "S26-1"}])
    assert said["Pathology study"]["presentedForm"][0]["url"].startswith(f"../laboratory/{review_number(whole)}/")
    assert "Benign." in said["Addendum Document"]["conclusion"]


def test_the_patients_circle_goes_along(whole):
    Photo.objects.filter(case__patient=whole).update(circle_x=0.25, circle_y=0.75, circle_across=0.052)
    (media, *_) = [
        entry["resource"] for entry in bundle_of(whole)["entry"] if entry["resource"]["resourceType"] == "Media"
    ]
    assert faults(media) == []
    assert media["note"][0]["text"].endswith("middle 25.0% across and 75.0% down, 5.2% of the shorter side wide")


@pytest.mark.parametrize("status", ["draft", "submitted", "ready", "withdrawn", "redirected", "needs_information"])
def test_a_case_of_any_status_is_a_valid_request(draft, group, status):
    case = factories.put_status(draft, status, group=group)
    assert faults(fhir.encounter_of(case)) == [] and faults(fhir.answers(case)) == []


@pytest.mark.parametrize("sex", ["F", "M", "U"])
def test_who_said_little_is_a_valid_patient(clinic, sex):
    person = factories.make_patient(clinic)
    Patient.objects.filter(pk=person.pk).update(
        administrative_sex=sex, middle_name="", address_line1="", city="", state="", zip_code="", phone="", mrn=""
    )
    person.refresh_from_db()
    assert faults(fhir.patient(person)) == []


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("Patient", {"gender": "femal"}), ("Patient", {"birthDate": "2020-13-01"}), ("Patient", {"colour": "green"}),
        ("Patient", {"id": "a_b"}), ("Task", {"status": "open"}), ("Task", {"intent": None}),
        ("Task", {"for": {"reference": "Shoe/1"}, "basedOn": "x"}), ("Media", {"content": None}),
        ("Communication", {"sender": {"reference": "Media/1"}}), ("DiagnosticReport", {"status": "signed"}),
        ("DocumentReference", {"date": "2026-11-23"}), ("Consent", {"scope": None}),
    ],
)  # fmt: skip
def test_what_is_not_r4b_is_found(whole, kind, change):
    found = next(entry["resource"] for entry in bundle_of(whole)["entry"] if entry["resource"]["resourceType"] == kind)
    broken = {key: value for key, value in (found | change).items() if value is not None}
    assert faults(found) == [] and faults(broken) != []
