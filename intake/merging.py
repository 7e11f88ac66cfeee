"""Two records of one person become one, and can become two again.

Every row that hangs on the merged record goes to the kept one; the merge keeps the list. The merged record stays, empty, and
points to the kept one, so that whoever signs in with either account sees all of it.
"""

from collections.abc import Iterator
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from config.accounts.models import User
from config.accounts.roles import Role
from config.audit.services import record
from config.audit.triggers import APPEND_ONLY
from intake import entries
from intake.models import Coverage, Patient, PatientMerge
from intake.requests import TriageRefused


def _relations() -> Iterator[Any]:
    """Every table with a column for a patient, of whatever app; what is append-only keeps naming the old record."""
    for relation in Patient._meta.related_objects:
        model = relation.related_model
        if model not in (Patient, PatientMerge) and model._meta.db_table not in APPEND_ONLY:
            yield relation


def conflicts(kept: Patient, merged: Patient) -> list[str]:
    """What does not fit together, for a person to judge before merging."""
    found = []
    if kept.date_of_birth != merged.date_of_birth:
        days = [f"{one.date_of_birth:%b} {one.date_of_birth.day}, {one.date_of_birth.year}" for one in (kept, merged)]
        found.append(f"The dates of birth differ: {days[0]} and {days[1]}.")
    names = [f"{one.first_name} {one.last_name}".lower() for one in (kept, merged)]
    if names[0] != names[1]:
        found.append(f"The names differ: {kept.name} and {merged.name}.")
    if (
        "U" not in (kept.administrative_sex, merged.administrative_sex)
        and kept.administrative_sex != merged.administrative_sex
    ):
        found.append("The sex on the claims differs.")
    if kept.mrn and merged.mrn:
        found.append(f"Both have a record number: {kept.mrn} stays, {merged.mrn} is kept with the merge.")
    numbers = [_medicare(one) for one in (kept, merged)]
    if all(numbers) and numbers[0] != numbers[1]:
        found.append(f"The Medicare numbers differ: {numbers[0]} and {numbers[1]}. One person has one.")
    if kept.user_id and merged.user_id:
        found.append("Both have an account. Each of them will see the whole record.")
    return found


def _medicare(patient: Patient) -> str:
    rows = Coverage.objects.filter(patient=patient, payer_code="medicare").exclude(member_id="")
    return rows.order_by("-valid_from").values_list("member_id", flat=True).first() or ""


def merge(*, kept: Patient, merged: Patient, by: User, reason: str, checked: bool = False) -> PatientMerge:
    """`checked` says that a person looked at the conflicts."""
    for patient in (kept, merged):
        if not by.has_role(Role.STAFF, patient.home_clinic):
            raise TriageRefused("Both records must belong to your clinic.")
        if patient.merged_into_id:
            raise TriageRefused(f"{patient.name}'s record was merged already.")
    if kept == merged:
        raise TriageRefused("Choose another record.")
    if not reason.strip():
        raise TriageRefused("Write how you know that this is one person.")
    found = conflicts(kept, merged)
    if found and not checked:
        raise TriageRefused("Look at what does not fit, then tick that you checked it.")
    with transaction.atomic():
        # always in the same order, so that two merges the other way round do not wait for each other
        list(Patient.objects.select_for_update().filter(pk__in=[kept.pk, merged.pk]).order_by("pk"))
        if Patient.objects.filter(pk=kept.pk).exclude(merged_into=None).exists():
            raise TriageRefused(f"{kept.name}'s record was merged already.")
        if Patient.objects.filter(merged_into=merged).exists():
            raise TriageRefused(
                f"Another record was merged into {merged.name}'s. Keep that one, or take it apart first."
            )
        if not Patient.objects.filter(pk=merged.pk, merged_into=None).update(merged_into=kept):
            raise TriageRefused(f"{merged.name}'s record was merged already.")
        moved, left = _carry(merged, kept)
        row = PatientMerge.objects.create(
            kept=kept, merged=merged, moved=moved, conflicts=found + left, reason=reason.strip(), by=by
        )
        _trace("patient.merged", row, by)
    return row


def _carry(source: Patient, target: Patient, only: dict[str, list] | None = None) -> tuple[dict[str, list], list[str]]:
    """({table: keys that went over}, sentences about what could not)."""
    moved: dict[str, list] = {}
    left = []
    for relation in _relations():
        name, column = relation.related_model._meta.label_lower, relation.field.name
        key = f"{name}.{column}"
        rows = relation.related_model._base_manager.filter(**{column: source})
        if only is not None:
            rows = rows.filter(pk__in=only.get(key, []))
        for pk in list(rows.values_list("pk", flat=True)):
            try:
                with transaction.atomic():
                    relation.related_model._base_manager.filter(pk=pk).update(**{column: target})
                moved.setdefault(key, []).append(str(pk))
            except IntegrityError:
                left.append(
                    f"One row of “{relation.related_model._meta.verbose_name}” stays: the other record has the same."
                )
    # the desk's list shows each case with its patient's language
    entries.keep_many(moved.get("intake.case.patient", []))
    return moved, left


def _trace(verb: str, row: PatientMerge, by: User) -> None:
    data = {"merge": str(row.pk), "rows": {table: len(keys) for table, keys in row.moved.items()}}
    for patient in (row.kept, row.merged):
        record(verb, by=by, role=Role.STAFF, subject=patient, clinic=patient.home_clinic, data=data)


def unmerge(*, row: PatientMerge, by: User) -> PatientMerge:
    """What went over goes back; what came to the kept record since stays there."""
    if not by.has_role(Role.STAFF, row.kept.home_clinic):
        raise TriageRefused("Only staff of the patient's clinic undo this.")
    with transaction.atomic():
        undone = {"undone_at": timezone.now(), "undone_by": by}
        if not PatientMerge.objects.filter(pk=row.pk, undone_at=None).update(**undone):
            raise TriageRefused("This merge was undone already.")
        Patient.objects.filter(pk=row.merged_id).update(merged_into=None)
        _carry(row.kept, row.merged, only=row.moved)
        row.refresh_from_db()
        _trace("patient.unmerged", row, by)
    return row


def candidates(patient: Patient) -> list[Patient]:
    """Records of the clinic that may be the same person: the same birthday and last name, or the same Medicare number."""
    others = Patient.objects.filter(home_clinic=patient.home_clinic_id, merged_into=None).exclude(pk=patient.pk)
    number = _medicare(patient)
    same = others.filter(date_of_birth=patient.date_of_birth, last_name__iexact=patient.last_name)
    found = {one.pk: one for one in same[:10]}
    if number:
        insured = Coverage.objects.filter(payer_code="medicare", member_id=number).values("patient")
        found |= {one.pk: one for one in others.filter(pk__in=insured)[:10]}
    return list(found.values())
