"""Who is asking, what they may see and what they may do. Every read and every command starts here.

What lies outside the caller's scope does not exist for them: NotFound. What they can see but not do is Forbidden.
Roles are read from the database each time, so a removed member loses everything with the next question.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import bindparam, literal
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from images_app.errors import Forbidden, NotFound
from images_app.models import Membership, Workspace, table
from images_app.prepared import Prepared

Scope = Literal["read", "write", "delete"]
Role = Literal["owner", "editor", "viewer"]
Action = Literal["read", "write", "delete", "manage"]

SCOPES: tuple[Scope, ...] = get_args(Scope)
_ALLOWED: dict[str, frozenset[Action]] = {
    "owner": frozenset({"read", "write", "delete", "manage"}),
    "editor": frozenset({"read", "write", "delete"}),
    "viewer": frozenset({"read"}),
}


_MEMBER = table(Membership).c
_MINE = Prepared(select_columns(_MEMBER.workspace_id).where(_MEMBER.user_id == bindparam("user_id")))
_ROLE = Prepared(
    select_columns(_MEMBER.role).where(
        _MEMBER.user_id == bindparam("user_id"), _MEMBER.workspace_id == bindparam("workspace_id")
    )
)
_WORKSPACE = Prepared(select_columns(table(Workspace).c.id).where(table(Workspace).c.id == bindparam("id")))


@dataclass(frozen=True)
class Viewer:
    """A signed-in user together with the credential they came with, which can only narrow what they may do."""

    user_id: str
    email: str
    is_admin: bool
    via: Literal["session", "token"]
    credential_id: str
    """Id of the session or token row."""
    scopes: frozenset[Scope] = frozenset(SCOPES)
    token_workspaces: frozenset[str] | None = None
    """Workspaces that the token is bound to; None: not bound."""
    used_at: datetime | None = None
    """When the credential was last recorded as used; it is recorded now and then, not each time."""


def workspaces(session: Session, viewer: Viewer, workspace_id: str | None = None) -> tuple[str, ...] | None:
    """The workspaces that this viewer may read: all of theirs, or just the one asked for.

    None means every workspace there is (an admin with an unbound credential). Raises NotFound for one that is
    foreign or unknown, Forbidden when the token lacks the `read` scope.
    """
    if "read" not in viewer.scopes:
        raise Forbidden("This token does not have the scope 'read'.")
    if workspace_id is not None:
        role_in(session, viewer, workspace_id)
        return (workspace_id,)
    if viewer.is_admin:
        return None if viewer.token_workspaces is None else tuple(sorted(viewer.token_workspaces))
    mine = [workspace for (workspace,) in _MINE.all(session, {"user_id": viewer.user_id})]
    return tuple(sorted(w for w in mine if viewer.token_workspaces is None or w in viewer.token_workspaces))


def owned(session: Session, viewer: Viewer, workspace_ids: Sequence[str] | None) -> tuple[str, ...] | None:
    """Of these workspaces (None: all there are, for an admin) those that the viewer owns; admins own all."""
    if viewer.is_admin:
        return None if workspace_ids is None else tuple(workspace_ids)
    own = select(Membership.workspace_id).where(Membership.user_id == viewer.user_id, Membership.role == "owner")
    found = set(session.exec(own).all())
    return tuple(workspace_id for workspace_id in workspace_ids or () if workspace_id in found)


def rights(session: Session, viewer: Viewer) -> tuple[tuple[str, str], ...] | None:
    """The workspaces that this viewer reaches now, each with their role; None: all of them, as an admin."""
    if viewer.is_admin and viewer.token_workspaces is None:
        return None
    query = select(Membership.workspace_id, Membership.role).where(Membership.user_id == viewer.user_id)
    if viewer.is_admin:
        query = select(col(Workspace.id), literal("owner"))
    if viewer.token_workspaces is not None:
        column = col(Workspace.id) if viewer.is_admin else col(Membership.workspace_id)
        query = query.where(column.in_(viewer.token_workspaces))
    return tuple(sorted((workspace_id, role) for workspace_id, role in session.exec(query).all()))


def role_in(session: Session, viewer: Viewer, workspace_id: str) -> str:
    """The viewer's live role in a workspace; an admin is an owner everywhere. Raises NotFound outside their scope."""
    if viewer.token_workspaces is not None and workspace_id not in viewer.token_workspaces:
        raise NotFound
    if viewer.is_admin:
        if _WORKSPACE.first(session, {"id": workspace_id}) is None:
            raise NotFound
        return "owner"
    found = _ROLE.first(session, {"workspace_id": workspace_id, "user_id": viewer.user_id})
    if found is None:
        raise NotFound
    return str(found[0])


def require(session: Session, viewer: Viewer, workspace_id: str, action: Action) -> None:
    """Raise NotFound when the viewer cannot see the workspace, Forbidden when they may not do `action` in it."""
    role = role_in(session, viewer, workspace_id)
    if action not in _ALLOWED.get(role, frozenset()):
        raise Forbidden(f"Your role here is {role}, which may not do this.")
    if action == "manage":
        require_full(viewer)
    elif action not in viewer.scopes:
        raise Forbidden(f"This token does not have the scope '{action}'.")


def require_full(viewer: Viewer) -> None:
    """Raise Forbidden for a token that lacks a scope: it cannot manage people or workspaces."""
    if viewer.scopes != frozenset(SCOPES):
        raise Forbidden("Managing people and workspaces takes a token with every scope, or a sign-in.")


def require_person(viewer: Viewer) -> None:
    """Raise Forbidden for any token: what it could keep for itself, a password or a sign-in, is not for it."""
    if viewer.via == "token":
        raise Forbidden("A token cannot do this. Sign in.")


def require_admin(viewer: Viewer) -> None:
    """Raise Forbidden for everybody but an admin whose credential is bound to no workspace."""
    if not viewer.is_admin:
        raise Forbidden("Only an admin may do this.")
    if viewer.token_workspaces is not None:
        raise Forbidden("This token is bound to workspaces.")
    require_full(viewer)
