"""Whether a GIF is all there. libvips shows whatever frames it finds, so a file cut short would pass for whole.

Structure: GIF89a specification, sections 17 to 27.
"""

import mmap
from pathlib import Path

from images_app.errors import ImageDamaged

_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B


def check(source: Path) -> None:
    """Raise ImageDamaged when the file ends inside a block. A missing trailer after whole frames is forgiven."""
    with source.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            at = 13 + _table(data[10])
            while at < len(data) and data[at] != _TRAILER:
                at = _after(data, at)
        except IndexError:
            raise ImageDamaged("The picture ends before its last frame does.") from None


def _after(data: mmap.mmap, at: int) -> int:
    """Where the block that starts at `at` ends; bytes that start none end the file, as they do for browsers."""
    kind = data[at]
    if kind == _EXTENSION:
        return _sub_blocks(data, at + 2)
    if kind == _IMAGE:
        return _sub_blocks(data, at + 10 + _table(data[at + 9]) + 1)
    return len(data)


def _sub_blocks(data: mmap.mmap, at: int) -> int:
    while size := data[at]:
        at += 1 + size
    return at + 1


def _table(flags: int) -> int:
    """Bytes of the colour table that these flags announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0
