"""The one pager of every list: keyset cursors, both directions, exact flags.

A page is read by seeking an index to the cursor's key, never by counting rows off, so the millionth row costs what
the first costs. A cursor names a key, not a row: it goes on working after its row is gone.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, and_, select, true, union_all
from sqlalchemy.orm import Mapped
from sqlmodel import Session

from images_app import ids
from images_app.errors import ConflictingCursors, FieldError, InvalidCursor, InvalidParameter

MAX_LIMIT = 100
MAX_IDS = 100
_MAX_CURSOR = 128
_MAX_SOURCES = 100  # SQLite takes at most 500 terms in a compound SELECT

Key = str | int
T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True)
class Kind:
    """A kind of list. A cursor is bound to its kind: that of a token means nothing among images."""

    name: str
    parse: Callable[[str], Key | None]
    """The key in a text that a client sent, None when it is none. Such a text is a cursor by itself."""
    newest_first: bool = True


def by_id(prefix: ids.Prefix) -> Kind:
    """A list that is ordered by its own ids."""
    return Kind(prefix, lambda text: text if ids.is_id(text, prefix) else None)


@dataclass(frozen=True)
class Window:
    """The part of a list that is asked for, in the client's own words."""

    limit: int = MAX_LIMIT
    after: str | None = None
    before: str | None = None


@dataclass(frozen=True)
class Listing(Generic[T]):
    """What is listed."""

    kind: Kind
    key: Mapped[Any]
    """The unique column that orders the list."""
    rows: Any
    """The `select` of what to load, with neither order nor limit."""
    key_of: Callable[[T], Key]
    sources: Sequence[ColumnElement[bool]]
    """Conditions of which a row meets at most one, each an index seek together with `key`. With none the list is
    empty."""


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some rows of a list, in the list's order whichever way they were reached."""

    items: tuple[T, ...]
    total: int
    """All rows of the list, whatever the cursor."""
    has_next: bool
    has_previous: bool
    start_cursor: str | None
    end_cursor: str | None

    def map(self, change: Callable[[T], U]) -> "Page[U]":
        """The same page of other things."""
        return Page(
            tuple(change(item) for item in self.items),
            self.total,
            self.has_next,
            self.has_previous,
            self.start_cursor,
            self.end_cursor,
        )


def page(session: Session, listing: Listing[T], window: Window, total: Callable[[], int]) -> Page[T]:
    """One page. Raises InvalidParameter, InvalidCursor or ConflictingCursors for a window that cannot be used."""
    cursor, backwards = _position(listing.kind, window)
    found = fetch(session, listing, cursor, backwards, window.limit + 1)
    more = len(found) > window.limit
    behind = cursor is not None and _exists_behind(session, listing, cursor, backwards)
    return _assemble(listing, found[: window.limit], backwards, more, behind, total())


def page_of(session: Session, listing: Listing[T], window: Window, among: ColumnElement[bool]) -> Page[T]:
    """One page of the few rows that also meet `among` (at most MAX_IDS of them); `total` counts just these."""
    cursor, backwards = _position(listing.kind, window)
    descending = listing.kind.newest_first != backwards
    rows: list[T] = list(session.exec(listing.rows.where(among)))
    rows.sort(key=lambda row: listing.key_of(row), reverse=descending)
    found = [row for row in rows if cursor is None or _is_past(listing.key_of(row), cursor, descending)]
    more = len(found) > window.limit
    return _assemble(listing, found[: window.limit], backwards, more, len(found) < len(rows), len(rows))


def encode(kind: Kind, key: Key) -> str:
    """The opaque cursor of a key. The leading 1 is the format's version."""
    return base64.urlsafe_b64encode(f"1{kind.name}:{key}".encode()).decode().rstrip("=")


def decode(kind: Kind, text: str) -> Key:
    """The key in a cursor, or in a plain key of that list. Raises InvalidCursor for anything else."""
    if len(text) <= _MAX_CURSOR:
        plain = kind.parse(text)
        if plain is not None:
            return plain
        try:
            packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
        except (binascii.Error, ValueError):
            packed = ""
        start = f"1{kind.name}:"
        key = kind.parse(packed.removeprefix(start)) if packed.startswith(start) else None
        if key is not None and encode(kind, key) == text:
            return key
    raise InvalidCursor("The cursor is not one that this list gave out.")


