"""EXIF as flat JSON. Everything in it comes from a stranger: nothing here may fail, only know less.

Written against the EXIF 2.32 and TIFF 6.0 specifications. The reader is our own because the usual ones read
whatever sizes and offsets a file names; this one touches at most `_MAX_ENTRIES` short values.
"""

import json
import math
import re
import struct
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from PIL.ExifTags import GPSTAGS, TAGS

from images_app.core.media.limits import EXIF_BYTES

_MAX_ENTRIES = 512
_MAX_NUMBERS = 64
_MAX_TEXT = 4096
_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825
_USER_COMMENT, _GPS_METHOD, _GPS_AREA = 0x9286, 0x001B, 0x001C
_WINDOWS_TEXTS = range(0x9C9B, 0x9CA0)  # XPTitle and its like: UTF-16 in a BYTE array
_VERSIONS = frozenset({0x9000, 0xA000})  # four ASCII digits, typed UNDEFINED
_ONE_BYTE = frozenset({0xA300, 0xA301})  # FileSource, SceneType
_STRUCTURAL = frozenset(
    {_EXIF_IFD, _GPS_IFD, 0xA005, 0x927C, 0x014A, 0x02BC, 0x83BB, 0x8649, 0x8773, 0xC4A5, 0x0111, 0x0117}
    | {0x0144, 0x0145, 0x015B, 0x0201, 0x0202, 0xEA1C}
)
"""Pointers, pixel layout and foreign containers (maker note, XMP, IPTC, ICC, thumbnails): never shown."""

_NUMBERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d"}
_RATIONALS = {5: "I", 10: "i"}
_ASCII, _UNDEFINED = 2, 7
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}


@dataclass(frozen=True)
class Exif:
    """What a picture's EXIF says. `orientation` is always 1 to 8."""

    tags: dict[str, Any] | None = None
    orientation: int = 1
    taken_at: datetime | None = None


def read(block: bytes | memoryview | None) -> Exif:
    """Read an EXIF block (with or without its `Exif` header), or the start of a TIFF file. Never raises."""
    if not block:
        return Exif()
    try:
        found = _Reader(memoryview(block)).flat()
    except (struct.error, ValueError, LookupError, OverflowError):
        return Exif()
    return Exif(_shown(found), _orientation(found), taken_at(found))


def taken_at(tags: dict[str, Any]) -> datetime | None:
    """When the shutter opened, in UTC. A camera that writes no offset is taken to mean UTC: it knows no better.

    Clocks that were never set (0000, 1900) and those that overflowed (2106) give None.
    """
    match = re.fullmatch(r"(\d{4})[:/-](\d\d)[:/-](\d\d)[ T](\d\d):(\d\d):(\d\d)", str(tags.get("DateTimeOriginal")))
    if match is None:
        return None
    fraction = re.match(r"\d{1,3}", str(tags.get("SubsecTimeOriginal", "")), re.ASCII)
    milliseconds = int(fraction[0].ljust(3, "0")) if fraction else 0
    try:
        year, month, day, hour, minute, second = map(int, match.groups())
        local = datetime(year, month, day, hour, minute, second, milliseconds * 1000)
    except ValueError:
        return None
    if not 1900 < local.year <= 2100:
        return None
    return local.replace(tzinfo=_offset(tags.get("OffsetTimeOriginal"))).astimezone(UTC)


def _offset(text: object) -> timezone:
    match = re.fullmatch(r"([+-])(\d\d):(\d\d)", str(text), re.ASCII)
    minutes = int(match[2]) * 60 + int(match[3]) if match else 0
    if match is None or minutes > 14 * 60:
        return UTC
    return timezone(timedelta(minutes=-minutes if match[1] == "-" else minutes))


def _orientation(tags: dict[str, Any]) -> int:
    value = tags.get("Orientation")
    return value if type(value) is int and 1 <= value <= 8 else 1


def _shown(tags: dict[str, Any]) -> dict[str, Any] | None:
    """The tags, unless there are none or they are too long to be carried in every answer."""
    if not tags or len(json.dumps(tags, ensure_ascii=False, allow_nan=False).encode()) > EXIF_BYTES:
        return None
    return tags


