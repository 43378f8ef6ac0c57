"""What a run has found out so far, in a SQLite file of its own: it goes on where it stood, however it ended."""

import fcntl
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from images_app import ids
from images_app.cloudflare.base import RemoteImage
from images_app.errors import Conflict

_TABLES = """
CREATE TABLE note (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE remote (
  id TEXT PRIMARY KEY, creator TEXT NOT NULL, file_id TEXT NOT NULL, uploaded TEXT NOT NULL, private INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX remote_of_file ON remote (creator, file_id, uploaded, id);
CREATE TABLE finding (
  number INTEGER PRIMARY KEY, kind TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL,
  workspace_id TEXT NOT NULL, file_id TEXT NOT NULL, detail TEXT NOT NULL, outcome TEXT
);
CREATE INDEX finding_open ON finding (outcome, number);
"""
_ROWS = 500


@dataclass(frozen=True)
class Remote:
    """An image at Cloudflare, as far as it matters here."""

    id: str
    uploaded: str
    """RFC 3339."""
    private: bool


@dataclass(frozen=True)
class Finding:
    """Something that does not fit together, and what is to be done about it (`report`: nothing by itself)."""

    kind: str
    action: str
    subject: str
    """The image at Cloudflare, the object's key or the file that it is about."""
    workspace_id: str = ""
    file_id: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


class Notes:
    """One run's notes. Raises Conflict when another doctor is at work in this folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path = folder / "doctor.db"
        self._lock = (folder / "doctor.lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise Conflict("Another doctor is at work here.") from None
        is_new = not self._path.exists()
        self._db = self._open()
        if is_new:
            self._db.executescript(_TABLES)

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, isolation_level=None)
        # A run that a power failure ends begins anew if the file is damaged; nothing here is needed for longer.
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        return db

    def begin(self, **notes: Any) -> None:
        """Forget the last run."""
        self._db.close()
        for name in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + name).unlink(missing_ok=True)
        self._db = self._open()
        self._db.executescript(_TABLES)
        self.save((), **notes)

    def get(self, name: str, default: Any = None) -> Any:
        """A note."""
        row = self._db.execute("SELECT value FROM note WHERE name = ?", (name,)).fetchone()
        return default if row is None else json.loads(row[0])

    def save(self, findings: Iterable[Finding], **notes: Any) -> None:
        """Keep findings and notes together: what was found up to here, and where that is."""
        with _transaction(self._db):
            self._db.executemany(
                "INSERT INTO finding (kind, action, subject, workspace_id, file_id, detail) VALUES (?, ?, ?, ?, ?, ?)",
                ((f.kind, f.action, f.subject, f.workspace_id, f.file_id, json.dumps(f.detail)) for f in findings),
            )
            self._note(notes)

    def add_remotes(self, images: Sequence[RemoteImage], **notes: Any) -> None:
        """Keep a page of Cloudflare's list, and the notes that belong to it."""
        # What has not the form of our own ids is somebody else's, whatever it is.
        rows = [(i.id, _of_kind(i.creator, "wsp"), _of_kind(i.meta.get("fileId"), "fil"), i.uploaded) for i in images]
        with _transaction(self._db):
            self._db.executemany(
                "INSERT OR REPLACE INTO remote (id, creator, file_id, uploaded, private) VALUES (?, ?, ?, ?, ?)",
                [(*row, image.require_signed_urls) for row, image in zip(rows, images, strict=True)],
            )
            self._note(notes)

    def _note(self, notes: Mapping[str, Any]) -> None:
        self._db.executemany(
            "INSERT OR REPLACE INTO note VALUES (?, ?)", [(name, json.dumps(value)) for name, value in notes.items()]
        )

    def remotes(self, creator: str, after: str) -> Iterator[tuple[str, Remote]]:
        """(file id, image) of a workspace, in order of file ids and then of upload, for files after `after`."""
        place = (after, "\U0010ffff", "")
        while True:
            rows = self._db.execute(
                "SELECT file_id, uploaded, id, private FROM remote WHERE creator = ? AND file_id != ''"
                " AND (file_id, uploaded, id) > (?, ?, ?) ORDER BY file_id, uploaded, id LIMIT ?",
                (creator, *place, _ROWS),
            ).fetchall()
            for file_id, uploaded, image_id, private in rows:
                yield file_id, Remote(image_id, uploaded, bool(private))
            if len(rows) < _ROWS:
                return
            place = rows[-1][:3]

    def listed(self, image_ids: Sequence[str]) -> dict[str, bool]:
        """Which of these images Cloudflare listed, and whether each is private."""
        marks = ", ".join("?" * len(image_ids))
        query = f"SELECT id, private FROM remote WHERE id IN ({marks})"  # noqa: S608 - question marks
        return {image_id: bool(private) for image_id, private in self._db.execute(query, image_ids)}

    def count_remotes(self) -> int:
        """How many images Cloudflare listed."""
        return int(self._db.execute("SELECT count(*) FROM remote").fetchone()[0])

    def counts(self) -> dict[tuple[str, str], int]:
        """How many findings of each (kind, action) are open."""
        query = "SELECT kind, action, count(*) FROM finding WHERE outcome IS NULL GROUP BY kind, action"
        return {(kind, action): n for kind, action, n in self._db.execute(f"{query} ORDER BY kind, action")}

    def findings(self) -> Iterator[tuple[int, Finding, str | None]]:
        """(number, finding, outcome) in the order in which they were found; without an outcome nothing was done yet."""
        number = 0
        while True:
            rows = self._db.execute(
                "SELECT number, outcome, kind, action, subject, workspace_id, file_id, detail FROM finding"
                " WHERE number > ? ORDER BY number LIMIT ?",
                (number, _ROWS),
            ).fetchall()
            for number, outcome, kind, action, subject, workspace_id, file_id, detail in rows:
                yield number, Finding(kind, action, subject, workspace_id, file_id, json.loads(detail)), outcome
            if len(rows) < _ROWS:
                return

    def settle(self, number: int, outcome: str) -> None:
        """Something was done about a finding (`done`), or it is not so any more (`passed`)."""
        self._db.execute("UPDATE finding SET outcome = ? WHERE number = ?", (outcome, number))

    def close(self) -> None:
        """Let another doctor work."""
        self._db.close()
        self._lock.close()


def _of_kind(value: object, prefix: Literal["wsp", "fil"]) -> str:
    return value if isinstance(value, str) and ids.is_id(value, prefix) else ""


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")
