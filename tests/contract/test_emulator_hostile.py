"""What somebody hostile sends: each thing to its code, and the server goes on."""

import asyncio
import io
import socket
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from itertools import chain

import httpx
import pytest
from PIL import Image

from tests.support import photos
from tests.support.emulator import TOKEN, RunningEmulator
from tests.support.pixels import decoded

JPEG = photos.photo_jpeg(320, 240)
TYPES = {"svg": "image/svg+xml", "animated": "image/webp", "progressive": "image/jpeg"}
WHOLE = {
    "jpeg": JPEG,
    "progressive": photos.encode(photos.scene(320, 240), "JPEG", progressive=True),
    "png": photos.png(320, 240, alpha=True),
    "webp": photos.webp(320, 240),
    "gif": photos.animation(frames=4),
    "animated": photos.animation(frames=4, format="WEBP"),
    "svg": photos.svg(),
}
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">'


@pytest.fixture(autouse=True)
def alive(emulator):
    """After each attack the server answers, and nobody else's pictures have suffered."""
    image_id = emulator.uploaded(JPEG)
    before = emulator.http.get(f"{emulator.account}/v1/stats").json()["result"]["count"]["current"]
    yield
    assert decoded(emulator.deliver(image_id, "w=64")).size == (64, 48)
    assert emulator.http.get(f"{emulator.account}/v1/stats").json()["result"]["count"]["current"] >= before
    assert not list((emulator.data_dir / "incoming").iterdir())


def code(answer: httpx.Response) -> int:
    return 0 if answer.json()["success"] else answer.json()["errors"][0]["code"]


def form(*parts: tuple[bytes, bytes]) -> bytes:
    return b"".join(b"--b\r\n" + head + b"\r\n\r\n" + body + b"\r\n" for head, body in parts) + b"--b--"


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_with(*chunks: bytes) -> bytes:
    """A small picture with these chunks before its pixels."""
    whole = photos.encode(Image.new("RGB", (10, 10), (200, 0, 0)), "PNG")
    at = whole.index(b"IDAT") - 4
    return whole[:at] + b"".join(chunks) + whole[at:]


@pytest.mark.parametrize("kind", list(WHOLE))
@pytest.mark.parametrize("share", [0.1, 0.5, 0.99, None])
def test_files_that_break_off(emulator, kind, share):
    whole = WHOLE[kind]
    data = whole[:-1] if share is None else photos.truncated(whole, share)
    type = TYPES.get(kind, f"image/{kind}")
    assert code(emulator.upload(data, type=type)) == 9422
    assert code(emulator.upload(whole, type=type)) == 0


@pytest.mark.parametrize(
    ("data", "type", "expected"),
    [
        (lambda: photos.flood_png(), "image/png", 5400),
        (lambda: photos.flood_png(10_001), "image/png", 5400),
        (lambda: photos.gif_of(5000, 200, 150), "image/gif", 5443),
        (lambda: SVG + b"<g>" * 200_000 + b"</g>" * 200_000 + b"</svg>", "image/svg+xml", 9422),
        (lambda: SVG + b"<g/>" * 1_000_000 + b"</svg>", "image/svg+xml", 9422),
        (lambda: photos.entity_bomb_svg(), "image/svg+xml", 9422),
        (lambda: photos.pdf(), "image/jpeg", 9422),
        (lambda: b"\xff\xd8\xff" + bytes(100_000), "image/jpeg", 9422),
        (lambda: photos.tiff(64, 48), "image/jpeg", 5455),
        (lambda: JPEG, "text/html", 5455),
        (lambda: JPEG, "image/svg+xml\x00", 5455),
    ],
    ids=["30000²", "10001²", "5000 frames", "deep", "wide", "entities", "pdf", "zeros", "tiff", "html", "NUL"],
)
def test_floods_and_lies_are_refused(emulator, data, type, expected):
    assert code(emulator.upload(data(), type=type)) == expected


