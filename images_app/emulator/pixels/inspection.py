"""Runs in a pixel child: what an uploaded file is, and whether its pixels can really be read."""

from pathlib import Path
from typing import Any

import pyvips

from images_app.emulator.pixels import svg

_LOADERS = {"jpeg": "jpegload", "png": "pngload", "webp": "webpload", "gif": "gifload"}


def inspect(job: dict[str, Any]) -> dict[str, Any]:
    """Size as displayed, frames and alpha of `source`; beyond `max_side` or `max_pixels` nothing is decoded.

    Raises pyvips.Error or ValueError when it cannot be read to its end.
    """
    path, format = job["source"], job["format"]
    if format == "svg":
        return _svg(path)
    load = getattr(pyvips.Image, _LOADERS[format])
    pages = {"n": -1} if format in ("gif", "webp") else {}
    header = load(path, **pages)
    frames = header.get("n-pages") if "n-pages" in header.get_fields() else 1
    height = header.get("page-height") if pages and frames > 1 else header.height
    width = header.width
    turned = format in ("jpeg", "png", "webp") and _orientation(header) >= 5
    facts = {
        "width": height if turned else width,
        "height": width if turned else height,
        "frames": frames,
        "alpha": bool(header.hasalpha()),
    }
    if format in _WHOLE:
        _WHOLE[format](Path(path).read_bytes())
    if max(width, height) <= job["max_side"] and width * height * frames <= job["max_pixels"]:
        _read_through(load, path, format, pages)
    return facts


def _orientation(image: pyvips.Image) -> int:
    return int(image.get("orientation")) if "orientation" in image.get_fields() else 1


def _read_through(load: Any, path: str, format: str, pages: dict[str, int]) -> None:
    """Decode everything once, keeping nothing; JPEG at an eighth, which still reads every byte."""
    extra: dict[str, Any] = {"shrink": 8} if format == "jpeg" else pages
    load(path, access="sequential", fail_on="error", **extra).avg()


def _check_gif_is_whole(data: bytes) -> None:
    """Walk the blocks up to the trailer: libvips shows a GIF that breaks off as a shorter one."""
    try:
        place = 13 + _gif_table(data[10])
        while data[place] != 0x3B:
            if data[place] == 0x21:  # extension: a label, then sub-blocks
                place += 2
            elif data[place] == 0x2C:  # frame: descriptor, colours, code size, then sub-blocks
                place += 11 + _gif_table(data[place + 9])
            else:
                raise ValueError("no GIF block")
            while data[place]:
                place += 1 + data[place]
            place += 1
    except IndexError:
        raise ValueError("the GIF ends too early") from None


def _gif_table(flags: int) -> int:
    """Bytes of the colour table that these flags announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _check_png_is_whole(data: bytes) -> None:
    """Walk the chunks up to the end of the last: the decoder stops at the last pixel."""
    place, kind = 8, b""
    while kind != b"IEND":
        size, kind = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        place += 12 + size
        if place > len(data):
            raise ValueError("the PNG ends too early")


_WHOLE = {"gif": _check_gif_is_whole, "png": _check_png_is_whole}


def _svg(path: str) -> dict[str, Any]:
    """Never drawn: it must be one that can be made safe, and its size is what it says."""
    clean = svg.sanitise(Path(path).read_bytes())
    width, height = svg.size(clean)
    return {"width": width, "height": height, "frames": 1, "alpha": True}
