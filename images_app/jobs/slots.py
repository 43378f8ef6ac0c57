"""Who is who among the processes that work: each holds a slot, `server-1`, `server-2`, …, as long as it lives.

The durable engine writes a slot's name on the work that it takes up. Whose lock is free is dead, and its work belongs
to whoever takes the lock. PostgreSQL: session advisory locks on a connection of their own; they end with the
connection. SQLite, where one process works: a file lock.
"""

import fcntl
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Protocol

import psycopg
from sqlalchemy import NullPool, create_engine

from images_app.database import url_of

_POLL_S = 0.2
_BEAT_S = 1.0
_MOST = 1000
_LOCKS = 0x41454F4E
"""First half of the advisory locks' keys; the second is the slot's number, 0 for the lead."""
_LEAD = 0
_OURS = {
    "application_name": "aeontel slot",
    "connect_timeout": 5,
    # When the database's machine is lost: noticed after some ten seconds, whatever the network says.
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
_THEIRS = {
    # When our machine is lost: the database frees our locks after some ten seconds.
    "tcp_keepalives_idle": "5s",
    "tcp_keepalives_interval": "2s",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "10s",
}
_SILENCE_S = 30
"""When we are frozen: who does not say a word for so long is not working, and the database ends the connection."""


class SlotLost(Exception):
    """The lock is gone although we live: others may have taken our work, so this process must begin anew."""


class Slot(Protocol):
    """Which of the processes this is, for as long as it holds the slot."""

    number: int

    def hold(self, stopping: threading.Event) -> None:
        """Keep it until told to stop. Raises SlotLost within seconds when it is gone."""

    @contextmanager
    def borrow(self, number: int) -> Iterator[bool]:
        """Hold another slot meanwhile, if nobody does: its owner is dead."""

    def leads(self) -> bool:
        """Whether this process does what is enough for one to do; once it leads, it does so to its end."""

    def release(self) -> None:
        """Let others have it."""


def name_of(number: int) -> str:
    """What the durable engine calls the process that holds this slot."""
    return f"server-{number}"


def number_of(name: str | None) -> int | None:
    """The slot of that name; None when it is none."""
    found = re.fullmatch(r"server-([1-9][0-9]{0,3})", name or "")
    return int(found[1]) if found else None


def take(database_url: str, data_dir: Path, stopping: threading.Event) -> Slot | None:
    """The lowest free slot; waits for one. None when told to stop meanwhile. Raises DBAPIError when the
    database does not answer."""
    if database_url.startswith("sqlite"):
        return FileSlot.take(data_dir / "jobs.lock", stopping)
    return DatabaseSlot.take(database_url)


class FileSlot:
    """The one slot there is with SQLite."""

    number = 1

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    @classmethod
    def take(cls, path: Path, stopping: threading.Event) -> "FileSlot | None":
        file = path.open("w")
        while not stopping.is_set():
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                stopping.wait(_POLL_S)
            else:
                return cls(file)
        file.close()
        return None

    def hold(self, stopping: threading.Event) -> None:
        stopping.wait()  # the kernel takes it from the dead only

    @contextmanager
    def borrow(self, number: int) -> Iterator[bool]:
        yield number != self.number

    def leads(self) -> bool:
        return True

    def release(self) -> None:
        self._file.close()


class DatabaseSlot:
    """A slot among those who share a PostgreSQL database.

    Needs a session of its own: behind a pooler that changes sessions between transactions nobody would hold anything.
    The driver's own connection, because SQLAlchemy's may reconnect in silence, and then the locks would be gone.
    """

    def __init__(self, connection: psycopg.Connection[Any], number: int) -> None:
        self.number = number
        self._connection = connection
        self._turn = threading.Lock()
        self._leads = False

    @classmethod
    def take(cls, database_url: str, silence_s: int = _SILENCE_S) -> "DatabaseSlot":
        connection = _connect(database_url)
        try:
            for name, value in {**_THEIRS, "idle_session_timeout": f"{silence_s}s"}.items():
                connection.execute("SELECT set_config(%s, %s, false)", (name, value))
            for number in range(1, _MOST):
                if _try_lock(connection, number):
                    return cls(connection, number)
            raise RuntimeError(f"all {_MOST} slots are taken")
        except BaseException:
            connection.close()
            raise

    def hold(self, stopping: threading.Event) -> None:
        while not stopping.wait(_BEAT_S):
            with self._asking() as connection:
                connection.execute("SELECT 1")

    @contextmanager
    def borrow(self, number: int) -> Iterator[bool]:
        if number == self.number:
            yield False
            return
        with self._asking() as connection:
            is_free = _try_lock(connection, number)
        try:
            yield is_free
        finally:
            if is_free:
                with self._asking() as connection:
                    connection.execute("SELECT pg_advisory_unlock(%s, %s)", (_LOCKS, number))

    def leads(self) -> bool:
        if not self._leads:
            with self._asking() as connection:
                self._leads = _try_lock(connection, _LEAD)
        return self._leads

    def release(self) -> None:
        with suppress(psycopg.Error):  # the database may notice a closed connection a moment later only
            self._connection.execute("SELECT pg_advisory_unlock_all()")
        self._connection.close()

    @contextmanager
    def _asking(self) -> Iterator[psycopg.Connection[Any]]:
        """One at a time. A fault of any kind gives the slot up: it is the safe side."""
        with self._turn:
            try:
                yield self._connection
            except psycopg.Error as error:
                self._connection.close()
                raise SlotLost(f"{name_of(self.number)}: {error}") from error


def _connect(database_url: str) -> psycopg.Connection[Any]:
    engine = create_engine(url_of(database_url), poolclass=NullPool, connect_args=_OURS)
    borrowed = engine.raw_connection()
    connection: psycopg.Connection[Any] = borrowed.driver_connection  # type: ignore[assignment]
    borrowed.detach()
    connection.autocommit = True
    return connection


def _try_lock(connection: psycopg.Connection[Any], number: int) -> bool:
    row = connection.execute("SELECT pg_try_advisory_lock(%s, %s)", (_LOCKS, number)).fetchone()
    return row is not None and bool(row[0])
