"""The record as FHIR R4B resources (4.3.0): plain dictionaries, one after the other, so that none is kept longer than it
takes to write it. Files stand beside the bundle in the ZIP and are named by their path there."""

from collections.abc import Iterator
from datetime import datetime

from intake import questions, sites, slots
from intake.models import Case, Message, Patient, Photo
from review.models import Letter, PathologyReport, Review

_SCT, _LOINC = "http://snomed.info/sct", "http://loinc.org"
_ICD = "http://hl7.org/fhir/sid/icd-10-cm"
_NPI = "http://hl7.org/fhir/sid/us-npi"
_TERMS = "http://terminology.hl7.org/CodeSystem"
_SEX = {"F": "female", "M": "male"}
_ITEM = {"open": "requested", "done": "completed", "declined": "rejected", "impossible": "failed"}


def _at(value: datetime | None) -> str:
    return value.isoformat() if value else ""


def _ref(kind: str, pk) -> dict:
    return {"reference": f"{kind}/{pk}"}


def _code(system: str, code: str, text: str) -> dict:
    return {"coding": [{"system": system, "code": code, "display": text}], "text": text}


def _clean(resource: dict) -> dict:
    """FHIR knows no empty values."""
    return {key: value for key, value in resource.items() if value not in ("", None, [], {})}


def patient(person: Patient) -> dict:
    given = [name for name in (person.first_name, person.middle_name) if name]
    street = [line for line in (person.address_line1, person.address_line2) if line]
    address = _clean({"line": street, "city": person.city, "state": person.state, "postalCode": person.zip_code})
    telecom = [
        {"system": system, "value": value}
        for system, value in (("phone", person.phone), ("email", person.email))
        if value
    ]
    return _clean(
        {
            "resourceType": "Patient",
            "id": str(person.pk),
            "identifier": [{"value": person.mrn}] if person.mrn else [],
            "name": [{"family": person.last_name, "given": given}],
            "gender": _SEX.get(person.administrative_sex, "unknown"),
            "birthDate": person.date_of_birth.isoformat(),
            "address": [address] if address else [],
            "telecom": telecom,
            "communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": person.preferred_language}]}}],
            "managingOrganization": _ref("Organization", person.home_clinic_id),
        }
    )  # fmt: skip


def organization(clinic) -> dict:
    return _clean(
        {
            "resourceType": "Organization",
            "id": str(clinic.pk),
            "identifier": [{"system": _NPI, "value": clinic.npi}] if clinic.npi else [],
            "name": clinic.name,
            "telecom": [{"system": "phone", "value": clinic.phone}] if clinic.phone else [],
        }
    )


def practitioner(user) -> dict:
    known = getattr(user, "practitioner", None)
    return _clean(
        {
            "resourceType": "Practitioner",
            "id": str(user.pk),
            "identifier": [{"system": _NPI, "value": known.npi}] if known else [],
            "name": [{"text": str(user)}],
        }
    )


def _site(key: str, side: str) -> dict:
    site = sites.BY_KEY.get(key)
    if site is None:
        return {}
    return {"coding": [{"system": _SCT, "code": site.sct}], "text": f"{side} {site.label}".strip()}


def encounter_of(case: Case) -> dict:
    """What was asked: one request for a consultation a case."""
    return _clean(
        {
            "resourceType": "ServiceRequest",
            "id": str(case.pk),
            "identifier": [{"value": case.number}],
            "status": "completed" if case.signed_at else "revoked" if case.status in {"withdrawn", "redirected"} else "active",
            "intent": "order",
            "code": {"text": f"Asynchronous {case.specialty} consultation"},
            "subject": _ref("Patient", case.patient_id),
            "authoredOn": _at(case.submitted_at or case.created_at),
            "requester": _ref("Practitioner", case.referring_clinician_id) if case.referring_clinician_id else {},
            "performer": [_ref("Organization", case.group_id)] if case.group_id else [],
            "bodySite": [_site(case.site, case.side)] if case.site in sites.BY_KEY else [],
            "reasonCode": [{"text": case.reason}] if case.reason else [],
        }
    )  # fmt: skip


