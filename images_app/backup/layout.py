"""Where a backup keeps what, and how files get from one place to another."""

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from images_app.core.instance import MARKED

FORMAT = 1
RESTORING = "restoring"
"""A file in the data directory while it is being restored; a server does not start on it."""


@dataclass(frozen=True)
class Place:
    """Where the parts of the embedded default are. None: that part is elsewhere (a bucket, the real Cloudflare)."""

    database: Path
    keys: Path
    objects: Path | None
    cloudflare: Path | None


@dataclass(frozen=True)
class Manifest:
    """What a snapshot holds."""

    format: int
    made_at: str
    files: dict[str, str]
    """SHA-256 of each of the snapshot's own files, by name."""
    objects: int
    """How many originals its database names; -1: they are elsewhere."""
    images: int
    """The same of the local Cloudflare."""
    copied: int
    """How many of both were not in the folder yet."""
    missing: int
    """How many of both were not to be found."""


@dataclass(frozen=True)
class Item:
    """An object or blob: its path below its root, bytes and SHA-256."""

    path: str
    size: int
    sha256: str


def snapshots(folder: Path) -> list[Path]:
    """Those that are complete, oldest first."""
    return sorted(path.parent for path in (folder / "snapshots").glob("*/manifest.json"))


def originals(snapshot: Path, *, types: bool) -> Iterator[Item]:
    """Below the store's root; with `types` each with its content type."""
    for key, size, digest in _rows(snapshot / "aeontel.db", "SELECT object_key, size, sha256 FROM file ORDER BY id"):
        yield Item(f"data/{key}", size, digest)
        if types:
            yield Item(f"types/{key}", -1, "")


def blobs(snapshot: Path) -> Iterator[Item]:
    for blob, size, digest in _rows(snapshot / "cloudflare.db", "SELECT blob, size, sha256 FROM image ORDER BY seq"):
        yield Item(f"blobs/{blob[:2]}/{blob}", size, digest)


def instance_of(snapshot: Path) -> str | None:
    """The id by which database and store know each other (`core/instance.py`)."""
    query = f"SELECT value, 0, '' FROM learnt_fact WHERE name = '{MARKED}'"  # noqa: S608 - our own name
    return next((value for value, _, _ in _rows(snapshot / "aeontel.db", query)), None)


def _rows(database: Path, query: str) -> Iterator[tuple[str, int, str]]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        yield from db.execute(query)


def collect(items: Iterator[Item], source: Path, target: Path) -> tuple[int, int, int]:
    """Bring what is not there yet; how many there are, were brought, and are missing. Types count with their object."""
    count = brought = missing = 0
    for item in items:
        there, here = target / item.path, source / item.path
        is_counted = item.size >= 0
        count += is_counted
        if there.is_file() and (not is_counted or there.stat().st_size == item.size):
            continue
        try:
            _link_or_copy(here, there, target / "incoming")
            brought += is_counted
        except FileNotFoundError:
            missing += is_counted
    return count, brought, missing


def _link_or_copy(source: Path, target: Path, drafts: Path) -> None:
    """Within one file system a second name for the same bytes, which nobody ever changes."""
    source.stat()
    for folder in (target.parent, drafts):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = drafts / f"copy-{os.getpid()}"
    draft.unlink(missing_ok=True)
    try:
        os.link(source, draft)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copyfile(source, draft)
        sync(draft)
    os.replace(draft, target)


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = target.with_name(f"{target.name}.part")
    shutil.copyfile(source, draft)
    draft.chmod(0o600)
    sync(draft)
    os.replace(draft, target)
    sync(target.parent)


def is_intact(path: Path, digest: str) -> bool:
    return path.is_file() and digest_of(path) == digest


def digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write(path: Path, text: str) -> None:
    draft = path.with_name(f"{path.name}.part")
    draft.write_text(text)
    sync(draft)
    os.replace(draft, path)
    sync(path.parent)


def sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
