"""What this machine has uploaded: a SQLite database in the user's cache directory.

A row is written before the first byte of a file is sent, with the Idempotency-Key, and completed with the file's id
when the server has answered. Whenever the command is killed, the next one finds either the id, or the key with which it
repeats the upload: the server then answers what the first one made. Keys hold for a day (docs/api.md).
"""

import os
import secrets
import sqlite3
import threading
import time
from dataclasses import dataclass
from pathlib import Path

_KEY_HOLDS_S = 23 * 3600
_SHAPE = """
CREATE TABLE IF NOT EXISTS uploads (
    server TEXT, workspace TEXT, path TEXT, mtime_ns INTEGER, size INTEGER, sha256 TEXT,
    key TEXT, begun_at REAL, file_id TEXT,
    PRIMARY KEY (server, workspace, path)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS uploads_content ON uploads (server, workspace, sha256, size);
"""


@dataclass(frozen=True)
class Local:
    """A file on this machine as it is now. `path` is absolute."""

    path: Path
    mtime_ns: int
    size: int


@dataclass(frozen=True)
class Sent:
    """What became of a file: the id that the server gave it, and the content that it had."""

    file_id: str
    sha256: str


class Journal:
    """The rows of one workspace on one server. Several threads may use it, and several processes its database."""

    def __init__(self, folder: Path, server: str, workspace: str) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._place = (server, workspace)
        self._db = sqlite3.connect(folder / "uploads.db", timeout=60, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.executescript(_SHAPE)

    def close(self) -> None:
        self._db.close()

    def sent(self, local: Local) -> Sent | None:
        """What became of this file, when it was uploaded from here and has not changed since."""
        row = self._row(
            "SELECT file_id, sha256 FROM uploads WHERE server = ? AND workspace = ? AND path = ? AND mtime_ns = ? "
            "AND size = ? AND file_id IS NOT NULL",
            os.fsencode(local.path),
            local.mtime_ns,
            local.size,
        )
        return None if row is None else Sent(*row)

    def same(self, sha256: str, size: int) -> Sent | None:
        """What became of a file with this content, under whatever name."""
        row = self._row(
            "SELECT file_id, sha256 FROM uploads WHERE server = ? AND workspace = ? AND sha256 = ? AND size = ? "
            "AND file_id IS NOT NULL ORDER BY file_id DESC LIMIT 1",
            sha256,
            size,
        )
        return None if row is None else Sent(*row)

    def begin(self, local: Local, sha256: str, *, anew: bool) -> str | Sent:
        """The key to upload this file with: that of an upload which has not come to its end, in a command that was
        killed or that runs beside this one, or else a new one, as always when it shall be uploaded `anew`. Or what
        became of it, when another command has just ended it."""
        with self._lock, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            row = self._db.execute(
                "SELECT key, file_id, begun_at FROM uploads WHERE server = ? AND workspace = ? AND path = ? "
                "AND sha256 = ? AND size = ?",
                (*self._place, os.fsencode(local.path), sha256, local.size),
            ).fetchone()
            if row is not None and not anew:
                key, file_id, begun_at = row
                if file_id is not None:
                    return Sent(file_id, sha256)
                if begun_at > time.time() - _KEY_HOLDS_S:
                    return str(key)
            made = secrets.token_hex(16)
            self._db.execute(
                "INSERT INTO uploads VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL) ON CONFLICT DO UPDATE SET "
                "mtime_ns = excluded.mtime_ns, size = excluded.size, sha256 = excluded.sha256, key = excluded.key, "
                "begun_at = excluded.begun_at, file_id = NULL",
                (*self._place, os.fsencode(local.path), local.mtime_ns, local.size, sha256, made, time.time()),
            )
            return made

    def end(self, local: Local, sha256: str, file_id: str) -> None:
        """The server has it, whether it came from this path or from another one."""
        with self._lock:
            self._db.execute(
                "INSERT INTO uploads VALUES (?, ?, ?, ?, ?, ?, NULL, ?, ?) ON CONFLICT DO UPDATE SET "
                "mtime_ns = excluded.mtime_ns, size = excluded.size, sha256 = excluded.sha256, key = NULL, "
                "file_id = excluded.file_id",
                (*self._place, os.fsencode(local.path), local.mtime_ns, local.size, sha256, time.time(), file_id),
            )

    def _row(self, query: str, *values: object) -> tuple[str, str] | None:
        with self._lock:
            found: tuple[str, str] | None = self._db.execute(query, (*self._place, *values)).fetchone()
        return found