def test_five_thousand_frames_are_delivered_within_the_limits(emulator):
    image_id = emulator.uploaded(photos.gif_of(5000, 50, 40), type="image/gif")
    image = decoded(emulator.deliver(image_id, "w=10,h=10,fit=cover"))
    assert (image.size, image.n_frames) == ((10, 10), 1)  # all frames are equal, and the encoder says so
    assert decoded(emulator.deliver(image_id, "w=10,anim=false")).size == (10, 8)


def test_bombs_inside_a_picture_do_not_go_off(emulator):
    bomb = zlib.compress(bytes(300_000_000), 9)
    for kind in (b"zTXt", b"iCCP"):
        image_id = emulator.uploaded(png_with(chunk(kind, b"a\0\0" + bomb)), type="image/png")
        assert decoded(emulator.deliver(image_id, "w=5")).size == (5, 5)
    texts = (chunk(b"tEXt", b"a%d\0x" % n) for n in range(50_000))
    assert code(emulator.upload(png_with(*texts), type="image/png")) == 0


def test_a_header_that_promises_more_than_there_is_costs_nothing(emulator):
    lie = bytearray(photos.photo_jpeg(64, 48, exif=False))
    at = lie.index(b"\xff\xc0")
    lie[at + 5 : at + 9] = struct.pack(">HH", 9000, 11_000)
    image_id = emulator.uploaded(bytes(lie))
    assert decoded(emulator.deliver(image_id, "w=110")).size == (110, 90)


def test_an_svg_reads_no_file(emulator):
    data = (
        b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        + SVG
        + b"<text>&x;</text></svg>"
    )
    answer = emulator.upload(data, type="image/svg+xml")
    if code(answer) == 0:
        assert b"root:" not in emulator.deliver(answer.json()["result"]["id"], "public").content
    else:
        assert code(answer) == 9422


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        (",".join(f"o{n}=1" for n in range(2000)), "err=9401"),
        ("w=" + "1" * 30_000, "err=9401"),
        ("background=" + "(" * 900, "err=9401"),
        ("w=10," * 150 + "w=10", "err=9401"),
        ("w=%00", "err=9401"),
        ("w=10%2Cw=10", "err=9401"),
        ("%2e%2e/%2e%2e/w=10", "err=9404"),
        ("/".join(["a"] * 5000) + "/w=10", "err=9404"),
        ("%ff%fe/public", "err=9404"),
    ],
)
def test_floods_of_options(emulator, tail, expected):
    image_id = emulator.uploaded(JPEG)
    assert emulator.deliver(image_id, tail).headers["cf-images"] == expected


def test_floods_of_headers_and_parameters(emulator):
    image_id = emulator.uploaded(JPEG)
    many = ",".join(f"image/x{n};q=0.{n}" for n in range(2000))
    assert decoded(emulator.deliver(image_id, "w=20", many)).size == (20, 15)
    assert decoded(emulator.deliver(image_id, "w=20?" + "&".join(f"sig={n}" for n in range(5000)))).size == (20, 15)
    tags = ",".join(f'"{n}"' for n in range(3000))
    assert emulator.deliver(image_id, "w=20", **{"If-None-Match": tags}).status_code == 200


@pytest.mark.parametrize(
    ("body", "boundary"),
    [
        (form(*((b'Content-Disposition: form-data; name="f%d"' % n, b"x") for n in range(20_000))), "b"),
        (form((b'Content-Disposition: form-data; name="' + b"a" * 5_000_000 + b'"', b"x")), "b"),
        (form((b"\r\n".join(b"X-%d: y" % n for n in range(50_000)), b"x")), "b"),
        (form((b'Content-Disposition: form-data; name="metadata' + b".a" * 1900 + b'"', b"x")), "b"),
        (form((b'Content-Disposition: form-data; name="metadata' + b"[a]" * 1300 + b'"', b"x")), "b"),
        (form((b"Content-Disposition: form-data", b"x")), "b"),
        (form((b'Content-Disposition: form-data; name="id"', b"\xff\xfe")), "b"),
        (b"x", "b" * 10_000),
        (b"--b\r\n" + b"\n" * 100_000, "b"),
    ],
    ids=["fields", "name", "headers", "dots", "brackets", "no name", "no UTF-8", "boundary", "newlines"],
)
def test_floods_in_forms(emulator, body, boundary):
    headers = {
        "Content-Type": f"multipart/form-data; boundary={boundary}",
        "Authorization": f"Bearer {TOKEN}",
        "Connection": "close",
    }
    answer = httpx.post(f"{emulator.account}/v1", content=body, headers=headers, timeout=30)
    assert (answer.status_code, code(answer)) == (400, 5400), answer.text


