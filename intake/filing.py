"""A photo or a case under the wrong person, before the signature: moved to the right one, or marked as entered in error.

Received bytes are never shared between cases: a moved photo is copied byte for byte under the new case, and the old row
and its bytes stay, shown to nobody.
"""

from collections.abc import Iterable
from hashlib import sha256
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from config import storages
from config.accounts.models import User
from config.accounts.roles import Role
from config.audit.services import record
from config.work.services import due_fields
from intake import entries, moved
from intake.corrections import AT_THE_DESK, StaleCase
from intake.models import Case, CaseStatus, Misfiling, Patient, Photo, RelatedPerson
from intake.models.related import accounts_of
from intake.own_photos import no_longer_again
from intake.requests import TriageRefused
from intake.services import drop_open_request
from intake.workflow import move, moved_on

K = Misfiling.Kind
BEFORE_SIGNING = frozenset({*AT_THE_DESK, CaseStatus.DRAFT})


def _check(case: Case, by: User, reason: str, statuses) -> str:
    if not by.has_role(Role.STAFF, case.clinic):
        raise TriageRefused("Only staff of the patient's clinic change this.")
    if not reason.strip():
        raise TriageRefused("Write why, so that the next person understands.")
    if case.status == CaseStatus.IN_REVIEW:
        raise TriageRefused(f"{case.holder} is reading case {case.number} now. Take it back to triage first.")
    if case.status not in statuses:
        raise TriageRefused(moved_on(case))
    return reason.strip()


def move_case(
    *, case: Case, by: User, to: Patient, reason: str, version: int | None = None, keep: Iterable[UUID] = ()
) -> Case:
    """The whole case belongs to another patient of the clinic. It is triaged anew, with that patient's state and consent.

    Messages stay with the person before (intake/moved.py), and so do the photos that came with them, but for those of
    `keep`: they show the right person."""
    reason = _check(case, by, reason, AT_THE_DESK)
    if to.home_clinic_id != case.clinic_id or to.merged_into_id:
        raise TriageRefused("Choose a patient of this clinic.")
    with transaction.atomic():
        # whoever writes a message holds this lock too: each message is before the move or refused
        locked = Case.objects.locked(case.pk, "patient")
        before = locked.patient
        if version is not None and locked.version != version:
            raise StaleCase(locked)
        if to == before:
            raise TriageRefused("The case stands under this patient already.")
        case = _to_triage(case, by, reason)
        after, last = moved.boundary(case)
        row = Misfiling.objects.create(
            kind=K.MOVED, case=case, from_patient=before, to_patient=to, reason=reason, by=by,
            messages_after=after if last else 0, messages_until=last,
        )  # fmt: skip
        for photo in photos_of_messages(case).exclude(pk__in=list(keep)):
            _in_error(photo, before, by, reason)
        moved.leave_messages(case, row)
        Case.objects.filter(pk=case.pk).update(
            patient=to, patient_state=to.state, follows=None, version=F("version") + 1, updated_at=timezone.now()
        )
        _hand_over(case, before, to)
        entries.keep(case.pk)
        moved.tell(case, row)
        data = {"from": str(before.pk), "to": str(to.pk)}
        record("case.moved", by=by, role=Role.STAFF, subject=case, clinic=case.clinic, data=data)
        for patient, verb in ((before, "patient.case_left"), (to, "patient.case_came")):
            record(verb, by=by, role=Role.STAFF, subject=patient, clinic=case.clinic, data={"case": str(case.pk)})
    return Case.objects.select_related("patient__user", "clinic").get(pk=case.pk)


def photos_of_messages(case: Case) -> QuerySet[Photo]:
    """Shown photos of the case that came with a message of the present conversation."""
    return Photo.objects.live().filter(in_messages__message__in=case.messages.of_now()).distinct()


def _to_triage(case: Case, by: User, reason: str) -> Case:
    """Nobody answers a question about another person, and no specialist has it in the pool meanwhile."""
    if case.status == CaseStatus.NEEDS_INFORMATION:
        drop_open_request(case)
        case = move(case, "answer", by=by, reason=reason)
    if case.status == CaseStatus.READY:
        case = move(case, "return_to_triage", by=by, reason=reason)
    return case


def _hand_over(case: Case, before: Patient, to: Patient) -> None:
    """What staff recorded goes along; what the other person agreed to, or somebody for them, and their ways in, end."""
    now = timezone.now()
    case.consents.filter(withdrawn_at=None, given_by__in=accounts_of(before)).update(withdrawn_at=now)
    case.consents.filter(withdrawn_at=None).update(patient=to)
    RelatedPerson.objects.filter(case=case, ended_at=None).update(ended_at=now)
    case.links.filter(revoked_at=None).update(revoked_at=now)