class _Reader:
    """Walks the directories of one block. Offsets count from the TIFF header."""

    def __init__(self, block: memoryview) -> None:
        self._data = block[6:] if bytes(block[:6]) == b"Exif\0\0" else block
        self._order = {b"II*\0": "<", b"MM\0*": ">"}[bytes(self._data[:4])] if len(self._data) >= 8 else "<"

    def flat(self) -> dict[str, Any]:
        root = self._unpack("I", 4)[0]
        found: dict[str, Any] = {}
        pointers: dict[int, int] = {}
        for tag, kind, count, at in self._entries(root):
            if tag in (_EXIF_IFD, _GPS_IFD) and kind in (4, 13) and count == 1:
                pointers[tag] = self._unpack("I", at)[0]
            else:
                self._keep(found, TAGS.get(tag), tag, kind, count, at)
        for tag, kind, count, at in self._entries(pointers.get(_EXIF_IFD)):
            self._keep(found, TAGS.get(tag), tag, kind, count, at)
        for tag, kind, count, at in self._entries(pointers.get(_GPS_IFD)):
            self._keep(found, GPSTAGS.get(tag), tag, kind, count, at)
        return found

    def _entries(self, at: int | None) -> Iterator[tuple[int, int, int, int]]:
        """(tag, type, count, where its value is) of each entry whose value lies inside the block."""
        if at is None or at + 2 > len(self._data):
            return
        for number in range(min(self._unpack("H", at)[0], _MAX_ENTRIES)):
            entry = at + 2 + 12 * number
            if entry + 12 > len(self._data):
                return
            tag, kind, count = self._unpack("HHI", entry)
            size = _SIZES.get(kind, 0) * count
            where = entry + 8 if size <= 4 else self._unpack("I", entry + 8)[0]
            if size and where + size <= len(self._data):
                yield tag, kind, count, where

    def _keep(self, found: dict[str, Any], name: str | None, tag: int, kind: int, count: int, at: int) -> None:
        if name is None or tag in _STRUCTURAL or name in found:
            return
        value = self._value(tag, kind, count, at)
        if value is not None and value != "":
            found[name] = value

    def _value(self, tag: int, kind: int, count: int, at: int) -> Any:
        if kind == _ASCII:
            return _text(self._bytes(at, count))
        if kind == _UNDEFINED:
            return self._undefined(tag, count, at)
        if kind == 1 and tag in _WINDOWS_TEXTS:
            return clean(self._bytes(at, count).decode("utf-16-le", "ignore"))
        if count > _MAX_NUMBERS:
            return None
        if kind in _RATIONALS:
            parts = self._unpack(_RATIONALS[kind] * (2 * count), at)
            numbers = [_ratio(parts[i], parts[i + 1]) for i in range(0, len(parts), 2)]
        elif kind in _NUMBERS:
            numbers = [_finite(n) for n in self._unpack(_NUMBERS[kind] * count, at)]
        else:
            return None
        return numbers[0] if count == 1 else numbers

    def _undefined(self, tag: int, count: int, at: int) -> Any:
        raw = self._bytes(at, count)
        if tag in (_USER_COMMENT, _GPS_METHOD, _GPS_AREA):
            return _marked_text(raw, self._order)
        if tag in _VERSIONS:
            return _text(raw)
        return raw[0] if tag in _ONE_BYTE and count == 1 else None

    def _bytes(self, at: int, count: int) -> bytes:
        return bytes(self._data[at : at + min(count, _MAX_TEXT)])

    def _unpack(self, layout: str, at: int) -> tuple[Any, ...]:
        return struct.unpack_from(self._order + layout, self._data, at)


def clean(text: str) -> str:
    """Text up to its first NUL, without control, surrogate and direction-changing characters."""
    text = text.partition("\0")[0]
    kept = (c for c in text if unicodedata.category(c) not in ("Cc", "Cs", "Co", "Cn") and not _turns(c))
    return "".join(kept).strip()


def _turns(character: str) -> bool:
    return "\u202a" <= character <= "\u202e" or "\u2066" <= character <= "\u2069"


def _text(raw: bytes) -> str:
    raw = raw.partition(b"\0")[0]
    try:
        return clean(raw.decode())
    except UnicodeDecodeError:
        return clean(raw.decode("latin-1"))


def _marked_text(raw: bytes, order: str) -> str:
    """Text behind an eight-byte name of its encoding (EXIF 4.6.5, UserComment)."""
    mark, body = raw[:8], raw[8:]
    if mark == b"UNICODE\0":
        return clean(body.decode("utf-16-le" if order == "<" else "utf-16-be", "ignore"))
    if mark == b"JIS\0\0\0\0\0":
        return clean(body.decode("iso2022_jp", "ignore"))
    return _text(body if mark in (b"ASCII\0\0\0", bytes(8)) else raw)


def _ratio(numerator: int, denominator: int) -> float | None:
    return None if denominator == 0 else numerator / denominator


def _finite(number: float) -> float | None:
    return number if isinstance(number, int) or math.isfinite(number) else None
