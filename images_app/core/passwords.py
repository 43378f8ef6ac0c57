"""How people get and change their passwords: one-time links, and by knowing the present one.

A link's secret is shown once or mailed, and only its SHA-256 is kept. A mailed one is made at the moment the letter is
written (`write_letter`), so that it is never at rest anywhere in plain.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session, col, delete, select, update

from images_app.core import access, events, letters, sessions, throttle, users
from images_app.core.access import Viewer
from images_app.core.letters import Letter
from images_app.core.provisioning import Queue
from images_app.database import Database, lock
from images_app.errors import Conflict, FieldError, InvalidParameter, NotFound, WrongPassword
from images_app.models import PasswordLink, User, now

LIFETIMES = {"invite": timedelta(days=7), "reset": timedelta(hours=24)}


@dataclass(frozen=True)
class Link:
    """A link that was just made."""

    row: PasswordLink
    email: str
    secret: str | None
    """None when it goes by mail."""


def make_link(session: Session, queue: Queue, user: User, *, actor_id: str | None, by_mail: bool) -> Link:
    """A link with which this user sets a password: an invitation while they have none. Older ones end."""
    lock(session, f"password links {user.id}")
    session.exec(delete(PasswordLink).where(col(PasswordLink.user_id) == user.id))
    purpose = "invite" if user.password_hash is None else "reset"
    secret = None if by_mail else secrets.token_urlsafe(32)
    row = PasswordLink(
        user_id=user.id,
        purpose=purpose,
        secret_hash=None if secret is None else _hash(secret),
        expires_at=now() + LIFETIMES[purpose],
    )
    session.add(row)
    session.flush()
    if by_mail:
        queue.mail_link(session, row.id, 1)
    about = {"userId": user.id, "email": user.email, "purpose": purpose}
    events.record_account(session, "password.link_made", actor_id=actor_id, data=about)
    return Link(row, user.email, secret)


def make_link_for(session: Session, queue: Queue, viewer: Viewer, user_id: str, *, by_mail: bool) -> Link:
    """The same by an admin in person: whoever has the link can become that user. Raises Forbidden, NotFound."""
    access.require_admin(viewer)
    access.require_person(viewer)
    user = session.get(User, user_id)
    if user is None:
        raise NotFound
    return make_link(session, queue, user, actor_id=viewer.user_id, by_mail=by_mail)


def forgotten(database: Database, queue: Queue, email: str, *, address: str = "", by_mail: bool) -> None:
    """Mail a link to whoever has this address; says nothing about whether anybody has.

    Raises Conflict when the server sends no mail, TooManyAttempts.
    """
    if not by_mail:
        raise Conflict("This server sends no mail. Ask an admin for a link to set a new password.")
    with database.write() as session:
        throttle.count(session, throttle.by_letter(email, address))
        user = users.find(session, email)
        if user is not None:
            make_link(session, queue, user, actor_id=None, by_mail=True)


def find(session: Session, secret: str) -> tuple[PasswordLink, User]:
    """The link and whose it is. Raises NotFound when it was used, ran out or never was."""
    found = session.exec(
        select(PasswordLink, User)
        .join(User, col(User.id) == PasswordLink.user_id)
        .where(PasswordLink.secret_hash == _hash(secret), col(PasswordLink.expires_at) > now())
    ).first()
    if found is None:
        raise NotFound("This link was used already, or has run out. Ask for another one.")
    return found


def set_by_link(
    database: Database, secret: str, password: str, *, address: str = "", user_agent: str = ""
) -> tuple[str, Viewer]:
    """Use a link: the password is set, every session of the user ends and a new one begins; its secret, and who it is.

    Raises NotFound, InvalidParameter for a password that cannot be used, TooManyAttempts.
    """
    with database.write() as session:
        attempt = throttle.count(session, throttle.by_address(address))
    with database.read() as session:  # not in that transaction: what fails here would take the count back
        find(session, secret)
    password_hash = users.new_password(password)
    with database.write() as session:
        link, user = find(session, secret)
        # Decided by the DELETE: of two who use the link at once, one sets the password.
        if session.exec(delete(PasswordLink).where(col(PasswordLink.id) == link.id)).rowcount == 0:
            raise NotFound
        _replace(session, user, password_hash, how="link", actor_id=user.id)
        throttle.forgive(session, attempt, user.email)
        return sessions.open(session, user, user_agent)


def change(database: Database, viewer: Viewer, current: str, new: str, *, address: str = "") -> None:
    """Change one's own password; every other session ends.

    Raises Forbidden for a token, WrongPassword, InvalidParameter for a new one that cannot be used, TooManyAttempts.
    """
    access.require_person(viewer)
    try:
        password_hash = users.new_password(new)
    except InvalidParameter as error:
        raise InvalidParameter(error.detail, (FieldError("/new", error.detail),)) from None
    with database.write() as session:
        attempt = throttle.count(session, throttle.by_email(viewer.email, address))
        known = session.get_one(User, viewer.user_id).password_hash
    if known is None or not users.verify_password(known, current):
        raise WrongPassword("That is not your present password.", (FieldError("/current", "Not your password."),))
    with database.write() as session:
        unchanged = update(User).where(col(User.id) == viewer.user_id, col(User.password_hash) == known)
        if session.exec(unchanged.values(password_hash=password_hash)).rowcount != 1:
            raise Conflict("Your password was changed elsewhere at this moment.")
        user = session.get_one(User, viewer.user_id)
        _replace(session, user, password_hash, how="changed", actor_id=user.id, but=viewer.credential_id)
        throttle.forgive(session, attempt, user.email)


def _replace(
    session: Session, user: User, password_hash: str, *, how: str, actor_id: str, but: str | None = None
) -> None:
    """The new password holds, and whatever the old one opened is closed."""
    user.password_hash = password_hash
    session.add(user)
    session.exec(delete(PasswordLink).where(col(PasswordLink.user_id) == user.id))
    sessions.end_of(session, user.id, actor_id=actor_id, but=but)
    about = {"userId": user.id, "email": user.email, "how": how}
    events.record_account(session, "password.changed", actor_id=actor_id, data=about)


def write_letter(session: Session, link_id: str, page: str) -> Letter | None:
    """The letter with a fresh secret of this link, whose older ones end with that; None when the link has ended.

    `page`: the address of the page where a password is set.
    """
    link = session.get(PasswordLink, link_id, with_for_update=True)
    if link is None or link.expires_at <= now():
        return None
    secret = secrets.token_urlsafe(32)
    link.secret_hash = _hash(secret)
    session.add(link)
    user = session.get_one(User, link.user_id)
    return letters.about_password(user.email, link.purpose, url(page, secret), link.expires_at)


def url(page: str, secret: str) -> str:
    """The link itself. The secret is in the fragment, which browsers send to no server and put in no log."""
    return f"{page}#{secret}"


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
