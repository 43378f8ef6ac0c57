"""Sign-ins in a browser: a random secret in a cookie, its SHA-256 in a row. Deleting the row signs out at once.

Guessing is throttled by counting failures per e-mail and per address. A failure is counted before the password is
looked at and taken back when it was right, so a thousand guesses at the same moment are not one.
"""

import hashlib
import ipaddress
import math
import secrets
from datetime import datetime, timedelta
from functools import lru_cache

from sqlmodel import Session as Db
from sqlmodel import col, delete, select, update

from images_app.core import users
from images_app.core.access import Viewer
from images_app.database import Database
from images_app.errors import BadCredentials, TooManyAttempts, Unauthenticated
from images_app.models import Session, SignInFailure, User, now

LIFETIME = timedelta(days=30)
"""Since the last use."""
_USE_NOTED_EVERY = timedelta(hours=1)

THROTTLE_WINDOW = timedelta(minutes=15)
FAILURES_PER_EMAIL = 10
FAILURES_PER_ADDRESS = 100
"""Larger: a company or a school may sit behind one address."""


def sign_in(
    database: Database, email: str, password: str, *, address: str = "", user_agent: str = ""
) -> tuple[str, Viewer]:
    """A new session: its secret, and who it is. Raises BadCredentials or TooManyAttempts.

    Costs the same and says the same whether or not the e-mail is known.
    """
    with database.write() as db:
        attempt = _count_attempt(db, email, address)
        user = users.find(db, email)
    known = user.password_hash if user is not None else None
    is_right = users.verify_password(known or _nobody(), password)
    if user is None or known is None or not is_right:
        raise BadCredentials
    fresh = users.hash_password(password) if users.is_outdated(known) else None
    with database.write() as db:
        # Only if the password is still the one that was checked.
        unchanged = update(User).where(col(User.id) == user.id, col(User.password_hash) == known)
        if db.exec(unchanged.values(password_hash=fresh or known)).rowcount != 1:
            raise BadCredentials
        db.exec(
            delete(SignInFailure).where(
                (col(SignInFailure.subject) == _email_subject(email)) | col(SignInFailure.id).in_(attempt)
            )
        )
        return open(db, user, user_agent)


@lru_cache(maxsize=1)
def _nobody() -> str:
    """The hash that stands in for the password of a user who does not exist."""
    return users.hash_password(secrets.token_urlsafe(32))


def _count_attempt(db: Db, email: str, address: str) -> list[int]:
    """Count this attempt as failed for now; the ids of its rows. Raises TooManyAttempts when it is one too many."""
    at = now()
    db.exec(delete(SignInFailure).where(col(SignInFailure.at) <= at - THROTTLE_WINDOW))
    bounds = {_email_subject(email): FAILURES_PER_EMAIL}
    if network := _network(address):
        bounds[f"address:{network}"] = FAILURES_PER_ADDRESS
    for subject, most in bounds.items():
        _refuse_over(db, subject, most, at)
    rows = [SignInFailure(subject=subject, at=at) for subject in bounds]
    db.add_all(rows)
    db.flush()
    return [row.id for row in rows if row.id is not None]


def _refuse_over(db: Db, subject: str, most: int, at: datetime) -> None:
    recent = db.exec(
        select(SignInFailure.at)
        .where(SignInFailure.subject == subject)
        .order_by(col(SignInFailure.at).desc())
        .limit(most)
    ).all()
    if len(recent) == most:
        wait = (recent[-1] + THROTTLE_WINDOW - at).total_seconds()
        raise TooManyAttempts("Too many failed sign-ins. Wait a while and try again.", max(1, math.ceil(wait)))


def _email_subject(email: str) -> str:
    return f"email:{users.normal_email(email)[: users.MAX_EMAIL]}"


def _network(address: str) -> str | None:
    """Whom an address stands for: itself, or the /64 of IPv6. None for a local one, which may be a proxy in front."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return None
    if not ip.is_global:
        return None
    return str(ipaddress.ip_network((ip, 64), strict=False)) if ip.version == 6 else str(ip)


def open(db: Db, user: User, user_agent: str = "") -> tuple[str, Viewer]:
    """A new session of this user, who has proved who they are: its secret, and who it is."""
    at = now()
    db.exec(delete(Session).where(col(Session.user_id) == user.id, col(Session.expires_at) <= at))
    secret = secrets.token_urlsafe(32)
    row = Session(secret_hash=_hash(secret), user_id=user.id, user_agent=user_agent[:255], expires_at=at + LIFETIME)
    db.add(row)
    db.flush()
    return secret, _viewer_of(row, user)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _viewer_of(row: Session, user: User) -> Viewer:
    return Viewer(user.id, user.email, user.is_admin, "session", row.id, used_at=row.last_used_at)


def viewer(session: Db, secret: str) -> Viewer:
    """Whose session this is. Raises Unauthenticated when it ended, ran out or never was."""
    found = session.exec(
        select(Session, User)
        .join(User, col(User.id) == Session.user_id)
        .where(Session.secret_hash == _hash(secret), col(Session.expires_at) > now())
    ).first()
    if found is None:
        raise Unauthenticated("Your session has ended. Sign in again.")
    return _viewer_of(*found)


def is_use_due(viewer: Viewer) -> bool:
    """Whether the session was last recorded as used long enough ago to do it again."""
    return viewer.used_at is None or viewer.used_at <= now() - _USE_NOTED_EVERY


def note_use(session: Db, viewer: Viewer) -> None:
    """Record the use, from which the session lives for another LIFETIME."""
    at = now()
    session.exec(
        update(Session).where(col(Session.id) == viewer.credential_id).values(last_used_at=at, expires_at=at + LIFETIME)
    )


def end(session: Db, viewer: Viewer) -> None:
    """Sign out of the session that the viewer came with; no error when it ended meanwhile."""
    session.exec(delete(Session).where(col(Session.id) == viewer.credential_id))
