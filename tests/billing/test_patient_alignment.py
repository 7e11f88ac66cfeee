"""Staff enter with a patient which payment model the patient is aligned to, and since when; nothing is overwritten."""

from datetime import date

import pytest
from django.urls import reverse

from billing.alignment import align, current
from billing.models import Alignment, ChargeLine, Programme, ReferenceChange
from billing.services import charge_review
from config.audit.models import AuditEvent
from intake.models import Patient
from tests.intake.test_patients_pages import PERSON
from tests.racing import race

pytestmark = pytest.mark.django_db
START = date(2026, 7, 1)


@pytest.fixture
def desk(sign_in, ben):
    return sign_in(ben)


def card(programme="", valid_from="2026-07-01", valid_until="", source="List of July", **more):
    values = {"programme": programme, "valid_from": valid_from, "valid_until": valid_until, "source": source}
    return {f"alignment-{name}": value for name, value in values.items()} | more


def reach(patient):
    names = ("address_line1", "address_line2", "city", "state", "zip_code", "phone")
    return {name: getattr(patient, name) for name in names}


def edit(desk, patient, **values):
    return desk.post(reverse("intake:patient_edit", args=[patient.pk]), reach(patient) | card(**values))


def periods(patient):
    rows = Alignment.objects.filter(patient=patient).order_by("pk")
    return [(row.valid_from, row.valid_until, row.withdrawn_at is not None) for row in rows]


def test_a_patient_is_registered_with_the_model(desk, programme, ben):
    answer = desk.post(reverse("intake:patient_new"), PERSON | card(programme.pk))
    row = Alignment.objects.get()
    assert answer.url == reverse("intake:patient", args=[row.patient_id])
    assert (row.programme, row.valid_from, row.valid_until, row.source) == (programme, START, None, "List of July")
    assert (ReferenceChange.objects.get().action, ReferenceChange.objects.get().by) == ("added", ben)
    assert AuditEvent.objects.filter(verb="reference.changed", actor=ben, clinic=row.patient.home_clinic).exists()
    page = desk.get(answer.url).content.decode()
    assert "Test model, from Jul 1, 2026" in page


def test_without_a_model_nothing_is_kept(desk, programme):
    desk.post(reverse("intake:patient_new"), PERSON | card(valid_from="", source=""))
    patient = Patient.objects.get(last_name="New")
    assert not Alignment.objects.exists()
    assert "none known" in desk.get(reverse("intake:patient", args=[patient.pk])).content.decode()


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"valid_from": ""}, "Write the first day"),
        ({"valid_until": "2026-06-30"}, "The last day is before the first."),
        ({"source": ""}, "Write where this is known from."),
        ({"valid_from": "soon"}, "Enter a valid date."),
        ({"programme": ""}, "Choose the model, or leave the dates empty."),
        ({"programme": "99999"}, "Select a valid choice."),
    ],
)
def test_what_is_missing_is_said_and_nobody_is_registered(desk, programme, values, sentence):
    answer = desk.post(reverse("intake:patient_new"), PERSON | card(**({"programme": programme.pk} | values)))
    page = answer.content.decode()
    assert answer.status_code == 200 and sentence in page
    assert page.count('id="error-summary"') == 1
    assert not Patient.objects.filter(last_name="New").exists() and not Alignment.objects.exists()


def test_errors_of_both_forms_stand_in_one_summary(desk, programme):
    person = PERSON | {"first_name": ""} | card(programme.pk, source="")
    page = desk.post(reverse("intake:patient_new"), person).content.decode()
    assert page.count('id="error-summary"') == 1
    assert 'href="#id_first_name"' in page and 'href="#id_alignment-source"' in page


