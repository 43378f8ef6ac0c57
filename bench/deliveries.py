"""Deliveries of the local Cloudflare Images: cold and cached, next to libvips and next to a static file.

60 distinct photographs of 12 megapixels, each to 400 pixels of width. Cold: every one is asked for the first time.
The limit of that is libvips doing the same work on the same files in as many processes as there are cores. Cached:
the same 60 over and over; the limit of that is a file of the same size out of Starlette's StaticFiles, in the same
server and over the same connections. The client is a few lines over a socket, since it shares the cores.
"""

import asyncio
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

PHOTOS = 60
WIDTH = 400
CORES = len(os.sched_getaffinity(0))
_SECONDS = 4.0
_ACCOUNT, _HASH, _TOKEN = "0" * 32, "bench", "bench-token"


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        root = Path(folder)
        print(f"deliveries: {PHOTOS} photographs of 12 megapixels to {WIDTH} px, {CORES} cores")
        with ProcessPoolExecutor(CORES) as processes:
            photos = list(processes.map(_photo, range(PHOTOS), [root] * PHOTOS))
            list(processes.map(_thumbnail, photos[:CORES], [root] * CORES))  # libvips is loaded now
            began = time.perf_counter()
            list(processes.map(_thumbnail, photos, [root] * PHOTOS))
            limit = PHOTOS / (time.perf_counter() - began)
        _line("libvips in as many processes", limit)
        with _Served(root) as served:
            _deliveries(served, photos, limit)


def _deliveries(served: "_Served", photos: Sequence[Path], limit: float) -> None:
    paths = [f"/imagedelivery/{_HASH}/{served.upload(photo)}/width={WIDTH}" for photo in photos]
    first = _Measured()
    first.run(served.port, CORES * 2, lambda n: paths[n] if n < len(paths) else None)
    _line("cold", first.rate, first, f"{first.rate / limit:.2f} of libvips")
    print(f"  {'memory while cold':32} {served.memory()}")
    served.static.write_bytes(first.body)
    for connections in (1, 16):
        file, cached = _Measured(), _Measured()
        for _ in range(2):  # in turns, so that a busy machine is busy for both
            file.run(served.port, connections, _again(["/static/file.jpg"]))
            cached.run(served.port, connections, _again(paths))
        _line(f"static file, {connections} connections", file.rate, file)
        _line(f"cached, {connections} connections", cached.rate, cached, f"{cached.rate / file.rate:.2f} of a file")
    print(f"  {'memory at the end':32} {served.memory()}")


def _line(name: str, rate: float, measured: "_Measured | None" = None, note: str = "") -> None:
    p95 = f"p95 {measured.p95 * 1000:7.2f} ms" if measured else ""
    print(f"  {name:32} {rate:8.1f} /s  {p95:16}  {note}", flush=True)


def _photo(seed: int, root: Path) -> Path:
    from tests.support import photos

    path = root / f"{seed}.jpg"
    path.write_bytes(photos.photo_jpeg(4000, 3000, seed=seed))
    return path


