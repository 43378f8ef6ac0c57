"""EXIF comes from strangers: what is sound is shown, everything else is left out, nothing fails."""

import json
import random
import struct
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from images_app.core.media import exif
from tests.support import photos

ORIENTATION, MAKE, SOFTWARE = 0x0112, 0x010F, 0x0131
EXPOSURE, ORIGINAL, OFFSET, SUBSECONDS, COMMENT = 0x829A, 0x9003, 0x9011, 0x9291, 0x9286
MAKER_NOTE, LENS, TITLE, VERSION = 0x927C, 0xA432, 0x9C9B, 0x9000
ASCII, SHORT, LONG, RATIONAL, UNDEFINED, SIGNED_RATIONAL, FLOAT, DOUBLE = 2, 3, 4, 5, 7, 10, 11, 12
WIDTHS = {1: 1, ASCII: 1, SHORT: 2, LONG: 4, RATIONAL: 8, UNDEFINED: 1, SIGNED_RATIONAL: 8, FLOAT: 4, DOUBLE: 8}
BYTE = 1

Entries = Sequence[tuple[int, int, bytes]]
"""Of one directory: tag, type, value as stored."""


def block(root: Entries = (), own: Entries = (), gps: Entries = (), *, order: str = "<") -> bytes:
    """An EXIF block written by hand, so that it can be as wrong as it likes."""
    out = bytearray((b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8))
    pointers = [(tag, LONG, bytes(4)) for tag, entries in ((0x8769, own), (0x8825, gps)) if entries]
    places = _directory(out, [*root, *pointers], order)
    for tag, entries in ((0x8769, own), (0x8825, gps)):
        if entries:
            struct.pack_into(order + "I", out, places[tag], len(out))
            _directory(out, entries, order)
    return b"Exif\0\0" + bytes(out)


def _directory(out: bytearray, entries: Entries, order: str) -> dict[int, int]:
    start = len(out)
    out += struct.pack(order + "H", len(entries)) + bytes(12 * len(entries) + 4)
    places = {}
    for number, (tag, kind, value) in enumerate(entries):
        at = start + 2 + 12 * number
        struct.pack_into(order + "HHI", out, at, tag, kind, len(value) // WIDTHS[kind])
        places[tag] = at + 8
        if len(value) <= 4:
            out[at + 8 : at + 8 + len(value)] = value
        else:
            struct.pack_into(order + "I", out, at + 8, len(out))
            out += value
    return places


def shown(root: Entries = (), own: Entries = (), gps: Entries = (), order: str = "<") -> dict[str, Any]:
    return exif.read(block(root, own, gps, order=order)).tags or {}


def test_a_cameras_tags_are_flat_json() -> None:
    found = exif.read(photos.camera_exif(gps=True, seed=3).tobytes())
    assert found.tags == {
        "Orientation": 1,
        "Make": "Aeontel",
        "Model": "Testphone 4",
        "Software": "photos.py",
        "DateTimeOriginal": "2024:06:02 09:00:00",
        "OffsetTimeOriginal": "+02:00",
        "ExposureTime": 0.008,
        "FNumber": 1.8,
        "ISOSpeedRatings": 103,
        "FocalLength": 26.5,
        "LensModel": "Testphone wide 26.5 mm",
        "ImageUniqueID": f"{3:032x}",
        "GPSLatitudeRef": "N",
        "GPSLatitude": [52.0, 31.0, 12.5],
        "GPSLongitudeRef": "E",
        "GPSLongitude": [13.0, 24.0, 18.0],
    }
    assert found.taken_at == datetime(2024, 6, 2, 7, 0, tzinfo=UTC)


@pytest.mark.parametrize("order", ["<", ">"])
def test_both_byte_orders_are_read(order: str) -> None:
    ratio = struct.pack(order + "II", 1, 4)
    root = [(ORIENTATION, SHORT, struct.pack(order + "H", 6))]
    assert shown(root, [(EXPOSURE, RATIONAL, ratio)], order=order) == {"Orientation": 6, "ExposureTime": 0.25}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (RATIONAL, struct.pack("<II", 1, 0)),
        (RATIONAL, bytes(8)),
        (SIGNED_RATIONAL, struct.pack("<ii", -1, 0)),
        (FLOAT, struct.pack("<f", float("nan"))),
        (FLOAT, struct.pack("<f", float("inf"))),
        (DOUBLE, struct.pack("<d", float("-inf"))),
    ],
)
def test_a_number_that_is_none_is_left_out(kind: int, value: bytes) -> None:
    assert shown([(MAKE, ASCII, b"A\0")], [(EXPOSURE, kind, value)]) == {"Make": "A"}


