"""Making a snapshot, and forgetting old ones."""

import fcntl
import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from os import sync as sync_everything
from pathlib import Path

from images_app.backup.layout import (
    FORMAT,
    Manifest,
    Place,
    blobs,
    collect,
    digest_of,
    originals,
    snapshots,
    sync,
    write,
)
from images_app.errors import Conflict


def back_up(place: Place, folder: Path, *, keep: int | None = None) -> tuple[Path, Manifest]:
    """Make a snapshot; of older ones only `keep - 1` stay. Raises Conflict, OSError, sqlite3.Error."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "backup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(f"Another backup into {folder} is under way.") from None
        made = _make(place, folder)
        if keep is not None:
            _prune(folder, keep)
        return made


def _make(place: Place, folder: Path) -> tuple[Path, Manifest]:
    at = datetime.now(UTC)
    snapshot = folder / "snapshots" / at.strftime("%Y%m%dT%H%M%S.%fZ")
    _forget_unfinished(folder)
    snapshot.mkdir(parents=True, mode=0o700)
    _copy_database(place.database, snapshot / "aeontel.db")
    if place.cloudflare is not None and (place.cloudflare / "images.db").exists():
        _copy_database(place.cloudflare / "images.db", snapshot / "cloudflare.db")
    if place.keys.is_dir():
        shutil.copytree(place.keys, snapshot / "keys")
    copied = missing = 0
    objects = images = -1
    if place.objects is not None:
        objects, *more = collect(originals(snapshot, types=True), place.objects, folder / "objects")
        copied, missing = copied + more[0], missing + more[1]
    if (snapshot / "cloudflare.db").exists() and place.cloudflare is not None:
        images, *more = collect(blobs(snapshot), place.cloudflare, folder / "cloudflare")
        copied, missing = copied + more[0], missing + more[1]
    sync_everything()
    names = sorted(path for path in snapshot.rglob("*") if path.is_file())
    sums = {str(path.relative_to(snapshot)): digest_of(path) for path in names}
    manifest = Manifest(FORMAT, at.isoformat(), sums, objects, images, copied, missing)
    write(snapshot / "manifest.json", json.dumps(asdict(manifest), indent=2))
    return snapshot, manifest


def _copy_database(source: Path, target: Path) -> None:
    """One consistent copy, while others write; checked."""
    with closing(sqlite3.connect(f"file:{source}?mode=rw", uri=True, timeout=30, isolation_level=None)) as db:
        db.execute("VACUUM INTO ?", (str(target),))
    target.chmod(0o600)
    with closing(sqlite3.connect(f"file:{target}?mode=ro", uri=True)) as db:
        answer = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    if answer != "ok":
        raise Conflict(f"The copy of {source} is damaged: {answer}")
    sync(target)


def _prune(folder: Path, keep: int) -> None:
    """Forget old snapshots, and what none of the others names."""
    kept = snapshots(folder)
    for old in kept[: max(0, len(kept) - keep)]:
        (old / "manifest.json").unlink()
        shutil.rmtree(old)
    stays = _Named(snapshots(folder))
    try:
        for path in (folder / "objects" / "data").rglob("*"):
            key = str(path.relative_to(folder / "objects" / "data"))
            if path.is_file() and not stays.object(key):
                path.unlink()
                (folder / "objects" / "types" / key).unlink(missing_ok=True)
        for path in (folder / "cloudflare" / "blobs").rglob("*"):
            if path.is_file() and not stays.blob(path.name):
                path.unlink()
    finally:
        stays.close()


class _Named:
    """What the databases of these snapshots name."""

    def __init__(self, kept: list[Path]) -> None:
        self._databases = [self._open(snapshot / "aeontel.db") for snapshot in kept]
        self._clouds = [self._open(one / "cloudflare.db") for one in kept if (one / "cloudflare.db").exists()]

    @staticmethod
    def _open(path: Path) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{path}?mode=ro", uri=True)

    def object(self, key: str) -> bool:
        """The file's id is part of its key, so this is one seek."""
        parts = key.split("/")
        wanted = "SELECT 1 FROM file WHERE id = ? AND object_key = ?"
        named = (db.execute(wanted, (parts[1], key)).fetchone() for db in self._databases)
        return len(parts) == 3 and any(named)

    def blob(self, name: str) -> bool:
        return any(db.execute("SELECT 1 FROM image WHERE blob = ?", (name,)).fetchone() for db in self._clouds)

    def close(self) -> None:
        for db in (*self._databases, *self._clouds):
            db.close()


def _forget_unfinished(folder: Path) -> None:
    for path in (folder / "snapshots").glob("*"):
        if path.is_dir() and not (path / "manifest.json").exists():
            shutil.rmtree(path)
