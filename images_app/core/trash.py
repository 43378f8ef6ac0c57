"""What leaves the trash for good, because its time is up or somebody says so: the row here and now, the bytes through
the durable engine."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from images_app.core import access, counters, events, files
from images_app.core.access import Viewer
from images_app.core.provisioning import SETTLED_AFTER_S, Queue
from images_app.errors import NotFound
from images_app.models import File, now

_TIDIED_AFTER = timedelta(days=1)
"""By then the clean-up after an attempt that was under way has long been through (`cleanup.py`)."""


def delete(session: Session, queue: Queue, viewer: Viewer, file_id: str) -> None:
    """Delete a file for good that is in the trash. Raises NotFound, also when it is not there; Forbidden."""
    file = files.claim(session, viewer, file_id, "delete")
    if not file.is_trashed:
        raise NotFound
    purge(session, queue, [file], actor_id=viewer.user_id)


def empty(session: Session, queue: Queue, viewer: Viewer, workspace_id: str, before: datetime, limit: int) -> int:
    """Delete for good what was in a workspace's trash at that moment, at most `limit` files; how many.

    Raises NotFound, Forbidden.
    """
    access.require(session, viewer, workspace_id, "delete")
    found = session.exec(
        select(File)
        .where(File.workspace_id == workspace_id, col(File.is_trashed).is_(True), col(File.trashed_at) <= before)
        .order_by(col(File.id))
        .limit(limit)
        .with_for_update()
    ).all()
    purge(session, queue, found, actor_id=viewer.user_id)
    return len(found)


def purge_due(session: Session, queue: Queue, before: datetime, limit: int) -> int:
    """Delete for good what went to the trash before that moment, at most `limit` files; how many."""
    due = session.exec(
        select(File)
        .where(col(File.is_trashed).is_(True), col(File.trashed_at) < before)
        .order_by(col(File.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    purge(session, queue, due)
    return len(due)


def purge(session: Session, queue: Queue, doomed: Sequence[File], *, actor_id: str | None = None) -> None:
    """Delete these files for good, which are in the trash and locked. Their history stays.

    The row goes first, so that nobody restores a file whose bytes are on their way out; that the bytes follow is
    durable (`cleanup.erase`).
    """
    gone: Counter[str] = Counter()
    freed: Counter[str] = Counter()
    for file in doomed:
        gone[file.workspace_id] += 1
        freed[file.workspace_id] += file.size
        _erase(session, queue, file)
        events.emit(session, "file.purged", file, actor_id=actor_id, data={"name": file.name})
        session.delete(file)
    for workspace_id in gone:
        counters.add(session, workspace_id, "trash", -gone[workspace_id])
        counters.add(session, workspace_id, "bytes", -freed[workspace_id])


def _erase(session: Session, queue: Queue, file: File) -> None:
    """Shortly after it went to the trash an attempt may still bring an image to Cloudflare: wait, then look there."""
    age = now() - (file.trashed_at or now())
    look = file.run > 0 and age < _TIDIED_AFTER
    wait = max(0.0, SETTLED_AFTER_S - age.total_seconds()) if look else 0.0
    queue.erase(session, file.id, file.object_key, look, 1, wait)
