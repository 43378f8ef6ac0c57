"""Images: files as Cloudflare Images shows them. An image exists exactly while its file is provisioned."""

from collections.abc import Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Integer, Text, and_, bindparam, type_coerce
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
from images_app.prepared import Prepared

T = TypeVar("T")

KIND = paging.by_id("img")


Columns = tuple[str, str, str, str, int | None, int | None, int | None, str | None, bool]
"""The first nine of an ImageRow, as the driver has read them: naming those of a whole page costs more than its JSON."""


class ImageRow(NamedTuple):
    """An image, and what is shown of the file behind it. Plain values: a page of entities costs more to make than to
    read."""

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
    """On SQLite as it is stored there: 0 or 1."""
    thumbhash: str | None
    taken_at: datetime | None
    name: str
    mime: str
    created_at: datetime
    updated_at: datetime

    @property
    def columns(self) -> Columns:
        """The image alone."""
        return self[:9]


def _select(names: Sequence[str]) -> Any:
    """The `select` of these fields of an ImageRow, most of them in a form that needs no conversion."""
    image, file = table(Image), table(File)
    passed: dict[str, Any] = {
        "exif": sql_cast(image.c.exif, Text),
        "is_private": type_coerce(image.c.is_private, Integer),
    }
    return select_columns(*(passed.get(name, (image if name in image.c else file).c[name]) for name in names))


PLAIN: Listing[Columns] = Listing(KIND, Image, _select(ImageRow._fields[:9]), itemgetter(0), make=tuple)
NAMED: Listing[ImageRow] = Listing(
    KIND,
    Image,
    _select(ImageRow._fields).join(table(File), table(File).c.id == table(Image).c.file_id),
    itemgetter(0),
    make=ImageRow._make,
)
_BY_FILE = Prepared(NAMED.rows.where(table(Image).c.file_id == bindparam("file_id")))


def list_page(
    session: Session,
    viewer: Viewer,
    window: Window,
    listing: Listing[T],
    *,
    workspace_id: str | None = None,
    ids: Sequence[str] | None = None,
) -> Page[T]:
    """One page of the images that the viewer sees, newest upload first; with `ids` only of those. `listing` is PLAIN
    or NAMED.

    Raises NotFound for a foreign workspace, InvalidParameter, InvalidCursor or ConflictingCursors for a window or ids
    that cannot be used. Ids that are unknown or foreign match nothing.
    """
    workspaces = access.workspaces(session, viewer, workspace_id)
    if ids is None:
        sources = paging.workspace_sources(workspaces)
        total = lambda: counters.total(session, workspaces, "images")  # noqa: E731
        return paging.page(session, listing, sources, window, total)
    scope = paging.within_workspaces(col(Image.workspace_id), workspaces)
    among = and_(col(Image.id).in_(paging.check_ids(ids)), scope)
    return paging.page_of(session, listing, window, among)


def get(session: Session, viewer: Viewer, image_id: str) -> ImageRow:
    """One image by its own id or by that of its file. Raises NotFound."""
    if ids.is_id(image_id, "fil"):
        return by_file(session, viewer, image_id)
    if not ids.is_id(image_id, "img"):
        raise NotFound
    return by_file(session, viewer, ids.file_of(image_id))


def by_file(session: Session, viewer: Viewer, file_id: str) -> ImageRow:
    """The image of a file. Raises NotFound when the file has none, or none that the viewer may know of."""
    found = _BY_FILE.first(session, {"file_id": file_id}) if ids.is_id(file_id, "fil") else None
    if found is None:
        raise NotFound
    row = ImageRow._make(found)
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
