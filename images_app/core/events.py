"""The event log: emitting inside the transaction that did the thing, and reading it in order of `seq`."""

from typing import Any, Literal

from sqlmodel import Session

from images_app.models import Event, File

EventType = Literal[
    "file.ready",
    "image.provision_requested",
    "image.provision_retrying",
    "image.created",
    "image.provision_failed",
    "image.deleted",
    "file.deleted",
    "file.restored",
]


def emit(
    session: Session,
    type: EventType,
    file: File,
    *,
    image_id: str | None = None,
    actor_id: str | None = None,
    data: dict[str, Any] | None = None,
) -> None:
    """Record that something happened to a file, in the caller's transaction.

    `seq` is assigned while the writer holds SQLite's write lock, so no event can become visible after a later one.
    """
    session.add(
        Event(
            type=type,
            workspace_id=file.workspace_id,
            file_id=file.id,
            image_id=image_id,
            actor_id=actor_id,
            data=data or {},
        )
    )
