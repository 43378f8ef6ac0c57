"""A download on its way to the disk: beside its target until it is whole, so that nothing half is ever found there."""

import contextlib
import hashlib
import secrets
from pathlib import Path

from images_app.client.errors import Damaged
from images_app.client.multipart import Progress
from images_app.client.results import File


class Saving:
    """Takes the bytes of `file`; `finish` puts them at `target` when they are the right ones, `close` forgets them."""

    def __init__(self, file: File, target: Path, progress: Progress | None) -> None:
        self._file = file
        self._target = target
        self._progress = progress
        self._sha256 = hashlib.sha256()
        self._size = 0
        self._part = target.with_name(f".{target.name[:60]}-{secrets.token_hex(4)}.part")
        self._out = self._part.open("xb")

    def write(self, block: bytes) -> None:
        self._out.write(block)
        self._sha256.update(block)
        self._size += len(block)
        if self._progress is not None:
            self._progress(self._size)

    def finish(self) -> Path:
        """Raises Damaged when these are not the bytes of the file."""
        self._out.close()
        if (self._size, self._sha256.hexdigest()) != (self._file.size, self._file.sha256):
            raise Damaged(f"What came is not {self._file.id}: {self._size} bytes of {self._file.size}.")
        self._part.replace(self._target)
        return self._target

    def close(self) -> None:
        self._out.close()
        with contextlib.suppress(FileNotFoundError):
            self._part.unlink()