def test_a_number_that_is_none_is_null_among_others() -> None:
    value = struct.pack("<IIIIII", 1, 2, 3, 0, 5, 1)
    assert shown(gps=[(2, RATIONAL, value)]) == {"GPSLatitude": [0.5, None, 5.0]}


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"Plain\0", "Plain"),
        (b"Cut\0here\0", "Cut"),
        (b"No terminator", "No terminator"),
        ("Füße".encode() + b"\0", "Füße"),
        (b"F\xfc\xdfe\0", "Füße"),
        (b"\x1b[31mred\x07\r\n\0", "[31mred"),
        ("a\u202egpj.exe\u2066\0".encode(), "agpj.exe"),
        (b"   \0", None),
        (b"\0\0\0\0\0", None),
        (b"<img src=x onerror=alert(1)>\0", "<img src=x onerror=alert(1)>"),
    ],
)
def test_texts_lose_what_could_act_on_a_screen(raw: bytes, text: str | None) -> None:
    assert shown([(SOFTWARE, ASCII, raw)]).get("Software") == text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"ASCII\0\0\0A walk", "A walk"),
        (b"UNICODE\0" + "Füße".encode("utf-16-le"), "Füße"),
        (b"UNICODE\0\x00", None),
        (b"JIS\0\0\0\0\0" + "山".encode("iso2022_jp"), "山"),
        (bytes(8) + b"unmarked", "unmarked"),
        (b"no mark at all", "no mark at all"),
        (b"ASCII\0\0\0\0\0\0\0", None),
    ],
)
def test_user_comments_are_decoded(raw: bytes, text: str | None) -> None:
    assert shown(own=[(COMMENT, UNDEFINED, raw)]).get("UserComment") == text


def test_bytes_without_a_meaning_are_dropped() -> None:
    own = [
        (MAKER_NOTE, UNDEFINED, b"\xde\xad" * 32_000),
        (0x9101, UNDEFINED, b"\1\2\3\0"),
        (0xFFF0, ASCII, b"unknown tag\0"),
        (VERSION, UNDEFINED, b"0232"),
    ]
    title = [(TITLE, BYTE, "Titel\0".encode("utf-16-le"))]
    assert shown(title, own) == {"XPTitle": "Titel", "ExifVersion": "0232"}


@pytest.mark.parametrize(
    ("kind", "value", "orientation"),
    [(SHORT, struct.pack("<H", n), n if 1 <= n <= 8 else 1) for n in range(11)]
    + [
        (LONG, struct.pack("<I", 6), 6),
        (SHORT, struct.pack("<H", 65_535), 1),
        (SHORT, struct.pack("<HH", 6, 6), 1),
        (ASCII, b"6\0", 1),
        (FLOAT, struct.pack("<f", 6), 1),
    ],
)
def test_an_orientation_is_one_to_eight_or_none(kind: int, value: bytes, orientation: int) -> None:
    assert exif.read(block([(ORIENTATION, kind, value)])).orientation == orientation