def test_the_last_day_ends_it(desk, patient, programme):
    edit(desk, patient, programme=programme.pk)
    page = desk.get(reverse("intake:patient_edit", args=[patient.pk])).content.decode()
    assert 'value="2026-07-01"' in page and 'value="List of July"' in page
    edit(desk, patient, programme=programme.pk, valid_until="2026-09-30")
    assert periods(patient) == [(START, date(2026, 9, 30), False)]
    assert [change.action for change in ReferenceChange.objects.all()] == ["ended", "added"]


def test_saving_the_same_again_changes_nothing(desk, patient, programme):
    edit(desk, patient, programme=programme.pk)
    edit(desk, patient, programme=programme.pk)
    assert len(periods(patient)) == ReferenceChange.objects.count() == 1


def test_a_later_start_ends_the_earlier_the_day_before(desk, patient, programme):
    edit(desk, patient, programme=programme.pk)
    edit(desk, patient, programme=programme.pk, valid_from="2026-10-01")
    assert periods(patient) == [(START, date(2026, 9, 30), False), (date(2026, 10, 1), None, False)]


def test_another_model_on_the_same_day_withdraws_the_first_as_wrong(desk, patient, programme):
    edit(desk, patient, programme=programme.pk)
    other = Programme.objects.create(key="other", name="Other model", valid_from=date(2020, 1, 1), source="test")
    edit(desk, patient, programme=other.pk)
    assert periods(patient) == [(START, None, True), (START, None, False)]
    assert current(patient).programme == other


def test_a_break_stays_a_break(desk, patient, programme):
    edit(desk, patient, programme=programme.pk, valid_until="2026-08-31")
    edit(desk, patient, programme=programme.pk, valid_from="2026-10-01")
    assert periods(patient) == [(START, date(2026, 8, 31), False), (date(2026, 10, 1), None, False)]


def test_days_of_an_earlier_alignment_are_not_given_twice(desk, patient, programme):
    edit(desk, patient, programme=programme.pk, valid_until="2026-08-31")
    edit(desk, patient, programme=programme.pk, valid_from="2026-10-01")
    before = periods(patient)
    answer = edit(desk, patient, programme=programme.pk, valid_from="2026-08-01")
    assert "There is another alignment from Jul 1, 2026 to Aug 31, 2026" in answer.content.decode()
    assert periods(patient) == before


def test_to_leave_a_model_takes_a_last_day(desk, patient, programme):
    edit(desk, patient, programme=programme.pk)
    assert "leave the model and write the last day" in edit(desk, patient).content.decode()
    assert periods(patient) == [(START, None, False)]


def test_only_the_newest_version_of_a_model_is_offered(desk, patient, programme):
    Programme.objects.filter(pk=programme.pk).update(valid_until=date(2027, 12, 31))
    newer = Programme.objects.create(
        key=programme.key, version=2, name="Test model 2", valid_from=date(2028, 1, 1), source="test"
    )
    page = desk.get(reverse("intake:patient_edit", args=[patient.pk])).content.decode()
    assert f'<option value="{newer.pk}">' in page and f'<option value="{programme.pk}">' not in page


def test_staff_of_another_clinic_align_nobody(sign_in, max_stranger, patient, programme):
    answer = edit(sign_in(max_stranger), patient, programme=programme.pk)
    assert answer.status_code == 404 and not Alignment.objects.exists()


def test_a_held_line_is_decided_again(signed, patient, programme, ben):
    Alignment.objects.all().delete()
    charge_review(signed().pk)
    assert ChargeLine.objects.get().status == "held"
    ChargeLine.objects.update(work_status="done")
    align(by=ben, patient=patient, programme=programme, valid_from=START, valid_until=None, source="List")
    assert ChargeLine.objects.get().work_status == "waiting"


@pytest.mark.django_db(transaction=True)
def test_two_who_save_at_once_make_one(patient, programme, ben):
    def save(_):
        return align(by=ben, patient=patient, programme=programme, valid_from=START, valid_until=None, source="List")

    done = race(2, save)
    assert sorted(done) == ["", "added"]
    assert periods(patient) == [(START, None, False)]
