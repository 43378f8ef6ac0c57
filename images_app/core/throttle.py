"""Guessing is throttled by counting failures per subject (an e-mail, an address) over a quarter of an hour.

A failure is counted before the guess is looked at and taken back when it was right, so a thousand guesses at the same
moment are not one.
"""

import ipaddress
import math
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, delete, select

from images_app.core import users
from images_app.database import lock
from images_app.errors import TooManyAttempts
from images_app.models import SignInFailure, now

WINDOW = timedelta(minutes=15)
FAILURES_PER_EMAIL = 10
FAILURES_PER_ADDRESS = 100
"""Larger: a company or a school may sit behind one address."""
LETTERS_PER_EMAIL = 3
"""Forgotten passwords: each sends a letter to somebody who may not have asked for it."""


def email_subject(email: str) -> str:
    """The subject of guesses at the password of an e-mail address."""
    return f"email:{users.normal_email(email)[: users.MAX_EMAIL]}"


def by_email(email: str, address: str) -> dict[str, int]:
    """The bounds of guesses at a password."""
    return {email_subject(email): FAILURES_PER_EMAIL, **by_address(address)}


def by_letter(email: str, address: str) -> dict[str, int]:
    """The bounds of letters that somebody asks for without having signed in."""
    subject = f"letter:{users.normal_email(email)[: users.MAX_EMAIL]}"
    return {subject: LETTERS_PER_EMAIL, **by_address(address)}


def by_address(address: str) -> dict[str, int]:
    """The bound of an address; none for a local one, which may be a proxy in front."""
    network = _network(address)
    return {} if network is None else {f"address:{network}": FAILURES_PER_ADDRESS}


def count(session: Session, bounds: Mapping[str, int]) -> list[int]:
    """Count an attempt as failed for now, for each subject; the ids to `forgive`. Raises TooManyAttempts when it is
    one too many for any of them."""
    at = now()
    lock(session, *bounds)
    old = col(SignInFailure.subject).in_(bounds), col(SignInFailure.at) <= at - WINDOW
    session.exec(delete(SignInFailure).where(*old))
    for subject, most in bounds.items():
        _refuse_over(session, subject, most, at)
    rows = [SignInFailure(subject=subject, at=at) for subject in bounds]
    session.add_all(rows)
    session.flush()
    return [row.id for row in rows if row.id is not None]


def forgive(session: Session, attempt: Collection[int], email: str | None = None) -> None:
    """The attempt was right: it is not counted, and neither is any other for this e-mail."""
    which: ColumnElement[bool] = col(SignInFailure.id).in_(attempt)
    if email is not None:
        lock(session, email_subject(email))
        which |= col(SignInFailure.subject) == email_subject(email)
    session.exec(delete(SignInFailure).where(which))


def _refuse_over(session: Session, subject: str, most: int, at: datetime) -> None:
    recent = session.exec(
        select(SignInFailure.at)
        .where(SignInFailure.subject == subject)
        .order_by(col(SignInFailure.at).desc())
        .limit(most)
    ).all()
    if len(recent) == most:
        wait = (recent[-1] + WINDOW - at).total_seconds()
        raise TooManyAttempts("Too many attempts that failed. Wait a while and try again.", max(1, math.ceil(wait)))


def _network(address: str) -> str | None:
    """Whom an address stands for: itself, or the /64 of IPv6. None for a local one."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return None
    if not ip.is_global:
        return None
    return str(ipaddress.ip_network((ip, 64), strict=False)) if ip.version == 6 else str(ip)
