"""What intake hangs on accounts: the invited person becomes the patient's account, and keeps the postal address."""

from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from config.accounts.hooks import ProfileForm
from config.accounts.models import User
from config.accounts.roles import Role
from config.accounts.services import InvitationRefused, create_invitation
from config.accounts.signin_models import Invitation
from config.audit.services import record
from intake.forms import AddressForm
from intake.models import Patient, RelatedPerson
from intake.related import link_related


def invite_patient(*, by: User, patient: Patient) -> tuple[Invitation, str]:
    """The invitation and its code, which can be handed over on paper too; it is not kept and not shown again."""
    if patient.user_id:
        raise InvitationRefused("This patient has an account already.")
    if not patient.email:
        raise InvitationRefused("Enter the patient's e-mail address first. The invitation goes to it.")
    return create_invitation(
        by=by,
        subject_id=patient.pk,
        email=patient.email,
        date_of_birth=patient.date_of_birth,
        clinic=patient.home_clinic,
    )


def link_patient(subject_id: UUID, user: User) -> None:
    """Runs in the transaction that uses the code up; the guarded update lets one account have the record."""
    acting = RelatedPerson.objects.select_related("patient__home_clinic").filter(pk=subject_id).first()
    if acting is not None:
        if acting.ended_at is not None:
            raise InvitationRefused(gettext("This invitation was taken back. Ask your clinic."))
        link_related(acting, user)
        return
    if getattr(user, "patient", None) is not None:
        raise InvitationRefused(gettext("This account belongs to another patient's record. Ask your clinic."))
    if not Patient.objects.filter(pk=subject_id, user=None).update(user=user):
        raise InvitationRefused(gettext("This record has an account already. Sign in, or ask your clinic."))
    patient = Patient.objects.get(pk=subject_id)
    if not user.get_full_name():
        user.first_name, user.last_name = patient.first_name, patient.last_name
        user.save(update_fields=["first_name", "last_name"])
    record("patient.account_linked", by=user, role="patient", subject=patient, clinic=patient.home_clinic)


def language_of_address(address: str, user: User | None = None) -> str:
    """Of the patient who reads mail there, or for whom somebody does; colleagues read the language of the program."""
    user = user or User.objects.filter(email=address).first()
    if user is not None and user.roles - {Role.PATIENT.value}:
        return ""
    if user is not None and getattr(user, "patient", None) is not None:
        return user.patient.preferred_language
    acting = Q(related_people__user__email=address) | Q(related_people__email__iexact=address)
    for reader in (Q(user__email=address), Q(email__iexact=address), acting):
        if patient := Patient.objects.filter(reader).order_by("-created_at").first():
            return patient.preferred_language
    return ""


class AddressCard(AddressForm):
    """The patient's own address on the page of the account."""

    def __init__(self, data=None, *, user: User, prefix: str) -> None:
        own = Patient.objects.select_related("merged_into").get(user=user)
        super().__init__(data, instance=own.merged_into or own, prefix=prefix)

    @transaction.atomic
    def save(self, *, by: User) -> Patient:
        patient = self.instance
        patient.save(update_fields=self._meta.fields)
        record("patient.address_changed", by=by, subject=patient, clinic=patient.home_clinic)
        return patient


ADDRESS_CARD = ProfileForm(
    "address", _("Postal address"), lambda user: getattr(user, "patient", None) is not None, AddressCard
)
