"""`GET /api/images?limit=100` with a thousand and with a million images, next to the least that could answer it.

The least: a bare ASGI application on the same server, without any check of who asks, that runs the same keyset query
and reads the same counter with plain sqlite3, and writes the very same bytes (which is checked). First page and one
from deep within; the total is in every answer. The client is this process; the server has one of its own. It takes
the rate limit off, which would otherwise be what is measured.
"""

import asyncio
import contextlib
import selectors
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SIZES = (1_000, 1_000_000)
APPS = ("ours", "bare")
CONNECTIONS = 16
_ROUNDS = 7
_SECONDS = 0.6
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_CLOCK_TICKS = 100  # of /proc, on Linux


def main() -> None:
    """Print the figures."""
    print(f"images_list: GET /api/images?limit=100, {CONNECTIONS} connections")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, contextlib.ExitStack() as opened:
        places = {size: _seeded(Path(folder) / str(size), size) for size in SIZES}
        servers = {(app, size): opened.enter_context(_served(app, places[size])) for size in SIZES for app in APPS}
        for page in ("first", "deep"):
            # By turns, so that whatever else the machine does meets all of them; the ratios are of one round each.
            rounds = [
                {key: _measure(server, places[key[1]].paths[page]) for key, server in servers.items()}
                for _ in range(_ROUNDS)
            ]
            _report(page, rounds)


def _report(page: str, rounds: "Sequence[dict[tuple[str, int], _Measured]]") -> None:
    small, big = SIZES
    for app, size in rounds[0]:
        measured = [each[app, size] for each in rounds]
        print(f"  {app:5} {size:9,} images, {page:6} {_Measured.of(measured)}", flush=True)
    for size in SIZES:
        bodies = {each[app, size].body for each in rounds for app in APPS}
        assert len(bodies) == 1, "not the same answer"
    growth = statistics.median(each["ours", small].rate / each["ours", big].rate for each in rounds)
    share = statistics.median(each["ours", big].rate / each["bare", big].rate for each in rounds)
    print(f"  {page:6} small/big {growth:.2f} (goal <= 1.2), ours/bare {share:.2f} (goal >= 0.5)")


@dataclass(frozen=True)
class _Place:
    """A data directory with images in it."""

    data_dir: Path
    secret: str
    paths: dict[str, str]


@dataclass(frozen=True)
class _Server:
    """One that is running, and what its clients say."""

    pid: int
    port: int
    secret: str


def _seeded(data_dir: Path, size: int) -> _Place:
    """A member of one workspace with so many images."""
    from images_app import bootstrap, migrations
    from images_app.core import counters, tokens, users, workspaces
    from images_app.settings import load

    settings = load(data_dir=data_dir)
    data_dir.mkdir()
    migrations.upgrade(settings.database_url)
    world = bootstrap.build(settings)
    with world.database.write() as session:
        user = users.create(session, "bench@example.com", None)
        workspace_id, bucket = (made := workspaces.create(session, user.id, "Bench")).id, made.bucket
        _, secret = tokens.create(session, user, name="bench")
        for name in ("files", "files:ready", "images"):
            counters.add(session, workspace_id, name, size)
        user_id = user.id
    world.close()
    began = time.perf_counter()
    _fill(data_dir / "aeontel.db", user_id, workspace_id, bucket, size)
    print(f"  {size:,} images made in {time.perf_counter() - began:.1f} s", flush=True)
    deep = f"img_{_suffix(size // 10)}"  # newest first: nine tenths of the way down
    path = "/api/images?limit=100"
    return _Place(data_dir, secret, {"first": path, "deep": f"{path}&after={deep}"})


def _fill(database: Path, user_id: str, workspace_id: str, bucket: str, size: int) -> None:
    from images_app.models import File

    at = "2026-01-01 00:00:00.000000"
    every: dict[str, object] = {"workspace_id": workspace_id, "size": 2_345_678, "created_at": at}
    file = _defaults(File) | every
    file |= {"created_by": user_id, "mime": "image/jpeg", "sha256": "0" * 64, "updated_at": at}
    file |= {"provisioning_state": "done", "run": 1, "attempt": 1}
    image = every | {"width": 4000, "height": 3000, "exif": '{"Make": "Camera", "FNumber": 2.8}', "is_private": 0}
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("PRAGMA synchronous = OFF")
        files = ((f"fil_{_suffix(n)}", f"photo-{n}.jpg", f"{bucket}/{n}.jpg") for n in range(size))
        _insert(connection, "file", file, ("id", "name", "object_key"), files)
        images = ((f"img_{_suffix(n)}", f"fil_{_suffix(n)}", f"{n:032x}") for n in range(size))
        _insert(connection, "image", image, ("id", "file_id", "cf_image_id"), images)


def _defaults(model: Any) -> dict[str, object]:
    """What the columns of a table hold unless something else is said."""
    from sqlalchemy.sql.schema import ScalarElementColumnDefault

    from images_app.models import table

    made = ((column.name, column.default) for column in table(model).columns)
    return {name: default.arg for name, default in made if isinstance(default, ScalarElementColumnDefault)}


def _insert(
    connection: sqlite3.Connection,
    table: str,
    every: dict[str, object],
    each: tuple[str, ...],
    rows: Iterator[tuple[str, ...]],
) -> None:
    """Rows that have some columns in common."""
    columns = (*each, *every)
    query = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608
    connection.executemany(query, ((*row, *every.values()) for row in rows))


def _suffix(n: int) -> str:
    """Of the `n`th id: a UUIDv7 in base 32, of a millisecond of its own."""
    number = ((1_767_225_600_000 + n) << 80) | (7 << 76) | (2 << 62) | n
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