def check_ids(wanted: Sequence[str]) -> tuple[str, ...]:
    """The ids that a list is narrowed to. Raises InvalidParameter unless there are 1 to MAX_IDS."""
    if not 1 <= len(wanted) <= MAX_IDS or not all(wanted):
        detail = f"Give 1 to {MAX_IDS} ids, separated by commas."
        raise InvalidParameter(detail, (FieldError("ids", detail),))
    return tuple(dict.fromkeys(wanted))


def _position(kind: Kind, window: Window) -> tuple[Key | None, bool]:
    """Where the window begins and whether it is read backwards from there."""
    if not 1 <= window.limit <= MAX_LIMIT:
        detail = f"The limit is a number from 1 to {MAX_LIMIT}."
        raise InvalidParameter(detail, (FieldError("limit", detail),))
    if window.after is not None and window.before is not None:
        raise ConflictingCursors("Use `after` or `before`, not both.")
    if window.before is not None:
        return decode(kind, window.before), True
    return (None if window.after is None else decode(kind, window.after)), False


def fetch(session: Session, listing: Listing[T], cursor: Key | None, backwards: bool, limit: int) -> list[T]:
    """Up to `limit` rows from the cursor on, nearest first."""
    key, descending = listing.key, listing.kind.newest_first != backwards
    past = _past(key, cursor, descending)
    if len(listing.sources) == 1:
        return list(session.exec(_nearest(listing.rows.where(listing.sources[0], past), key, descending, limit)))
    keys: list[Key] = []
    for some in _batches(listing.sources):
        # One index seek for each source, merged as they are read, so that only `limit` keys are touched.
        # (An IN over workspaces would read and sort all their rows.)
        merged: Any = union_all(*(select(key.label("key")).where(source, past) for source in some))
        keys.extend(session.scalars(_nearest(merged, merged.selected_columns["key"], descending, limit)))
    keys.sort(reverse=descending)
    rows: list[T] = list(session.exec(listing.rows.where(key.in_(keys[:limit])))) if keys else []
    return sorted(rows, key=lambda row: listing.key_of(row), reverse=descending)


def _past(key: Any, cursor: Key | None, descending: bool) -> ColumnElement[bool]:
    if cursor is None:
        return true()
    past: ColumnElement[bool] = key < cursor if descending else key > cursor
    return past


def _nearest(query: Any, by: Any, descending: bool, limit: int) -> Any:
    return query.order_by(by.desc() if descending else by.asc()).limit(limit)


def _exists_behind(session: Session, listing: Listing[T], cursor: Key, backwards: bool) -> bool:
    """Whether the list has rows on the near side of the cursor, its own row included."""
    key = listing.key
    side = key >= cursor if listing.kind.newest_first != backwards else key <= cursor
    for some in _batches(listing.sources):
        rows: Any = union_all(*(select(key.label("key")).where(source, side) for source in some))
        if session.scalars(rows.limit(1)).first() is not None:
            return True
    return False


def _batches(sources: Sequence[ColumnElement[bool]]) -> list[Sequence[ColumnElement[bool]]]:
    return [sources[i : i + _MAX_SOURCES] for i in range(0, len(sources), _MAX_SOURCES)]


def _is_past(key: Key, cursor: Key, descending: bool) -> bool:
    return key < cursor if descending else key > cursor  # type: ignore[operator]


def _assemble(listing: Listing[T], found: list[T], backwards: bool, more: bool, behind: bool, total: int) -> Page[T]:
    items = tuple(reversed(found)) if backwards else tuple(found)
    return Page(
        items=items,
        total=total,
        has_next=behind if backwards else more,
        has_previous=more if backwards else behind,
        start_cursor=encode(listing.kind, listing.key_of(items[0])) if items else None,
        end_cursor=encode(listing.kind, listing.key_of(items[-1])) if items else None,
    )


def workspace_sources(
    column: Mapped[Any], workspaces: Sequence[str] | None, *also: ColumnElement[bool]
) -> list[ColumnElement[bool]]:
    """The sources of a list that this viewer sees: one for each workspace, or one for all when None."""
    if workspaces is None:
        return [and_(true(), *also)]
    return [and_(column == workspace, *also) for workspace in workspaces]


def within_workspaces(column: Mapped[Any], workspaces: Sequence[str] | None) -> ColumnElement[bool]:
    """The same scope as one condition, for `page_of`."""
    return true() if workspaces is None else column.in_(workspaces)
