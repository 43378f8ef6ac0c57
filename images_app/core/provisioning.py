"""Who may provision a file, from when to when: asking for an image, taking it back, and the totals by status.

A *run* is one request for an image; it has *attempts*. A worker holds (file, run, attempt) and may commit only while
the row still says the same, so that whatever happens to the file meanwhile wins (`attempt.py`, `settle.py`).
"""

from datetime import timedelta
from typing import Literal, Protocol

from sqlmodel import Session, col, select, update

from images_app.core import counters, events
from images_app.errors import NotRetryable
from images_app.models import File, Image, RemoteDeletion, now

IN_PROGRESS = ("pending", "running", "waiting")
"""Provisioning states in which a workflow must exist."""
IDLE = ("none", "failed", "removed")
"""Provisioning states in which an image may be asked for."""
SETTLED_AFTER_S = 120.0
"""When a create that was under way has surely ended at Cloudflare: twice our own time-out for it."""


class Queue(Protocol):
    """The durable engine as the pipeline sees it: work is enqueued in the transaction that makes it necessary."""

    def provision(self, session: Session, file_id: str, run: int, attempt: int, delay_seconds: float = 0) -> None:
        """Enqueue one attempt; the same (file, run, attempt) twice is one."""

    def delete_remote(self, session: Session, cf_image_id: str, attempt: int, delay_seconds: float = 0) -> None:
        """Enqueue the deletion of an image at Cloudflare; the same (image, attempt) twice is one."""

    def tidy(self, session: Session, file_id: str, run: int, attempt: int, delay_seconds: float = 0) -> None:
        """Enqueue a look for images of a file that nobody committed; the same (file, run, attempt) twice is one."""

    def erase(
        self, session: Session, file_id: str, object_key: str, look: bool, attempt: int, delay_seconds: float = 0
    ) -> None:
        """Enqueue the end of a purged file's bytes; `look`: and of images at Cloudflare. (file, attempt) is one."""

    def mail_link(self, session: Session, link_id: str, attempt: int, delay_seconds: float = 0) -> None:
        """Enqueue a letter with a link to set a password; the same (link, attempt) twice is one."""

    def close(self) -> None:
        """Return every connection."""


def mark(session: Session, file: File, status: Literal["uploading", "ready", "error"]) -> None:
    """Change a file's status and keep the totals by status true; a file in the trash is in none of them."""
    if file.status != status and not file.is_trashed:
        counters.add(session, file.workspace_id, f"files:{file.status}", -1)
        counters.add(session, file.workspace_id, f"files:{status}", 1)
    file.status = status
    file.updated_at = now()


def request(session: Session, queue: Queue, file: File, *, actor_id: str | None) -> None:
    """Ask for the file's image: a new run, whose first attempt is enqueued in this transaction.

    Raises NotRetryable when it has an image, is being provisioned already, or is in the trash.
    """
    if not start_run(session, queue, file, states=IDLE):
        raise NotRetryable(
            "The file is in the trash."
            if file.is_trashed
            else f"The file's provisioning is {file.provisioning_state}: there is nothing to retry."
        )
    clear_error(session, file)
    events.emit(session, "image.provision_requested", file, actor_id=actor_id)


def start_run(
    session: Session,
    queue: Queue,
    file: File,
    *,
    states: tuple[str, ...],
    only: tuple[int, int] | None = None,
    delay: float = 0,
) -> bool:
    """Begin a new run if the file is (still) in one of `states` and, when given, in this (run, attempt); `delay` in
    seconds. `file` is reloaded.

    Decided by the UPDATE itself, which also locks the row: of two who ask at once, one starts a run.
    """
    at = now()
    query = update(File).where(
        col(File.id) == file.id,
        col(File.provisioning_state).in_(states),
        col(File.is_trashed).is_(False),
    )
    if only is not None:
        query = query.where(col(File.run) == only[0], col(File.attempt) == only[1])
    session.flush()
    started = session.exec(
        query.values(
            provisioning_state="pending",
            run=File.run + 1,
            attempt=1,
            spared=0,
            lost=File.lost + 1 if only is not None else 0,
            next_attempt_at=at + timedelta(seconds=delay),
            updated_at=at,
        ).execution_options(synchronize_session=False)
    ).rowcount
    session.refresh(file)
    if started:
        queue.provision(session, file.id, file.run, 1, delay)
    return bool(started)


def withdraw(session: Session, queue: Queue, file: File, *, state: Literal["removed", "none"]) -> str | None:
    """Take the image of a file back, here and (durably, later) at Cloudflare; answers its id, or None.

    Work that is under way loses its right to commit and cleans up behind itself. The caller emits the event.
    """
    session.flush()
    session.refresh(file, with_for_update=True)
    started = file.provisioning_state == "running" or file.attempt > 1
    file.run += 1
    file.attempt = 0
    file.provisioning_state = state
    file.next_attempt_at = None
    file.updated_at = now()
    if started:
        queue.tidy(session, file.id, file.run, 1, SETTLED_AFTER_S)
    image = session.exec(select(Image).where(Image.file_id == file.id)).first()
    if image is None:
        return None
    session.delete(image)
    counters.add(session, file.workspace_id, "images", -1)
    doom(session, queue, image.cf_image_id, file_id=file.id, workspace_id=file.workspace_id)
    return image.id


def doom(session: Session, queue: Queue, cf_image_id: str, *, file_id: str, workspace_id: str) -> None:
    """Have an image deleted at Cloudflare. The row stays until Cloudflare has confirmed it, and until then no attempt
    adopts the image."""
    if session.get(RemoteDeletion, cf_image_id) is not None:
        return
    session.add(
        RemoteDeletion(cf_image_id=cf_image_id, workspace_id=workspace_id, file_id=file_id, next_attempt_at=now())
    )
    queue.delete_remote(session, cf_image_id, 1)


def clear_error(session: Session, file: File) -> None:
    """Forget why the last run failed."""
    mark(session, file, "ready")
    file.error_code = file.error_message = None
    file.error_retryable = False