def test_an_upload_that_sends_nothing_is_ended(tmp_path):
    with RunningEmulator(tmp_path, upload_idle_seconds=0.2) as emulator:
        with socket.create_connection(("127.0.0.1", emulator.port)) as link:
            link.settimeout(60)
            path = emulator.account.removeprefix(emulator.url)
            link.sendall(
                f"POST {path}/v1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 1000\r\n"
                "Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n"
                'Content-Disposition: form-data; name="file"; filename="a"\r\n\r\nx'.encode()
            )
            answer = link.recv(65_536)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert not list((tmp_path / "incoming").iterdir())


async def at_once(port: int, path: str, many: int) -> list[bytes]:
    """The whole answers to so many equal requests, each over a connection of its own, all sent before any is read."""
    links = await asyncio.gather(*(asyncio.open_connection("127.0.0.1", port) for _ in range(many)))
    for _, writer in links:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    answers = await asyncio.gather(*(reader.read() for reader, _ in links))
    for _, writer in links:
        writer.close()
        await writer.wait_closed()
    return list(answers)


def test_two_hundred_equal_requests_are_one_computation(tmp_path):
    with RunningEmulator(tmp_path) as emulator:
        image_id = emulator.uploaded(photos.photo_jpeg(2000, 1500))
        path = f"{emulator.delivery}/{image_id}/w=1320,blur=30".removeprefix(emulator.url)
        answers = asyncio.run(at_once(emulator.port, path, 200))
        assert {answer.partition(b"\r\n")[0] for answer in answers} == {b"HTTP/1.1 200 OK"}
        assert len({answer.partition(b"\r\n\r\n")[2] for answer in answers}) == 1
        figures = emulator.http.get(f"{emulator.url}/cloudflare/control/figures").json()["result"]["variants"]
        assert figures["computed"] == 1
        assert figures["found"] + figures["shared"] == 199


def statuses(port: int, paths: list[str]) -> list[int]:
    """What each path is answered with, one after the other. Not by httpx, which takes as long as the server."""
    found = []
    with closing(HTTPConnection("127.0.0.1", port, timeout=120)) as connection:
        for path in paths:
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            found.append(answer.status)
    return found


def test_two_thousand_sizes_leave_a_bounded_disk(tmp_path):
    cap = 300_000
    with RunningEmulator(tmp_path, pixel_cache_bytes=cap) as emulator:
        image_id = emulator.uploaded(photos.encode(photos.scene(48, 48), "JPEG"))
        sizes = [(width, height) for width in range(8, 48) for height in range(8, 58)]
        assert len(sizes) == 2000
        path = f"{emulator.delivery}/{image_id}".removeprefix(emulator.url)
        paths = [f"{path}/w={width},h={height},fit=squeeze" for width, height in sizes]
        with ThreadPoolExecutor(4) as threads:
            assert set(chain(*threads.map(lambda n: statuses(emulator.port, paths[n::4]), range(4)))) == {200}
        figures = emulator.http.get(f"{emulator.url}/cloudflare/control/figures").json()["result"]["variants"]
        assert figures["computed"] == 2000
        kept = [path.stat().st_size for path in (tmp_path / "cache").rglob("*") if path.is_file()]
        assert 0 < sum(kept) <= cap
        assert Image.open(io.BytesIO(emulator.deliver(image_id, "w=8,h=8,fit=squeeze").content)).size == (8, 8)
