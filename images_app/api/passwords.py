"""Setting a password with a one-time link, and changing one's own."""

from typing import Literal

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
from images_app.api.schemas import Email, Input, Password, Schema, Success, Timestamp, fails
from images_app.api.session import SignedIn, signed_in
from images_app.core import passwords
from images_app.core.access import Viewer

router = APIRouter(tags=["session"])


class LinkToken(Input):
    """What follows the `#` of the link."""

    token: str = Field(max_length=100)


class NewPassword(LinkToken):
    """The link's token, and the password to set."""

    password: Password


class OwnPassword(Input):
    """One's present password, and the one to have from now on."""

    current: Password
    new: Password


class Forgotten(Input):
    """Who cannot sign in."""

    email: Email


class LinkChecked(Schema):
    """What a link is for."""

    email: str
    purpose: Literal["invite", "reset"]
    expires_at: Timestamp


@router.post("/password/check", responses=fails(400, 403, 404))
def check_password_link(wanted: LinkToken, request: Request, world: WorldDep) -> LinkChecked:
    """Whose password a link sets, while it can. It is not used up by this."""
    require_own_page(request, world)
    with world.database.read() as session:
        link, user = passwords.find(session, wanted.token)
    return LinkChecked(email=user.email, purpose=link.purpose, expires_at=link.expires_at)


@router.post("/password", responses=fails(400, 403, 404, 429))
async def set_password(wanted: NewPassword, request: Request, response: Response, world: WorldDep) -> SignedIn:
    """Set a password with a one-time link. Every other session ends, and the answer is a new one, in a cookie."""
    require_own_page(request, world)

    def use() -> tuple[str, Viewer]:
        agent = request.headers.get("user-agent", "")
        return passwords.set_by_link(
            world.database, wanted.token, wanted.password, address=peer(request), user_agent=agent
        )

    secret, viewer = await anyio.to_thread.run_sync(use, limiter=PASSWORDS_AT_A_TIME)
    response.headers["Set-Cookie"] = session_cookie(request, world, secret)
    return signed_in(viewer)


@router.post("/password/forgotten", status_code=202, responses=fails(400, 403, 409, 429))
def forget_password(wanted: Forgotten, request: Request, world: WorldDep) -> Success:
    """Have a link to set a new password mailed, if somebody has this address; the answer does not tell."""
    require_own_page(request, world)
    passwords.forgotten(
        world.database, world.queue, wanted.email, address=peer(request), by_mail=world.mail is not None
    )
    return Success()


@router.post("/me/password", responses=fails(400, 401, 403, 409, 429))
async def change_password(wanted: OwnPassword, request: Request, world: WorldDep, viewer: ViewerDep) -> Success:
    """Change your own password. Every other session ends. Not with a token."""

    def change() -> None:
        passwords.change(world.database, viewer, wanted.current, wanted.new, address=peer(request))

    await anyio.to_thread.run_sync(change, limiter=PASSWORDS_AT_A_TIME)
    return Success()
