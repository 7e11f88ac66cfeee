"""Bulk cases for scale work: rows without beats or pictures, marked `seeded`, allowed only in a demo database."""

import random
from collections.abc import Sequence
from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone

from config.accounts.demo import DemoPeople
from intake.entries import bulk_entries
from intake.models import Case, CaseEvent, Coverage, Patient
from intake.models.case import new_case_number

_FIRST = "Alma Bruno Celia Dario Edith Felix Greta Hugo Iris Jonas Karla Leon Mira Nils Olive Pablo Rosa Simon Thea Ugo".split()
_LAST = (
    "Adler Brandt Castro Duarte Eriksen Foster Grant Hansen Ibarra Jensen Keller Lopez Murphy Novak Ortiz Patel".split()
)
_REASONS = ("An itchy patch", "A brown spot that grew", "Red bumps", "A sore that does not heal", "A scaly spot")
_SITES = (("forearm_posterior", "left"), ("chest", ""), ("cheek", "right"), ("upper_back", ""), ("hand", "right"))
_STATUSES = ("submitted", "submitted", "ready", "withdrawn", "redirected")
BATCH = 2_000


def add_bulk_cases(people: DemoPeople, count: int, seed: int = 7, statuses: Sequence[str] = _STATUSES) -> None:
    """`count` more cases; the same seed and count give the same people. Each has its events, so that invariants hold."""
    rng = random.Random(seed)  # noqa: S311 made-up people, not secrets
    done, first = 0, Patient.objects.count()
    while done < count:
        size = min(BATCH, count - done)
        with transaction.atomic():
            _add(people, rng, size, first + done, statuses)
        done += size


def _add(people: DemoPeople, rng: random.Random, size: int, first: int, statuses: Sequence[str]) -> None:
    now = timezone.now()
    patients = Patient.objects.bulk_create(
        Patient(
            home_clinic=people.clinic,
            first_name=rng.choice(_FIRST),
            last_name=rng.choice(_LAST),
            date_of_birth=date(1940 + rng.randrange(60), 1 + rng.randrange(12), 1 + rng.randrange(28)),
            administrative_sex=rng.choice("FM"),
            mrn=f"BULK-{first + n}",
            city="Columbus",
            state="OH",
            zip_code="432150002",
            address_line1=f"{n} Sample Road",
        )
        for n in range(size)
    )
    Coverage.objects.bulk_create(
        Coverage(
            patient=p, payer_code="medicare", plan="original", member_id="1EG4TE5MK73", valid_from=date(2024, 1, 1)
        )
        for p in patients
    )
    cases = Case.objects.bulk_create(
        _case(people, rng, patient, number, now, statuses)
        for patient, number in zip(patients, _free_numbers(size), strict=True)
    )
    CaseEvent.objects.bulk_create(event for case in cases for event in _events(people, case))
    bulk_entries(cases)


def _free_numbers(size: int) -> list[str]:
    """Among ten thousand cases two are likely to draw the same number, among a million it is certain."""
    found: set[str] = set()
    while len(found) < size:
        drawn = {new_case_number() for _ in range(size - len(found))} - found
        found |= drawn - set(Case.objects.filter(number__in=drawn).values_list("number", flat=True))
    return sorted(found)


def _case(people: DemoPeople, rng: random.Random, patient: Patient, number: str, now, statuses: Sequence[str]) -> Case:
    sent = now - timedelta(minutes=rng.randrange(60 * 24 * 30))
    status = rng.choice(statuses)
    site, side = rng.choice(_SITES)
    case = Case(
        number=number,
        patient=patient,
        clinic=people.clinic,
        specialty="dermatology",
        status=status,
        danger_signs="none",
        reason=rng.choice(_REASONS),
        site=site,
        side=side,
        onset="2 months",
        medicines="None",
        allergies="None",
        patient_state="OH",
        started_by=people.staff,
        created_at=sent,
        submitted_at=sent,
        triage_due_at=sent + timedelta(hours=24),
        triage_warn_at=sent + timedelta(hours=18),
        seeded=True,
    )
    if status == "ready":
        case.urgency, case.group, case.ready_at = "routine", people.group, sent + timedelta(hours=2)
        case.answer_due_at = sent + timedelta(hours=74)
        case.answer_warn_at = sent + timedelta(hours=56)
    return case


def _events(people: DemoPeople, case: Case) -> list[CaseEvent]:
    verbs = {"submitted": [], "ready": ["accept"], "withdrawn": ["withdraw"], "redirected": ["redirect"]}[case.status]
    way = [
        ("start", "", "draft"),
        ("submit", "draft", "submitted"),
        *((verb, "submitted", case.status) for verb in verbs),
    ]
    return [
        CaseEvent(
            case=case,
            verb=verb,
            from_status=source,
            to_status=target,
            by=people.staff,
            role="staff",
            at=case.submitted_at,
        )
        for verb, source, target in way
    ]
