"""Sign-ins in a browser: a random secret in a cookie, its SHA-256 in a row. Deleting the row signs out at once."""

import hashlib
import secrets
from datetime import timedelta
from functools import lru_cache

from sqlalchemy import bindparam
from sqlalchemy import select as select_columns
from sqlmodel import Session as Db
from sqlmodel import col, delete, select, update

from images_app.core import access, events, paging, throttle, users
from images_app.core.access import Viewer
from images_app.core.paging import Listing, Page, Window
from images_app.database import Database
from images_app.errors import BadCredentials, NotFound, Unauthenticated
from images_app.models import Session, User, now, table
from images_app.prepared import Prepared

KIND = paging.by_id("ses")
_SESSION, _USER = table(Session).c, table(User).c
_BY_DIGEST = Prepared(
    select_columns(_USER.id, _USER.email, _USER.is_admin, _SESSION.id, _SESSION.last_used_at)
    .join(table(User), _USER.id == _SESSION.user_id)
    .where(_SESSION.secret_hash == bindparam("digest"), _SESSION.expires_at > bindparam("now"))
)
_LIST: Listing[Session] = Listing(KIND, Session, select(Session), lambda row: row.id)
LIFETIME = timedelta(days=30)
"""Since the last use."""
MAX_PER_USER = 100
"""Whoever signs in once more is signed out where they signed in first."""
_USE_NOTED_EVERY = timedelta(hours=1)


def sign_in(
    database: Database, email: str, password: str, *, address: str = "", user_agent: str = ""
) -> tuple[str, Viewer]:
    """A new session: its secret, and who it is. Raises BadCredentials or TooManyAttempts.

    Costs the same and says the same whether or not the e-mail is known.
    """
    with database.write() as db:
        attempt = throttle.count(db, throttle.by_email(email, address))
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
        throttle.forgive(db, attempt, email)
        return open(db, user, user_agent)


@lru_cache(maxsize=1)
def _nobody() -> str:
    """The hash that stands in for the password of a user who does not exist."""
    return users.hash_password(secrets.token_urlsafe(32))


def open(db: Db, user: User, user_agent: str = "") -> tuple[str, Viewer]:
    """A new session of this user, who has proved who they are: its secret, and who it is."""
    at = now()
    db.exec(delete(Session).where(col(Session.user_id) == user.id, col(Session.expires_at) <= at))
    secret = secrets.token_urlsafe(32)
    row = Session(secret_hash=digest(secret), user_id=user.id, user_agent=user_agent[:255], expires_at=at + LIFETIME)
    db.add(row)
    db.flush()
    about = {"sessionId": row.id, "userAgent": row.user_agent}
    events.record_account(db, "session.started", actor_id=user.id, data=about)
    newest = select(Session.id).where(Session.user_id == user.id).order_by(col(Session.id).desc()).limit(MAX_PER_USER)
    _end(db, user.id, user.id, col(Session.id).not_in(newest))
    return secret, Viewer(user.id, user.email, user.is_admin, "session", row.id, used_at=row.last_used_at)


def digest(secret: str) -> str:
    """Under which the database knows a session; it opens nothing."""
    return hashlib.sha256(secret.encode()).hexdigest()


def viewer(session: Db, secret: str) -> Viewer:
    """Whose session this is. Raises Unauthenticated when it ended, ran out or never was."""
    return viewer_of(session, digest(secret))


def viewer_of(session: Db, digest: str) -> Viewer:
    """The same, for who is not to know the secret."""
    found = _BY_DIGEST.first(session, {"digest": digest, "now": now()})
    if found is None:
        raise Unauthenticated("Your session has ended. Sign in again.")
    user_id, email, is_admin, session_id, last_used_at = found
    return Viewer(user_id, email, is_admin, "session", session_id, used_at=last_used_at)


def is_use_due(viewer: Viewer) -> bool:
    """Whether the session was last recorded as used long enough ago to do it again."""
    return viewer.used_at is None or viewer.used_at <= now() - _USE_NOTED_EVERY


def note_use(session: Db, viewer: Viewer) -> None:
    """Record the use, from which the session lives for another LIFETIME."""
    at = now()
    session.exec(
        update(Session).where(col(Session.id) == viewer.credential_id).values(last_used_at=at, expires_at=at + LIFETIME)
    )


def list_page(session: Db, viewer: Viewer, window: Window) -> Page[Session]:
    """The viewer's own sign-ins that have not run out, newest first. Raises Forbidden for a token."""
    access.require_person(viewer)
    own = (col(Session.user_id) == viewer.user_id) & (col(Session.expires_at) > now())
    return paging.page_of(session, _LIST, window, own)


def end(session: Db, viewer: Viewer) -> None:
    """Sign out of the session that the viewer came with; no error when it ended meanwhile. Raises Forbidden for a
    token."""
    access.require_person(viewer)
    _end(session, viewer.user_id, viewer.user_id, col(Session.id) == viewer.credential_id)


def end_one(session: Db, viewer: Viewer, session_id: str) -> None:
    """Sign out of one of the viewer's own sessions. Raises NotFound, or Forbidden for a token."""
    access.require_person(viewer)
    if _end(session, viewer.user_id, viewer.user_id, col(Session.id) == session_id) == 0:
        raise NotFound


def end_all(session: Db, viewer: Viewer, *, others: bool = False) -> None:
    """Sign out everywhere, or everywhere else. Raises Forbidden for a token."""
    access.require_person(viewer)
    end_of(session, viewer.user_id, actor_id=viewer.user_id, but=viewer.credential_id if others else None)


def end_of(session: Db, user_id: str, *, actor_id: str, but: str | None = None) -> None:
    """Sign a user out everywhere, except of one session."""
    _end(session, user_id, actor_id, col(Session.id) != (but or ""))


def _end(session: Db, user_id: str, actor_id: str, which: object) -> int:
    """End these of a user's sessions; how many there were."""
    ended = session.exec(delete(Session).where(col(Session.user_id) == user_id, which)).rowcount  # type: ignore[arg-type]
    if ended:
        about = {"userId": user_id, "sessions": ended}
        events.record_account(session, "session.ended", actor_id=actor_id, data=about)
    return ended
