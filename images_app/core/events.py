"""The event log: emitting inside the transaction that did the thing, and reading it in order of `seq`.

Events about files and images are for every member. Audit events are not: those about a workspace and its members are
for its owners, those about accounts, which have no workspace, for admins.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

from sqlalchemy import func
from sqlmodel import Session, col, select

from images_app import ids
from images_app.core import access, counters, paging
from images_app.core.access import Viewer
from images_app.core.paging import Kind, Listing, Page, Source, Window
from images_app.database import last, lock
from images_app.errors import InvalidCursor
from images_app.models import AccountEventType, Event, EventType, File, FileEventType, WorkspaceEventType

_MAX_SEQ = 2**63 - 1
_PENDING = "aeontel_events"
_AT_THE_VERY_END = 2
FILE_TYPES: tuple[str, ...] = get_args(FileEventType)
WORKSPACE_TYPES: tuple[str, ...] = get_args(WorkspaceEventType)
ACCOUNT_TYPES: tuple[str, ...] = get_args(AccountEventType)
TYPES = (*FILE_TYPES, *WORKSPACE_TYPES, *ACCOUNT_TYPES)


def _parse_seq(text: str) -> int | None:
    number = int(text) if text.isascii() and text.isdigit() else -1
    return number if 0 <= number <= _MAX_SEQ else None


KIND = Kind("evt", _parse_seq, newest_first=False)
_LIST: Listing[Event] = Listing(KIND, Event, select(Event), lambda event: event.seq or 0, key="seq")


@dataclass(frozen=True)
class Filter:
    """Which events are asked for; None: any."""

    workspace_id: str | None = None
    types: tuple[EventType, ...] | None = None
    file_id: str | None = None
    audit: bool = False
    """Also audit events, as far as the viewer may see them; those whose type is asked for come without this."""


@dataclass(frozen=True)
class _Scope:
    """What a viewer may see of the log."""

    workspaces: Sequence[str] | None
    """None: all."""
    owned: Sequence[str] | None
    """Those of which the audit events may be seen as well. None: all, and those of no workspace."""

    def sees(self, event: Event) -> bool:
        among = self.owned if event.is_audit else self.workspaces
        return among is None or event.workspace_id in among


def emit(
    session: Session,
    type: FileEventType,
    file: File,
    *,
    image_id: str | None = None,
    actor_id: str | None = None,
    data: dict[str, Any] | None = None,
) -> None:
    """Record that something happened to a file, in the caller's transaction."""
    _log(
        session,
        Event(
            type=type,
            workspace_id=file.workspace_id,
            file_id=file.id,
            image_id=image_id,
            actor_id=actor_id,
            data=data or {},
        ),
    )


def record(
    session: Session,
    type: WorkspaceEventType,
    workspace_id: str,
    *,
    actor_id: str | None,
    data: dict[str, Any],
) -> None:
    """Record that a workspace or its members changed, in the caller's transaction."""
    _log(session, Event(type=type, is_audit=True, workspace_id=workspace_id, actor_id=actor_id, data=data))


def record_account(
    session: Session,
    type: AccountEventType,
    *,
    actor_id: str | None,
    data: dict[str, Any],
    workspace_id: str | None = None,
) -> None:
    """Record what an account did or became, in the caller's transaction. `workspace_id`: where, when its owners shall
    know it as well."""
    _log(session, Event(type=type, is_audit=True, workspace_id=workspace_id, actor_id=actor_id, data=data))


def _log(session: Session, event: Event) -> None:
    counters.add(session, event.workspace_id or counters.SERVER, f"event:{event.type}", 1)
    session.info.setdefault(_PENDING, []).append(event)
    last(session, _write, order=_AT_THE_VERY_END)


def _write(session: Session) -> None:
    """Number the transaction's events. Nobody else numbers any from here to the commit, so whoever has seen `n` will
    never be shown one below `n` after that: SQLite's writers are one at a time, on PostgreSQL the log has a lock."""
    lock(session, "event log")
    session.add_all(session.info.pop(_PENDING))
    session.flush()


