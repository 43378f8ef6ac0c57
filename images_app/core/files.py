"""Files: what members upload, where it goes when they throw it away, and how it comes back."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from sqlalchemy import and_
from sqlmodel import Session, col, select

from images_app import ids
from images_app.core import access, counters, events, idempotency, paging, provisioning
from images_app.core import quota as quotas
from images_app.core.access import Action, Viewer
from images_app.core.paging import Kind, Listing, Page, Window
from images_app.core.provisioning import Queue
from images_app.core.quota import Quota
from images_app.errors import Conflict, FieldError, InvalidParameter, NotFound, NotRetryable
from images_app.models import Event, File, Workspace, now

Status = Literal["uploading", "ready", "error"]
STATUSES: tuple[Status, ...] = get_args(Status)


def _parse_id(text: str) -> str | None:
    """A file's id, also said as the id of its image."""
    if ids.is_id(text, "fil"):
        return text
    return ids.file_of(text) if ids.is_id(text, "img") else None


KIND = Kind("fil", _parse_id)
_LIST: Listing[File] = Listing(KIND, File, select(File), lambda file: file.id)


@dataclass(frozen=True)
class NewFile:
    """A file whose bytes are in the object store already."""

    id: str
    workspace_id: str
    name: str
    mime: str
    size: int
    """Bytes."""
    sha256: str
    """Hexadecimal."""
    object_key: str
    is_image: bool
    """Its bytes are an image, or it claims so: provisioning is asked for, and fails with a reason when they are not."""

    @property
    def fingerprint(self) -> str:
        """What an Idempotency-Key stands for: workspace, name and bytes."""
        return hashlib.sha256("\0".join((self.workspace_id, self.name, self.sha256)).encode()).hexdigest()


@dataclass(frozen=True)
class Filter:
    """Which files are asked for; `status` only of files that are not in the trash."""

    workspace_id: str | None = None
    status: Status | None = None
    is_trashed: bool = False
    ids: Sequence[str] | None = None


def register(
    session: Session,
    queue: Queue,
    viewer: Viewer,
    new: NewFile,
    *,
    idempotency_key: str | None = None,
    quota: Quota | None = None,
) -> File:
    """Make a stored object a file of its workspace, and ask for its image, in the caller's one transaction.

    With a key that this user used within a day for the same bytes, name and workspace, the first file is the answer
    (its id is not `new.id`) and nothing is written. Raises IdempotencyConflict when the key stood for something else;
    NotFound or Forbidden when the viewer may not (any longer) write there; QuotaExceeded when there is no room, where
    `quota` is the server's default.
    """
    access.require(session, viewer, new.workspace_id, "write")
    if idempotency_key is not None:
        idempotency.claim(session, viewer, idempotency_key)
        first = replay(session, viewer, new, idempotency_key)
        if first is not None:
            return first
        idempotency.remember(session, viewer, idempotency_key, new.fingerprint, new.id)
    file = File(
        id=new.id,
        workspace_id=new.workspace_id,
        created_by=viewer.user_id,
        name=new.name,
        mime=new.mime,
        size=new.size,
        sha256=new.sha256,
        object_key=new.object_key,
    )
    session.add(file)
    for name, delta in (("files", 1), ("files:ready", 1), ("bytes", new.size)):
        counters.add(session, new.workspace_id, name, delta)
    quotas.require_room(session, session.get_one(Workspace, new.workspace_id), quota or Quota())
    about = {"name": new.name, "mime": new.mime, "size": new.size}
    events.emit(session, "file.ready", file, actor_id=viewer.user_id, data=about)
    if new.is_image:
        provisioning.request(session, queue, file, actor_id=viewer.user_id)
    return file


def replay(session: Session, viewer: Viewer, new: NewFile, idempotency_key: str) -> File | None:
    """The file that this key made within the last day; None when the key is free.

    Raises IdempotencyConflict when the key was used for other bytes, another name or another workspace.
    """
    first = idempotency.made(session, viewer, idempotency_key, new.fingerprint)
    return None if first is None else session.get(File, first)


def get(session: Session, viewer: Viewer, file_id: str) -> File:
    """A file that is not in the trash. Raises NotFound."""
    file = _find(session, viewer, file_id)
    if file.is_trashed:
        raise NotFound
    return file


def list_page(session: Session, viewer: Viewer, which: Filter, window: Window) -> Page[File]:
    """One page of files, newest upload first. Raises NotFound for a foreign workspace."""
    if which.is_trashed and which.status is not None:
        detail = "Files in the trash have no status to filter by."
        raise InvalidParameter(detail, (FieldError("status", detail),))
    workspaces = access.workspaces(session, viewer, which.workspace_id)
    kinds = {"is_trashed": which.is_trashed} | ({} if which.status is None else {"status": which.status})
    if which.ids is not None:
        wanted = col(File.id).in_(paging.check_ids(which.ids))
        scope = paging.within_workspaces(col(File.workspace_id), workspaces)
        of_kind = (col(getattr(File, name)) == value for name, value in kinds.items())
        return paging.page_of(session, _LIST, window, and_(wanted, scope, *of_kind))
    name = "trash" if which.is_trashed else "files" if which.status is None else f"files:{which.status}"
    sources = paging.workspace_sources(workspaces, **kinds)
    return paging.page(session, _LIST, sources, window, lambda: counters.total(session, workspaces, name))


