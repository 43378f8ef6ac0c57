"""Exact totals, kept by `SET n = n + d` in the transaction that changes what they count.

Names: `files` (not in the trash), `files:uploading` `files:ready` `files:error` (the same by status), `trash`,
`images`, `bytes` (of originals, the trash included: they still take room), `members`, `event:<type>` (events by type).
What belongs to no workspace is under SERVER: `users`, `workspaces`, and events about accounts.

Many transactions change the same few rows. So the changes of one are gathered, and written at its end in an order
that all keep to: on PostgreSQL two could otherwise wait for each other.
"""

from collections import Counter as Sums
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import get_args

from sqlalchemy import bindparam, func
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from images_app import database
from images_app.models import Counter, FileEventType, WorkspaceEventType, table
from images_app.prepared import Prepared

SERVER = ""
EVENTS = tuple(f"event:{type}" for type in (*get_args(FileEventType), *get_args(WorkspaceEventType)))
NAMES = ("files", "files:uploading", "files:ready", "files:error", "trash", "images", "bytes", "members", *EVENTS)


_PLAIN = table(Counter)
_GATHERED = "aeontel_counters"
_BEFORE_EVENTS = 1


def create(session: Session, workspace_id: str) -> None:
    """Start the totals of a new workspace at zero."""
    session.add_all(Counter(workspace_id=workspace_id, name=name, n=0) for name in NAMES)


def add(session: Session, workspace_id: str, name: str, delta: int) -> None:
    """Change one total by `delta`."""
    session.info.setdefault(_GATHERED, Sums())[workspace_id, name] += delta
    database.last(session, _write, order=_BEFORE_EVENTS)


def _write(session: Session) -> None:
    gathered: Sums[tuple[str, str]] = session.info.pop(_GATHERED, Sums())
    if not gathered:
        return
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    change = insert(Counter).values(workspace_id=bindparam("workspace"), name=bindparam("name"), n=bindparam("delta"))
    session.connection().execute(
        change.on_conflict_do_update(
            index_elements=["workspace_id", "name"], set_={"n": Counter.n + change.excluded.n}
        ),
        [
            {"workspace": workspace_id, "name": name, "delta": delta}
            for (workspace_id, name), delta in sorted(gathered.items(), key=_rank)
        ],
    )


def _rank(change: tuple[tuple[str, str], int]) -> tuple[bool, str, str]:
    """Those of events come last: a look at the quota writes the others earlier than the end."""
    (workspace_id, name), _ = change
    return name.startswith("event:"), workspace_id, name


def total(session: Session, workspace_ids: Sequence[str] | None, *names: str) -> int:
    """The sum of these totals over these workspaces, or over all when None."""
    if not names or (workspace_ids is not None and not workspace_ids):
        return 0
    _write(session)
    within = () if workspace_ids is None else workspace_ids
    given = {f"name_{n}": name for n, name in enumerate(names)} | {f"within_{n}": id for n, id in enumerate(within)}
    ((found,),) = _sum(len(names), None if workspace_ids is None else len(within)).all(session, given)
    return int(found or 0)


@lru_cache(256)
def _sum(names: int, within: int | None) -> Prepared:
    """The statement for so many names and workspaces; made once, because making one costs more than running it."""
    query = select(func.sum(_PLAIN.c.n)).where(_PLAIN.c.name.in_([bindparam(f"name_{n}") for n in range(names)]))
    if within is not None:
        query = query.where(_PLAIN.c.workspace_id.in_([bindparam(f"within_{n}") for n in range(within)]))
    return Prepared(query)


def of(session: Session, workspace_ids: Sequence[str]) -> Mapping[str, dict[str, int]]:
    """All totals of these workspaces, each by name."""
    _write(session)
    totals: dict[str, dict[str, int]] = {workspace_id: {} for workspace_id in workspace_ids}
    rows = session.exec(
        select(Counter.workspace_id, Counter.name, Counter.n).where(col(Counter.workspace_id).in_(workspace_ids))
    )
    for workspace_id, name, n in rows:
        totals[workspace_id][name] = n
    return totals
