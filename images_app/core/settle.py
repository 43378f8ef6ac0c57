"""The end of an attempt: one transaction that commits its outcome, if the file still is in that attempt.

The guard is the UPDATE itself. Whoever lost it (the file went to the trash, the image was removed, another worker was
faster) changes nothing, and an image that it received meanwhile at Cloudflare is deleted there.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select, update

from images_app import ids
from images_app.core import counters, events, learnt, pause, retry
from images_app.core.attempt import Outcome
from images_app.core.provisioning import IN_PROGRESS, SETTLED_AFTER_S, Queue, clear_error, doom, mark, start_run
from images_app.models import File, Image, now

log = logging.getLogger(__name__)

MOST_LOST = 1
"""Lost runs in a row after which the next one is the last. Each may have ended as many processes as the engine executes
a workflow (`jobs/workflows.py`)."""
_INTERRUPTED = Outcome(
    "failed", code="interrupted", message="The server ended each time while it worked on this file.", looked=True
)


def settle(
    session: Session,
    queue: Queue,
    file_id: str,
    run: int,
    attempt: int,
    outcome: Outcome,
    *,
    max_attempts: int,
) -> bool:
    """Commit the outcome of an attempt; False when it has lost its right to. Executing it again changes nothing."""
    file = _guarded(session, file_id, run, attempt)
    if file is None:
        _lost(session, queue, file_id, outcome)
        return False
    if outcome.stops is not None:
        _stopped(session, file, outcome.stops, outcome)
        return True
    if outcome.kind == "retry" and (outcome.is_patient or attempt - file.spared < max_attempts):
        _retry(session, queue, file, outcome)
        return True
    if outcome.kind == "done":
        _done(session, file, outcome)
    else:
        _failed(session, file, outcome)
    pause.conclude(session, queue, file, has_image=outcome.kind == "done")
    if outcome.looked:
        queue.tidy(session, file.id, run, 1, SETTLED_AFTER_S)
    return True


def take_up(session: Session, queue: Queue, file_id: str, run: int, attempt: int) -> bool:
    """The worker of this attempt vanished and left no word: begin a new run; whether one began.

    Later each time, and then not at all: what ends its process would otherwise do so for ever.
    """
    file = session.exec(select(File).where(File.id == file_id).with_for_update()).first()
    if file is None or file.is_trashed or file.provisioning_state not in IN_PROGRESS:
        return False
    if (file.run, file.attempt) != (run, attempt):
        return False
    if file.lost >= MOST_LOST:
        _failed(session, file, _INTERRUPTED)
        pause.conclude(session, queue, file, has_image=False)
        queue.tidy(session, file.id, run, 1, SETTLED_AFTER_S)
        return False
    wait = retry.backoff(file.lost) if file.lost else 0
    if file.provisioning_state == "running":
        events.emit(
            session,
            "image.provision_retrying",
            file,
            data=_again(file, _INTERRUPTED, now() + timedelta(seconds=wait)),
        )
    return start_run(session, queue, file, states=IN_PROGRESS, only=(run, attempt), delay=wait)


def _guarded(session: Session, file_id: str, run: int, attempt: int) -> File | None:
    """The file, locked, if it is still in this attempt."""
    held = session.exec(
        update(File)
        .where(
            col(File.id) == file_id,
            col(File.run) == run,
            col(File.attempt) == attempt,
            col(File.provisioning_state) == "running",
            col(File.is_trashed).is_(False),
        )
        .values(updated_at=now(), lost=0)
        .execution_options(synchronize_session=False)
    ).rowcount
    return session.get_one(File, file_id, populate_existing=True) if held else None


def _lost(session: Session, queue: Queue, file_id: str, outcome: Outcome) -> None:
    if outcome.cf_image_id is None:
        return
    file = session.exec(select(File).where(File.id == file_id).with_for_update()).first()
    if file is None or (file.provisioning_state in IN_PROGRESS and not file.is_trashed):
        return  # the attempt that took over finds the image and keeps it, or sweeps it away afterwards
    image = session.exec(select(Image).where(Image.file_id == file_id)).first()
    if image is None or image.cf_image_id != outcome.cf_image_id:
        log.info("image %s of %s came too late: deleting it at Cloudflare", outcome.cf_image_id, file_id)
        doom(session, queue, outcome.cf_image_id, file_id=file_id, workspace_id=file.workspace_id)


def _done(session: Session, file: File, outcome: Outcome) -> None:
    assert outcome.cf_image_id is not None
    assert outcome.info is not None
    info = outcome.info
    image = Image(
        id=ids.image_of(file.id),
        file_id=file.id,
        workspace_id=file.workspace_id,
        cf_image_id=outcome.cf_image_id,
        width=info.width,
        height=info.height,
        size=file.size,
        exif=info.exif,
        thumbhash=info.thumbhash,
        taken_at=info.taken_at,
        is_private=outcome.is_private,
    )
    session.add(image)
    counters.add(session, file.workspace_id, "images", 1)
    if outcome.account_hash is not None:
        learnt.learn(session, learnt.account_hash_of(outcome.account), outcome.account_hash)
    clear_error(session, file)
    file.provisioning_state = "done"
    file.next_attempt_at = None
    events.emit(session, "image.created", file, image_id=image.id)


def _retry(session: Session, queue: Queue, file: File, outcome: Outcome) -> None:
    wait = retry.delay(file.attempt, outcome.retry_after)
    due = now() + timedelta(seconds=wait)
    log.info("%s: attempt %s failed with %s, next in %.1f s", file.id, file.attempt, outcome.code, wait)
    events.emit(session, "image.provision_retrying", file, data=_again(file, outcome, due))
    file.provisioning_state = "waiting"
    file.attempt += 1
    file.spared += outcome.is_patient
    file.next_attempt_at = due
    queue.provision(session, file.id, file.run, file.attempt, wait)


def _stopped(session: Session, file: File, reason: pause.Reason, outcome: Outcome) -> None:
    log.info("%s: attempt %s was refused with %s, parked", file.id, file.attempt, outcome.code)
    pause.stop(session, file, reason=reason, code=outcome.code, message=outcome.message)
    pause.park(file)
    events.emit(session, "image.provision_retrying", file, data=_again(file, outcome, None))


def _again(file: File, outcome: Outcome, due: datetime | None) -> dict[str, Any]:
    return {
        "code": outcome.code,
        "message": outcome.message,
        "attempt": file.attempt,
        "nextAttemptAt": None if due is None else _rfc3339(due),
    }


def _failed(session: Session, file: File, outcome: Outcome) -> None:
    log.info("%s: given up after %s attempts with %s", file.id, file.attempt, outcome.code)
    mark(session, file, "error")
    file.provisioning_state = "failed"
    file.next_attempt_at = None
    file.error_code, file.error_message, file.error_retryable = outcome.code, outcome.message, outcome.retryable
    data = {
        "code": outcome.code,
        "message": outcome.message,
        "attempts": file.attempt,
        "retryable": outcome.retryable,
    }
    events.emit(session, "image.provision_failed", file, data=data)


def _rfc3339(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
