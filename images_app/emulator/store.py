"""The account's rows, in SQLite. Everything here is synchronous and runs in the emulator's own threads."""

import fcntl
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FIRST = """
CREATE TABLE image (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,  -- order of upload; pagination stands on it
  id TEXT NOT NULL UNIQUE,
  custom_id INTEGER NOT NULL,
  filename TEXT NOT NULL,
  meta TEXT NOT NULL,
  creator TEXT,
  require_signed INTEGER NOT NULL,
  uploaded_ms INTEGER NOT NULL,
  blob TEXT NOT NULL UNIQUE,
  sha256 TEXT NOT NULL,
  size INTEGER NOT NULL,
  format TEXT NOT NULL,
  width INTEGER NOT NULL,
  height INTEGER NOT NULL,
  frames INTEGER NOT NULL,
  alpha INTEGER NOT NULL
);
CREATE INDEX image_creator ON image (creator, seq);
CREATE INDEX image_sha256 ON image (sha256);
CREATE TABLE variant (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  options TEXT NOT NULL,
  never_require_signed INTEGER NOT NULL
);
CREATE TABLE signing_key (position INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, value TEXT NOT NULL);
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
INSERT INTO variant (id, options, never_require_signed) VALUES
  ('public', '{"fit":"scale-down","width":1366,"height":768,"metadata":"none"}', 0);
INSERT INTO signing_key (name, value) VALUES ('default', lower(hex(randomblob(32))));
"""
_DIRECT_UPLOADS = """
CREATE TABLE draft (
  id TEXT PRIMARY KEY,
  custom_id INTEGER NOT NULL,
  meta TEXT NOT NULL,
  creator TEXT,
  require_signed INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL
);
"""
_FAULTS = """
CREATE TABLE fault (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  operation TEXT NOT NULL,
  times INTEGER,
  rate REAL NOT NULL,
  status INTEGER NOT NULL,
  retry_after INTEGER NOT NULL,
  seconds REAL NOT NULL,
  hits INTEGER NOT NULL
);
"""
_VERSIONS = (_FIRST, _DIRECT_UPLOADS, _FAULTS)
"""What makes each version of the tables out of the one before; never changed, only added to."""


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One process at a time. SQLite does not wait for others while a new file is switched to WAL."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class Store:
    """One database file, safe for several processes; a connection for each thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._all: list[sqlite3.Connection] = []
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """Bring the tables to the newest version."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(self.path.with_name("prepare.lock")), self.write() as db:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            for script in _VERSIONS[version:]:
                for statement in script.split(";\n"):
                    db.execute(statement)
            db.execute(f"PRAGMA user_version = {len(_VERSIONS)}")

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """One snapshot."""
        yield from self._transaction("BEGIN")

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction, the write lock taken first; durable when the block has ended."""
        yield from self._transaction("BEGIN IMMEDIATE")

    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        connection = self._connection()
        connection.execute(begin)
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:  # a full disk has ended some by itself
                connection.execute("ROLLBACK")
            raise

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
            connection.row_factory = sqlite3.Row
            for pragma in ("busy_timeout = 30000", "journal_mode = WAL", "synchronous = FULL"):
                connection.execute(f"PRAGMA {pragma}")
            self._local.connection = connection
            with self._lock:
                self._all.append(connection)
        return connection

    def close(self) -> None:
        """Close every thread's connection; nobody may be using one."""
        with self._lock:
            for connection in self._all:
                connection.close()
            self._all.clear()
