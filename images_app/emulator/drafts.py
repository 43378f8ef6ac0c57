"""Rows of direct uploads that wait for their bytes. Once these arrive, the draft's row makes way for an image's."""

import re
import sqlite3
from dataclasses import astuple, dataclass, fields
from datetime import datetime

from images_app.emulator import images
from images_app.emulator.errors import ApiError

_DEFAULT_MS = 30 * 60_000
_MIN_MS = 2 * 60_000
_MAX_MS = 6 * 3600_000


@dataclass(frozen=True)
class DraftImage:
    """An id that somebody may upload one file to, until `expires_ms`; times are Unix milliseconds."""

    id: str
    custom_id: bool
    meta: str
    creator: str | None
    require_signed: bool
    created_ms: int
    expires_ms: int


_COLUMNS = ", ".join(f.name for f in fields(DraftImage))


def expiry(text: str | None, now_ms: int) -> int:
    """RFC 3339 to Unix milliseconds: 2 minutes to 6 hours from now, 30 minutes when None. Raises ApiError 5400."""
    if text is None:
        return now_ms + _DEFAULT_MS
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9:.]{8,20}([Zz]|[+-][0-9]{2}:[0-9]{2})", text):
        raise _bad_expiry()
    try:
        at = round(datetime.fromisoformat(text).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise _bad_expiry() from None
    if not now_ms + _MIN_MS <= at <= now_ms + _MAX_MS:
        raise _bad_expiry()
    return at


def _bad_expiry() -> ApiError:
    message = "Bad request: expiry must be an RFC 3339 time from 2 minutes to 6 hours from now"
    return ApiError(5400, message, pointer="/expiry")


def insert(db: sqlite3.Connection, draft: DraftImage) -> None:
    """Raises ApiError 5409 when the id is taken. Drafts whose time is over are forgotten."""
    db.execute("DELETE FROM draft WHERE expires_ms < ?", (draft.created_ms,))
    if images.find(db, draft.id) or find(db, draft.id):
        raise ApiError(5409, "Resource already exists")
    marks = ", ".join("?" for _ in fields(DraftImage))
    db.execute(f"INSERT INTO draft ({_COLUMNS}) VALUES ({marks})", astuple(draft))  # noqa: S608 - our own names


def find(db: sqlite3.Connection, image_id: str) -> DraftImage | None:
    """The draft, unless its time is over."""
    row = db.execute(
        f"SELECT {_COLUMNS} FROM draft WHERE id = ? AND expires_ms > ?",  # noqa: S608
        (image_id, images.now_ms()),
    ).fetchone()
    if row is None:
        return None
    values = {f.name: row[f.name] for f in fields(DraftImage)}
    return DraftImage(**values | {name: bool(values[name]) for name in ("custom_id", "require_signed")})


def open_for_upload(db: sqlite3.Connection, image_id: str) -> DraftImage:
    """The draft; raises ApiError 5409 when its bytes are there already, 5404 when there is none any more."""
    draft = find(db, image_id)
    if draft is None:
        if images.find(db, image_id):
            raise ApiError(5409, "Resource already exists: the one-time upload is done")
        raise ApiError(5404, "Image not found: the upload is unknown or has expired")
    return draft


def delete(db: sqlite3.Connection, image_id: str) -> bool:
    """Whether there was one."""
    return db.execute("DELETE FROM draft WHERE id = ?", (image_id,)).rowcount > 0