def answers(case: Case) -> dict:
    given = {answer.question: answer.value for answer in case.answers.all()}
    items = [
        {"linkId": question.key, "text": question.label,
         "answer": [{"valueString": questions.in_words(question, given[question.key])}]}
        for question in questions.SETS[slots.kind_of(case)]
        if given.get(question.key)
    ]  # fmt: skip
    told = (("onset", "Since when", case.onset), ("history", "History", case.history),
            ("medicines", "Medicines", case.medicines), ("allergies", "Allergies", case.allergies))  # fmt: skip
    items += [{"linkId": key, "text": label, "answer": [{"valueString": text}]} for key, label, text in told if text]
    return _clean(
        {
            "resourceType": "QuestionnaireResponse",
            "id": f"{case.pk}-answers",
            "basedOn": [_ref("ServiceRequest", case.pk)],
            "status": "completed" if case.submitted_at else "in-progress",
            "subject": _ref("Patient", case.patient_id),
            "authored": _at(case.submitted_at or case.created_at),
            "item": items,
        }
    )


def media(photo: Photo, path: str) -> dict:
    kind = {"jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp"}.get(photo.received_format, "image/heic")
    return _clean(
        {
            "resourceType": "Media",
            "id": str(photo.pk),
            "basedOn": [_ref("ServiceRequest", photo.case_id)],
            "status": "completed",
            "type": {"coding": [{"system": f"{_TERMS}/media-type", "code": "image"}]},
            "subject": _ref("Patient", photo.case.patient_id),
            "createdDateTime": _at(photo.captured_at or photo.received_at),
            "bodySite": _site(photo.case.site, photo.case.side),
            "content": {"contentType": kind, "url": path, "size": photo.byte_size, "title": photo.get_slot_display()},
            "note": _circle(photo),
        }
    )


def _circle(photo: Photo) -> list[dict]:
    """What the patient circled; R4 Media has no place for a shape."""
    if photo.circle_x is None or photo.circle_y is None or photo.circle_across is None:
        return []
    across, down, size = (f"{share:.1%}" for share in (photo.circle_x, photo.circle_y, photo.circle_across))
    return [
        {"text": f"Circled by the patient: middle {across} across and {down} down, {size} of the shorter side wide"}
    ]


# clinical words first, then what the patient was told, also in the patient's own language
_TEXTS_OF_AN_ANSWER = ("findings", "assessment", "patient_text", "patient_text_own", "follow_up", "follow_up_own")


def report(review: Review) -> dict:
    signed = review.signed_record or {}
    opinion = signed.get("opinion", {})
    codes = [
        {"coding": [{"system": _ICD, "code": row["icd10cm"], "display": row["description"]}]}
        for row in signed.get("diagnoses", [])
    ]
    return _clean(
        {
            "resourceType": "DiagnosticReport",
            "id": str(review.pk),
            "basedOn": [_ref("ServiceRequest", review.case_id)],
            "status": _standing(review),
            "code": _code(_LOINC, "11488-4", "Consult note"),
            "subject": _ref("Patient", review.case.patient_id),
            "effectiveDateTime": _at(review.signed_at),
            "issued": _at(review.signed_at),
            "performer": [_ref("Practitioner", review.specialist_id)],
            "media": [{"link": _ref("Media", row["id"])} for row in signed.get("photos", [])],
            "conclusion": "\n".join(opinion[name] for name in _TEXTS_OF_AN_ANSWER if opinion.get(name)),
            "conclusionCode": codes,
        }
    )


def _standing(review: Review) -> str:
    """ "amended" where an addendum changed what was said, "appended" where it only said more."""
    changes = [any(added.changes.values()) for added in review.addenda.all()]
    return "amended" if any(changes) else "appended" if changes else "final"


