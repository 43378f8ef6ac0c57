"""Uploads as the tests of `POST /api/files` send them, and what they leave in the store."""

import socket

import httpx
from sqlmodel import select

from images_app.models import File
from tests.integration.gallery import Gallery
from tests.support import seaweed
from tests.support.library import counted
from tests.support.pipeline import wait_for

BOUNDARY = "frontier"
FORM = f"multipart/form-data; boundary={BOUNDARY}"
A_LOT = 9 * 1024 * 1024
"""So many bytes that a bucket gets the first part of them before the rest has come."""


def upload(
    gallery: Gallery,
    data: bytes = b"some bytes",
    name: str = "notes.txt",
    mime: str = "text/plain",
    *,
    client: httpx.Client | None = None,
    workspace_id: str | None = None,
    **headers: str,
) -> httpx.Response:
    return (client or gallery.client).post(
        "/api/files",
        data={"workspaceId": workspace_id or gallery.workspace.id},
        files={"file": (name, data, mime)},
        headers=headers,
    )


def part(name: str, data: bytes = b"x", extra: str = "") -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n'
    return head.encode() + data + b"\r\n"


def send(gallery: Gallery, *pieces: bytes, content_type: str = FORM) -> httpx.Response:
    """A body as it is, closed by its last boundary."""
    body = b"".join(pieces) + f"--{BOUNDARY}--\r\n".encode()
    return gallery.client.post("/api/files", content=body, headers={"Content-Type": content_type})


def stored(gallery: Gallery, file_id: str) -> tuple[str, bytes]:
    """The object of a file: its key, its bytes."""
    with gallery.api.world.database.read() as session:
        key = session.get_one(File, file_id).object_key
    with gallery.api.world.objects.open(key) as file:
        return key, file.read()


def kept(gallery: Gallery) -> list[str]:
    """The keys of finished objects."""
    return [entry.key for entry in gallery.api.world.objects.list("")]


def under_way(gallery: Gallery) -> list[str]:
    """What the store has of objects that are not finished: drafts on disk, multipart uploads in a bucket."""
    settings = gallery.api.world.settings
    if settings.storage == "disk":
        return [path.name for path in (settings.data_dir / "objects" / "incoming").iterdir()]
    begun = seaweed.shared().client().list_multipart_uploads(Bucket=settings.s3_bucket)
    return [upload["Key"] for upload in begun.get("Uploads", ())]


def wait_until_under_way(gallery: Gallery) -> None:
    """Until the store has some of what is being sent, which must be A_LOT."""
    wait_for(lambda: under_way(gallery))


def nothing_happened(gallery: Gallery) -> bool:
    wait_for(lambda: not kept(gallery) + under_way(gallery))  # a server notices a client that left a moment later
    with gallery.api.world.database.read() as session:
        files = session.exec(select(File)).all()
    totals = counted(gallery.api.world, gallery.workspace, ["files", "files:ready", "bytes", "event:file.ready"])
    return not files and not any(totals.values())


class Slow:
    """An upload by hand, piece by piece; over when its answer has been read, or by leaving."""

    def __init__(
        self, gallery: Gallery, *, length: int | None = None, token: str = "", expect: bool = False, key: str = ""
    ) -> None:
        host, port = gallery.api.url.removeprefix("http://").split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=20)
        authorization = f"Bearer {token}" if token else gallery.client.headers["authorization"]
        lines = [
            "POST /api/files HTTP/1.1",
            f"Host: {host}:{port}",
            f"Authorization: {authorization}",
            f"Content-Type: {FORM}",
            "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}",
            *(["Expect: 100-continue"] if expect else []),
            *([f"Idempotency-Key: {key}"] if key else []),
        ]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())

    def send(self, data: bytes) -> None:
        """One chunk of a body of no announced length."""
        self.socket.sendall(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def end(self) -> tuple[int, str]:
        """The status and text of the answer."""
        self.send(f"\r\n--{BOUNDARY}--\r\n".encode())
        self.socket.sendall(b"0\r\n\r\n")
        return self.answer()

    def answer(self) -> tuple[int, str]:
        text = b""
        while b"\r\n\r\n" not in text or b"}" not in text:
            more = self.socket.recv(65536)
            if not more:
                break
            text += more
        self.leave()
        return int(text.split()[1]), text.decode()

    def leave(self) -> None:
        self.socket.close()
