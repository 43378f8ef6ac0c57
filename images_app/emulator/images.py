"""Image rows: what is kept of an upload, and the queries of both lists."""

import json
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from typing import Any

from images_app.emulator.errors import ApiError
from images_app.emulator.recipe import Source

CUSTOM_IS_PUBLIC = (
    "The image contains a custom ID and cannot be set to private. "
    "To make the image private, delete and upload the image again using a regular ID."
)


@dataclass(frozen=True)
class Image:
    """One stored image. `blob` names its file; `uploaded_ms` is Unix time in milliseconds."""

    id: str
    custom_id: bool
    filename: str
    meta: str
    """JSON object."""
    creator: str | None
    require_signed: bool
    uploaded_ms: int
    blob: str
    sha256: str
    size: int
    format: str
    width: int
    height: int
    frames: int
    alpha: bool

    @property
    def source(self) -> Source:
        """What transformations need to know."""
        return Source(self.sha256, self.format, self.size, self.width, self.height, self.frames, self.alpha)


_NAMES = [f.name for f in fields(Image)]
_COLUMNS = ", ".join(_NAMES)
_MARKS = ", ".join("?" for _ in _NAMES)
_BOOLEANS = ("custom_id", "require_signed", "alpha")


def _image(row: sqlite3.Row) -> Image:
    values = {name: row[name] for name in _NAMES}
    return Image(**values | {name: bool(values[name]) for name in _BOOLEANS})


def insert(db: sqlite3.Connection, image: Image) -> None:
    """Raises ApiError 5409 when the id is taken."""
    try:
        db.execute(f"INSERT INTO image ({_COLUMNS}) VALUES ({_MARKS})", astuple(image))  # noqa: S608 - our own names
    except sqlite3.IntegrityError:
        raise ApiError(5409, "Resource already exists") from None


def find(db: sqlite3.Connection, image_id: str) -> Image | None:
    """The image, or None."""
    row = db.execute(f"SELECT {_COLUMNS} FROM image WHERE id = ?", (image_id,)).fetchone()  # noqa: S608
    return None if row is None else _image(row)


def get(db: sqlite3.Connection, image_id: str) -> Image:
    """The image; raises ApiError 5404."""
    image = find(db, image_id)
    if image is None:
        raise ApiError(5404, "Image not found")
    return image


def update(db: sqlite3.Connection, image_id: str, changed: Image) -> None:
    """Replace everything but the place in the lists; the id may change."""
    pairs = ", ".join(f"{name} = ?" for name in _NAMES)
    db.execute(f"UPDATE image SET {pairs} WHERE id = ?", (*astuple(changed), image_id))  # noqa: S608


def delete(db: sqlite3.Connection, image_id: str) -> tuple[Image, bool]:
    """The row that was deleted, and whether its content is still used by another one. Raises ApiError 5404."""
    image = get(db, image_id)
    db.execute("DELETE FROM image WHERE id = ?", (image_id,))
    return image, db.execute("SELECT 1 FROM image WHERE sha256 = ? LIMIT 1", (image.sha256,)).fetchone() is not None


def count(db: sqlite3.Connection) -> int:
    """How many there are."""
    return int(db.execute("SELECT count(*) FROM image").fetchone()[0])


def blobs(db: sqlite3.Connection) -> set[str]:
    """The content files that are in use."""
    return {row[0] for row in db.execute("SELECT blob FROM image")}


Condition = tuple[str, Sequence[Any]]
"""An SQL expression over the image's columns, and its values."""


def by_creator(creator: str | None) -> list[Condition]:
    """None: everybody's; empty: those without a creator."""
    if creator is None:
        return []
    return [("creator = ?", (creator,))] if creator else [("creator IS NULL", ())]


def page(
    db: sqlite3.Connection, conditions: Sequence[Condition], *, ascending: bool, after: int | None, limit: int
) -> tuple[list[Image], int | None]:
    """Up to `limit` images beyond sequence number `after`, and the number to go on from (None at the end)."""
    where = list(conditions)
    if after is not None:
        where.append((f"seq {'>' if ascending else '<'} ?", (after,)))
    rows = db.execute(
        f"SELECT seq, {_COLUMNS} FROM image {_where(where)} ORDER BY seq {'ASC' if ascending else 'DESC'} LIMIT ?",  # noqa: S608
        (*(value for _, values in where for value in values), limit + 1),
    ).fetchall()
    return [_image(row) for row in rows[:limit]], rows[limit - 1]["seq"] if len(rows) > limit else None


def numbered_page(db: sqlite3.Connection, conditions: Sequence[Condition], *, number: int, size: int) -> list[Image]:
    """Page `number` (from 1) of the old list, newest first."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM image {_where(conditions)} ORDER BY seq DESC LIMIT ? OFFSET ?",  # noqa: S608
        (*(value for _, values in conditions for value in values), size, (number - 1) * size),
    )
    return [_image(row) for row in rows]


def _where(conditions: Sequence[Condition]) -> str:
    return f"WHERE {' AND '.join(sql for sql, _ in conditions)}" if conditions else ""


def now_ms() -> int:
    """Unix time in milliseconds."""
    return time.time_ns() // 1_000_000


def meta_object(image: Image) -> dict[str, Any]:
    """The metadata as it was given."""
    value: dict[str, Any] = json.loads(image.meta)
    return value
