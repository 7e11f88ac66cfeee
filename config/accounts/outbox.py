"""Messages about somebody's own account: who gets one, and with which link. Runs in the mail task, never in a request."""

from django.contrib.auth.tokens import default_token_generator
from django.core import signing
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from config.accounts import reach
from config.accounts.models import User
from config.accounts.services import EMAIL_SALT
from config.accounts.signin_models import OutgoingMail
from config.mail import language_of, public_url, send_notice

URGENT_TEXT = "urgent_text"  # goes to the telephone of the account with that address


def deliver(mail: OutgoingMail) -> bool:
    """Sends the message, or finds that there is nothing to send (no such account). Raises OSError when not accepted,
    and reach.Quiet in the person's quiet hours."""
    context = _context(mail)
    if context is None:
        return False
    if mail.template == URGENT_TEXT:
        user = User.objects.filter(email=mail.to, is_active=True).first()
        return user is not None and reach.text_now(user, dedupe_key=mail.dedupe_key)
    if mail.template == "message_waiting":
        user = User.objects.filter(email=mail.to).first()
        if user is not None:
            return bool(reach.tell(user, dedupe_key=mail.dedupe_key))
    send_notice(
        to=mail.to,
        template=mail.template,
        context=context,
        dedupe_key=mail.dedupe_key,
        language=language_of(_known_address(mail)),
    )
    return True


def _known_address(mail: OutgoingMail) -> str:
    """A new address is nobody's until it is confirmed: the one before says who reads there."""
    if mail.template == "email_change":
        return signing.loads(mail.context["token"], salt=EMAIL_SALT)["from"]
    return mail.to


def _context(mail: OutgoingMail) -> dict | None:
    if mail.template in {"password_reset", "welcome"}:
        user = User.objects.filter(email=mail.to, is_active=True).first()
        return {"link": public_url(set_password_path(user))} if user else None
    if mail.template == "email_change":
        taken = User.objects.filter(email=mail.to).exists()
        path = reverse("accounts:email_confirm", args=[mail.context["token"]])
        return None if taken else {"link": public_url(path)}
    if mail.template == "invitation":
        path = reverse("accounts:invitation", args=[mail.context["code"]])
        return mail.context | {"link": public_url(path)}
    return mail.context


def set_password_path(user: User) -> str:
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    return reverse("accounts:password_set", args=[uid, default_token_generator.make_token(user)])
