"""A file system of its own that can be filled to the last byte: a tmpfs, which only root may mount."""

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

import pytest

_BYTES = 24 * 1024 * 1024


class SmallDisk:
    """A folder with little room."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self, *, but: int = 0) -> None:
        """Until not one more byte fits, or only so many."""
        with self._filler.open("ab", buffering=0) as filler:
            for block in (1024 * 1024, 4096, 1):
                while _writes(filler, block):
                    pass
            filler.truncate(filler.tell() - but)

    def free(self) -> None:
        """There is room again."""
        self._filler.unlink()


def _writes(file: FileIO, size: int) -> bool:
    """Whether there was room for one more byte at least."""
    try:
        return file.write(b"x" * size) > 0
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return False


@contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk]:
    """One at this folder, which is made. Skips the test, by name, where it cannot be mounted."""
    if os.geteuid() != 0:
        pytest.skip("Only root can mount a small file system to fill it.")
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={_BYTES}", "tmpfs", folder], capture_output=True, text=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"A small file system cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
