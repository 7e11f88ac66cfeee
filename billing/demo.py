"""Reference rows of the demo: a synthetic, open-ended model, so that the demo works on any day."""

from datetime import date
from decimal import Decimal

from billing import reference
from billing.models import Alignment, Fee, Payer, Programme, RosterEntry, Submitter
from config.accounts.demo import DemoPeople
from intake.models import Patient

_SOURCE = "Demo data"


def load(people: DemoPeople) -> Programme:
    reference.load()
    programme, _ = Programme.objects.get_or_create(
        key="demo-model",
        defaults={
            "name": "Lakeshore ACO (demo model)",
            "valid_from": date(2020, 1, 1),
            "is_confirmed": True,
            "codes": reference.ALL_CODES,
            "demo_number": "92",
            "places_of_service": ["10", "02"],
            "entity_id": "D0001",
            "source": _SOURCE,
        },
    )
    for user in (people.dermatologist, people.second_dermatologist, people.ophthalmologist):
        RosterEntry.objects.get_or_create(
            programme=programme,
            practitioner=user.practitioner,
            defaults={"tin": people.group.tin, "valid_from": date(2020, 1, 1), "source": _SOURCE},
        )
    for code, amount in (("G9868", "42.00"), ("G9869", "68.00")):
        Fee.objects.get_or_create(
            group=people.group,
            code=code,
            defaults={"amount": Decimal(amount), "valid_from": date(2020, 1, 1), "source": _SOURCE},
        )
    Submitter.objects.get_or_create(
        group=people.group,
        payer=Payer.objects.get(code="medicare"),
        defaults={
            "etin": "LAKESIDESYN01",
            "contact_name": "Billing Office",
            "contact_phone": "6145550181",
            "receiver_name": "Synthetic MAC Part B",
            "receiver_id": "SYNMACPARTB",
        },
    )
    return programme


def align(patient: Patient, programme: Programme, *, until: date | None = None) -> None:
    Alignment.objects.get_or_create(
        programme=programme,
        patient=patient,
        defaults={"valid_from": date(2024, 1, 1), "valid_until": until, "source": _SOURCE},
    )
