"""A referral that a clinician starts: a draft with the question, which the patient or the clinic completes with photos."""

from django.db import transaction
from django.db.models import Q, QuerySet

from config.accounts.models import User
from config.accounts.roles import Role
from config.audit.services import record
from intake.models import CallTask, Case, CaseStatus, Patient, Specialty
from intake.recalls import tell_of_draft
from intake.services import IntakeRefused
from intake.workflow import start_event

MINIMUM_NOTE = 10


def patients_of(user: User, text: str = "") -> QuerySet[Patient]:
    """Whom the clinician may refer: the patients of the own clinics, found by parts of their names, number or address."""
    found = Patient.objects.filter(home_clinic__in=user.clinics(Role.REFERRER), merged_into=None)
    for word in text.split():
        found = found.filter(
            Q(first_name__icontains=word) | Q(last_name__icontains=word) | Q(mrn__iexact=word) | Q(email__iexact=word)
        )
    return found.select_related("home_clinic", "user").order_by("last_name", "first_name")


def started(user: User) -> QuerySet[Case]:
    """Referrals of the clinic that wait for photographs."""
    return (
        Case.objects.filter(
            referring_clinic__in=user.clinics(Role.REFERRER), status=CaseStatus.DRAFT, events__verb="start",
            events__role=Role.REFERRER,
        )
        .select_related("patient", "referring_clinician")
        .order_by("-created_at")
    )  # fmt: skip


def start_referral(*, by: User, patient: Patient, specialty: str, note: str) -> Case:
    """The patient finds the draft and is told that something waits; who cannot be told is called by the clinic."""
    note = note.replace("\x00", "").strip()
    if not by.has_role(Role.REFERRER, patient.home_clinic):
        raise IntakeRefused("You refer patients of your own clinic.")
    if specialty not in Specialty.values:
        raise IntakeRefused("Choose skin or eye.")
    if len(note) < MINIMUM_NOTE:
        raise IntakeRefused("Write what you saw and what you ask.")
    with transaction.atomic():
        # a lock on the patient, so that a button pressed twice makes one referral
        Patient.objects.select_for_update(of=("self",)).get(pk=patient.pk)
        same = started(by).filter(patient=patient, specialty=specialty, referring_clinician=by).first()
        if same is not None:
            raise IntakeRefused(f"Your referral {same.number} already waits for this patient's photos.")
        case = Case.objects.create(
            patient=patient, clinic=patient.home_clinic, specialty=specialty, started_by=by, intake_note=note[:4000],
            referring_clinician=by, referring_clinic=patient.home_clinic,
        )  # fmt: skip
        start_event(case, by=by, role=Role.REFERRER)
        record("case.referred", by=by, role=Role.REFERRER, subject=case, clinic=case.clinic)
        tell_of_draft(
            case, by=by, key=f"referral:{case.pk}", kind=CallTask.Kind.REFERRAL,
            why=f"{by} refers: the photos are needed.",
        )  # fmt: skip
    return case
