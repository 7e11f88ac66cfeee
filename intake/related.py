"""Who acts for a patient: parents and carers by invitation, and holders of a photo request link."""

import hashlib
import hmac
import secrets
from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from config.accounts.models import User
from config.accounts.roles import Role
from config.accounts.services import InvitationRefused, create_invitation, queue_mail
from config.accounts.signin_models import Invitation
from config.audit.services import record
from config.mail import public_url
from intake.models import Case, Patient, PhotoLink, RelatedPerson
from intake.services import IntakeRefused

LINK_DAYS = 7


class RelatedRefused(IntakeRefused, InvitationRefused):
    """The text may be shown."""


def eighteenth_birthday(born: date) -> date:
    """March 1 for who was born on February 29."""
    try:
        return born.replace(year=born.year + 18)
    except ValueError:
        return date(born.year + 18, 3, 1)


def invite_related(
    *, by: User, patient: Patient, name: str, email: str, relationship: str
) -> tuple[RelatedPerson, Invitation, str]:
    """An invitation for a parent, guardian or carer; it opens with the patient's date of birth. Returns its code too."""
    kinds = RelatedPerson.Relationship
    if relationship not in {kinds.PARENT, kinds.GUARDIAN, kinds.CARER}:
        raise RelatedRefused("Choose how this person is related to the patient.")
    until = None
    if relationship in RelatedPerson.UNTIL_18:
        birthday = eighteenth_birthday(patient.date_of_birth)
        if birthday <= timezone.localdate(timezone=patient.home_clinic.zone):
            raise RelatedRefused(
                f"{patient.name} is an adult. A parent can be invited as a carer, if the patient agrees."
            )
        until = datetime.combine(birthday, time.min, tzinfo=patient.home_clinic.zone)
    with transaction.atomic():
        related = RelatedPerson.objects.create(
            patient=patient,
            name=name.strip(),
            email=email.strip().lower(),
            relationship=relationship,
            valid_until=until,
            created_by=by,
        )
        invitation, code = create_invitation(
            by=by,
            subject_id=related.pk,
            email=email,
            date_of_birth=patient.date_of_birth,
            clinic=patient.home_clinic,
        )
        record("related.invited", by=by, subject=related, clinic=patient.home_clinic, data={"as": relationship})
    return related, invitation, code


def link_related(related: RelatedPerson, user: User) -> None:
    """Runs in the transaction that uses the invitation up."""
    if RelatedPerson.objects.active().filter(patient=related.patient_id, user=user, case=None).exists():
        raise RelatedRefused("This account acts for the patient already.")
    RelatedPerson.objects.filter(pk=related.pk, user=None).update(user=user)
    if not user.get_full_name() and related.name:
        user.first_name, _, user.last_name = related.name.partition(" ")
        user.save(update_fields=["first_name", "last_name"])
    record("related.linked", by=user, role=Role.PATIENT, subject=related, clinic=related.patient.home_clinic)


def end_related(*, related: RelatedPerson, by: User) -> None:
    """From now on this person sees nothing of the patient. The row stays."""
    with transaction.atomic():
        if RelatedPerson.objects.filter(pk=related.pk, ended_at=None).update(ended_at=timezone.now()):
            Invitation.objects.open().filter(subject_id=related.pk).update(revoked_at=timezone.now())
            record("related.ended", by=by, subject=related, clinic=related.patient.home_clinic)


def code_hash(code: str) -> str:
    return hmac.new(settings.SECRET_KEY.encode(), f"photo link|{code}".encode(), hashlib.sha256).hexdigest()


def make_link(*, by: User, case: Case) -> tuple[PhotoLink, str]:
    """A fresh link to one draft or question; an older one of the case stops working. Returns the address, known only now."""
    if case.status not in {"draft", "needs_information"}:
        raise RelatedRefused("A link is for a draft, or for a case that waits for the patient.")
    code = secrets.token_urlsafe(24)
    with transaction.atomic():
        PhotoLink.objects.filter(case=case, revoked_at=None).update(revoked_at=timezone.now())
        link = PhotoLink.objects.create(
            case=case,
            code_hash=code_hash(code),
            created_by=by,
            expires_at=timezone.now() + timedelta(days=LINK_DAYS),
        )
        path = reverse("intake:photo_link", args=[code])
        if case.patient.email:
            queue_mail("photo_link", to=case.patient.email, context={"link": public_url(path), "days": LINK_DAYS})
        record("photo_link.made", by=by, subject=case, clinic=case.clinic)
    return link, public_url(path)


def find_link(code: str) -> PhotoLink | None:
    link = PhotoLink.objects.select_related("case__patient__home_clinic", "case__clinic", "holder__user")
    found = link.filter(code_hash=code_hash(code)).first()
    return found if found is not None and found.works else None


def open_link(*, link: PhotoLink, date_of_birth: date) -> User | None:
    """The person of this link, when the date of birth fits; None, and a try counted, when not.

    The person is an account without a password that sees this one case until the link ends.
    """
    with transaction.atomic():
        locked = PhotoLink.objects.select_for_update().get(pk=link.pk)
        if not locked.works:
            return None
        patient = link.case.patient
        if date_of_birth != patient.date_of_birth:
            PhotoLink.objects.filter(pk=link.pk).update(wrong_tries=F("wrong_tries") + 1)
            record("photo_link.refused", by=None, subject=link.case, clinic=link.case.clinic)
            return None
        if locked.holder is None:
            user = User(email=f"link-{link.pk.hex}@link.invalid", first_name=patient.first_name)
            user.set_unusable_password()
            user.save()
            locked.holder = RelatedPerson.objects.create(
                patient=patient,
                user=user,
                relationship=RelatedPerson.Relationship.LINK,
                case=link.case,
                valid_until=link.expires_at,
                created_by=link.created_by,
            )
        locked.opened_at = locked.opened_at or timezone.now()
        locked.save(update_fields=["holder", "opened_at"])
        record(
            "photo_link.opened", by=locked.holder.user, role=Role.PATIENT, subject=link.case, clinic=link.case.clinic
        )
    return locked.holder.user
