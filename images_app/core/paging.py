"""The one pager of every list: keyset cursors, both directions, exact flags.

A page is read by seeking an index to the cursor's key, never by counting rows off, so the millionth row costs what
the first costs. A cursor names a key, not a row: it goes on working after its row is gone.
"""

import base64
import binascii
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Integer, bindparam, select, true, union_all
from sqlmodel import Session, SQLModel, and_

from images_app import ids
from images_app.errors import ConflictingCursors, FieldError, InvalidCursor, InvalidParameter
from images_app.models import table
from images_app.prepared import Prepared, Values

MAX_LIMIT = 100
MAX_IDS = 100
_MAX_CURSOR = 128
_MAX_SOURCES = 100  # SQLite takes at most 500 terms in a compound SELECT
_MAX_STATEMENTS = 200

Key = str | int
Source = Mapping[str, object]
"""Rows by what some columns of the list's table hold: those that an index begins with, before the list's key."""
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


@dataclass(frozen=True, eq=False)
class Listing(Generic[T]):
    """A list that there is, whoever reads it. Made once: the statements that read it are made once, too, because
    making one costs more than running it."""

    kind: Kind
    model: type[SQLModel]
    rows: Any
    """The `select` of what to load, with neither order nor limit."""
    key_of: Callable[[T], Key]
    key: str = "id"
    """The unique column that orders the list."""
    make: Callable[[Any], T] | None = None
    """An item out of a row, when `rows` are plain columns; None: they are loaded as objects."""

    def column(self, name: str) -> Any:
        """A column of the list's table."""
        return table(self.model).c[name]

    def load(self, session: Session, query: Prepared, values: Values) -> list[T]:
        """The items that `query`, which narrows `rows`, finds."""
        if self.make is None:
            return list(session.exec(query.statement, params=values))
        return list(map(self.make, query.all(session, values)))

    def load_some(self, session: Session, query: Any, values: Values | None = None) -> list[T]:
        """The same of a statement whose form depends on the values."""
        found = session.exec(query, params=values)
        return list(found if self.make is None else map(self.make, found))


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
            tuple(map(change, self.items)),
            self.total,
            self.has_next,
            self.has_previous,
            self.start_cursor,
            self.end_cursor,
        )


def page(
    session: Session, listing: Listing[T], sources: Sequence[Source], window: Window, total: Callable[[], int]
) -> Page[T]:
    """One page of the rows that are in one of `sources`; no row is in two of them.

    Raises InvalidParameter, InvalidCursor or ConflictingCursors for a window that cannot be used.
    """
    cursor, backwards = _position(listing.kind, window)
    found = fetch(session, listing, sources, cursor, backwards, window.limit + 1)
    more = len(found) > window.limit
    behind = cursor is not None and _exists_behind(session, listing, sources, cursor, backwards)
    return _assemble(listing, found[: window.limit], backwards, more, behind, total())


def page_of(session: Session, listing: Listing[T], window: Window, among: ColumnElement[bool]) -> Page[T]:
    """One page of the rows that meet `among`; they are few, and are all read and counted."""
    cursor, backwards = _position(listing.kind, window)
    descending = listing.kind.newest_first != backwards
    rows = listing.load_some(session, listing.rows.where(among))
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


def fetch(
    session: Session, listing: Listing[T], sources: Sequence[Source], cursor: Key | None, backwards: bool, limit: int
) -> list[T]:
    """Up to `limit` rows from the cursor on, nearest first."""
    descending = listing.kind.newest_first != backwards
    past = None if cursor is None else operator.lt if descending else operator.gt
    given = {"limit": limit} | ({} if cursor is None else {"cursor": cursor})
    if len(sources) == 1:
        return listing.load(session, _rows(listing, tuple(sources[0]), past, descending), given | _values(sources))
    keys: list[Key] = []
    for some in _batches(sources):
        statement = _keys(listing, _shape(some), past, descending, _is_postgresql(session))
        keys.extend(key for (key,) in statement.all(session, given | _values(some)))
    keys.sort(reverse=descending)
    rows = listing.load_some(session, _by_key(listing), {"keys": keys[:limit]}) if keys else []
    return sorted(rows, key=lambda row: listing.key_of(row), reverse=descending)


