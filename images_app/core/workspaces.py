"""Workspaces: making one, and the list of those that somebody may see."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, func, select, true

from images_app import ids
from images_app.core import access, counters, paging
from images_app.core.access import Viewer
from images_app.core.paging import Listing, Page, Window
from images_app.models import Counter, Membership, Workspace

KIND = paging.by_id("wsp")


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
    return workspace


def list_page(session: Session, viewer: Viewer, window: Window) -> Page[Seen]:
    """The workspaces that this viewer may see, newest first. Raises Forbidden without the scope `read`."""
    access.workspaces(session, viewer)
    listing: Listing[Workspace] = Listing(
        KIND, col(Workspace.id), select(Workspace), lambda row: row.id, [_mine(viewer)]
    )
    page = paging.page(session, listing, window, lambda: _count(session, viewer))
    shown = [workspace.id for workspace in page.items]
    roles, totals = _roles(session, viewer, shown), _totals(session, shown)
    return page.map(lambda workspace: Seen(workspace, roles[workspace.id], totals.get(workspace.id, {})))


def all_with_roles(session: Session, viewer: Viewer) -> list[tuple[Workspace, str]]:
    """Every workspace that the credential reaches, by name, and the viewer's role; scopes are not asked."""
    found = session.exec(select(Workspace).where(_mine(viewer))).all()
    roles = _roles(session, viewer, [workspace.id for workspace in found])
    by_name = sorted(found, key=lambda workspace: (workspace.name.casefold(), workspace.id))
    return [(workspace, roles[workspace.id]) for workspace in by_name]


def _mine(viewer: Viewer) -> ColumnElement[bool]:
    """The condition of the workspaces that the credential reaches."""
    member = select(Membership.workspace_id).where(Membership.user_id == viewer.user_id)
    reach = true() if viewer.is_admin else col(Workspace.id).in_(member)
    return reach if viewer.token_workspaces is None else and_(reach, col(Workspace.id).in_(viewer.token_workspaces))


def _count(session: Session, viewer: Viewer) -> int:
    return session.exec(select(func.count()).select_from(Workspace).where(_mine(viewer))).one()


def _roles(session: Session, viewer: Viewer, workspace_ids: Sequence[str]) -> dict[str, str]:
    if viewer.is_admin:
        return dict.fromkeys(workspace_ids, "owner")
    mine = select(Membership.workspace_id, Membership.role).where(Membership.user_id == viewer.user_id)
    return dict(session.exec(mine).all())


def _totals(session: Session, workspace_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    totals: dict[str, dict[str, int]] = {}
    for row in session.exec(select(Counter).where(col(Counter.workspace_id).in_(workspace_ids))).all():
        totals.setdefault(row.workspace_id, {})[row.name] = row.n
    return totals