@contextlib.contextmanager
def _served(app: str, place: _Place) -> Iterator[_Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = [sys.executable, "-m", "bench.images_list", app, str(place.data_dir), str(port)]
    with subprocess.Popen(arguments) as process:
        try:
            limit = time.monotonic() + 60
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                except OSError:
                    assert time.monotonic() < limit, "the server does not answer"
                    time.sleep(0.05)
            yield _Server(process.pid, port, place.secret)
        finally:
            process.kill()


@dataclass
class _Measured:
    """Answers over some connections at once."""

    times: list[float] = field(default_factory=list)
    took: float = 0.0
    cpu: float = 0.0
    body: bytes = b""

    @classmethod
    def of(cls, several: "Sequence[_Measured]") -> "_Measured":
        """All of them as one."""
        times = [at for each in several for at in each.times]
        return cls(times, sum(each.took for each in several), sum(each.cpu for each in several))

    @property
    def rate(self) -> float:
        return len(self.times) / self.took

    def __str__(self) -> str:
        steps = statistics.quantiles(self.times, n=20)
        return (
            f"{self.rate:8.1f} /s  p50 {steps[9] * 1000:6.2f} ms  p95 {steps[18] * 1000:6.2f} ms"
            f"  {self.cpu / len(self.times) * 1000:5.2f} ms CPU each"
        )


def _measure(server: _Server, path: str) -> _Measured:
    request = f"GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {server.secret}\r\n\r\n".encode()
    _load(server.port, request, 0.1)
    before = _cpu(server.pid)
    measured = _load(server.port, request, _SECONDS)
    measured.cpu = _cpu(server.pid) - before
    return measured


def _cpu(pid: int) -> float:
    """Seconds that a process has worked so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _CLOCK_TICKS


def _load(port: int, request: bytes, seconds: float) -> _Measured:
    """Ask over every connection, each time as soon as its answer is whole."""
    measured = _Measured()
    with selectors.DefaultSelector() as selector, contextlib.ExitStack() as opened:
        asking = {}
        connection: Any
        for _ in range(CONNECTIONS):
            connection = opened.enter_context(socket.create_connection(("127.0.0.1", port)))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(connection, selectors.EVENT_READ, bytearray())
            asking[connection] = time.perf_counter()
            connection.sendall(request)
        began = time.perf_counter()
        while (at := time.perf_counter()) < began + seconds:
            for key, _ in selector.select(1):
                connection = key.fileobj
                key.data.extend(connection.recv(262_144))
                if (body := _whole(key.data)) is not None:
                    measured.times.append((at := time.perf_counter()) - asking[connection])
                    measured.body = body
                    key.data.clear()
                    asking[connection] = at
                    connection.sendall(request)
        measured.took = at - began
    return measured


def _whole(data: bytearray) -> bytes | None:
    """The body of an answer that has come to its end."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    assert data.startswith(b"HTTP/1.1 200"), bytes(data[:500])
    head = data[:end].lower()
    length = int(head[head.index(b"content-length:") + 15 :].split(b"\r\n", 1)[0])
    return bytes(data[end + 4 :]) if len(data) >= end + 4 + length else None


def _serve(name: str, data_dir: Path, port: int) -> None:
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server.embed import Server

    from images_app import bootstrap
    from images_app.api.app import create_api
    from images_app.cli.serving import built_to_stay
    from images_app.settings import load

    with built_to_stay():
        unlimited = {"rate_limit_per_token": 0, "rate_limit_per_address": 0}
        world = bootstrap.build(load(data_dir=data_dir, port=port, public_url="http://localhost", **unlimited))
        bare = _bare(data_dir / "aeontel.db", world.delivery.url("ID", "public"))
        app = create_api(world) if name == "ours" else bare
    server = Server(app, address="127.0.0.1", port=port, interface=Interfaces.ASGI, log_level=LogLevels.error)
    asyncio.run(server.serve())


def _bare(database: Path, url: str) -> Any:
    """The least that answers the same."""
    from urllib.parse import parse_qs

    import orjson

    from images_app.core import images, paging

    connection = sqlite3.connect(database)
    (workspace_id,) = connection.execute("SELECT id FROM workspace").fetchone()
    columns = "id, file_id, workspace_id, cf_image_id, width, height, size, exif"
    names = ("id", "fileId", "workspaceId", "cfImageId", "width", "height", "size", "exif")
    seek = f"SELECT {columns} FROM image WHERE workspace_id = ? AND id < ? ORDER BY id DESC LIMIT 101"  # noqa: S608

    def shown(row: Sequence[Any]) -> dict[str, Any]:
        found = dict(zip(names, row, strict=True))
        found["exif"] = orjson.Fragment(row[7])  # as it is stored
        found["url"] = url.replace("ID", row[3])
        return found

    async def app(scope: Any, receive: Any, send: Any) -> None:
        after = parse_qs(scope["query_string"].decode()).get("after", ["img_~"])[0]
        rows = connection.execute(seek, (workspace_id, after)).fetchall()
        counted = "SELECT n FROM counter WHERE workspace_id = ? AND name = 'images'"
        (total,) = connection.execute(counted, (workspace_id,)).fetchone()
        shown_rows = [shown(row) for row in rows[:100]]
        info = {
            "total": total,
            "hasNextPage": len(rows) > 100,
            "hasPreviousPage": after != "img_~",
            "startCursor": paging.encode(images.KIND, rows[0][0]),
            "endCursor": paging.encode(images.KIND, rows[99][0]),
        }
        body = orjson.dumps({"data": shown_rows, "pageInfo": info})
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


if __name__ == "__main__":
    _serve(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