def _exists_behind(
    session: Session, listing: Listing[T], sources: Sequence[Source], cursor: Key, backwards: bool
) -> bool:
    """Whether the list has rows on the near side of the cursor, its own row included."""
    side = operator.ge if listing.kind.newest_first != backwards else operator.le
    return any(
        _any(listing, _shape(some), side).first(session, {**_values(some), "cursor": cursor}) is not None
        for some in _batches(sources)
    )


def _is_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


def _batches(sources: Sequence[Source]) -> list[Sequence[Source]]:
    return [sources[i : i + _MAX_SOURCES] for i in range(0, len(sources), _MAX_SOURCES)]


# Statements are kept by their form; what is in them are the parameters `cursor`, `limit`, and of the nth source's
# column `c` the parameter `c_n`.
_Shape = tuple[tuple[str, ...], ...]
_Compare = Callable[[Any, Any], ColumnElement[bool]]


def _shape(sources: Sequence[Source]) -> _Shape:
    return tuple(tuple(source) for source in sources)


def _values(sources: Sequence[Source]) -> dict[str, Any]:
    return {f"{name}_{n}": value for n, source in enumerate(sources) for name, value in source.items()}


@lru_cache(_MAX_STATEMENTS)
def _rows(listing: Listing[Any], columns: tuple[str, ...], past: _Compare | None, descending: bool) -> Prepared:
    """The nearest rows of one source."""
    among = listing.rows.where(_meets(listing, 0, columns, past))
    return Prepared(_nearest(among, listing.column(listing.key), descending))


@lru_cache(_MAX_STATEMENTS)
def _keys(
    listing: Listing[Any], shape: _Shape, past: _Compare | None, descending: bool, is_postgresql: bool
) -> Prepared:
    """The nearest keys of several sources: one index seek for each, merged as they are read, so that only `limit` keys
    are touched. (An IN over workspaces would read and sort all their rows.)

    PostgreSQL merges in this way only what has a limit of its own; SQLite only what has none.
    """
    branches = _branches(listing, shape, past)
    if is_postgresql:
        key = listing.column(listing.key)
        branches = [select(_nearest(branch, key, descending).subquery().c.key) for branch in branches]
    merged: Any = union_all(*branches)
    return Prepared(_nearest(merged, merged.selected_columns["key"], descending))


@lru_cache(_MAX_STATEMENTS)
def _any(listing: Listing[Any], shape: _Shape, side: _Compare) -> Prepared:
    """Some key on one side of the cursor."""
    return Prepared(union_all(*_branches(listing, shape, side)).limit(1))


@lru_cache(_MAX_STATEMENTS)
def _by_key(listing: Listing[Any]) -> Any:
    return listing.rows.where(listing.column(listing.key).in_(bindparam("keys", expanding=True)))


def _branches(listing: Listing[Any], shape: _Shape, side: _Compare | None) -> list[Any]:
    key = listing.column(listing.key).label("key")
    return [select(key).where(_meets(listing, n, columns, side)) for n, columns in enumerate(shape)]


def _meets(listing: Listing[Any], n: int, columns: tuple[str, ...], side: _Compare | None) -> ColumnElement[bool]:
    found = [listing.column(name) == bindparam(f"{name}_{n}") for name in columns]
    if side is not None:
        found.append(side(listing.column(listing.key), bindparam("cursor")))
    return and_(true(), *found)


def _nearest(query: Any, by: Any, descending: bool) -> Any:
    return query.order_by(by.desc() if descending else by.asc()).limit(bindparam("limit", type_=Integer))


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


def workspace_sources(workspaces: Sequence[str] | None, **also: object) -> list[Source]:
    """The sources of a list that this viewer sees: one for each workspace, or one for all when None."""
    if workspaces is None:
        return [also]
    return [{"workspace_id": workspace, **also} for workspace in workspaces]


def within_workspaces(column: Any, workspaces: Sequence[str] | None) -> ColumnElement[bool]:
    """The same scope as one condition, for `page_of`."""
    return true() if workspaces is None else column.in_(workspaces)
