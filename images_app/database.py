"""The engine and its two kinds of transaction.

SQLite: we emit `BEGIN` for readers (one snapshot for the whole transaction) and `BEGIN IMMEDIATE` for writers (the
write lock is taken first, so a read-then-write can neither deadlock nor lose an update). The driver's own
transaction control is switched off for that.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event, make_url
from sqlmodel import Session, create_engine

_BUSY_TIMEOUT_MS = 30_000


def make_engine(url: str) -> Engine:
    """An engine for `url` (SQLite file or PostgreSQL) with this module's transaction rules."""
    engine = create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
    if make_url(url).get_backend_name() == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {_BUSY_TIMEOUT_MS}",
        "journal_mode = WAL",
        # FULL: a commit that was answered survives a power failure; NORMAL may lose the last ones.
        "synchronous = FULL",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("aeontel_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


class Database:
    """Opens sessions, one short transaction each; the caller's edge owns them, core functions never commit."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = make_engine(url)
        self._writer = self.engine.execution_options(aeontel_writes=True)
        self._listeners: list[Callable[[], None]] = []

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A read-only look at one snapshot."""
        with Session(self.engine, expire_on_commit=False, autoflush=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction: committed when the block ends, rolled back when it raises.

        Whoever listens (`on_commit`) is woken after the commit, never before.
        """
        with Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session
        for listener in list(self._listeners):
            listener()

    def on_commit(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after each commit of this process, from the committing thread; returns its removal."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def close(self) -> None:
        """Return every connection."""
        self.engine.dispose()
