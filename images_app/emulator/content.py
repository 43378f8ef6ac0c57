"""The bytes of images, one file each. A file counts only while a row names it; what no row names is swept."""

import hashlib
import os
import secrets
import time
from contextlib import suppress
from pathlib import Path

from images_app.emulator.formats import HEAD_BYTES

_ORPHAN_SECONDS = 3600
"""Younger files may belong to an upload that is under way in another process."""


class Incoming:
    """A file on its way in; blocking, for threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self.head = b""
        self._digest = hashlib.sha256()
        self._file = path.open("xb")

    def write(self, data: bytes) -> None:
        """Append."""
        self._file.write(data)
        self._digest.update(data)
        self.size += len(data)
        if len(self.head) < HEAD_BYTES:
            self.head = (self.head + data)[:HEAD_BYTES]

    def finish(self) -> str:
        """Make the bytes durable; returns their SHA-256 in hex."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return self._digest.hexdigest()

    def discard(self) -> None:
        """Forget it; no error when it was kept."""
        with suppress(OSError):  # the last bytes had no room
            self._file.close()
        self.path.unlink(missing_ok=True)


class Content:
    """`incoming/` holds what is arriving, `blobs/` what has arrived."""

    def __init__(self, root: Path) -> None:
        self._incoming = root / "incoming"
        self._blobs = root / "blobs"

    def prepare(self) -> None:
        """Make the folders."""
        self._incoming.mkdir(parents=True, exist_ok=True)
        for first in range(256):
            (self._blobs / f"{first:02x}").mkdir(parents=True, exist_ok=True)

    def incoming(self) -> Incoming:
        """A new empty file."""
        return Incoming(self._incoming / secrets.token_hex(16))

    def keep(self, incoming: Incoming) -> str:
        """Move a finished file among the blobs, durably; returns the blob's name."""
        name = incoming.path.name
        target = self.path(name)
        incoming.path.rename(target)
        _sync_folder(target.parent)
        return name

    def path(self, blob: str) -> Path:
        """Where a blob is."""
        return self._blobs / blob[:2] / blob

    def remove(self, blob: str) -> None:
        """No error when it is gone."""
        self.path(blob).unlink(missing_ok=True)

    def sweep(self, known: set[str]) -> int:
        """Delete what a crash left: old files that never finished, and blobs that no row names. Returns how many."""
        limit = time.time() - _ORPHAN_SECONDS
        swept = 0
        for path in [*self._incoming.iterdir(), *self._blobs.glob("*/*")]:
            with suppress(FileNotFoundError):
                if (path.parent == self._incoming or path.name not in known) and path.stat().st_mtime < limit:
                    path.unlink()
                    swept += 1
        return swept


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
