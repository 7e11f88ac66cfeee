"""What a demo shows at the desk besides its cases: who is away, a record that existed twice, a note for the next shift."""

from datetime import timedelta

from django.utils import timezone

from config.accounts.demo import DemoPeople
from intake import absences, merging, shifts
from intake.models import Patient, PatientMerge, ShiftNote

_NOTE = (
    "Desmond Wright lives in Texas: nobody on our lists may answer him. Please call and send him to in-person care.\n"
    "Fatima Siddiqui asked for help with the photos; I said we call after lunch."
)


def stage(people: DemoPeople) -> None:
    """Once; what somebody changed in the demo is kept."""
    if ShiftNote.objects.filter(clinic=people.clinic).exists():
        return
    today = timezone.localdate()
    absences.add_absence(
        by=people.second_dermatologist,
        user=people.second_dermatologist,
        first_day=today,
        last_day=today + timedelta(days=2),
        note="Conference",
    )
    _twice(people)
    shifts.write(by=people.second_staff, clinic=people.clinic, text=_NOTE)


def _twice(people: DemoPeople) -> None:
    """A patient was entered again at the front desk, and somebody noticed."""
    kept = Patient.objects.filter(home_clinic=people.clinic, user=None, merged_into=None).order_by("mrn").first()
    if kept is None or PatientMerge.objects.filter(kept=kept).exists():
        return
    second = Patient.objects.create(
        home_clinic=people.clinic,
        first_name=kept.first_name,
        last_name=kept.last_name,
        date_of_birth=kept.date_of_birth,
        mrn="HS-20001",
        phone=kept.phone,
        city=kept.city,
        state=kept.state,
    )
    merging.merge(
        kept=kept, merged=second, by=people.staff, reason="Same birthday, phone and identity card.", checked=True
    )
