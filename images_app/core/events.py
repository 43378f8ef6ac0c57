"""The event log: emitting inside the transaction that did the thing, and reading it in order of `seq`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select

from images_app import ids
from images_app.core import access, counters, paging
from images_app.core.access import Viewer
from images_app.core.paging import Kind, Listing, Page, Window
from images_app.errors import InvalidCursor
from images_app.models import Event, File
from images_app.models import EventType as EventType

_MAX_SEQ = 2**63 - 1


def _parse_seq(text: str) -> int | None:
    number = int(text) if text.isascii() and text.isdigit() else -1
    return number if 0 <= number <= _MAX_SEQ else None


KIND = Kind("evt", _parse_seq, newest_first=False)


@dataclass(frozen=True)
class Filter:
    """Which events are asked for; None: any."""

    workspace_id: str | None = None
    type: EventType | None = None
    file_id: str | None = None


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
    counters.add(session, file.workspace_id, f"event:{type}", 1)


def list_page(session: Session, viewer: Viewer, which: Filter, window: Window) -> Page[Event]:
    """One page of the log, oldest first. A cursor is opaque, a `seq`, or the id of an event that the viewer sees.

    Raises NotFound for a foreign workspace; an unknown or foreign file has no events.
    """
    workspaces = access.workspaces(session, viewer, which.workspace_id)
    window = Window(window.limit, _seq(session, workspaces, window.after), _seq(session, workspaces, window.before))
    return paging.page(
        session,
        _listing(session, workspaces, which),
        window,
        lambda: _total(session, workspaces, which),
    )


def since(session: Session, viewer: Viewer, which: Filter, seq: int, limit: int = paging.MAX_LIMIT) -> Sequence[Event]:
    """The next events after `seq`, oldest first; what a live stream asks again and again. Raises like `list_page`."""
    workspaces = access.workspaces(session, viewer, which.workspace_id)
    if latest(session) <= seq:
        return ()
    return paging.fetch(session, _listing(session, workspaces, which), seq, backwards=False, limit=limit)


def start(session: Session, viewer: Viewer, which: Filter, cursor: str | None) -> int:
    """The `seq` after which a live stream begins: the cursor's, or the present one when None.

    A cursor beyond the end, as after a restored backup, means the end. Raises what `list_page` raises.
    """
    workspaces = access.workspaces(session, viewer, which.workspace_id)
    end = latest(session)
    text = _seq(session, workspaces, cursor)
    return end if text is None else min(end, int(paging.decode(KIND, text)))


def latest(session: Session) -> int:
    """The `seq` of the newest event there is, 0 when there is none."""
    return session.exec(select(func.max(Event.seq))).one() or 0


def _seq(session: Session, workspaces: Sequence[str] | None, cursor: str | None) -> str | None:
    """The cursor, with an event's id translated into its `seq`."""
    if cursor is None or not ids.is_id(cursor, "evt"):
        return cursor
    event = session.exec(select(Event).where(Event.id == cursor)).first()
    if event is None or not _is_among(workspaces, event.workspace_id):
        raise InvalidCursor("There is no such event.")
    return str(event.seq)


def _listing(session: Session, workspaces: Sequence[str] | None, which: Filter) -> Listing[Event]:
    of_type = [] if which.type is None else [col(Event.type) == which.type]
    sources: list[ColumnElement[bool]]
    if which.file_id is None:
        sources = paging.workspace_sources(col(Event.workspace_id), workspaces, *of_type)
    else:
        home = _workspace_of(session, which.file_id)
        seen = home is not None and _is_among(workspaces, home)
        sources = paging.workspace_sources(col(Event.file_id), [which.file_id] if seen else [], *of_type)
    return Listing(KIND, col(Event.seq), select(Event), lambda event: event.seq or 0, sources)


def _total(session: Session, workspaces: Sequence[str] | None, which: Filter) -> int:
    if which.file_id is None:
        names = counters.EVENTS if which.type is None else (f"event:{which.type}",)
        return counters.total(session, workspaces, *names)
    home = _workspace_of(session, which.file_id)
    if home is None or not _is_among(workspaces, home):
        return 0
    # A file has a handful of events, so these few are counted.
    query = select(func.count()).select_from(Event).where(Event.file_id == which.file_id)
    return session.exec(query if which.type is None else query.where(Event.type == which.type)).one()


def _workspace_of(session: Session, file_id: str) -> str | None:
    """Where a file's events are, also after the file itself has gone."""
    return session.exec(select(Event.workspace_id).where(Event.file_id == file_id).limit(1)).first()


def _is_among(workspaces: Sequence[str] | None, workspace_id: str) -> bool:
    return workspaces is None or workspace_id in workspaces