def list_page(session: Session, viewer: Viewer, which: Filter, window: Window) -> Page[Event]:
    """One page of the log, oldest first. A cursor is opaque, a `seq`, or the id of an event that the viewer sees.

    Raises NotFound for a foreign workspace; an unknown or foreign file has no events.
    """
    scope = _scope(session, viewer, which)
    window = Window(window.limit, _seq(session, scope, window.after), _seq(session, scope, window.before))
    return paging.page(session, _LIST, _sources(session, scope, which), window, lambda: _total(session, scope, which))


def since(session: Session, viewer: Viewer, which: Filter, seq: int, limit: int = paging.MAX_LIMIT) -> Sequence[Event]:
    """The next events after `seq`, oldest first; what a live stream asks again and again. Raises like `list_page`."""
    scope = _scope(session, viewer, which)
    if latest(session) <= seq:
        return ()
    return paging.fetch(session, _LIST, _sources(session, scope, which), seq, backwards=False, limit=limit)


def start(session: Session, viewer: Viewer, which: Filter, cursor: str | None) -> int:
    """The `seq` after which a live stream begins: the cursor's, or the present one when None.

    A cursor beyond the end, as after a restored backup, means the end. Raises what `list_page` raises.
    """
    scope = _scope(session, viewer, which)
    end = latest(session)
    text = _seq(session, scope, cursor)
    return end if text is None else min(end, int(paging.decode(KIND, text)))


def latest(session: Session) -> int:
    """The `seq` of the newest event there is, 0 when there is none."""
    return session.exec(select(func.max(Event.seq))).one() or 0


def _scope(session: Session, viewer: Viewer, which: Filter) -> _Scope:
    """Raises NotFound for a foreign workspace, Forbidden without the scope `read`."""
    workspaces = access.workspaces(session, viewer, which.workspace_id)
    return _Scope(workspaces, access.owned(session, viewer, workspaces) if _wants_audit(which) else ())


def _wants_audit(which: Filter) -> bool:
    return which.file_id is None and (which.audit or any(type not in FILE_TYPES for type in which.types or ()))


def _seq(session: Session, scope: _Scope, cursor: str | None) -> str | None:
    """The cursor, with an event's id translated into its `seq`."""
    if cursor is None or not ids.is_id(cursor, "evt"):
        return cursor
    event = session.exec(select(Event).where(Event.id == cursor)).first()
    if event is None or not scope.sees(event):
        raise InvalidCursor("There is no such event.")
    return str(event.seq)


def _sources(session: Session, scope: _Scope, which: Filter) -> list[Source]:
    if which.file_id is not None:
        return _of_file(session, scope, which)
    if which.types is not None:
        return [source for type in which.types for source in _of_type(scope, type)]
    if which.audit and scope.owned is None:
        return [{}]
    of_files = paging.workspace_sources(scope.workspaces, is_audit=False)
    return of_files + paging.workspace_sources(scope.owned, is_audit=True)


def _of_type(scope: _Scope, type: str) -> list[Source]:
    return paging.workspace_sources(scope.workspaces if type in FILE_TYPES else scope.owned, type=type)


def _of_file(session: Session, scope: _Scope, which: Filter) -> list[Source]:
    if not _sees_file(session, scope, which):
        return []
    of_file: Source = {"file_id": which.file_id}
    return [of_file] if which.types is None else [{**of_file, "type": type} for type in which.types]


def _total(session: Session, scope: _Scope, which: Filter) -> int:
    if which.file_id is not None:
        if not _sees_file(session, scope, which):
            return 0
        # A file has a handful of events, so these few are counted.
        query = select(func.count()).select_from(Event).where(Event.file_id == which.file_id)
        return session.exec(query if which.types is None else query.where(col(Event.type).in_(which.types))).one()
    types = TYPES if which.types is None else which.types
    of_files = [f"event:{type}" for type in types if type in FILE_TYPES]
    audit = [f"event:{type}" for type in types if type not in FILE_TYPES]
    return counters.total(session, scope.workspaces, *of_files) + counters.total(session, scope.owned, *audit)


def _sees_file(session: Session, scope: _Scope, which: Filter) -> bool:
    """Whether the file's events may be seen, also after the file itself has gone."""
    home = session.exec(select(Event.workspace_id).where(Event.file_id == which.file_id).limit(1)).first()
    return home is not None and (scope.workspaces is None or home in scope.workspaces)
