"""A real mail server on a port of its own, which keeps what it takes."""

import email
import email.policy
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword

from tests.support.ports import free_port

USER, PASSWORD = "images", "only for letters"


@dataclass
class MailServer:
    """Enter it to start. `busy` makes it refuse the next so many letters for now (451)."""

    busy: int = 0
    tls: tuple[Path, Path] | None = None
    """Certificate and key, when it offers STARTTLS."""
    asked: int = 0
    """Letters that somebody tried to send."""
    letters: list[EmailMessage] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    """Who tried to sign in."""
    recipients: list[list[str]] = field(default_factory=list)

    def __enter__(self) -> "MailServer":
        self.port = free_port()
        self._controller = Controller(
            self,
            hostname="127.0.0.1",
            port=self.port,
            auth_require_tls=False,
            auth_exclude_mechanism=["LOGIN"],
            authenticator=self._knows,
            tls_context=self._context(),
            ready_timeout=60,
        )
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    def _context(self) -> ssl.SSLContext | None:
        if self.tls is None:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*self.tls)
        return context

    def _knows(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
        assert isinstance(given, LoginPassword)
        self.names.append(given.login.decode())
        is_known = (given.login, given.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=is_known, handled=False)

    async def handle_DATA(self, _server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802 (its own name)
        if not session.authenticated:
            return "530 Who are you?"
        self.asked += 1
        if self.busy > 0:
            self.busy -= 1
            return "451 Try again later"
        letter = email.message_from_bytes(envelope.original_content or b"", policy=email.policy.default)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        self.recipients.append(envelope.rcpt_tos)
        return "250 OK"
