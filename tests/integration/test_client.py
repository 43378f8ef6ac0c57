"""The Python client against the real server, directly and through a connection that breaks when told to."""

import asyncio
import hashlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from images_app.client import (
    AsyncClient,
    BadRequest,
    Client,
    Conflict,
    Damaged,
    Forbidden,
    InvalidArgument,
    NoAnswer,
    NotFound,
    SignedOut,
    UnexpectedAnswer,
    calls,
)
from images_app.client.results import Event
from tests.support.crafted import pdf
from tests.support.photos import photo_jpeg
from tests.support.pipeline import wait_for
from tests.support.ports import free_port
from tests.support.server import RunningServer

_MANY = 2_000_000


class Elsewhere(BaseHTTPRequestHandler):
    """Another origin, as an object store is: notes what it is asked, and gives bytes that a test chose."""

    asked: list[dict[str, str]] = []  # noqa: RUF012 - of the class on purpose: the server makes a handler per request
    gives = b""

    def do_GET(self) -> None:
        self.asked.append({name.lower(): value for name, value in self.headers.items()})
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.gives)))
        self.end_headers()
        self.wfile.write(self.gives)

    def log_message(self, format: str, *args: object) -> None:
        pass


class Line:
    """A connection to the server that does to the next connections what it is told: `refuse` hangs up at once, `lose`
    lets the request through and hangs up instead of passing the answer on, `busy` answers 503 by itself."""

    def __init__(self, port: int) -> None:
        self.plan: list[str] = []
        self.done: list[str] = []
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()
        self.hang_up()

    def hang_up(self) -> None:
        """Break every connection there is."""
        with suppress(KeyError):  # when there is none left, though it was there a moment before
            while True:
                client = self._open.pop()
                with suppress(OSError):
                    client.shutdown(socket.SHUT_RDWR)

    @property
    def is_open(self) -> bool:
        """Whether there is a connection to break."""
        return bool(self._open)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            what = self.plan.pop(0) if self.plan else "pass"
            self.done.append(what)
            threading.Thread(target=self._serve, args=(client, what), daemon=True).start()

    def _serve(self, client: socket.socket, what: str) -> None:
        with client:
            if what == "refuse":
                return
            if what == "busy":
                client.recv(65536)
                client.sendall(b"HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n")
                return
            with socket.create_connection(("127.0.0.1", self._port)) as server:
                self._open.add(client)
                pump = threading.Thread(target=_pump, args=(client, server), daemon=True)
                pump.start()
                if what == "lose":
                    server.recv(1)
                    client.shutdown(socket.SHUT_RDWR)  # closing alone waits for the thread that reads it
                else:
                    _pump(server, client)
                self._open.discard(client)


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while block := source.recv(65536):
            target.sendall(block)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


@contextmanager
def other_origin() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", free_port()), Elsewhere)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    with other_origin() as url:
        yield url


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("client") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def token(server: RunningServer) -> str:
    return server.token()


@pytest.fixture
def client(server: RunningServer, token: str) -> Iterator[Client]:
    with Client(server.url, token) as made:
        yield made


@pytest.fixture
def line(server: RunningServer) -> Iterator[Line]:
    made = Line(server.port)
    yield made
    made.close()


@pytest.fixture
def workspace_id(client: Client, request: pytest.FixtureRequest) -> str:
    return client.workspaces.create(request.node.name[:100]).id


def test_a_picture_from_upload_to_deletion(client: Client, workspace_id: str, tmp_path: Path) -> None:
    picture = tmp_path / 'Mÿ "photo"\u2028.jpg'
    picture.write_bytes(photo_jpeg(320, 240, seed=1))
    told: list[int] = []
    file = client.files.upload(picture, workspace_id=workspace_id, progress=told.append)
    assert (file.size, file.mime, file.workspace_id) == (picture.stat().st_size, "image/jpeg", workspace_id)
    assert file.sha256 == hashlib.sha256(picture.read_bytes()).hexdigest()
    assert (told[0], told[-1]) == (0, file.size)
    wait_for(lambda: client.files.get(file.id).image_id is not None)
    (image,) = client.images.list(workspace_id=workspace_id, include=["file", "variants"])
    assert (image.file_id, image.width, image.height) == (file.id, 320, 240)
    assert image.file is not None
    assert image.file.name == file.name
    assert image.variants is not None
    assert client.images.get(file.id).id == image.id
    assert image.body["cfImageId"] == image.cf_image_id
    target = tmp_path / "back.jpg"
    assert client.files.download(file.id, target).read_bytes() == picture.read_bytes()
    assert client.images.delete(image.id).success
    assert list(client.images.list(workspace_id=workspace_id)) == []
    assert client.files.retry(file.id).provisioning.state == "pending"
    client.files.delete(file.id)
    assert [each.id for each in client.files.list(workspace_id=workspace_id, trash=True)] == [file.id]
    assert client.files.restore(file.id).id == file.id
    types = [event.type for event in client.files.events(file.id)]
    assert types[0] == "file.ready"
    assert types.index("file.deleted") < types.index("file.restored")


def test_a_list_is_read_page_by_page(client: Client, workspace_id: str) -> None:
    made = [client.files.upload(b"%d" % n, name="n.txt", workspace_id=workspace_id).id for n in range(5)]
    assert [file.id for file in client.files.list(workspace_id=workspace_id, limit=2)] == made[::-1]
    page = client.files.page(workspace_id=workspace_id, limit=2)
    assert (len(page), page.info.total, page.info.has_next_page) == (2, 5, True)
    assert {file.id for file in client.files.list(ids=made[:2])} == set(made[:2])


