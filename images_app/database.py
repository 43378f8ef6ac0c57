"""The engine and its two kinds of transaction, on SQLite and on PostgreSQL.

SQLite: we emit `BEGIN` for readers (one snapshot for the whole transaction) and `BEGIN IMMEDIATE` for writers (the
write lock is taken first, so a read-then-write can neither deadlock nor lose an update). The driver's own
transaction control is switched off for that.

PostgreSQL: a reader is one snapshot, too (REPEATABLE READ, read-only). Writers run side by side in READ COMMITTED:
whatever is read in order to decide a write is locked first (a row with `with_for_update`, anything else with `lock`),
and every statement after that sees what the holder before has committed.
"""

import sqlite3
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import URL, Connection, Engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session, create_engine

from images_app.errors import DatabaseUnavailable, SettingsError

CONNECTIONS = 50
"""Of one server process, at most: forty requests are worked at a time, besides the jobs and sweeps. A few stay open,
the others are closed when they come back."""
OLDEST_POSTGRESQL = 14
"""A frozen process loses its slot by `idle_session_timeout` (`jobs/slots.py`), which came with it."""
_KEPT_OPEN = 10
_KEPT_READY = 4
_WAIT_S = 30
"""For a lock or a free connection; whoever waits longer is told that the database is not available."""
_CONNECT_WITHIN_S = 10
_PASSING_IN_SQLITE = {5, 6, 8, 10, 13, 14}
"""Primary result codes: busy, locked, read-only, I/O error, disk full, cannot open."""
_READS_ONLY = {"25006", "0A000"}
"""What PostgreSQL says on a standby that is not promoted yet: to a write, and to a transaction that is to write."""
_STEPS = "aeontel_last_steps"


def url_of(address: str) -> URL:
    """A database's address as SQLAlchemy needs it; PostgreSQL is spoken to by psycopg, whatever the address says.

    Raises ValueError when it is none of a SQLite file or a PostgreSQL database.
    """
    url = make_url(address.replace("postgres://", "postgresql://", 1))
    if url.get_backend_name() == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:"):
        return url
    raise ValueError("the database must be a SQLite file or PostgreSQL")


def make_engine(address: str) -> Engine:
    """An engine for a SQLite file or PostgreSQL with this module's transaction rules."""
    url = url_of(address)
    pool: dict[str, Any] = {
        "pool_size": _KEPT_OPEN,
        "max_overflow": CONNECTIONS - _KEPT_OPEN,
        "pool_timeout": _WAIT_S,
        "pool_use_lifo": True,  # the connection that was used last has its pages and statements at hand
    }
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, **pool)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    told = {"connect_timeout": _CONNECT_WITHIN_S, "application_name": "aeontel"}
    own = {name: value for name, value in told.items() if name not in url.query}
    # A connection that the server has closed meanwhile is noticed before it is used.
    engine = create_engine(url, **pool, pool_pre_ping=True, connect_args=own)
    event.listen(engine, "connect", _prepare_postgresql)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {_WAIT_S * 1000}",
        "journal_mode = WAL",
        # FULL: a commit that was answered survives a power failure; NORMAL may lose the last ones.
        "synchronous = FULL",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("aeontel_writes", False)
    # Straight to the driver: SQLAlchemy's way takes longer than the statement itself, with every request.
    connection.connection.cursor().execute("BEGIN IMMEDIATE" if writes else "BEGIN")


def _prepare_postgresql(connection: Any, _record: Any) -> None:
    if connection.info.server_version < OLDEST_POSTGRESQL * 10_000:
        raise SettingsError(f"IMAGES_DATABASE_URL: PostgreSQL {OLDEST_POSTGRESQL} or newer is needed")
    connection.execute(f"SET lock_timeout = '{_WAIT_S}s'")
    # Of a server that lost its network in the middle of a transaction, the locks end some time.
    connection.execute("SET idle_in_transaction_session_timeout = '60s'")
    connection.commit()


def lock(session: Session, *names: str) -> None:
    """Let nobody else pass here with one of these names until the transaction ends.

    For what has no row to lock yet. On SQLite writers are one at a time anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        for name in sorted(names):  # always in one order, so that two with the same names cannot block each other
            session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})


def last(session: Session, step: Callable[[Session], None], *, order: int) -> None:
    """Take `step` once, when all else of this transaction is written and right before its commit; the lower `order`
    first. For rows that many transactions change: so their locks are held for a moment, and taken in one order."""
    session.info.setdefault(_STEPS, {})[step] = order


class Database:
    """Opens sessions, one short transaction each; the caller's edge owns them, core functions never commit."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = make_engine(url)
        self._writer = self.engine.execution_options(aeontel_writes=True)
        self._reader = self.engine
        if self.engine.dialect.name == "postgresql":
            self._reader = self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        # SQLite answers in microseconds: a session and a connection out of the pool would take as long as a small read.
        # PostgreSQL's connections go back each time: the pool looks whether they are still alive.
        self._most_ready = _KEPT_READY if self.engine.dialect.name == "sqlite" else 0
        self._ready: deque[tuple[Connection, Session]] = deque()
        self._listeners: list[Callable[[], None]] = []
        self._is_closed = False

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A read-only look at one snapshot. Raises DatabaseUnavailable."""
        with told():
            connection, session = self._reading()
            is_kept = False
            try:
                with connection.begin(), session:
                    yield session
                if len(self._ready) < self._most_ready:
                    self._ready.append((connection, session))
                    is_kept = True
            finally:
                if not is_kept:
                    connection.close()
                if self._is_closed:
                    self.close()

    def _reading(self) -> tuple[Connection, Session]:
        try:
            return self._ready.pop()
        except IndexError:
            connection = self._reader.connect()
            return connection, Session(connection, expire_on_commit=False, autoflush=False)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction: committed when the block ends, rolled back when it raises.

        Whoever listens (`on_commit`) is woken after the commit, never before. Raises DatabaseUnavailable, after which
        the transaction may still have been committed when the connection broke in that very moment.
        """
        try:
            with told(), Session(self._writer, expire_on_commit=False) as session, session.begin():
                yield session
                steps: dict[Callable[[Session], None], int] = session.info.get(_STEPS, {})
                for step in sorted(steps, key=lambda step: steps[step]):
                    session.flush()
                    step(session)
        finally:
            if self._is_closed:
                self.close()
        for listener in list(self._listeners):
            listener()

    def on_commit(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after each commit of this process, from the committing thread; returns its removal."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def close(self) -> None:
        """End every connection: now, and those that are in use when they come back."""
        self._is_closed = True
        with suppress(IndexError):
            while True:
                self._ready.pop()[0].close()
        self.engine.pool.dispose()


@contextmanager
def told() -> Iterator[None]:
    """Say in our own words that the database could not be asked. Raises DatabaseUnavailable."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:  # the driver's own from the BEGIN that we send it ourselves
        if is_passing(error):
            raise DatabaseUnavailable(_reason(error)) from error
        raise


def is_passing(error: SQLAlchemyError | sqlite3.Error) -> bool:
    """Whether the same may succeed in a moment: no connection, too many of them, a lock that was not to be had, a
    database that can only be read."""
    if isinstance(error, PoolTimeout):
        return True
    code = getattr(error.orig if isinstance(error, DBAPIError) else error, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in _PASSING_IN_SQLITE
    if not isinstance(error, DBAPIError):
        return False
    if getattr(error.orig, "sqlstate", None) in _READS_ONLY:
        return True
    return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)


def _reason(error: Exception) -> str:
    """For the log: what the engine itself says, without the statement and its parameters."""
    return str(error.orig if isinstance(error, DBAPIError) else error).strip()
