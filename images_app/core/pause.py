"""Provisioning stands still while Cloudflare refuses us as a whole: the plan is full, or our token is not accepted.

A thousand files would otherwise fail for something that no file can help. The pause is a row, so every server obeys it
and it survives restarts. While it is there, attempts end before they begin and their files are *parked*: `waiting`
with no time set and no workflow, at no cost. Now and then one file is tried alone; when it gets its image, or when an
admin resumes, the parked ones are released, batch by batch.

Rows are locked file first, pause second; other files than one's own are only taken when nobody holds them.
"""

import logging
import random
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import and_
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, delete, select, update

from images_app.core import events
from images_app.core.provisioning import Queue
from images_app.models import File, ProvisioningPause, now

log = logging.getLogger(__name__)

FIRST_PROBE_S = 60.0
LAST_PROBE_S = 60 * 60.0
"""Waits between probes double from the one to the other."""
PROBE_ENDS_WITHIN_S = 10 * 60.0
"""When a probe has not told anything for so long, another file is tried."""
BATCH = 100
"""Files released in one transaction."""

IS_PARKED = and_(col(File.provisioning_state) == "waiting", col(File.next_attempt_at).is_(None))
"""A condition on files."""

Reason = Literal["full", "refused"]


def current(session: Session) -> ProvisioningPause | None:
    """The pause, or None while provisioning goes on."""
    return session.exec(select(ProvisioningPause).execution_options(populate_existing=True)).first()


def _probed_by(session: Session, file: File) -> ProvisioningPause | None:
    """The pause, locked, if this file is its probe."""
    query = select(ProvisioningPause).where(ProvisioningPause.probe_file_id == file.id).with_for_update()
    return session.exec(query.execution_options(populate_existing=True)).first()


def may_begin(session: Session, file: File) -> bool:
    """Whether an attempt may go to Cloudflare now: there is no pause, or this file is the one to try. When a try is
    due and nobody has begun it, this file is it."""
    found = current(session)
    if found is None or found.probe_file_id == file.id:
        return True
    return found.next_probe_at <= now() and _claim(session, found, file)


def park(file: File) -> None:
    """Nothing is due for this file until `release`."""
    file.provisioning_state = "waiting"
    file.next_attempt_at = None
    file.updated_at = now()


def stop(session: Session, file: File, *, reason: Reason, code: str, message: str) -> None:
    """Cloudflare refused us while this file was tried: pause, or go on pausing when it was the probe."""
    if _count_probe(session, file, reason=reason, code=code, message=message):
        return
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    began = session.exec(
        insert(ProvisioningPause)
        .values(
            id=1,
            reason=reason,
            code=code,
            message=message,
            since=now(),
            probes=0,
            next_probe_at=_next_probe(0),
        )
        .on_conflict_do_nothing(index_elements=["id"])
        .returning(col(ProvisioningPause.id))
    ).first()
    if began:
        data = {"reason": reason, "code": code, "message": message, "fileId": file.id}
        events.record_account(session, "provisioning.paused", actor_id=None, data=data)
        log.warning("provisioning is paused (%s, %s): %s", reason, code, message)


def _count_probe(session: Session, file: File, *, reason: Reason, code: str, message: str) -> bool:
    found = _probed_by(session, file)
    if found is None:
        return False
    found.reason, found.code, found.message = reason, code, message
    found.probes += 1
    found.next_probe_at, found.probe_file_id = _next_probe(found.probes), None
    session.add(found)
    log.info("provisioning stays paused (%s, %s), next probe at %s", reason, code, found.next_probe_at)
    return True


def conclude(session: Session, queue: Queue, file: File, *, has_image: bool) -> None:
    """A run has ended. If its file was the probe: an image ends the pause; a failure says nothing about the account,
    so another file is tried at once."""
    found = _probed_by(session, file)
    if found is None:
        return
    if has_image:
        resume(session, queue, actor_id=None)
        return
    found.probe_file_id, found.next_probe_at = None, now()
    session.add(found)


def resume(session: Session, queue: Queue, *, actor_id: str | None) -> bool:
    """End the pause and release the first batch; the sweep releases the others. False when there was no pause.

    `actor_id`: who says so; None when a probe got its image.
    """
    if not session.exec(delete(ProvisioningPause)).rowcount:
        return False
    events.record_account(session, "provisioning.resumed", actor_id=actor_id, data={})
    log.warning("provisioning goes on")
    release(session, queue)
    return True


def release(session: Session, queue: Queue) -> int:
    """Enqueue up to BATCH parked files; how many. None while there is a pause."""
    if current(session) is not None:
        return 0
    files = _parked(session, BATCH)
    for file in files:
        _enqueue(session, queue, file)
    return len(files)


def probe(session: Session, queue: Queue) -> bool:
    """Enqueue one parked file when it is time to try one; whether it did. Without a parked file the next newcomer is
    tried (`may_begin`)."""
    found = current(session)
    if found is None or found.next_probe_at > now():
        return False
    files = _parked(session, 1)
    if not files or not _claim(session, found, files[0]):
        return False
    _enqueue(session, queue, files[0])
    return True


def _claim(session: Session, found: ProvisioningPause, file: File) -> bool:
    """Make this file the probe, unless somebody else was faster."""
    claimed = session.exec(
        update(ProvisioningPause)
        .where(col(ProvisioningPause.next_probe_at) == found.next_probe_at)
        .values(probe_file_id=file.id, next_probe_at=now() + timedelta(seconds=PROBE_ENDS_WITHIN_S))
        .execution_options(synchronize_session=False)
    ).rowcount
    return bool(claimed)


def _parked(session: Session, limit: int) -> list[File]:
    """The oldest parked files that nobody else works with at this moment, locked."""
    query = (
        select(File)
        .where(IS_PARKED, col(File.is_trashed).is_(False))
        .order_by(col(File.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return list(session.exec(query).all())


def _enqueue(session: Session, queue: Queue, file: File) -> None:
    file.attempt += 1
    file.spared += 1
    file.next_attempt_at = file.updated_at = now()
    queue.provision(session, file.id, file.run, file.attempt)


def _next_probe(probes: int) -> datetime:
    wait = min(LAST_PROBE_S, FIRST_PROBE_S * 2.0 ** min(probes, 30))
    return now() + timedelta(seconds=wait * random.uniform(0.8, 1.0))  # noqa: S311 (spreads load, hides nothing)
