"""Workspaces: making one, and the list of those that somebody may see."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from images_app import ids
from images_app.core import access, counters
from images_app.core.access import Viewer
from images_app.models import Counter, Membership, Workspace


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


def list_seen(session: Session, viewer: Viewer) -> list[Seen]:
    """Every workspace that this viewer may see, newest first. Raises Forbidden without the scope `read`."""
    access.workspaces(session, viewer)
    rows = with_roles(session, viewer)
    totals = _totals(session, [workspace.id for workspace, _ in rows])
    return [Seen(workspace, role, totals.get(workspace.id, {})) for workspace, role in rows]


def with_roles(session: Session, viewer: Viewer) -> list[tuple[Workspace, str]]:
    """The viewer's workspaces and their role in each, newest first; what the credential may do there is not asked."""
    query = select(Workspace, Membership.role).order_by(col(Workspace.id).desc())
    mine = (col(Membership.workspace_id) == Workspace.id) & (col(Membership.user_id) == viewer.user_id)
    query = query.join(Membership, mine, isouter=viewer.is_admin)
    if viewer.token_workspaces is not None:
        query = query.where(col(Workspace.id).in_(viewer.token_workspaces))
    return [(workspace, "owner" if viewer.is_admin else role) for workspace, role in session.exec(query).all()]


def _totals(session: Session, workspace_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    totals: dict[str, dict[str, int]] = {}
    for row in session.exec(select(Counter).where(col(Counter.workspace_id).in_(workspace_ids))).all():
        totals.setdefault(row.workspace_id, {})[row.name] = row.n
    return totals
