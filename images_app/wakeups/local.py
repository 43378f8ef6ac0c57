"""Commits of this process at once; those of others by a look at the database once a second.

One look serves everybody who listens, and asks no table: SQLite and PostgreSQL each say in one number whether anybody
has written since. So it costs the same for one listener and for a thousand.
"""

import threading
from collections.abc import Callable

from sqlalchemy import Connection, Engine

from images_app.database import Database, told
from images_app.errors import DatabaseUnavailable
from images_app.wakeups.base import Ring

_EVERY_S = 1.0
_STAMPS = {
    # Differs when another connection has committed; of this connection nobody writes.
    "sqlite": "PRAGMA data_version",
    # Which transactions are over and which are under way; also those of other databases of the same server.
    "postgresql": "SELECT pg_current_snapshot()::text",
}


class LocalWakeups:
    """Without anything between the servers but their database."""

    def __init__(self, database: Database, every_s: float = _EVERY_S) -> None:
        self._database = database
        self._every_s = every_s
        self._rings: list[Ring] = []
        self._starting = threading.Lock()
        self._watch: threading.Thread | None = None
        self._is_over = threading.Event()
        self._unhook = database.on_commit(self.ring)

    def listen(self, ring: Ring) -> Callable[[], None]:
        """See `Wakeups`."""
        self._rings.append(ring)
        with self._starting:
            if self._watch is None and not self._is_over.is_set():
                self._start()
        return lambda: self._rings.remove(ring)

    def _start(self) -> None:
        """Begin to watch, when there is somebody to tell."""
        self._watch = threading.Thread(target=self._watch_database, name="wakeups", daemon=True)
        self._watch.start()

    def ring(self) -> None:
        """Wake everybody."""
        for ring in list(self._rings):
            ring()

    def close(self) -> None:
        """See `Wakeups`."""
        self._unhook()
        with self._starting:
            self._is_over.set()
        if self._watch is not None:
            self._watch.join()

    def _watch_database(self) -> None:
        stamp, known = Stamp(self._database.engine), None
        while not self._is_over.wait(self._every_s):
            try:
                now = stamp.read()
            except DatabaseUnavailable:
                now = None  # whoever is woken finds out, and what happens meanwhile is seen afterwards
            if now is None or now != known:
                self.ring()
            known = now
        stamp.close()


class Stamp:
    """What differs after somebody has committed, over one connection that is kept."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._statement = _STAMPS[engine.dialect.name]
        self._connection: Connection | None = None

    def read(self) -> str:
        """Raises DatabaseUnavailable, after which the next call connects again."""
        try:
            with told():
                if self._connection is None:
                    self._connection = self._engine.connect()
                found = str(self._connection.exec_driver_sql(self._statement).scalar_one())
                self._connection.rollback()
                return found
        except DatabaseUnavailable:
            self.close()
            raise

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
