"""What the database itself keeps of wrong persons and merged records."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from intake import filing, invariants, merging, triage
from intake.models import Case, Misfiling, Patient, PatientMerge
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def bea(clinic):
    """The right person, with a login of her own."""
    login = factories.make_user("Bea", email="bea@example.test")
    return factories.make_patient(clinic, user=login, first_name="Bea", last_name="Other", medicare=False)


def merge(kept, merged, by):
    return merging.merge(kept=kept, merged=merged, by=by, reason="Same passport", checked=True)


# the database


def refused(rows, **columns) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.update(**columns)


def test_a_merged_record_takes_no_case(patient, bea, ben, waiting):
    merge(patient, bea, ben)
    refused(Case.objects.filter(pk=waiting.pk), patient=bea)
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.make_draft(Patient.objects.get(pk=bea.pk), by=ben)
    Case.objects.filter(pk=waiting.pk).update(reason="Something else")  # other columns are free


def test_what_is_signed_moves_with_a_merge_and_back_and_no_other_way(patient, bea, clinic, ben, waiting):
    factories.put_status(waiting, "signed")
    case = Case.objects.filter(pk=waiting.pk)
    refused(case, patient=factories.make_patient(clinic, medicare=False))
    row = merge(bea, patient, ben)
    assert case.get().patient == bea
    refused(case, patient=factories.make_patient(clinic, medicare=False))
    merging.unmerge(row=row, by=ben)
    assert case.get().patient == patient


def test_that_a_case_stood_under_the_wrong_person_stays_said(waiting, ben):
    filing.case_in_error(case=waiting, by=ben, reason="Test entry")
    refused(Case.objects.filter(pk=waiting.pk), filed_in_error_at=None)
    refused(Case.objects.filter(pk=waiting.pk), filed_in_error_at=timezone.now())


@pytest.mark.parametrize("way", ["itself", "chain above", "chain below", "elsewhere"])
def test_records_make_no_chain(patient, bea, clinic, ben, way):
    cara = factories.make_patient(clinic, first_name="Cara", medicare=False)
    rows = Patient.objects.filter(pk=cara.pk)
    if way == "itself":
        return refused(rows, merged_into=cara)
    if way == "chain above":
        merge(patient, bea, ben)
        return refused(rows, merged_into=bea)
    merge(cara if way == "chain below" else patient, bea, ben)
    if way == "chain below":
        return refused(rows, merged_into=patient)
    return refused(Patient.objects.filter(pk=bea.pk), merged_into=cara)


def test_a_record_that_holds_another_is_not_merged_away(patient, bea, clinic, ben):
    cara = factories.make_patient(clinic, first_name="Cara", medicare=False)
    row = merge(cara, bea, ben)
    with pytest.raises(triage.TriageRefused, match="take it apart first"):
        merge(patient, cara, ben)
    merging.unmerge(row=row, by=ben)
    merge(patient, cara, ben)


@pytest.mark.parametrize("column", ["reason", "moved", "conflicts", "at"])
def test_what_a_merge_did_is_never_changed(patient, bea, ben, column):
    row = merge(patient, bea, ben)
    value = {"reason": "Another", "moved": {"x": []}, "conflicts": ["x"], "at": timezone.now()}[column]
    refused(PatientMerge.objects.filter(pk=row.pk), **{column: value})


def test_an_undone_merge_stays_undone(patient, bea, ben):
    row = merging.unmerge(row=merge(patient, bea, ben), by=ben)
    refused(PatientMerge.objects.filter(pk=row.pk), undone_at=None, undone_by=None)
    assert merge(patient, bea, ben).pk != row.pk


def test_the_invariants_find_what_no_trace_explains(patient, bea, ben, waiting):
    checks = (invariants.merged_records_are_empty_and_say_why, invariants.wrong_persons_are_on_record)
    merge(patient, bea, ben)
    assert [list(check()) for check in checks] == [[], []]
    Patient.objects.filter(pk=bea.pk).update(merged_into=None)
    assert len(list(checks[0]())) == 1
    factories.put_status(waiting, "withdrawn", filed_in_error_at=timezone.now())
    assert "nothing says why" in next(checks[1]())
    assert not Misfiling.objects.exists()
