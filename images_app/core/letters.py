"""What the product writes to people by mail."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Letter:
    """One mail, plain text."""

    to: str
    subject: str
    text: str


class Mailer(Protocol):
    """A way to send letters."""

    def send(self, letter: Letter) -> None:
        """Hand the letter over. Raises MailError when the mail server does not take it now."""


_INVITE = """Hello,

you have been invited to Aeontel Images. Choose a password and you are in:

{url}

The link works once, until {until}.
If you did not expect this, there is nothing to do.
"""
_RESET = """Hello,

here is the link to set a new password for Aeontel Images:

{url}

It works once, until {until}. With the new password every other browser is signed out.
If you did not ask for this, ignore it: your password stays as it is.
"""


def about_password(to: str, purpose: str, url: str, expires_at: datetime) -> Letter:
    """The letter that carries a link to set a password; `purpose` is `invite` or `reset`."""
    is_invite = purpose == "invite"
    subject = "Your invitation to Aeontel Images" if is_invite else "Set a new password for Aeontel Images"
    until = f"{expires_at.day} {expires_at:%B %Y, %H:%M} UTC"
    return Letter(to, subject, (_INVITE if is_invite else _RESET).format(url=url, until=until))
