"""Every message that leaves. A notice says that something waits and nothing of what: no clinical word, no name of a
site or specialty, no id. Only messages about the person's own account carry a link of their own."""

import email
import email.policy
import hashlib
import os
import secrets
import smtplib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage as ParsedMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend
from django.template.loader import render_to_string
from django.utils import translation

_languages: list[Callable[[str, Any], str]] = []


def register_language(find: Callable[[str, Any], str]) -> None:
    """`find(address, user)` is the language that whoever reads mail there has chosen, or "" when it knows of none; `user`
    is the account with that address where the caller has it at hand."""
    if find not in _languages:
        _languages.append(find)


def language_of(address: str, user: Any = None) -> str:
    return next((language for find in _languages if (language := find(address, user))), settings.LANGUAGE_CODE)


def public_url(path: str = "/") -> str:
    return settings.PUBLIC_URL.rstrip("/") + path


def message_id(dedupe_key: str) -> str:
    """The same for each repeat of one message, so that a mail server or reader can drop the second."""
    name = hashlib.sha256(dedupe_key.encode()).hexdigest()[:32]
    return f"<{name}@{urlsplit(settings.PUBLIC_URL).hostname or 'localhost'}>"


def send_notice(*, to: str, template: str, context: dict | None = None, dedupe_key: str, language: str = "en") -> str:
    """Sends templates/emails/<template>.txt (first line: the subject) and returns the Message-ID.

    It returns once the mail server has accepted the message, and raises OSError (smtplib's errors are such) if not.
    """
    facts = {"sign_in_url": public_url("/accounts/login/")} | (context or {})
    with translation.override(language):
        text = render_to_string(f"emails/{template}.txt", facts)
    subject, _, body = text.partition("\n")
    identity = message_id(dedupe_key)
    headers = {"Message-ID": identity, "Auto-Submitted": "auto-generated"}
    EmailMessage(subject.strip(), body.strip() + "\n", to=[to], headers=headers).send()
    return identity


def is_refusal(error: OSError) -> bool:
    """The server answered, and will never take this message (5xx). Anything else is an outage, however long it lasts."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    return isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= 500


# a server that counts or times its connections must not find ours the busiest or the most idle one
MESSAGES_A_CONNECTION = 100
IDLE_SECONDS = 30
# a server that lets each caller wait for its time-out must not take the worker from pictures and letters
AWAY_SECONDS = 60


class KeptConnectionBackend(EmailBackend):
    """SMTP over one connection for each thread, kept from a message to the next: opening one costs more than a notice,
    with TLS and a password several times more. After any fault it is dropped and the next message opens another; a server
    that does not answer is left alone for a minute, by all threads of the process."""

    def send_messages(self, email_messages) -> int:
        self.connection = _kept.take(self._address)
        used = _kept.used if self.connection else 0
        if self.connection is None:
            self._call()
        try:
            sent = super().send_messages(email_messages)
        except BaseException:
            self._drop()
            raise
        _kept.put(self._address, self.connection, used + sent)
        return sent

    def _call(self) -> None:
        until, fault = _away.get(self._address, (0.0, OSError()))
        if time.monotonic() < until:
            raise type(fault)(*fault.args)
        try:
            self.open()
        except OSError as error:
            _away[self._address] = (time.monotonic() + AWAY_SECONDS, error.with_traceback(None))
            self._drop()
            raise
        _away.pop(self._address, None)

    def _drop(self) -> None:
        """What was opened as far as a password or TLS that failed."""
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.close()

    @property
    def _address(self) -> tuple:
        return (self.host, self.port, self.username, self.password, self.use_tls, self.use_ssl)


class _Kept(threading.local):
    """The connection of this thread, if it has one."""

    address: tuple = ()
    connection: smtplib.SMTP | None = None
    used = 0
    since = 0.0

    def take(self, address: tuple) -> smtplib.SMTP | None:
        """Out of the drawer when it leads there and answers; None otherwise."""
        connection, self.connection = self.connection, None
        if connection is None:
            return None
        idle = time.monotonic() - self.since >= IDLE_SECONDS
        fresh = self.used < MESSAGES_A_CONNECTION and not idle
        try:
            if fresh and self.address == address and connection.noop()[0] == 250:
                return connection
            if not idle:  # a server that went away meanwhile would let a farewell wait for its time-out
                connection.quit()
        except OSError:  # it was closed at the other end meanwhile (smtplib's errors are such)
            pass
        connection.close()
        return None

    def put(self, address: tuple, connection: smtplib.SMTP | None, used: int) -> None:
        self.address, self.connection, self.used, self.since = address, connection, used, time.monotonic()


_kept = _Kept()
_away: dict[tuple, tuple[float, OSError]] = {}


def hang_up() -> None:
    """Close this thread's connection, if there is one."""
    _kept.take(())


class FolderBackend(BaseEmailBackend):
    """Where no mail server is set: one .eml a message under var/mail, which an administrator can read in the browser.

    The file is named after the Message-ID, so a message sent twice is there once.
    """

    def send_messages(self, email_messages) -> int:
        folder = Path(settings.MAIL_FOLDER)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for message in email_messages:
            data = message.message().as_bytes()
            identity = message.extra_headers.get("Message-ID", secrets.token_hex(16))
            target = folder / (identity.strip("<>").partition("@")[0] + ".eml")
            partial = target.with_suffix(f".{secrets.token_hex(4)}")
            with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(data)
            partial.replace(target)
        return len(email_messages)


@dataclass(frozen=True)
class KeptMail:
    name: str
    at: datetime
    to: str
    subject: str
    body: str


def is_kept_in_folder() -> bool:
    return settings.EMAIL_BACKEND == "config.mail.FolderBackend"


def kept_mails(limit: int = 100) -> list[KeptMail]:
    """The newest first."""
    folder = Path(settings.MAIL_FOLDER)
    files = sorted(folder.glob("*.eml"), key=lambda path: path.stat().st_mtime, reverse=True)[:limit]
    return [_read(path) for path in files]


def kept_mail(name: str) -> KeptMail | None:
    """By the name from a list; anything else, a path for instance, is unknown."""
    return next((mail for mail in _all() if mail.name == name), None)


def _all() -> Iterator[KeptMail]:
    for path in Path(settings.MAIL_FOLDER).glob("*.eml"):
        yield _read(path)


def _read(path: Path) -> KeptMail:
    message = email.message_from_bytes(path.read_bytes(), _class=ParsedMessage, policy=email.policy.default)
    part = message.get_body(("plain",))
    return KeptMail(
        name=path.stem,
        at=datetime.fromtimestamp(path.stat().st_mtime, UTC),
        to=str(message["To"]),
        subject=str(message["Subject"]),
        body=part.get_content() if part else "",
    )
