"""A real SMTP server on loopback, and every byte that it was given."""

import threading
from contextlib import contextmanager
from email import message_from_bytes, policy

from aiosmtpd.controller import Controller

from config import mail
from tests.journeys.running import free_port

SMTP = "config.mail.KeptConnectionBackend"


class Received:
    """`answers` are given one after the other to whoever finishes a message; without one it is accepted."""

    def __init__(self) -> None:
        self.raw: list[bytes] = []
        self.envelopes: list[tuple[str, tuple[str, ...]]] = []
        self.answers: list[str] = []
        self.refused: dict[str, str] = {}
        self.peers: list[tuple] = []
        self._lock = threading.Lock()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        with self._lock:
            answer = self.answers.pop(0) if self.answers else "250 OK"
            self.peers.append(session.peer)
            if answer.startswith("2"):
                self.raw.append(envelope.original_content)
                self.envelopes.append((envelope.mail_from, tuple(envelope.rcpt_tos)))
        return answer

    @property
    def identities(self) -> list[str]:
        return [str(message_from_bytes(data)["Message-ID"]) for data in self.raw]

    def plain(self) -> str:
        """All of it as a reader could see it: headers and bodies decoded, and the bytes as they came."""
        shown = []
        for data in self.raw:
            message = message_from_bytes(data, policy=policy.default)
            shown += [f"{name}: {value}" for name, value in message.items()]
            shown += [part.get_content() for part in message.walk() if part.get_content_maintype() == "text"]
            shown.append(data.decode("utf-8", "replace"))
        return "\n".join(shown)


@contextmanager
def mail_server(settings):
    received = Received()
    port = free_port()
    controller = Controller(received, hostname="127.0.0.1", port=port, ready_timeout=30)
    controller.start()
    settings.EMAIL_BACKEND = SMTP
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    try:
        yield received
    finally:
        mail.hang_up()
        controller.stop()
