"""Text messages, by whichever provider the clinic has. They say that something waits and nothing of what.

A provider is a function `send(number, text, identity)` that returns once the message was taken over and raises OSError if
it was not. Shipped: `console` (a line on the console, the number hidden) and `smtp` (through the mail server to a gateway
that turns mail into text messages). Another one is a dotted path in SMS_PROVIDER.
"""

import logging
import re
from collections.abc import Callable

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.module_loading import import_string

from config import mail

log = logging.getLogger(__name__)
Provider = Callable[[str, str, str], None]
MAX_LENGTH = 160


def e164(phone: str) -> str:
    """+16145550101 from what a person typed, with the country of the clinics; "" where it is no number."""
    digits = re.sub(r"\D", "", phone)
    if phone.strip().startswith("+"):
        return f"+{digits}" if 8 <= len(digits) <= 15 else ""
    if len(digits) == 10:
        return f"+1{digits}"
    return f"+{digits}" if len(digits) == 11 and digits.startswith("1") else ""


def console(number: str, text: str, identity: str) -> None:
    log.info("text message to a number ending in %s: %s", number[-2:], text)


def smtp(number: str, text: str, identity: str) -> None:
    """One mail to <digits>@SMS_GATEWAY, with an identity that is the same for each repeat."""
    to = f"{number.lstrip('+')}@{settings.SMS_GATEWAY}"
    EmailMessage("", text + "\n", to=[to], headers={"Message-ID": identity, "Auto-Submitted": "auto-generated"}).send()


def provider() -> Provider | None:
    """None where no text messages are sent."""
    known: dict[str, Provider | None] = {"": None, "console": console, "smtp": smtp}
    name = settings.SMS_PROVIDER
    return known[name] if name in known else import_string(name)


def is_offered() -> bool:
    return provider() is not None


def send_notice(*, to: str, template: str, dedupe_key: str, language: str = "en") -> str:
    """Sends templates/sms/<template>.txt and returns the message's identity; raises OSError when it was not taken over."""
    send = provider()
    if send is None:
        raise OSError("no provider")
    with translation.override(language):
        text = render_to_string(f"sms/{template}.txt", {"sign_in_url": mail.public_url("/accounts/login/")}).strip()
    identity = mail.message_id(f"sms:{dedupe_key}")
    send(to, text, identity)
    return identity
