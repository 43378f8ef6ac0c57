"""What endpoints are given: the world, and who is asking.

A bearer token wins over the cookie: with a bad token the request fails even if the cookie is good. A token in the
query string is not looked at. A cookie alone may change something only when the browser says that the request came
from our own page.
"""

import logging
from typing import Annotated
from urllib.parse import urlsplit

import anyio
from fastapi import Depends, Header, Request, Response
from sqlmodel import Session

from images_app.bootstrap import World
from images_app.core import sessions, tokens
from images_app.core.access import Viewer
from images_app.errors import DatabaseUnavailable, Forbidden, Unauthenticated

_log = logging.getLogger(__name__)

COOKIE = "aeontel_session"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


async def world(request: Request) -> World:
    """The world that the application was made with."""
    found: World = request.app.state.world
    return found


WorldDep = Annotated[World, Depends(world)]

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=255,
        pattern=r"^[\x20-\x7e]*$",
        description="The same key with the same request within a day answers what the first one made.",
    ),
]
PASSWORDS_AT_A_TIME = anyio.CapacityLimiter(2)
"""Working on a password costs a core and 64 MiB for a moment: a flood waits here, and others are not held up."""


def peer(request: Request) -> str:
    """The address that the request came from, as far as it is known."""
    return request.client.host if request.client else ""


def viewer(request: Request, world: WorldDep) -> Viewer:
    """Who is asking, for endpoints that write; `reading` has its own way. Raises Unauthenticated, or Forbidden for a
    write that another site's page sent."""
    with world.database.read() as session:
        found = identify(request, session)
    if found.via == "session" and request.method not in _SAFE:
        require_own_page(request, world)
    if is_use_due(found):
        note_use(request, world, found)
    return found


ViewerDep = Annotated[Viewer, Depends(viewer)]


def identify(request: Request, session: Session) -> Viewer:
    """Whose credential this request carries, as the database has it now: long answers ask again and again.

    Raises Unauthenticated.
    """
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return tokens.viewer(session, secret.strip())
    cookie = request.cookies.get(COOKIE)
    if not cookie:
        raise Unauthenticated("Send a bearer token or sign in.")
    return sessions.viewer(session, cookie)


def require_own_page(request: Request, world: World) -> None:
    """Refuse what another site's page made the browser send.

    Browsers name the sender's origin on every write. What names neither origin nor fetch site is not a browser, and
    has no cookie that somebody else could abuse.
    """
    site = request.headers.get("sec-fetch-site")
    sender = request.headers.get("origin") or request.headers.get("referer")
    if sender is not None:
        own = {request.headers.get("host", "").lower(), urlsplit(world.settings.public_url).netloc.lower()}
        if _place(sender) not in own - {""}:
            raise Forbidden("This request came from another site.")
    elif site not in (None, "same-origin", "none"):
        raise Forbidden("This request came from another site.")


def _place(address: str) -> str | None:
    """`host[:port]` of an origin or address; None when it has none (`null`, or nonsense)."""
    try:
        return urlsplit(address).netloc.lower() or None
    except ValueError:
        return None


def is_use_due(viewer: Viewer) -> bool:
    """Whether it is time to record again that the credential is in use."""
    return tokens.is_use_due(viewer) if viewer.via == "token" else sessions.is_use_due(viewer)


def note_use(request: Request, world: World, viewer: Viewer) -> None:
    """Record that the credential is in use; never a reason to fail the request itself."""
    credential = tokens if viewer.via == "token" else sessions
    try:
        with world.database.write() as session:
            credential.note_use(session, viewer)
    except DatabaseUnavailable:
        _log.warning("the use of %s could not be recorded", viewer.credential_id)
    else:
        if viewer.via == "session":
            request.state.set_cookies = [session_cookie(request, world, request.cookies[COOKIE])]


def session_cookie(request: Request, world: World, secret: str) -> str:
    """The `Set-Cookie` value that keeps a session in the browser; an empty secret removes it."""
    cookie = Response()
    cookie.set_cookie(
        COOKIE,
        secret,
        max_age=int(sessions.LIFETIME.total_seconds()) if secret else 0,
        path="/",
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https" or world.settings.public_url.startswith("https:"),
    )
    return cookie.headers["set-cookie"]
