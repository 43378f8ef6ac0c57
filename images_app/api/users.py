"""People who may sign in, for admins."""

import anyio.to_thread
from fastapi import APIRouter, Response
from pydantic import Field

from images_app.api import links as password_links
from images_app.api.deps import PASSWORDS_AT_A_TIME, ViewerDep, WorldDep
from images_app.api.links import LinkShown
from images_app.api.lists import PageQuery, links, page_info
from images_app.api.reading import Look, ReadingRoute, reading
from images_app.api.schemas import Email, Input, PageInfo, Password, Schema, Timestamp, fails
from images_app.bootstrap import World
from images_app.core import access, passwords, users
from images_app.core.access import Viewer
from images_app.core.passwords import Link
from images_app.models import User

router = APIRouter(prefix="/users", tags=["users"], route_class=ReadingRoute)


class UserShown(Schema):
    """A user."""

    id: str
    email: str
    is_admin: bool = Field(description="Sees and manages everything.")
    is_pending: bool = Field(description="Has not set a password yet.")
    created_at: Timestamp


class UserMade(UserShown):
    """A new user, and the link that they need to sign in for the first time."""

    link: LinkShown | None = Field(description="Null when a password was given.")


class UserList(Schema):
    """Newest first."""

    data: list[UserShown]
    page_info: PageInfo


class NewUser(Input):
    """Who shall be able to sign in."""

    email: Email
    password: Password | None = Field(default=None, description="Left out, they set one by a link.")


@router.get("", responses=fails(400, 401, 403))
@reading
def list_users(look: Look, query: PageQuery) -> UserList:
    """List everybody who may sign in."""
    page = users.list_page(look.session, look.viewer, query.window)
    look.headers.update(links(look.request, page))
    return UserList(data=[_shown(user) for user in page.items], page_info=page_info(page))


@router.post("", status_code=201, responses=fails(400, 401, 403, 409))
async def create_user(wanted: NewUser, response: Response, world: WorldDep, viewer: ViewerDep) -> UserMade:
    """Add a user. Without a password the answer has a one-time link to set one."""
    user, link = await anyio.to_thread.run_sync(_create, wanted, world, viewer, limiter=PASSWORDS_AT_A_TIME)
    response.headers["Location"] = f"/api/users/{user.id}"
    shown_link = None if link is None else password_links.shown(world, link)
    return UserMade(**_shown(user).model_dump(), link=shown_link)


def _create(wanted: NewUser, world: World, viewer: Viewer) -> tuple[User, Link | None]:
    access.require_admin(viewer)
    password_hash = None if wanted.password is None else users.new_password(wanted.password)
    with world.database.write() as session:
        user = users.create_with_hash(session, wanted.email, password_hash, actor_id=viewer.user_id)
        if wanted.password is not None:
            return user, None
        by_mail = world.mail is not None
        return user, passwords.make_link(session, world.queue, user, actor_id=viewer.user_id, by_mail=by_mail)


@router.get("/{id}", responses=fails(401, 403, 404))
@reading
def get_user(look: Look, id: str) -> UserShown:
    """Get a user."""
    return _shown(users.get(look.session, look.viewer, id))


@router.post("/{id}/password-link", status_code=201, responses=fails(401, 403, 404))
def create_password_link(id: str, world: WorldDep, viewer: ViewerDep) -> LinkShown:
    """Make a one-time link with which a user sets a new password; older ones end. Not with a token."""
    with world.database.write() as session:
        link = passwords.make_link_for(session, world.queue, viewer, id, by_mail=world.mail is not None)
    return password_links.shown(world, link)


def _shown(user: User) -> UserShown:
    return UserShown(
        id=user.id,
        email=user.email,
        is_admin=user.is_admin,
        is_pending=user.password_hash is None,
        created_at=user.created_at,
    )
