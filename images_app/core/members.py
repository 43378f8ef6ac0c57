"""Who belongs to a workspace, and as what. Roles are read anew with every request, so a change holds at once."""

from dataclasses import dataclass

from sqlmodel import Session, col, select

from images_app import ids
from images_app.core import access, counters, events, paging, passwords, users
from images_app.core.access import Role, Viewer
from images_app.core.paging import Listing, Page, Window
from images_app.core.passwords import Link
from images_app.core.provisioning import Queue
from images_app.errors import Conflict, LastOwner, NotFound
from images_app.models import Membership, User, Workspace

KIND = paging.by_id("usr")
_LIST: Listing[tuple[Membership, User]] = Listing(
    KIND,
    Membership,
    select(Membership, User).join(User, col(User.id) == Membership.user_id),
    lambda row: row[1].id,
    key="user_id",
)


@dataclass(frozen=True)
class Member:
    """A user in a workspace."""

    membership: Membership
    user: User


def list_page(session: Session, viewer: Viewer, workspace_id: str, window: Window) -> Page[Member]:
    """The members of a workspace, for every one of them; newest user first. Raises NotFound, Forbidden."""
    access.require(session, viewer, workspace_id, "read")
    here = {"workspace_id": workspace_id}
    page = paging.page(session, _LIST, [here], window, lambda: counters.total(session, [workspace_id], "members"))
    return page.map(lambda row: Member(*row))


def put(session: Session, viewer: Viewer, workspace_id: str, user_id: str, role: Role) -> Member:
    """Add a user, or change their role. Raises NotFound, Forbidden, LastOwner."""
    _claim(session, viewer, workspace_id)
    user = session.get(User, user_id) if ids.is_id(user_id, "usr") else None
    if user is None:
        raise NotFound
    present = session.get(Membership, (workspace_id, user_id))
    if present is None:
        return _add(session, viewer, workspace_id, user, role)
    if present.role != role:
        _keep_an_owner(session, present)
        about = {"userId": user.id, "email": user.email, "role": role, "before": present.role}
        present.role = role
        session.add(present)
        events.record(session, "member.role_changed", workspace_id, actor_id=viewer.user_id, data=about)
    return Member(present, user)


def invite(
    session: Session, queue: Queue, viewer: Viewer, workspace_id: str, email: str, role: Role, *, by_mail: bool
) -> tuple[Member, Link | None]:
    """Add a person by e-mail address; one who is not known yet is made, with a link to set a password.

    Of a person who was known already no link is shown: it would let a stranger's workspace take their account over.
    By mail it goes to themselves, so then whoever has no password yet gets another. Raises NotFound, Forbidden,
    InvalidParameter, Conflict when they are a member.
    """
    _claim(session, viewer, workspace_id)
    user = users.find(session, users.valid_email(email))
    is_new = user is None
    if user is None:
        user = users.create(session, email, None, actor_id=viewer.user_id)
    elif session.get(Membership, (workspace_id, user.id)) is not None:
        raise Conflict("This person is a member already.")
    member = _add(session, viewer, workspace_id, user, role)
    if is_new or (by_mail and user.password_hash is None):
        return member, passwords.make_link(session, queue, user, actor_id=viewer.user_id, by_mail=by_mail)
    return member, None


def remove(session: Session, viewer: Viewer, workspace_id: str, user_id: str) -> None:
    """Take somebody out of a workspace; everybody may take out themselves. Raises NotFound, Forbidden, LastOwner."""
    if user_id == viewer.user_id:
        _lock(session, workspace_id)
        access.role_in(session, viewer, workspace_id)
        access.require_full(viewer)
    else:
        _claim(session, viewer, workspace_id)
    found = session.get(Membership, (workspace_id, user_id))
    if found is None:
        raise NotFound
    _keep_an_owner(session, found)
    about = {"userId": user_id, "email": session.get_one(User, user_id).email, "role": found.role}
    session.delete(found)
    counters.add(session, workspace_id, "members", -1)
    events.record(session, "member.removed", workspace_id, actor_id=viewer.user_id, data=about)


def _claim(session: Session, viewer: Viewer, workspace_id: str) -> None:
    """The right to change who belongs to a workspace, one at a time. Raises NotFound, Forbidden."""
    _lock(session, workspace_id)
    access.require(session, viewer, workspace_id, "manage")


def _lock(session: Session, workspace_id: str) -> None:
    # Whoever uploads there goes on (`key_share`): only this and a change of the workspace itself wait.
    session.exec(select(Workspace.id).where(Workspace.id == workspace_id).with_for_update(key_share=True)).first()


def _add(session: Session, viewer: Viewer, workspace_id: str, user: User, role: Role) -> Member:
    membership = Membership(workspace_id=workspace_id, user_id=user.id, role=role)
    session.add(membership)
    counters.add(session, workspace_id, "members", 1)
    about = {"userId": user.id, "email": user.email, "role": role}
    events.record(session, "member.added", workspace_id, actor_id=viewer.user_id, data=about)
    return Member(membership, user)


def _keep_an_owner(session: Session, leaving: Membership) -> None:
    """Raise LastOwner when nobody would own the workspace without this one."""
    if leaving.role != "owner":
        return
    another = select(Membership.user_id).where(
        Membership.workspace_id == leaving.workspace_id,
        Membership.role == "owner",
        Membership.user_id != leaving.user_id,
    )
    if session.exec(another.limit(1)).first() is None:
        raise LastOwner("A workspace keeps at least one owner. Make somebody else an owner first.")
