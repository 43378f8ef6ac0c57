"""Bearer tokens: made by a person, shown once, kept as a SHA-256.

A secret is `aeo_`, 30 random characters and a checksum of 6, all base 62: secret scanners know it by its form, and a
mistyped one is refused without a look at the database. What a token may do is the smaller of its scopes and its
owner's role at the moment it is used.
"""

import hashlib
import secrets
import string
import zlib
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import bindparam
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, func, select, update

from images_app.core import events, paging
from images_app.core.access import SCOPES, Scope, Viewer, require_person, role_in
from images_app.core.paging import Listing, Page, Window
from images_app.database import lock
from images_app.errors import Conflict, FieldError, InvalidParameter, NotFound, Unauthenticated
from images_app.models import Token, User, now, table
from images_app.prepared import Prepared

KIND = paging.by_id("tok")
_LIST: Listing[Token] = Listing(KIND, Token, select(Token), lambda token: token.id)
PREFIX = "aeo_"
MAX_PER_USER = 1000
_RANDOM = 30
_CHECKSUM = 6
_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_HINT = 8
_USE_NOTED_EVERY = timedelta(minutes=1)


def create(
    session: Session,
    user: User,
    *,
    name: str,
    scopes: Collection[str] = SCOPES,
    workspace_ids: Collection[str] | None = None,
    expires_at: datetime | None = None,
) -> tuple[Token, str]:
    """A new token of this user and its secret, which exists nowhere else.

    Raises InvalidParameter, NotFound (a workspace that the user cannot see) or Conflict (they have too many).
    """
    _require_room(session, user)
    if expires_at is not None and expires_at <= now():
        raise _fault("/expiresAt", "The token would have expired already.")
    secret = new_secret()
    token = Token(
        user_id=user.id,
        name=name,
        secret_hash=_hash(secret),
        hint=secret[:_HINT],
        scopes=_known_scopes(scopes),
        workspace_ids=None if workspace_ids is None else _visible(session, user, workspace_ids),
        expires_at=expires_at,
    )
    session.add(token)
    session.flush()
    about = {"tokenId": token.id, "name": name, "scopes": token.scopes, "workspaceIds": token.workspace_ids}
    events.record_account(session, "token.created", actor_id=user.id, data=about)
    return token, secret


def _require_room(session: Session, user: User) -> None:
    lock(session, f"tokens {user.id}")
    if _count(session, user.id) >= MAX_PER_USER:
        raise Conflict(f"You have {MAX_PER_USER} tokens, which is the most. Delete one first.")


def _count(session: Session, user_id: str) -> int:
    return session.exec(select(func.count()).select_from(Token).where(Token.user_id == user_id)).one()


def _known_scopes(scopes: Collection[str]) -> list[str]:
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise _fault("/scopes", f"Choose from {', '.join(SCOPES)}.")
    return [scope for scope in SCOPES if scope in scopes]


def _visible(session: Session, user: User, workspace_ids: Collection[str]) -> list[str]:
    if not workspace_ids:
        raise _fault("/workspaceIds", "Name at least one workspace, or leave this out for all of yours.")
    owner = Viewer(user.id, user.email, user.is_admin, "session", "")
    for workspace_id in workspace_ids:
        role_in(session, owner, workspace_id)
    return sorted(set(workspace_ids))


def _fault(pointer: str, detail: str) -> InvalidParameter:
    return InvalidParameter(detail, (FieldError(pointer, detail),))


def new_secret() -> str:
    """A fresh secret with its checksum."""
    body = PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))
    return body + _checksum(body)


def is_well_formed(secret: str) -> bool:
    """Whether this can be a secret at all: prefix, length, alphabet, checksum."""
    body, checksum = secret[:-_CHECKSUM], secret[-_CHECKSUM:]
    return (
        len(secret) == len(PREFIX) + _RANDOM + _CHECKSUM
        and secret.startswith(PREFIX)
        and set(secret.removeprefix(PREFIX)) <= set(_ALPHABET)
        and checksum == _checksum(body)
    )


def _checksum(body: str) -> str:
    number = zlib.crc32(body.encode())
    digits = ""
    for _ in range(_CHECKSUM):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


_TOKEN, _USER = table(Token).c, table(User).c
_BY_SECRET = Prepared(
    select_columns(
        *(_TOKEN[name] for name in ("id", "user_id", "scopes", "workspace_ids", "expires_at", "last_used_at")),
        _USER.email,
        _USER.is_admin,
    )
    .join(table(User), _USER.id == _TOKEN.user_id)
    .where(_TOKEN.secret_hash == bindparam("secret_hash"))
)


def viewer(session: Session, secret: str) -> Viewer:
    """Who uses this token. Raises Unauthenticated when it is unknown, revoked, expired or not a token."""
    found = _BY_SECRET.first(session, {"secret_hash": _hash(secret)}) if is_well_formed(secret) else None
    if found is None:
        raise Unauthenticated("This token is not valid.")
    id, user_id, given, workspace_ids, expires_at, last_used_at, email, is_admin = found
    if expires_at is not None and expires_at <= now():
        raise Unauthenticated("This token is not valid.")
    bound = None if workspace_ids is None else frozenset(workspace_ids)
    scopes: frozenset[Scope] = frozenset(scope for scope in SCOPES if scope in given)
    return Viewer(user_id, email, is_admin, "token", id, scopes, bound, last_used_at)


def is_use_due(viewer: Viewer) -> bool:
    """Whether the token was last recorded as used long enough ago to do it again."""
    return viewer.used_at is None or viewer.used_at <= now() - _USE_NOTED_EVERY


def note_use(session: Session, viewer: Viewer) -> None:
    """Record the use."""
    session.exec(update(Token).where(col(Token.id) == viewer.credential_id).values(last_used_at=now()))


def list_page(session: Session, viewer: Viewer, window: Window) -> Page[Token]:
    """The viewer's own tokens, newest first. Raises Forbidden for a token."""
    require_person(viewer)
    own = {"user_id": viewer.user_id}
    return paging.page(session, _LIST, [own], window, lambda: _count(session, viewer.user_id))


def revoke(session: Session, viewer: Viewer, token_id: str) -> None:
    """End one of the viewer's own tokens, at once. Raises NotFound, or Forbidden for a token."""
    require_person(viewer)
    own = select(Token).where(Token.id == token_id, Token.user_id == viewer.user_id)
    token = session.exec(own.with_for_update()).first()
    if token is None:
        raise NotFound
    session.delete(token)
    about = {"tokenId": token.id, "name": token.name}
    events.record_account(session, "token.revoked", actor_id=viewer.user_id, data=about)
