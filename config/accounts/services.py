"""Verbs on people's own accounts. The texts of the errors may be shown."""

import hashlib
import hmac
import secrets
import uuid
from collections.abc import Iterable
from datetime import date, timedelta
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from config.accounts.hooks import invitation_links
from config.accounts.models import Clinic, ContactPreference, Membership, User
from config.accounts.roles import Role
from config.accounts.signin_models import Invitation, OutgoingMail
from config.audit.services import record
from config.work.services import due_fields

# Crockford's alphabet: no I, L, O, U; 10 letters are 50 bits, and each code stands 5 wrong tries.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
INVITATION_DAYS = 14
EMAIL_LINK_SECONDS = 24 * 3600
EMAIL_SALT = "accounts.email-change"


class InvitationRefused(Exception):
    def __init__(self, text: str = "") -> None:
        super().__init__(
            text
            or _(
                "This code and date of birth do not fit together, or the code was used or is too old. "
                "Check both. If they are right, ask your clinic for a new code."
            )
        )


class AccountExists(InvitationRefused):
    def __init__(self) -> None:
        super().__init__(_("You already have an account with this e-mail address. Sign in, then enter the code again."))


class LinkRefused(Exception):
    pass


class AdministrationRefused(Exception):
    pass


def code_hash(code: str) -> str:
    """What was typed by a person: case, blanks and dashes do not matter, O is 0, I and L are 1."""
    plain = code.upper().translate(str.maketrans("OIL", "011", " -"))
    return hmac.new(settings.SECRET_KEY.encode(), b"invitation|" + plain.encode(), hashlib.sha256).hexdigest()


def queue_mail(template: str, *, to: str, context: dict | None = None, dedupe_key: str = "") -> OutgoingMail:
    return OutgoingMail.objects.create(
        template=template,
        to=to,
        context=context or {},
        dedupe_key=dedupe_key or f"{template}:{uuid.uuid4()}",
        **due_fields(timezone.now()),
    )


@transaction.atomic
def create_invitation(
    *, by: User, subject_id: UUID, email: str, date_of_birth: date, clinic: Clinic | None = None
) -> tuple[Invitation, str]:
    """Returns the invitation and its code, which is known only now. Earlier open ones of the patient stop working."""
    Invitation.objects.open().filter(subject_id=subject_id).update(revoked_at=timezone.now())
    letters = "".join(secrets.choice(ALPHABET) for _ in range(10))
    code = f"{letters[:5]}-{letters[5:]}"
    invitation = Invitation.objects.create(
        code_hash=code_hash(code),
        subject_id=subject_id,
        email=email.strip().lower(),
        date_of_birth=date_of_birth,
        clinic=clinic,
        created_by=by,
        expires_at=timezone.now() + timedelta(days=INVITATION_DAYS),
    )
    queue_mail("invitation", to=invitation.email, context={"code": code, "days": INVITATION_DAYS})
    record("invitation.created", by=by, subject=invitation, clinic=clinic)
    return invitation, code


def accept_invitation(*, code: str, date_of_birth: date, password: str = "", signed_in: User | None = None) -> User:
    """Makes the account (or takes the signed-in one of the same address) and links it. One winner per code."""
    try:
        with transaction.atomic():
            invitation = Invitation.objects.select_for_update().filter(code_hash=code_hash(code)).first()
            fits = invitation is not None and invitation.state == "open" and invitation.date_of_birth == date_of_birth
            if fits:
                return _use(invitation, password=password, signed_in=signed_in)
            # counted under the same lock, and kept: nothing is raised before the commit
            if invitation is not None and invitation.state == "open":
                Invitation.objects.filter(pk=invitation.pk).update(wrong_tries=F("wrong_tries") + 1)
                record("invitation.refused", by=None, subject=invitation)
    except IntegrityError as error:
        raise InvitationRefused() from error
    raise InvitationRefused()


def _use(invitation: Invitation, *, password: str, signed_in: User | None) -> User:
    if signed_in is not None:
        if signed_in.email != invitation.email:
            raise InvitationRefused(
                _("This code belongs to another e-mail address. Sign out, then open the link again.")
            )
        user = signed_in
    else:
        if User.objects.filter(email=invitation.email).exists():
            raise AccountExists()
        user = User.objects.create_user(invitation.email, password)
    now = timezone.now()
    used = Invitation.objects.filter(pk=invitation.pk, used_at=None).update(used_at=now, used_by=user)
    if not used:
        raise InvitationRefused()
    for link in invitation_links:
        link(invitation.subject_id, user)
    record("invitation.accepted", by=user, subject=invitation, role=Role.PATIENT, clinic=invitation.clinic)
    return user


