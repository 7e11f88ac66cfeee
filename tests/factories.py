"""People, clinics and cases for tests. A case in a status is made by the services, as the product makes it."""

import itertools
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from config.accounts.models import Clinic, Licence, Membership, Practitioner, User
from intake import entries
from intake.models import Case, Coverage, Patient, Photo

PASSWORD = "correct horse battery staple"
_numbers = itertools.count(1)
MBI = "1EG4TE5MK73"  # the printed example of CMS
PRACTICE_ZONE = ZoneInfo("America/New_York")


def practice_today() -> date:
    """Today where the practice of the tests is: a service of this day is never in its future, whatever the hour."""
    return timezone.localdate(timezone=PRACTICE_ZONE)


def make_clinic(kind: str = "clinic", **fields) -> Clinic:
    n = next(_numbers)
    defaults = {
        "name": f"Harbor Street Clinic {n}" if kind == "clinic" else f"Lakeside Skin Group {n}",
        "address_line1": "100 Example Street",
        "city": "Columbus",
        "state": "OH",
        "zip_code": "432150001",
        "npi": "2999999909",
        "tin": "000000001",
        "taxonomy_code": "207N00000X",
        "phone": "614-555-0100",
    }
    return Clinic.objects.create(kind=kind, **(defaults | fields))


def make_user(first_name: str, role: str = "", clinic: Clinic | None = None, lead: bool = False, **fields) -> User:
    n = next(_numbers)
    user = User.objects.create_user(
        fields.pop("email", f"{first_name.lower()}{n}@example.test"),
        PASSWORD,
        first_name=first_name,
        last_name=fields.pop("last_name", "Sample"),
        **fields,
    )
    if role:
        Membership.objects.create(user=user, clinic=clinic, role=role, lead=lead)
    return user


def luhn_npi(n: int) -> str:
    """A check-digit-valid NPI of the never-issued 2-series."""
    body = f"2{n:08d}"
    digits = [int(d) for d in "80840" + body]
    # positions counted from the check digit: the last body digit is doubled
    doubled = [sum(divmod(2 * d, 10)) if i % 2 == 0 else d for i, d in enumerate(reversed(digits))]
    return body + str(-sum(doubled) % 10)


def make_specialist(
    first_name: str, group: Clinic, *, specialty: str = "dermatology", states: tuple[str, ...] = ("OH",), **fields
) -> User:
    user = make_user(first_name, "specialist", group, **fields)
    practitioner = Practitioner.objects.create(
        user=user,
        npi=luhn_npi(next(_numbers)),
        specialty=specialty,
        taxonomy_code="207N00000X" if specialty == "dermatology" else "207W00000X",
        credentials="MD",
    )
    for state in states:
        Licence.objects.create(
            practitioner=practitioner, state=state, number=f"{state}-{user.pk.hex[:6]}", valid_from=date(2020, 1, 1)
        )
    return user


def make_patient(clinic: Clinic, *, user: User | None = None, medicare: bool = True, **fields) -> Patient:
    n = next(_numbers)
    defaults = {
        "first_name": "Ana",
        "last_name": f"Sample{n}",
        "date_of_birth": date(1959, 3, 1),
        "administrative_sex": "F",
        "mrn": f"MRN{n:05d}",
        "email": user.email if user else "",
        "address_line1": "200 Sample Avenue",
        "city": "Columbus",
        "state": "OH",
        "zip_code": "432150002",
        "phone": "614-555-0101",
    }
    patient = Patient.objects.create(home_clinic=clinic, user=user, **(defaults | fields))
    if medicare:
        Coverage.objects.create(
            patient=patient, payer_code="medicare", plan="original", member_id=MBI, valid_from=date(2024, 1, 1)
        )
    return patient


def make_draft(patient: Patient, *, by: User, **fields) -> Case:
    """A draft with a complete story, but neither photographs nor consent."""
    defaults = {
        "specialty": "dermatology",
        "danger_signs": "none",
        "reason": "A brown spot that grew since August",
        "site": "forearm_posterior",
        "side": "right",
        "onset": "August 2026",
        "history": "Flat brown spot for ten years. Bled once.",
        "medicines": "Apixaban, lisinopril",
        "allergies": "None known",
    }
    return Case.objects.create(patient=patient, clinic=patient.home_clinic, started_by=by, **(defaults | fields))


def make_ready_photo(case: Case, *, by: User, slot: str = "close_up", sha256: str = "") -> Photo:
    """A photo row as it stands when its renditions exist, without bytes in storage."""
    n = next(_numbers)
    return Photo.objects.create(
        case=case,
        sha256=sha256 or f"{n:064x}",
        byte_size=1000,
        received_format="jpeg",
        slot=slot,
        uploaded_by=by,
        width=1200,
        height=1500,
        quality_verdict="good",
        work_status="done",
    )


def in_days(days: float):
    return timezone.now() + timedelta(days=days)


def put_status(case: Case, status: str, **columns) -> Case:
    """Set a status directly, past the workflow, for tests of the workflow itself."""
    now = timezone.now()
    columns = {"status": status, "submitted_at": now, "holder": None, "hold_expires_at": None} | columns
    if status in {"ready", "in_review"}:
        columns = {"urgency": "routine", "answer_due_at": now + timedelta(hours=72)} | columns
    if status in {"signed", "delivered", "closed"}:
        columns = {"signed_at": now} | columns
    Case.objects.filter(pk=case.pk).update(**columns)
    entries.keep(case.pk)
    case.refresh_from_db()
    return case