def _thumbnail(photo: Path, root: Path) -> None:
    """What a delivery does, as libvips alone does it."""
    os.environ["VIPS_CONCURRENCY"] = "1"
    import pyvips

    pyvips.cache_set_max(0)
    image = pyvips.Image.thumbnail(str(photo), WIDTH, height=WIDTH * 3 // 4, size="force", export_profile="srgb")
    image.jpegsave(str(root / f"{photo.stem}.out"), Q=85, interlace=True, optimize_coding=True, keep="none")


def _again(paths: Sequence[str]) -> Callable[[int], str | None]:
    """These over and over until the time is up."""
    end = time.perf_counter() + _SECONDS / 2
    return lambda n: paths[n % len(paths)] if time.perf_counter() < end else None


class _Measured:
    """Answers and their times over some connections at once."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.took = 0.0
        self.body = b""

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.times) / self.took

    @property
    def p95(self) -> float:
        """In seconds."""
        return statistics.quantiles(self.times, n=20)[-1]

    def run(self, port: int, connections: int, path: Callable[[int], str | None]) -> None:
        """Ask for `path(n)` until it is None."""
        numbers = iter(range(10**9))
        lock = threading.Lock()

        def work() -> None:
            with _Connection(port) as connection:
                while True:
                    with lock:
                        number = next(numbers)
                    wanted = path(number)
                    if wanted is None:
                        return
                    began = time.perf_counter()
                    self.body = connection.get(wanted)
                    self.times.append(time.perf_counter() - began)

        began = time.perf_counter()
        threads = [threading.Thread(target=work) for _ in range(connections)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.took += time.perf_counter() - began


class _Connection:
    """Just enough HTTP/1.1: GET, and a body by its length."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> "_Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def get(self, path: str) -> bytes:
        """The body of a 200."""
        self._socket.sendall(f"GET {path} HTTP/1.1\r\nHost: bench\r\nAccept: */*\r\n\r\n".encode())
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._more()
        head, _, body = data.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), data[:300]
        length = int(next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))[15:])
        parts, have = [body], len(body)
        while have < length:
            parts.append(self._more())
            have += len(parts[-1])
        return b"".join(parts)

    def _more(self) -> bytes:
        data = self._socket.recv(262_144)
        assert data, "the server closed the connection"
        return data


class _Served:
    """The emulator and a static file in one process."""

    def __init__(self, root: Path) -> None:
        self.static = root / "static" / "file.jpg"
        self.static.parent.mkdir()
        self._root = root
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    def __enter__(self) -> "_Served":
        arguments = [sys.executable, "-m", "bench.deliveries", str(self._root), str(self.port)]
        self._process = subprocess.Popen(arguments)
        limit = time.monotonic() + 20
        while True:
            try:
                _Connection(self.port).__exit__()
                return self
            except OSError:
                assert time.monotonic() < limit, "the server does not answer"
                time.sleep(0.05)

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def upload(self, photo: Path) -> str:
        """The id of the new image."""
        import httpx

        answer = httpx.post(
            f"http://127.0.0.1:{self.port}/cloudflare/client/v4/accounts/{_ACCOUNT}/images/v1",
            files={"file": (photo.name, photo.read_bytes(), "image/jpeg")},
            headers={"Authorization": f"Bearer {_TOKEN}"},
            timeout=60,
            trust_env=False,
        )
        return str(answer.raise_for_status().json()["result"]["id"])

    def memory(self) -> str:
        """Resident megabytes of the server, and of each of its children."""
        server = self._process.pid
        children = (Path(f"/proc/{server}/task") / str(server) / "children").read_text().split()
        for task in Path(f"/proc/{server}/task").iterdir():
            children += (task / "children").read_text().split()
        sizes = [_resident(int(pid)) for pid in sorted(set(children))]
        return f"server {_resident(server)} MB, pixel children {' + '.join(map(str, sizes))} MB"


def _resident(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) // 1024


def _serve(root: Path, port: int) -> None:
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server.embed import Server
    from starlette.staticfiles import StaticFiles
    from starlette.types import Receive, Scope, Send

    from images_app.emulator.app import create_app
    from images_app.emulator.config import EmulatorConfig

    url = f"http://127.0.0.1:{port}/imagedelivery"
    emulator = create_app(EmulatorConfig(root / "cloudflare", _ACCOUNT, _HASH, _TOKEN, url, pixel_processes=CORES))
    static = StaticFiles(directory=root / "static")

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/static/"):
            await static({**scope, "root_path": "/static"}, receive, send)
        else:
            await emulator(scope, receive, send)

    server = Server(app, address="127.0.0.1", port=port, interface=Interfaces.ASGI, log_level=LogLevels.error)
    asyncio.run(server.serve())


if __name__ == "__main__":
    _serve(Path(sys.argv[1]), int(sys.argv[2]))
