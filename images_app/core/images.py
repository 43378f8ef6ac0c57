"""Images: files as Cloudflare Images shows them. An image exists exactly while its file is provisioned."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import Text, and_, bindparam
from sqlalchemy import cast as sql_cast
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from images_app import ids
from images_app.core import access, counters, events, files, paging, provisioning
from images_app.core.access import Viewer
from images_app.core.paging import Listing, Page, Window
from images_app.core.provisioning import Queue
from images_app.errors import NotFound
from images_app.models import File, Image, table

KIND = paging.by_id("img")


class Details(NamedTuple):
    """What is shown of an image, and of the file behind it, when it is asked for."""

    thumbhash: str | None
    taken_at: datetime | None
    name: str
    mime: str
    created_at: datetime
    updated_at: datetime


class ImageRow(NamedTuple):
    """An image as it is shown. Plain values: a page of entities costs more to make than to read."""

    id: str
    file_id: str
    workspace_id: str
    cf_image_id: str
    width: int | None
    height: int | None
    size: int | None
    exif: str | None
    """JSON, as it is stored: it is only passed on."""
    is_private: bool
    details: Details | None = None


_PLAIN = len(ImageRow._fields) - 1


def _rows(*, details: bool) -> Any:
    """The `select` of what makes an ImageRow."""
    image, file = table(Image), table(File)
    plain = [sql_cast(image.c.exif, Text) if name == "exif" else image.c[name] for name in ImageRow._fields[:_PLAIN]]
    if not details:
        return select_columns(*plain)
    more = [(image if name in image.c else file).c[name] for name in Details._fields]
    return select_columns(*plain, *more).join(file, file.c.id == image.c.file_id)


def _made(row: Any) -> ImageRow:
    if len(row) == _PLAIN:
        return ImageRow(*row)
    return ImageRow._make((*row[:_PLAIN], Details(*row[_PLAIN:])))


_LISTS = {
    details: Listing[Any](KIND, Image, _rows(details=details), lambda row: cast(str, row[0]))
    for details in (False, True)
}
_BY_FILE = {details: _rows(details=details).where(col(Image.file_id) == bindparam("file_id")) for details in _LISTS}


def list_page(
    session: Session,
    viewer: Viewer,
    window: Window,
    *,
    workspace_id: str | None = None,
    ids: Sequence[str] | None = None,
    details: bool = False,
) -> Page[ImageRow]:
    """One page of the images that the viewer sees, newest upload first; with `ids` only of those.

    Raises NotFound for a foreign workspace, InvalidParameter, InvalidCursor or ConflictingCursors for a window or ids
    that cannot be used. Ids that are unknown or foreign match nothing.
    """
    workspaces = access.workspaces(session, viewer, workspace_id)
    if ids is None:
        sources = paging.workspace_sources(workspaces)
        total = lambda: counters.total(session, workspaces, "images")  # noqa: E731
        return paging.page(session, _LISTS[details], sources, window, total).map(_made)
    scope = paging.within_workspaces(col(Image.workspace_id), workspaces)
    among = and_(col(Image.id).in_(paging.check_ids(ids)), scope)
    return paging.page_of(session, _LISTS[details], window, among).map(_made)


def get(session: Session, viewer: Viewer, image_id: str, *, details: bool = False) -> ImageRow:
    """One image by its own id or by that of its file. Raises NotFound."""
    if ids.is_id(image_id, "fil"):
        return by_file(session, viewer, image_id, details=details)
    if not ids.is_id(image_id, "img"):
        raise NotFound
    return by_file(session, viewer, ids.file_of(image_id), details=details)


def by_file(session: Session, viewer: Viewer, file_id: str, *, details: bool = False) -> ImageRow:
    """The image of a file. Raises NotFound when the file has none, or none that the viewer may know of."""
    found = session.exec(_BY_FILE[details], params={"file_id": file_id}).first() if ids.is_id(file_id, "fil") else None
    if found is None:
        raise NotFound
    row = _made(found)
    access.require(session, viewer, row.workspace_id, "read")
    return row


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