def test_the_async_client_does_the_same(server: RunningServer, token: str, workspace_id: str, tmp_path: Path) -> None:
    async def visit() -> None:
        async with AsyncClient(server.url, token) as client:
            assert (await client.me()).is_admin
            source = tmp_path / "big.bin"
            source.write_bytes(b"x" * _MANY)
            told: list[int] = []
            files = [await client.files.upload(source, workspace_id=workspace_id, progress=told.append)]
            assert told[-1] == _MANY
            files.append(await client.files.upload(b"more", name="b", workspace_id=workspace_id))
            listed = [file.id async for file in client.files.list(workspace_id=workspace_id, limit=1)]
            assert listed == [file.id for file in reversed(files)]
            await client.files.download(files[0].id, tmp_path / "back.bin")
            assert (tmp_path / "back.bin").read_bytes() == source.read_bytes()
            stream = client.events.follow(workspace_id=workspace_id, after="0")
            assert (await anext(stream)).file_id == files[0].id
            await stream.aclose()  # type: ignore[attr-defined]
            with pytest.raises(NotFound):
                await client.images.get("img_nothing")

    asyncio.run(visit())


def test_errors_are_what_the_server_says(client: Client, server: RunningServer, workspace_id: str) -> None:
    with pytest.raises(NotFound) as missing:
        client.images.get("../me?x=1")
    assert (missing.value.status, missing.value.code) == (404, "not_found")
    assert missing.value.request_id
    with pytest.raises(BadRequest) as bad:
        client.images.page(limit=1000)
    assert bad.value.errors[0]["pointer"] == "limit"
    done = client.files.upload(b"text", name="a.txt", workspace_id=workspace_id)
    with pytest.raises(Conflict):
        client.files.restore(done.id)
    with Client(server.url, "aeo_wrong") as stranger, pytest.raises(SignedOut):
        stranger.me()
    with Client(server.url, server.token("read")) as reader, pytest.raises(Forbidden):
        reader.files.delete(done.id)
    with pytest.raises(InvalidArgument):
        client.images.get("")
    with pytest.raises(Forbidden):
        client.tokens.create("another")


def test_what_is_no_server_of_ours_is_told_apart(origin: str) -> None:
    Elsewhere.gives = b"<html>hello"
    with Client(origin) as wrong, pytest.raises(UnexpectedAnswer):
        wrong.me()
    with Client(f"http://127.0.0.1:{free_port()}", retries=1) as nobody, pytest.raises(NoAnswer):
        nobody.me()
    for text in ("localhost:3000", "ftp://x", "http://", "http://user:pass@host"):
        with pytest.raises(InvalidArgument):
            Client(text)


def test_what_is_safe_is_sent_again(line: Line, token: str, workspace_id: str) -> None:
    line.plan = ["refuse", "busy", "lose"]
    with Client(line.url, token) as client:
        assert client.me().is_admin
    assert line.done == ["refuse", "busy", "lose", "pass"]
    line.plan, line.done = ["lose"], []
    with Client(line.url, token) as client:
        file = client.files.upload(b"once" * 1000, name="once.txt", workspace_id=workspace_id)
        assert [each.id for each in client.files.list(workspace_id=workspace_id)] == [file.id]
    assert line.done == ["lose", "pass"]


def test_a_deletion_whose_answer_was_lost_is_done(line: Line, client: Client, token: str, workspace_id: str) -> None:
    file = client.files.upload(b"x", name="x.txt", workspace_id=workspace_id)
    line.plan = ["lose"]
    with Client(line.url, token) as shaky:
        assert shaky.files.delete(file.id).success
        with pytest.raises(NotFound):
            shaky.files.delete(file.id)


def test_what_is_not_safe_is_sent_once(line: Line, client: Client, token: str) -> None:
    line.plan = ["lose"]
    with Client(line.url, token) as shaky, pytest.raises(NoAnswer):
        shaky.workspaces.create("Only once")
    assert line.done == ["lose"]
    wait_for(lambda: [each.name for each in client.workspaces.list()].count("Only once") == 1)


def test_a_download_takes_no_token_to_another_origin(origin: str, tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data", public_url=origin) as server, Client(server.url, server.token()) as client:
        workspace_id = client.me().workspaces[0].id
        file = client.files.upload(pdf(), name="a.pdf", workspace_id=workspace_id)
        Elsewhere.gives = pdf()
        Elsewhere.asked.clear()
        assert client.files.download(file.id, tmp_path / "a.pdf").read_bytes() == pdf()
        assert len(Elsewhere.asked) == 1
        assert not {"authorization", "cookie"} & set(Elsewhere.asked[0])
        Elsewhere.gives = pdf()[:-1]
        with pytest.raises(Damaged):
            client.files.download(file.id, tmp_path / "b.pdf")
        assert sorted(path.name for path in tmp_path.iterdir()) == ["a.pdf", "data"]


def test_events_go_on_where_a_connection_broke(line: Line, client: Client, token: str, workspace_id: str) -> None:
    before = client.files.upload(b"before", name="b.txt", workspace_id=workspace_id)
    (last,) = client.send(calls.newest(calls.list_events(workspace_id=workspace_id)))
    assert last.file_id == before.id
    seen: list[Event] = []
    names = ["one\u2028\x85.txt", "two.txt", "three.txt"]
    with Client(line.url, token) as follower:
        stream = follower.events.follow(workspace_id=workspace_id, types=["file.ready"], after=str(last.seq))
        thread = threading.Thread(target=lambda: seen.extend(next(stream) for _ in names))
        thread.start()
        ids = []
        for name in names:
            ids.append(client.files.upload(name.encode(), name=name, workspace_id=workspace_id).id)
            wait_for(lambda: line.is_open)
            line.hang_up()
        thread.join(60)
        stream.close()  # type: ignore[attr-defined]
    assert [event.file_id for event in seen] == ids
