"""Who belongs to a workspace. Everybody in it may look; owners and admins change it."""

from fastapi import APIRouter, Response
from pydantic import Field

from images_app.api import links as password_links
from images_app.api.deps import ViewerDep, WorldDep
from images_app.api.links import LinkShown
from images_app.api.lists import PageQuery, links, page_info
from images_app.api.reading import Look, ReadingRoute, reading
from images_app.api.schemas import Email, Input, PageInfo, Schema, Success, Timestamp, fails
from images_app.core import members
from images_app.core.access import Role
from images_app.core.members import Member

router = APIRouter(prefix="/workspaces/{id}/members", tags=["members"], route_class=ReadingRoute)


class MemberShown(Schema):
    """A member."""

    user_id: str
    email: str
    role: Role
    is_pending: bool = Field(description="Has not set a password yet.")
    created_at: Timestamp = Field(description="Since when they are a member.")


class MemberList(Schema):
    """Newest user first."""

    data: list[MemberShown]
    page_info: PageInfo


class NewRole(Input):
    """What somebody may do: an `owner` everything, an `editor` all but manage, a `viewer` look."""

    role: Role


class Invitation(NewRole):
    """Whom to add, and as what."""

    email: Email


class Invited(Schema):
    """The new member, and the link that they need to sign in for the first time."""

    member: MemberShown
    link: LinkShown | None = Field(description="Null for somebody who was known already.")


@router.get("", responses=fails(400, 401, 403, 404))
@reading
def list_members(look: Look, id: str, query: PageQuery) -> MemberList:
    """List the members of a workspace."""
    page = members.list_page(look.session, look.viewer, id, query.window)
    look.headers.update(links(look.request, page))
    return MemberList(data=[_shown(member) for member in page.items], page_info=page_info(page))


@router.post("", status_code=201, responses=fails(400, 401, 403, 404, 409))
def invite_member(id: str, wanted: Invitation, response: Response, world: WorldDep, viewer: ViewerDep) -> Invited:
    """Add a person by e-mail address. One who is not known yet gets a link to set a password."""
    with world.database.write() as session:
        member, link = members.invite(
            session, world.queue, viewer, id, wanted.email, wanted.role, by_mail=world.mail is not None
        )
    response.headers["Location"] = f"/api/workspaces/{id}/members/{member.user.id}"
    return Invited(member=_shown(member), link=None if link is None else password_links.shown(world, link))


@router.put("/{user_id}", responses=fails(400, 401, 403, 404, 409))
def put_member(id: str, user_id: str, wanted: NewRole, world: WorldDep, viewer: ViewerDep) -> MemberShown:
    """Add a user, or change their role. The last owner stays one."""
    with world.database.write() as session:
        member = members.put(session, viewer, id, user_id, wanted.role)
    return _shown(member)


@router.delete("/{user_id}", responses=fails(401, 403, 404, 409))
def remove_member(id: str, user_id: str, world: WorldDep, viewer: ViewerDep) -> Success:
    """Take somebody out of a workspace, or leave it. It holds at once; the last owner cannot leave."""
    with world.database.write() as session:
        members.remove(session, viewer, id, user_id)
    return Success()


def _shown(member: Member) -> MemberShown:
    return MemberShown(
        user_id=member.user.id,
        email=member.user.email,
        role=member.membership.role,
        is_pending=member.user.password_hash is None,
        created_at=member.membership.created_at,
    )
