"""What keeps the promise when everything else failed: every half minute the rows are compared with the workflows."""

import logging
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

from dbos import DBOSClient
from sqlmodel import Session, col, delete, select

from images_app.core import cleanup, pause, settle, trash
from images_app.core.provisioning import IN_PROGRESS, Queue
from images_app.database import Database
from images_app.jobs.queue import deletion_id, provision_id
from images_app.models import File, IdempotencyKey, RemoteDeletion, SignInFailure, now

log = logging.getLogger(__name__)

_BATCH = 200
_PURGE_BATCH = 50
"""So few that the write lock is held for a moment only."""
_LIVE = {"ENQUEUED", "DELAYED", "PENDING"}
_ENDED = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
STUCK_AFTER = timedelta(minutes=30)
"""An attempt has time-outs that end it long before."""
KEEP_WORKFLOWS = timedelta(hours=1)
"""Workflows that ended are only needed to recognise a second enqueue of the same attempt."""
KEEP_IDEMPOTENCY_KEYS = timedelta(days=1)
KEEP_SIGN_IN_FAILURES = timedelta(days=1)


def reconcile(database: Database, queue: Queue, client: DBOSClient) -> int:
    """Give a new run to files whose attempt has no living workflow, or one that is stuck; how many that were.

    Not to files that are `removed`, `none`, `done`, `failed` or parked: nothing is due for them.
    """
    started = 0
    after = ""
    while True:
        with database.read() as session:
            files = session.exec(
                select(File)
                .where(
                    col(File.provisioning_state).in_(IN_PROGRESS),
                    ~pause.IS_PARKED,
                    col(File.is_trashed).is_(False),
                    col(File.id) > after,
                )
                .order_by(col(File.id))
                .limit(_BATCH)
            ).all()
        if not files:
            return started
        after = files[-1].id
        living = _living(client, [provision_id(f.id, f.run, f.attempt) for f in files])
        for file in files:
            is_stuck = file.provisioning_state == "running" and now() - file.updated_at > STUCK_AFTER
            if is_stuck or provision_id(file.id, file.run, file.attempt) not in living:
                started += _again(database, queue, file)


def go_on(database: Database, queue: Queue) -> int:
    """Try a file when provisioning is paused and it is time to; release parked files when it is not; how many."""
    with database.write() as session:
        enqueued = int(pause.probe(session, queue))
    while True:
        with database.write() as session:
            batch = pause.release(session, queue)
        enqueued += batch
        if batch < pause.BATCH:
            return enqueued


def _again(database: Database, queue: Queue, file: File) -> bool:
    with database.write() as session:
        began = settle.take_up(session, queue, file.id, file.run, file.attempt)
    if began:
        log.warning("%s: attempt %s of run %s had no workflow, a new run begins", file.id, file.attempt, file.run)
    return began


def enqueue_deletions(database: Database, queue: Queue, client: DBOSClient) -> int:
    """Enqueue again what must be deleted at Cloudflare and has no living workflow; how many."""
    started = 0
    after = ""
    while True:
        with database.read() as session:
            rows = session.exec(
                select(RemoteDeletion)
                .where(col(RemoteDeletion.cf_image_id) > after)
                .order_by(col(RemoteDeletion.cf_image_id))
                .limit(_BATCH)
            ).all()
        if not rows:
            return started
        after = rows[-1].cf_image_id
        living = _living(client, [deletion_id(row.cf_image_id, row.attempt) for row in rows])
        for row in rows:
            if deletion_id(row.cf_image_id, row.attempt) not in living:
                with database.write() as session:
                    started += _delete_again(session, queue, row)


def _delete_again(session: Session, queue: Queue, row: RemoteDeletion) -> bool:
    current = session.get(RemoteDeletion, row.cf_image_id, with_for_update=True)
    if current is None or current.attempt != row.attempt:
        return False
    cleanup.postpone_deletion(session, queue, current, 0)
    return True


def forget(database: Database, client: DBOSClient, at: datetime | None = None) -> int:
    """Delete what is kept for a while only: ended workflows, idempotency keys, failed sign-ins; how many workflows."""
    at = at or now()
    with database.write() as session:
        session.exec(delete(IdempotencyKey).where(col(IdempotencyKey.created_at) < at - KEEP_IDEMPOTENCY_KEYS))
        session.exec(delete(SignInFailure).where(col(SignInFailure.at) < at - KEEP_SIGN_IN_FAILURES))
    before = (at - KEEP_WORKFLOWS).astimezone(UTC).isoformat()
    forgotten = 0
    while True:
        ended = client.list_workflows(
            status=_ENDED, completed_before=before, limit=_BATCH, load_input=False, load_output=False
        )
        if not ended:
            return forgotten
        client.delete_workflows([workflow.workflow_id for workflow in ended])
        forgotten += len(ended)


def empty_trash(database: Database, queue: Queue, days: int) -> int:
    """Delete for good what has been in the trash for so many days, batch by batch; how many files."""
    before = now() - timedelta(days=days)
    purged = 0
    while True:
        with database.write() as session:
            batch = trash.purge_due(session, queue, before, _PURGE_BATCH)
        purged += batch
        if batch < _PURGE_BATCH:
            return purged


def _living(client: DBOSClient, workflow_ids: Sequence[str]) -> Collection[str]:
    found = client.list_workflows(workflow_ids=list(workflow_ids), load_input=False, load_output=False)
    return {workflow.workflow_id for workflow in found if workflow.status in _LIVE}
