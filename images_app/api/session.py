"""Signing in and out of the browser."""

import anyio.to_thread
from fastapi import APIRouter, Request, Response
from pydantic import Field

from images_app.api.deps import (
    PASSWORDS_AT_A_TIME,
    ViewerDep,
    WorldDep,
    peer,
    require_own_page,
    session_cookie,
)
from images_app.api.schemas import Input, Schema, fails
from images_app.core import sessions, users
from images_app.core.access import Viewer

router = APIRouter(prefix="/session", tags=["session"])


class Credentials(Input):
    """Who wants to sign in."""

    email: str = Field(max_length=users.MAX_EMAIL, examples=["you@example.com"])
    password: str = Field(max_length=users.MAX_PASSWORD)


class SignedInUser(Schema):
    """Who signed in."""

    id: str
    email: str
    is_admin: bool


class SignedIn(Schema):
    """The answer to a successful sign-in; the session itself is in the cookie."""

    user: SignedInUser


@router.post("", responses=fails(400, 401, 403, 429))
async def sign_in(credentials: Credentials, request: Request, response: Response, world: WorldDep) -> SignedIn:
    """Sign in. The answer sets an HttpOnly cookie; scripts should use a token instead."""
    require_own_page(request, world)

    def check() -> tuple[str, Viewer]:
        return sessions.sign_in(
            world.database,
            credentials.email,
            credentials.password,
            address=peer(request),
            user_agent=request.headers.get("user-agent", ""),
        )

    secret, viewer = await anyio.to_thread.run_sync(check, limiter=PASSWORDS_AT_A_TIME)
    response.headers["Set-Cookie"] = session_cookie(request, world, secret)
    return signed_in(viewer)


def signed_in(viewer: Viewer) -> SignedIn:
    """The answer to whoever just signed in."""
    return SignedIn(user=SignedInUser(id=viewer.user_id, email=viewer.email, is_admin=viewer.is_admin))


@router.delete("", status_code=204, responses=fails(401, 403))
def sign_out(request: Request, response: Response, world: WorldDep, viewer: ViewerDep) -> None:
    """Sign out: the session ends everywhere at once."""
    with world.database.write() as session:
        sessions.end(session, viewer)
    response.headers["Set-Cookie"] = session_cookie(request, world, "")
