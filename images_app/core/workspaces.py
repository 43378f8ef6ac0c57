"""Workspaces: making and changing one, and the list of those that somebody may see."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, func, select, true

from images_app import ids
from images_app.core import access, counters, events, idempotency, paging
from images_app.core.access import Viewer
from images_app.core.paging import Listing, Page, Window
from images_app.errors import Forbidden, InvalidParameter, NotFound
from images_app.models import Membership, Workspace

KIND = paging.by_id("wsp")
_LIST: Listing[Workspace] = Listing(KIND, Workspace, select(Workspace), lambda row: row.id)


@dataclass(frozen=True)
class Seen:
    """A workspace as its viewer sees it."""

    workspace: Workspace
    role: str
    totals: dict[str, int]
    """By counter name (`core/counters.py`)."""


def create(session: Session, user_id: str, name: str) -> Workspace:
    """A workspace with its own bucket, owned by this user, with nothing in it."""
    workspace_id = ids.new("wsp")
    workspace = Workspace(id=workspace_id, name=name, bucket="ws-" + workspace_id.removeprefix("wsp_"))
    session.add(workspace)
    session.flush()
    session.add(Membership(workspace_id=workspace_id, user_id=user_id, role="owner"))
    counters.create(session, workspace_id)
    counters.add(session, counters.SERVER, "workspaces", 1)
    counters.add(session, workspace_id, "members", 1)
    session.flush()
    events.record(session, "workspace.created", workspace_id, actor_id=user_id, data={"name": name})
    return workspace


def make(session: Session, viewer: Viewer, name: str, *, idempotency_key: str | None = None) -> Workspace:
    """The same by anybody who is signed in; with a key used within a day for the same name, the first one again.

    Raises Forbidden for a token that lacks a scope or is bound to workspaces, IdempotencyConflict.
    """
    access.require_full(viewer)
    if viewer.token_workspaces is not None:
        raise Forbidden("This token is bound to workspaces.")
    fingerprint = hashlib.sha256(f"workspace\0{name}".encode()).hexdigest()
    idempotency.claim(session, viewer, idempotency_key)
    first_id = idempotency.made(session, viewer, idempotency_key, fingerprint)
    first = None if first_id is None else session.get(Workspace, first_id)
    if first is not None:
        access.role_in(session, viewer, first.id)
        return first
    workspace = create(session, viewer.user_id, name)
    idempotency.remember(session, viewer, idempotency_key, fingerprint, workspace.id)
    return workspace


def get(session: Session, viewer: Viewer, workspace_id: str) -> Seen:
    """One workspace. Raises NotFound, Forbidden without the scope `read`."""
    access.require(session, viewer, workspace_id, "read")
    return seen(session, viewer, workspace_id)


def seen(session: Session, viewer: Viewer, workspace_id: str) -> Seen:
    """What somebody is shown who has just made or changed the workspace. Raises NotFound."""
    role = access.role_in(session, viewer, workspace_id)
    totals = counters.of(session, [workspace_id])[workspace_id]
    return Seen(session.get_one(Workspace, workspace_id), role, totals)


_ADMINS_OWN = {"quota_bytes": "quotaBytes", "quota_files": "quotaFiles"}


def change(session: Session, viewer: Viewer, workspace_id: str, changes: dict[str, Any]) -> None:
    """Change `name` (owners), `quota_bytes` or `quota_files` (admins; None: the server's default, 0: no limit).

    Raises NotFound, Forbidden, InvalidParameter when there is nothing to change.
    """
    access.require(session, viewer, workspace_id, "manage")
    if not changes:
        raise InvalidParameter("Name something to change.")
    if not viewer.is_admin and changes.keys() & _ADMINS_OWN.keys():
        raise Forbidden("Only an admin may change a quota.")
    held = select(Workspace).where(Workspace.id == workspace_id).with_for_update(key_share=True)
    workspace = session.exec(held).one()
    about = {_ADMINS_OWN.get(key, key): value for key, value in changes.items() if getattr(workspace, key) != value}
    for key, value in changes.items():
        setattr(workspace, key, value)
    session.add(workspace)
    if about:
        events.record(session, "workspace.changed", workspace_id, actor_id=viewer.user_id, data=about)


def list_page(session: Session, viewer: Viewer, window: Window) -> Page[Seen]:
    """The workspaces that this viewer may see, newest first. Raises Forbidden without the scope `read`."""
    reach = access.workspaces(session, viewer)
    sources = [{}] if reach is None else [{"id": workspace_id} for workspace_id in reach]
    page = paging.page(session, _LIST, sources, window, lambda: _count(session, reach))
    shown = [workspace.id for workspace in page.items]
    roles, totals = _roles(session, viewer, shown), counters.of(session, shown)
    return page.map(lambda workspace: Seen(workspace, roles[workspace.id], totals[workspace.id]))


def all_with_roles(session: Session, viewer: Viewer) -> list[tuple[Workspace, str]]:
    """Every workspace that the credential reaches, by name, and the viewer's role; scopes are not asked."""
    found = session.exec(select(Workspace).where(_mine(viewer))).all()
    roles = _roles(session, viewer, [workspace.id for workspace in found])
    by_name = sorted(found, key=lambda workspace: (workspace.name.casefold(), workspace.id))
    return [(workspace, roles[workspace.id]) for workspace in by_name]


def arrival(session: Session, viewer: Viewer, last: str) -> str | None:
    """Where somebody begins: the workspace that they had open last, else the oldest of their own; an admin of none
    the oldest of all. `last` is what a browser remembers. None when there is nowhere to go."""
    with suppress(NotFound):
        access.role_in(session, viewer, last)
        return last
    own = select(func.min(Membership.workspace_id)).where(Membership.user_id == viewer.user_id)
    first = session.exec(own).one()
    return session.exec(select(func.min(Workspace.id))).one() if first is None and viewer.is_admin else first


def _mine(viewer: Viewer) -> ColumnElement[bool]:
    """The condition of the workspaces that the credential reaches."""
    member = select(Membership.workspace_id).where(Membership.user_id == viewer.user_id)
    reach = true() if viewer.is_admin else col(Workspace.id).in_(member)
    return reach if viewer.token_workspaces is None else and_(reach, col(Workspace.id).in_(viewer.token_workspaces))


def _count(session: Session, reach: Sequence[str] | None) -> int:
    return counters.total(session, [counters.SERVER], "workspaces") if reach is None else len(reach)


def _roles(session: Session, viewer: Viewer, workspace_ids: Sequence[str]) -> dict[str, str]:
    if viewer.is_admin:
        return dict.fromkeys(workspace_ids, "owner")
    mine = select(Membership.workspace_id, Membership.role).where(Membership.user_id == viewer.user_id)
    return dict(session.exec(mine).all())
