"""Images: files as Cloudflare Images shows them. An image exists exactly while its file is provisioned."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_
from sqlalchemy import select as select_columns
from sqlalchemy.orm import Bundle
from sqlmodel import Session, col, select

from images_app import ids
from images_app.core import access, counters, events, files, paging, provisioning
from images_app.core.access import Viewer
from images_app.core.paging import Listing, Page, Window
from images_app.core.provisioning import Queue
from images_app.errors import NotFound
from images_app.models import File, Image

KIND = paging.by_id("img")


@dataclass(frozen=True)
class ImageRow:
    """An image together with the file behind it, as far as both are shown: attributes of `Image` and `File`."""

    image: Any
    file: Any


# Plain columns: a page of entities costs more to build than to read (`make bench ARGS=images_list` times the page).
_IMAGE: Bundle[Any] = Bundle(
    "image",
    col(Image.id),
    col(Image.file_id),
    col(Image.workspace_id),
    col(Image.cf_image_id),
    col(Image.width),
    col(Image.height),
    col(Image.size),
    col(Image.exif),
    col(Image.thumbhash),
    col(Image.taken_at),
    col(Image.is_private),
)
_FILE: Bundle[Any] = Bundle("file", col(File.name), col(File.mime), col(File.created_at), col(File.updated_at))
_ROWS: Any = select_columns(_IMAGE, _FILE).join(File, col(File.id) == col(Image.file_id))


def list_page(
    session: Session,
    viewer: Viewer,
    window: Window,
    *,
    workspace_id: str | None = None,
    ids: Sequence[str] | None = None,
) -> Page[ImageRow]:
    """One page of the images that the viewer sees, newest upload first; with `ids` only of those.

    Raises NotFound for a foreign workspace, InvalidParameter, InvalidCursor or ConflictingCursors for a window or ids
    that cannot be used. Ids that are unknown or foreign match nothing.
    """
    workspaces = access.workspaces(session, viewer, workspace_id)
    sources = paging.workspace_sources(col(Image.workspace_id), workspaces)
    listing: Listing[tuple[Any, Any]] = Listing(KIND, col(Image.id), _ROWS, lambda row: row[0].id, sources)
    if ids is None:
        page = paging.page(session, listing, window, lambda: counters.total(session, workspaces, "images"))
    else:
        scope = paging.within_workspaces(col(Image.workspace_id), workspaces)
        among = and_(col(Image.id).in_(paging.check_ids(ids)), scope)
        page = paging.page_of(session, listing, window, among)
    return page.map(lambda row: ImageRow(*row))


def get(session: Session, viewer: Viewer, image_id: str) -> ImageRow:
    """One image by its own id or by that of its file. Raises NotFound."""
    if ids.is_id(image_id, "fil"):
        return by_file(session, viewer, image_id)
    if not ids.is_id(image_id, "img"):
        raise NotFound
    return by_file(session, viewer, ids.file_of(image_id))


def by_file(session: Session, viewer: Viewer, file_id: str) -> ImageRow:
    """The image of a file. Raises NotFound when the file has none, or none that the viewer may know of."""
    row = session.exec(_ROWS.where(Image.file_id == file_id)).first() if ids.is_id(file_id, "fil") else None
    if row is None:
        raise NotFound
    access.require(session, viewer, row[0].workspace_id, "read")
    return ImageRow(*row)


def remove(session: Session, queue: Queue, viewer: Viewer, any_id: str) -> None:
    """By the image's id: take it out of the gallery; the file stays and is not provisioned again unless asked.
    By its file's id: the image goes and the file with it, into the trash.

    Raises NotFound, and touches nothing, when the file has no image; Forbidden when the viewer may not delete.
    """
    by_file_id = ids.is_id(any_id, "fil")
    if not by_file_id and not ids.is_id(any_id, "img"):
        raise NotFound
    file = files.claim(session, viewer, any_id if by_file_id else ids.file_of(any_id), "delete")
    if session.exec(select(Image.id).where(Image.file_id == file.id)).first() is None:
        raise NotFound
    if by_file_id:
        files.trash(session, queue, viewer, file.id)
        return
    image_id = provisioning.withdraw(session, queue, file, state="removed")
    events.emit(session, "image.deleted", file, image_id=image_id, actor_id=viewer.user_id)