def history(session: Session, viewer: Viewer, file_id: str, window: Window) -> Page[Event]:
    """What happened to a file, oldest first. Raises NotFound."""
    file = get(session, viewer, file_id)
    return events.list_page(session, viewer, events.Filter(file.workspace_id, file_id=file.id), window)


def trash(session: Session, queue: Queue, viewer: Viewer, file_id: str) -> None:
    """Put a file into the trash; its image goes, here and at Cloudflare. Raises NotFound, Forbidden."""
    file = claim(session, viewer, file_id, "delete")
    if file.is_trashed:
        raise NotFound
    image_id = None
    if file.provisioning_state not in provisioning.IDLE:
        image_id = provisioning.withdraw(session, queue, file, state="none")
    _count(session, file, -1)
    file.is_trashed = True
    file.trashed_at = file.updated_at = now()
    file.trashed_by = viewer.user_id
    counters.add(session, file.workspace_id, "trash", 1)
    if image_id is not None:
        events.emit(session, "image.deleted", file, image_id=image_id, actor_id=viewer.user_id)
    events.emit(session, "file.deleted", file, actor_id=viewer.user_id, data={"name": file.name})


def restore(session: Session, queue: Queue, viewer: Viewer, file_id: str) -> File:
    """Take a file out of the trash; one that had an image, or was about to, is provisioned again.

    One whose image was removed from the gallery, or had failed, stays as it was. Raises NotFound, Forbidden, Conflict
    when it is not in the trash.
    """
    file = claim(session, viewer, file_id, "write")
    if not file.is_trashed:
        raise Conflict("The file is not in the trash.")
    file.is_trashed = False
    file.trashed_at = file.trashed_by = None
    file.updated_at = now()
    _count(session, file, 1)
    counters.add(session, file.workspace_id, "trash", -1)
    events.emit(session, "file.restored", file, actor_id=viewer.user_id, data={"name": file.name})
    if file.provisioning_state == "none" and file.run > 0:
        provisioning.request(session, queue, file, actor_id=viewer.user_id)
    return file


def retry(session: Session, queue: Queue, viewer: Viewer, file_id: str) -> File:
    """Ask for the image again, after a failure or a removal.

    Raises NotFound, Forbidden, NotRetryable when there is an image, one is on its way, or there cannot be one.
    """
    file = claim(session, viewer, file_id, "write")
    if file.is_trashed:
        raise NotFound
    if file.provisioning_state == "none":
        raise NotRetryable("The file is not an image, so there is nothing to retry.")
    if file.provisioning_state == "failed" and not file.error_retryable:
        raise NotRetryable(f"Another try would fail as well: {file.error_message}")
    provisioning.request(session, queue, file, actor_id=viewer.user_id)
    return file


def retry_failed(
    session: Session, queue: Queue, viewer: Viewer, workspace_id: str, *, before: str | None, limit: int
) -> list[str]:
    """Ask again for the images of failed files that may succeed, newest first, up to `limit` of those older than
    `before`; which ones. Who passes the last of them on meets each file once, although it may have failed again.

    Raises NotFound, Forbidden.
    """
    access.require(session, viewer, workspace_id, "write")
    query = select(File).where(
        col(File.workspace_id) == workspace_id,
        col(File.is_trashed).is_(False),
        col(File.status) == "error",
        col(File.error_retryable).is_(True),
    )
    if before is not None:
        query = query.where(col(File.id) < before)
    failed = session.exec(query.order_by(col(File.id).desc()).limit(limit).with_for_update()).all()
    for file in failed:
        provisioning.request(session, queue, file, actor_id=viewer.user_id)
    return [file.id for file in failed]


def _find(session: Session, viewer: Viewer, file_id: str) -> File:
    """A file, in the trash or not, of a workspace that the viewer may read."""
    file = session.get(File, file_id) if ids.is_id(file_id, "fil") else None
    if file is None:
        raise NotFound
    access.require(session, viewer, file.workspace_id, "read")
    return file


def claim(session: Session, viewer: Viewer, file_id: str, action: Action) -> File:
    """A file, in the trash or not, to change it: locked until the transaction ends."""
    known = ids.is_id(file_id, "fil")
    held = select(File).where(File.id == file_id).with_for_update().execution_options(populate_existing=True)
    file = session.exec(held).first() if known else None
    if file is None:
        raise NotFound
    access.require(session, viewer, file.workspace_id, action)
    return file


def _count(session: Session, file: File, delta: int) -> None:
    """Keep the totals of files outside the trash."""
    counters.add(session, file.workspace_id, "files", delta)
    counters.add(session, file.workspace_id, f"files:{file.status}", delta)
