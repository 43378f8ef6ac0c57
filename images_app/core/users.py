"""People: who there is, and how their passwords are kept."""

import re
import unicodedata
from collections.abc import Collection

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlmodel import Session, col, select

from images_app import ids
from images_app.core import access, counters, events, paging, workspaces
from images_app.core.access import Viewer
from images_app.core.paging import Listing, Page, Window
from images_app.database import lock
from images_app.errors import Conflict, FieldError, InvalidParameter, NotFound
from images_app.models import User

MAX_EMAIL = 320
MAX_PASSWORD = 1024
MIN_PASSWORD = 8
FIRST_WORKSPACE = "My workspace"
KIND = paging.by_id("usr")
_LIST: Listing[User] = Listing(KIND, User, select(User), lambda user: user.id)

_ATOM = r"[^\s@<>()\[\]\\,;:\"\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffd]+"
_EMAIL = re.compile(f"{_ATOM}@{_ATOM}")
"""Without what would make it another address, or more than one, in the header of a letter (RFC 5322, specials)."""
_HASHER = PasswordHasher()


def normal_email(email: str) -> str:
    """The one form in which an address is stored and compared. PostgreSQL takes no NUL, so there is none in it."""
    return unicodedata.normalize("NFC", email.replace("\0", "\ufffd")).strip().lower()


def valid_email(email: str) -> str:
    """The normal form of an address that can belong to somebody. Raises InvalidParameter."""
    normal = normal_email(email)
    if len(normal) > MAX_EMAIL or not _EMAIL.fullmatch(normal):
        raise InvalidParameter("This is not an e-mail address.", (FieldError("/email", "Not an e-mail address."),))
    return normal


def hash_password(password: str) -> str:
    """Argon2id; takes some 50 ms and 64 MiB, so never while a write transaction is open on a running server."""
    if len(password) > MAX_PASSWORD:
        raise _bad_password(f"A password may have at most {MAX_PASSWORD} characters.")
    if not password:
        raise _bad_password("The password is empty.")
    return _HASHER.hash(password)


def new_password(password: str) -> str:
    """The hash of a password that somebody chooses for themselves. Raises InvalidParameter when it is too short."""
    if len(password) < MIN_PASSWORD:
        raise _bad_password(f"A password needs at least {MIN_PASSWORD} characters.")
    return hash_password(password)


def _bad_password(reason: str) -> InvalidParameter:
    return InvalidParameter(reason, (FieldError("/password", reason),))


def verify_password(password_hash: str, password: str) -> bool:
    """Whether the password belongs to the hash. As slow as `hash_password`, right or wrong."""
    try:
        return _HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(password_hash: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return _HASHER.check_needs_rehash(password_hash)


def find(session: Session, email: str) -> User | None:
    """The user with this address, however it is written."""
    return session.exec(select(User).where(User.email == normal_email(email))).first()


def by_email(session: Session, email: str) -> User:
    """The user with this address. Raises NotFound."""
    user = find(session, email)
    if user is None:
        raise NotFound("There is no user with this e-mail address.")
    return user


def emails(session: Session, user_ids: Collection[str]) -> dict[str, str]:
    """The addresses of these users, to show who did something; unknown ids are left out."""
    return dict(session.exec(select(User.id, User.email).where(col(User.id).in_(user_ids))).all())


def list_page(session: Session, viewer: Viewer, window: Window) -> Page[User]:
    """Everybody there is, newest first. Raises Forbidden for all but admins."""
    access.require_admin(viewer)
    return paging.page(session, _LIST, [{}], window, lambda: counters.total(session, [counters.SERVER], "users"))


def get(session: Session, viewer: Viewer, user_id: str) -> User:
    """A user, for admins. Raises Forbidden, NotFound."""
    access.require_admin(viewer)
    user = session.get(User, user_id) if ids.is_id(user_id, "usr") else None
    if user is None:
        raise NotFound
    return user


def create(
    session: Session, email: str, password: str | None, *, is_admin: bool = False, actor_id: str | None = None
) -> User:
    """Add a user; without a password nobody can sign in as them yet. Raises InvalidParameter, Conflict."""
    password_hash = None if password is None else new_password(password)
    return create_with_hash(session, email, password_hash, is_admin=is_admin, actor_id=actor_id)


def create_with_hash(
    session: Session, email: str, password_hash: str | None, *, is_admin: bool = False, actor_id: str | None = None
) -> User:
    """The same with a password hashed before, which takes too long for a transaction of a running server."""
    normal = valid_email(email)
    lock(session, f"user {normal}")
    if find(session, normal) is not None:
        raise Conflict("There is already a user with this e-mail address.")
    user = User(email=normal, password_hash=password_hash, is_admin=is_admin)
    session.add(user)
    session.flush()
    counters.add(session, counters.SERVER, "users", 1)
    about = {"userId": user.id, "email": user.email}
    events.record_account(session, "user.created", actor_id=actor_id, data=about)
    return user


def ensure_admin(session: Session, email: str) -> User | None:
    """Make the first admin and their workspace when there is no user at all; else None and nothing happens."""
    lock(session, "first admin")
    if session.exec(select(User.id).limit(1)).first() is not None:
        return None
    admin = create(session, email, None, is_admin=True)
    workspaces.create(session, admin.id, FIRST_WORKSPACE)
    return admin


def without_password(session: Session, email: str) -> User | None:
    """The user with this address, if they have no password yet; locked, so that one gives them one."""
    query = select(User).where(User.email == normal_email(email), col(User.password_hash).is_(None))
    return session.exec(query.with_for_update()).first()


def set_password(session: Session, user: User, password: str) -> None:
    """Give a user a password that an operator chose. Raises InvalidParameter when it cannot be used."""
    user.password_hash = hash_password(password)
    session.add(user)
