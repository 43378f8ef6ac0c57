"""Exact totals, kept by `SET n = n + d` in the transaction that changes what they count.

Names: `files` (not in the trash), `files:uploading` `files:ready` `files:error` (the same by status), `trash`,
`images`, `bytes` (of originals, the trash included: they still take room), `event:<type>` (events by type). Events
about accounts belong to no workspace: their totals are under SERVER.
"""

from collections.abc import Sequence
from typing import get_args

from sqlalchemy import func
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select, update

from images_app.models import Counter, FileEventType, WorkspaceEventType

SERVER = ""
EVENTS = tuple(f"event:{type}" for type in (*get_args(FileEventType), *get_args(WorkspaceEventType)))
NAMES = ("files", "files:uploading", "files:ready", "files:error", "trash", "images", "bytes", *EVENTS)


def create(session: Session, workspace_id: str) -> None:
    """Start the totals of a new workspace at zero."""
    session.add_all(Counter(workspace_id=workspace_id, name=name, n=0) for name in NAMES)


def add(session: Session, workspace_id: str, name: str, delta: int) -> None:
    """Change one total by `delta`."""
    session.exec(
        update(Counter)
        .where(col(Counter.workspace_id) == workspace_id, col(Counter.name) == name)
        .values(n=Counter.n + delta)
    )


def add_for_server(session: Session, name: str, delta: int) -> None:
    """Change a total that belongs to no workspace; it begins with its first change."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.exec(
        insert(Counter)
        .values(workspace_id=SERVER, name=name, n=delta)
        .on_conflict_do_update(index_elements=["workspace_id", "name"], set_={"n": Counter.n + delta})
    )


def total(session: Session, workspace_ids: Sequence[str] | None, *names: str) -> int:
    """The sum of these totals over these workspaces, or over all when None."""
    query = select(func.coalesce(func.sum(Counter.n), 0)).where(col(Counter.name).in_(names))
    if workspace_ids is not None:
        query = query.where(col(Counter.workspace_id).in_(workspace_ids))
    return int(session.exec(query).one())