def addenda(review: Review) -> Iterator[dict]:
    for added in review.addenda.all():
        yield _clean(
            {
                "resourceType": "DiagnosticReport",
                "id": str(added.pk),
                "basedOn": [_ref("ServiceRequest", review.case_id)],
                "status": "final",
                "code": _code(_LOINC, "55107-7", "Addendum Document"),
                "subject": _ref("Patient", review.case.patient_id),
                "effectiveDateTime": _at(added.created_at),
                "issued": _at(added.created_at),
                "performer": [_ref("Practitioner", added.by_id)],
                "conclusion": "\n".join(
                    part for part in (added.text, added.patient_text, added.patient_text_own) if part
                ),
            }
        )


def pathology(report: PathologyReport, path: str) -> dict:
    """`path` is where its PDF would stand in the ZIP."""
    paper = {"contentType": "application/pdf", "url": path, "size": report.file_size, "title": "Pathology report"}
    return _clean(
        {
            "resourceType": "DiagnosticReport",
            "id": f"pathology-{report.pk}",
            "identifier": [{"value": report.number}] if report.number else [],
            "basedOn": [_ref("ServiceRequest", report.review.case_id)],
            "status": "final",
            "code": _code(_LOINC, "11526-1", "Pathology study"),
            "subject": _ref("Patient", report.review.case.patient_id),
            "effectiveDateTime": report.reported_on.isoformat(),
            "issued": _at(report.at),
            "performer": [{"display": report.laboratory}] if report.laboratory else [],
            "conclusion": "\n".join(part for part in (str(report), report.report) if part),
            "presentedForm": [paper] if report.file_sha256 else [],
        }
    )


def tasks(review: Review) -> Iterator[dict]:
    for item in review.action_items.all():
        yield _clean(
            {
                "resourceType": "Task",
                "id": str(item.pk),
                "basedOn": [_ref("ServiceRequest", review.case_id)],
                "status": _ITEM[item.state],
                "statusReason": {"text": item.reason} if item.reason else {},
                "intent": "plan",
                "code": {"text": item.get_kind_display()},
                "description": item.text,
                "focus": _ref("DiagnosticReport", review.pk),
                "for": _ref("Patient", review.case.patient_id),
                "authoredOn": _at(review.signed_at),
                "restriction": {"period": {"end": item.due_on.isoformat()}} if item.due_on else {},
            }
        )


def document(letter: Letter, path: str) -> dict:
    plain = letter.audience == Letter.Audience.PATIENT
    return _clean(
        {
            "resourceType": "DocumentReference",
            "id": str(letter.pk),
            "status": "current",
            "type": _code(_LOINC, "68609-7", "Letter") if plain else _code(_LOINC, "11488-4", "Consult note"),
            "subject": _ref("Patient", letter.pair.review.case.patient_id),
            "date": _at(letter.created_at),
            "content": [
                {
                    "attachment": {
                        "contentType": "application/pdf",
                        "language": letter.language,
                        "url": path,
                        "size": letter.byte_size,
                        "title": "Letter in plain words" if plain else "Clinical letter",
                    }
                }
            ],
            "context": {"related": [_ref("DiagnosticReport", letter.pair.review_id)]},
        }
    )


def communication(message: Message) -> dict:
    sender = (
        _ref("Patient", message.case.patient_id) if message.side == "patient" else _ref("Practitioner", message.by_id)
    )
    return _clean(
        {
            "resourceType": "Communication",
            "id": f"message-{message.pk}",
            "basedOn": [_ref("ServiceRequest", message.case_id)],
            "status": "completed",
            "subject": _ref("Patient", message.case.patient_id),
            "sent": _at(message.sent_at),
            "sender": sender,
            "payload": [{"contentString": message.text}],
        }
    )


def consent(row) -> dict:
    scope = _code(f"{_TERMS}/consentscope", "treatment" if row.kind != "teaching" else "patient-privacy", row.kind)
    return {
        "resourceType": "Consent",
        "id": f"consent-{row.pk}",
        "status": "inactive" if row.withdrawn_at else "active",
        "scope": scope,
        "category": [_code(_LOINC, "59284-0", "Consent Document")],
        "patient": _ref("Patient", row.patient_id),
        "dateTime": _at(row.given_at),
        "policyRule": {"text": f"{row.get_kind_display()}, version {row.version}, SHA-256 {row.text_sha256}"},
    }
