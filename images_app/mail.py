"""Letters by SMTP (RFC 5321), with the standard library's client."""

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid
from typing import Literal

from images_app.core.letters import Letter
from images_app.errors import MailError

_WITHIN_S = 20.0


@dataclass(frozen=True)
class SmtpMailer:
    """A mail server that relays for us. One connection per letter: there are few."""

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    user: str
    password: str
    sender: str

    def send(self, letter: Letter) -> None:
        """Hand the letter over. Raises MailError when the server does not take it now."""
        try:
            with self._connect() as server:
                if self.security == "starttls":
                    server.starttls(context=ssl.create_default_context())
                if self.user:
                    server.login(self.user, self.password)
                server.send_message(self._message(letter))
        except (OSError, smtplib.SMTPException, ValueError) as error:  # ValueError: an address that no header can hold
            raise MailError(f"{type(error).__name__}: {error}") from error

    def _connect(self) -> smtplib.SMTP:
        if self.security == "tls":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(self.host, self.port, timeout=_WITHIN_S, context=context)
        return smtplib.SMTP(self.host, self.port, timeout=_WITHIN_S)

    def _message(self, letter: Letter) -> EmailMessage:
        message = EmailMessage(policy=SMTP)
        message["From"] = self.sender
        message["To"] = letter.to
        message["Subject"] = letter.subject
        message["Date"] = formatdate()
        message["Message-ID"] = make_msgid(domain=self.sender.rpartition("@")[2].rstrip(">") or None)
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(letter.text)
        return message