def revoke_invitation(*, by: User, invitation: Invitation) -> None:
    if Invitation.objects.open().filter(pk=invitation.pk).update(revoked_at=timezone.now()):
        record("invitation.revoked", by=by, subject=invitation)


def ask_for_password_reset(*, email: str) -> None:
    """The same work whether or not there is an account: the mail task looks it up."""
    queue_mail("password_reset", to=email.strip().lower())


@transaction.atomic
def set_password(*, user: User, password: str, verb: str = "account.password_changed") -> None:
    """Ends all sessions of the person; the caller signs the one at hand in again."""
    user.set_password(password)
    user.sessions_valid_from = timezone.now()
    user.save(update_fields=["password", "sessions_valid_from"])
    record(verb, by=user, subject=user)
    queue_mail("password_changed", to=user.email)


def ask_for_email_change(*, user: User, email: str) -> None:
    """A link goes to the new address; nothing changes until it is opened. An address in use gets no link."""
    token = signing.dumps({"user": str(user.pk), "from": user.email, "to": email.strip().lower()}, salt=EMAIL_SALT)
    queue_mail("email_change", to=email.strip().lower(), context={"token": token})
    record("account.email_change_asked", by=user, subject=user)


def confirm_email_change(*, token: str) -> User:
    """Single use, because the old address is part of the token and is the old one no longer."""
    refused = _("This link was used or is too old. Sign in and ask for a new one on your account page.")
    try:
        wanted = signing.loads(token, salt=EMAIL_SALT, max_age=EMAIL_LINK_SECONDS)
    except signing.BadSignature as error:
        raise LinkRefused(refused) from error
    try:
        with transaction.atomic():
            mine = User.objects.filter(pk=wanted["user"], email=wanted["from"], is_active=True)
            if not mine.update(email=wanted["to"]):
                raise LinkRefused(refused)
            user = User.objects.get(pk=wanted["user"])
            ContactPreference.objects.filter(user=user).update(bounced_at=None)
            record("account.email_changed", by=user, subject=user)
            queue_mail("email_changed", to=wanted["from"])
            return user
    except IntegrityError as error:
        raise LinkRefused(refused) from error


@transaction.atomic
def change_profile(*, by: User, first_name: str, last_name: str, phone: str) -> User:
    by.first_name, by.last_name, by.phone = first_name, last_name, phone
    by.save(update_fields=["first_name", "last_name", "phone"])
    record("account.profile_changed", by=by, subject=by)
    return by


@transaction.atomic
def add_person(*, by: User, email: str, first_name: str, last_name: str, clinic: Clinic, role: str) -> User:
    """A colleague: the account is made without a password, and a mail asks the person to set one."""
    user = User.objects.create_user(email, None, first_name=first_name, last_name=last_name)
    record("account.created", by=by, subject=user)
    grant(by=by, user=user, clinic=clinic, role=role)
    queue_mail("welcome", to=user.email)
    return user


@transaction.atomic
def grant(*, by: User, user: User, clinic: Clinic, role: str, lead: bool = False) -> Membership:
    membership, _ = Membership.objects.update_or_create(
        user=user, clinic=clinic, role=role, defaults={"lead": lead, "is_active": True}
    )
    record("membership.granted", by=by, subject=user, clinic=clinic, data={"role": role, "lead": lead})
    return membership


@transaction.atomic
def end_membership(*, by: User, membership: Membership) -> None:
    own_last = membership.user_id == by.pk and membership.role == Role.ADMINISTRATOR
    if own_last:
        raise AdministrationRefused("You cannot end your own administrator role. Ask another administrator.")
    Membership.objects.filter(pk=membership.pk).update(is_active=False)
    data = {"role": membership.role}
    record("membership.ended", by=by, subject=membership.user, clinic=membership.clinic, data=data)


@transaction.atomic
def set_active(*, by: User, users: Iterable[User], active: bool) -> None:
    """Disabling ends all sessions for good: they do not come back when the account does."""
    for user in users:
        if user.pk == by.pk:
            raise AdministrationRefused("You cannot turn off your own account. Ask another administrator.")
        User.objects.filter(pk=user.pk).update(is_active=active, sessions_valid_from=timezone.now())
        record("account.enabled" if active else "account.disabled", by=by, subject=user)