@pytest.mark.parametrize(
    ("date", "offset", "subseconds", "moment"),
    [
        ("2024:02:29 23:30:00", "-01:00", "25", datetime(2024, 3, 1, 0, 30, 0, 250_000, UTC)),
        ("2024:01:01 00:00:00", "+14:00", "", datetime(2023, 12, 31, 10, 0, tzinfo=UTC)),
        ("2024-01-01T10:00:00", "", "", datetime(2024, 1, 1, 10, 0, tzinfo=UTC)),
        ("2024:01:01 10:00:00", "+25:00", "x", datetime(2024, 1, 1, 10, 0, tzinfo=UTC)),
        ("2024:01:01 10:00:00", "nonsense", "123456789", datetime(2024, 1, 1, 10, 0, 0, 123_000, UTC)),
        ("1954:07:04 17:00:00", "", "", datetime(1954, 7, 4, 17, 0, tzinfo=UTC)),
        ("0000:00:00 00:00:00", "", "", None),
        ("1900:01:01 00:00:00", "", "", None),
        ("2106:02:07 06:28:15", "", "", None),
        ("9999:12:31 23:59:59", "-14:00", "", None),
        ("2023:02:29 10:00:00", "", "", None),
        ("2024:01:01 24:00:00", "", "", None),
        ("    :  :     :  :  ", "", "", None),
        ("yesterday", "", "", None),
        ("٢٠٢٤:٠١:٠١ ١٠:٠٠:٠٠", "", "", datetime(2024, 1, 1, 10, 0, tzinfo=UTC)),
    ],
)
def test_capture_times(date: str, offset: str, subseconds: str, moment: datetime | None) -> None:
    own = [
        (tag, ASCII, text.encode() + b"\0")
        for tag, text in ((ORIGINAL, date), (OFFSET, offset), (SUBSECONDS, subseconds))
    ]
    assert exif.read(block(own=own)).taken_at == moment


def test_more_than_fits_an_answer_is_null_but_still_turns_the_picture() -> None:
    text = ("x" * 4000).encode() + b"\0"
    root = [
        (ORIENTATION, SHORT, struct.pack("<H", 6)),
        *((tag, ASCII, text) for tag in (270, MAKE, 272, SOFTWARE, 315)),
    ]
    found = exif.read(block(root))
    assert found.tags is None
    assert found.orientation == 6


def test_huge_arrays_and_counts_are_skipped() -> None:
    data = bytearray(block([(MAKE, ASCII, b"Maker\0"), (ORIENTATION, SHORT, b"\1\0" * 5000)]))
    assert exif.read(bytes(data)).tags == {"Make": "Maker"}
    struct.pack_into("<I", data, 6 + 8 + 2 + 4, 0xFFFFFFFF)
    assert exif.read(bytes(data)).tags is None


@pytest.mark.parametrize(
    "data",
    [
        None,
        b"",
        b"Exif\0\0",
        b"Exif\0\0II*\0",
        b"II*\0\xff\xff\xff\xff",
        b"II*\0\0\0\0\0",
        b"XX*\0\x08\0\0\0",
        b"MM\0*\0\0\0\x08\xff\xff" + b"\xff" * 40,
        block([(0x8769, LONG, struct.pack("<I", 8))]),
        block([(0x8825, LONG, struct.pack("<I", 0xFFFFFFF0))]),
    ],
)
def test_a_broken_block_is_no_exif(data: bytes | None) -> None:
    assert exif.read(data) == exif.Exif()


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 60))
def test_no_damage_to_a_block_makes_reading_fail(seed: int, changes: int) -> None:
    chance = random.Random(seed)
    data = bytearray(photos.camera_exif(gps=True).tobytes())
    for _ in range(changes):
        data[chance.randrange(6, len(data))] = chance.choice([0, 1, 2, 5, 10, 12, 255, chance.randrange(256)])
    found = exif.read(bytes(data[: chance.randrange(len(data) + 1)]))
    assert 1 <= found.orientation <= 8
    json.dumps(found.tags, allow_nan=False).encode()
    assert found.taken_at is None or found.taken_at.tzinfo is UTC