def case_in_error(*, case: Case, by: User, reason: str) -> Case:
    """The case should not exist: it ends, stays in the record, and says so."""
    reason = _check(case, by, reason, BEFORE_SIGNING)
    with transaction.atomic():
        now = timezone.now()
        drop_open_request(case)
        case = move(case, "withdraw", by=by, reason=f"Entered in error: {reason}", updates={"filed_in_error_at": now})
        Misfiling.objects.create(kind=K.IN_ERROR, case=case, from_patient=case.patient, reason=reason, by=by)
    return case


def photo_in_error(*, photo: Photo, by: User, reason: str) -> None:
    """Shown to nobody any more; the row and the received bytes stay."""
    case = photo.case
    reason = _check(case, by, reason, BEFORE_SIGNING)
    with transaction.atomic():
        _in_error(photo, case.patient, by, reason)


def _in_error(photo: Photo, patient: Patient, by: User, reason: str) -> None:
    _take_out(photo)
    Misfiling.objects.create(kind=K.IN_ERROR, case=photo.case, photo=photo, from_patient=patient, reason=reason, by=by)
    record("photo.in_error", by=by, role=Role.STAFF, subject=photo, clinic=photo.case.clinic)


def _take_out(photo: Photo) -> None:
    if not Photo.objects.filter(pk=photo.pk, removed_at=None).update(removed_at=timezone.now()):
        raise TriageRefused("This photo was taken out already.")
    no_longer_again(photo)
    Case.objects.filter(pk=photo.case_id).update(version=F("version") + 1, updated_at=timezone.now())
    entries.keep(photo.case_id)


def move_photo(*, photo: Photo, to_case: Case, by: User, reason: str) -> Photo:
    """One photo belongs into another case of the clinic, as a rule another person's."""
    case = photo.case
    reason = _check(case, by, reason, BEFORE_SIGNING)
    _check(to_case, by, reason, BEFORE_SIGNING)
    if to_case.pk == case.pk or to_case.clinic_id != case.clinic_id:
        raise TriageRefused("Choose another case of this clinic.")
    if to_case.photos.live().filter(sha256=photo.sha256).exists():
        raise TriageRefused(f"Case {to_case.number} has this photo already. Mark this one as entered in error.")
    data = storages.read(photo.original_key)
    if sha256(data).hexdigest() != photo.sha256:
        raise TriageRefused("The stored photo is damaged. Tell an administrator; nothing was changed.")
    # the bytes first, so that no row ever names what is not there
    storages.put_once(f"orig/{to_case.pk}/{photo.sha256}", data)
    try:
        with transaction.atomic():
            _take_out(photo)
            there = Photo.objects.create(
                case=to_case,
                sha256=photo.sha256,
                byte_size=photo.byte_size,
                received_format=photo.received_format,
                original_name=photo.original_name,
                slot=photo.slot,
                position=to_case.photos.live().count(),
                uploaded_by=photo.uploaded_by,
                received_at=photo.received_at,
                **due_fields(),
            )
            Case.objects.filter(pk=to_case.pk).update(version=F("version") + 1, updated_at=timezone.now())
            entries.keep(to_case.pk)
            Misfiling.objects.create(
                kind=K.MOVED, case=case, photo=photo, to_case=to_case, to_photo=there,
                from_patient=case.patient, to_patient=to_case.patient, reason=reason, by=by,
            )  # fmt: skip
            for subject, verb in ((photo, "photo.moved_away"), (there, "photo.moved_here")):
                facts = {"from": str(case.pk), "to": str(to_case.pk), "sha256": photo.sha256}
                record(verb, by=by, role=Role.STAFF, subject=subject, clinic=case.clinic, data=facts)
    except IntegrityError as error:
        raise TriageRefused(f"Case {to_case.number} has this photo already.") from error
    return there


def report_after_signing(*, case: Case, by: User, reason: str) -> Case:
    """Nothing signed is moved: staff report it, the charge is held at once, and the signer writes the addendum."""
    signed = {CaseStatus.SIGNED, CaseStatus.DELIVERED, CaseStatus.CLOSED}
    reason = _check(case, by, reason, signed)
    with transaction.atomic():
        if not Case.objects.filter(pk=case.pk, filed_in_error_at=None).update(filed_in_error_at=timezone.now()):
            raise TriageRefused("This was reported already.")
        Misfiling.objects.create(kind=K.REPORTED, case=case, from_patient=case.patient, reason=reason, by=by)
        record("case.reported_in_error", by=by, role=Role.STAFF, subject=case, clinic=case.clinic)
    case.refresh_from_db()
    return case
