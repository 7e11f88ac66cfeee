import pytest

from config.accounts.models import User
from config.accounts.services import InvitationRefused, accept_invitation
from config.audit.models import AuditEvent
from intake.people import invite_patient
from tests import factories

pytestmark = pytest.mark.django_db
PASSWORD = "four quiet garden lamps"


@pytest.fixture
def unlinked(clinic):
    return factories.make_patient(clinic, user=None, email="new.patient@example.test")


def accept(patient, code, **fields) -> User:
    return accept_invitation(code=code, date_of_birth=patient.date_of_birth, password=PASSWORD, **fields)


def test_the_invited_person_becomes_the_patient(ben, unlinked):
    _, code = invite_patient(by=ben, patient=unlinked)
    user = accept(unlinked, code)
    unlinked.refresh_from_db()
    assert unlinked.user == user
    assert User.objects.get(pk=user.pk).roles == {"patient"}
    assert user.get_full_name() == f"{unlinked.first_name} {unlinked.last_name}"
    assert AuditEvent.objects.filter(verb="patient.account_linked", subject_id=str(unlinked.pk)).count() == 1


def test_a_patient_with_an_account_is_not_invited(ben, patient):
    with pytest.raises(InvitationRefused, match="already"):
        invite_patient(by=ben, patient=patient)


def test_without_an_address_the_way_on_is_named(ben, clinic):
    with pytest.raises(InvitationRefused, match="e-mail address first"):
        invite_patient(by=ben, patient=factories.make_patient(clinic, user=None, email=""))


def test_a_record_linked_meanwhile_stays_with_its_person(ben, unlinked, clinic):
    _, code = invite_patient(by=ben, patient=unlinked)
    other = factories.make_user("Other")
    unlinked.user = other
    unlinked.save()
    with pytest.raises(InvitationRefused):
        accept(unlinked, code)
    unlinked.refresh_from_db()
    assert unlinked.user == other
    assert not User.objects.filter(email=unlinked.email).exists()


def test_the_patient_changes_the_postal_address(sign_in, patient, ana):
    data = {
        "form": "address",
        "address-address_line1": "7 New Street",
        "address-city": "Dayton",
        "address-state": "oh",
        "address-zip_code": "45402",
    }
    assert sign_in(ana).post("/accounts/me/", data).status_code == 302
    patient.refresh_from_db()
    assert (patient.address_line1, patient.city, patient.state) == ("7 New Street", "Dayton", "OH")
    assert AuditEvent.objects.filter(verb="patient.address_changed", actor=ana).count() == 1
