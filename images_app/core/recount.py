"""Counting what the totals say, while others write.

A transaction that changes a total holds its row to its end. So whoever holds all rows of a workspace, and counts after
that, sees exactly those changes that are in the totals already; the others come on top.
"""

from collections import Counter as Sums
from collections.abc import Mapping, Sequence
from typing import get_args

from sqlalchemy import func
from sqlmodel import Session, col, select, update

from images_app.core import counters
from images_app.models import AccountEventType, Counter, Event, File, Image, Membership, User, Workspace

_OF_SERVER = ("users", "workspaces", *(f"event:{type}" for type in get_args(AccountEventType)))


def recount(session: Session, workspace_id: str) -> Mapping[str, tuple[int, int]]:
    """Set every total of a workspace (or of counters.SERVER) right that is not: {name: (was, is)}.

    Its uploads and events wait meanwhile, for as long as counting takes.
    """
    names = _OF_SERVER if workspace_id == counters.SERVER else counters.NAMES
    for name in names:
        counters.add(session, workspace_id, name, 0)  # takes the rows, in the order that all keep to
    counters.total(session, [workspace_id], *names)
    was = {
        row.name: row.n
        for row in session.exec(
            select(Counter)
            .where(Counter.workspace_id == workspace_id)
            .order_by(col(Counter.name))
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    }
    true = _of_server(session) if workspace_id == counters.SERVER else _of_workspace(session, workspace_id)
    wrong = {name: (n, true[name]) for name, n in was.items() if n != true[name]}
    for name, (_, n) in wrong.items():
        session.exec(
            update(Counter).where(col(Counter.workspace_id) == workspace_id, col(Counter.name) == name).values(n=n)
        )
    return wrong


def _of_server(session: Session) -> Sums[str]:
    true: Sums[str] = Sums()
    true["users"] = session.exec(select(func.count()).select_from(User)).one()
    true["workspaces"] = session.exec(select(func.count()).select_from(Workspace)).one()
    return true + _events(session, None)


def _of_workspace(session: Session, workspace_id: str) -> Sums[str]:
    true: Sums[str] = Sums()
    rows = session.exec(
        select(File.is_trashed, File.status, func.count(), func.sum(File.size))
        .where(File.workspace_id == workspace_id)
        .group_by(col(File.is_trashed), col(File.status))
    )
    for is_trashed, status, count, size in rows:
        true["bytes"] += int(size)
        for name in ("trash",) if is_trashed else ("files", f"files:{status}"):
            true[name] += count
    for name, model in (("images", Image), ("members", Membership)):
        here = select(func.count()).select_from(model).where(model.workspace_id == workspace_id)
        true[name] = session.exec(here).one()
    return true + _events(session, workspace_id)


def _events(session: Session, workspace_id: str | None) -> Sums[str]:
    rows: Sequence[tuple[str, int]] = session.exec(
        select(Event.type, func.count()).where(Event.workspace_id == workspace_id).group_by(Event.type)
    ).all()
    return Sums({f"event:{type}": count for type, count in rows})
