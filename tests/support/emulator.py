"""The local Cloudflare Images in a process of its own, and a small origin for it to pull from."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import httpx

from tests.support.ports import free_port
from tests.support.processes import wait_for_end

ACCOUNT_ID = "0123456789abcdef0123456789abcdef"
ACCOUNT_HASH = "cheeW4oKsx5ljh8e8BoL2A"
TOKEN = "local-token-for-tests"
SIGNING_KEY = "5f2d" * 16
"""The account's, of an emulator that is given it."""


class RunningEmulator:
    """Started on enter and killed on exit, with everything it started. `log` takes what it has to say."""

    def __init__(
        self, data_dir: Path, *, fetch_bases: tuple[str, ...] = (), log: Path | None = None, **config: Any
    ) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.api_base = f"{self.url}/cloudflare/client/v4"
        self.account = f"{self.api_base}/accounts/{ACCOUNT_ID}/images"
        self.delivery = f"{self.url}/imagedelivery/{ACCOUNT_HASH}"
        self.http = httpx.Client(headers={"Authorization": f"Bearer {TOKEN}"}, timeout=120, trust_env=False)
        self._public = httpx.Client(timeout=120, trust_env=False)
        self._log = log
        self._config = {"fetch_bases": list(fetch_bases), **config}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start the server and wait until it answers."""
        arguments = json.dumps({"data_dir": str(self.data_dir), "port": self.port, **self._config})
        with nullcontext() if self._log is None else self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.emulator", arguments],
                cwd=Path(__file__).parents[2],
                start_new_session=True,
                stderr=log,
            )
        limit = time.monotonic() + 60
        while time.monotonic() < limit:
            try:
                self.http.get(f"{self.account}/v1/stats").raise_for_status()
                return self
            except httpx.TransportError:
                assert self._process.poll() is None, "the emulator ended"
                time.sleep(0.03)
        raise TimeoutError("the emulator did not answer")

    @property
    def is_running(self) -> bool:
        """Whether it was started and not killed."""
        return self._process is not None

    def kill(self, *, children: bool = True) -> None:
        """SIGKILL to the server and its children, as a power cut would; or to the server alone."""
        assert self._process is not None
        (os.killpg if children else os.kill)(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if children:
            wait_for_end(self._process.pid)
        self._process = None

    def pixel_children(self) -> list[int]:
        """Process ids of the pixel children."""
        assert self._process is not None
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # ended meanwhile
                if b"emulator.pixels.worker" in (folder / "cmdline").read_bytes():
                    pid = int(folder.name)
                    found += [pid] if os.getsid(pid) == self._process.pid else []
        return found

    def upload(self, data: bytes, *, type: str = "image/jpeg", name: str = "a.jpg", **fields: str) -> httpx.Response:
        """POST a file."""
        return self.http.post(f"{self.account}/v1", data=fields, files={"file": (name, data, type)})

    def uploaded(self, data: bytes, **options: str) -> str:
        """POST a file that must be taken; returns its id."""
        answer = self.upload(data, **options)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["result"]["id"])

    def deliver(self, image_id: str, tail: str, accept: str = "*/*", **headers: str) -> httpx.Response:
        """GET a variant, without credentials."""
        return self._public.get(f"{self.delivery}/{image_id}/{tail}", headers={"Accept": accept, **headers})

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.http.close()
        self._public.close()
        if self._process is not None:
            self.kill()


@dataclass
class Page:
    """What the origin answers under one path."""

    body: bytes = b""
    type: str = "image/jpeg"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    wait: Callable[[], None] = lambda: None


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # with five, the sixth who comes at once is let in a second later


class Origin:
    """A small HTTP server with pages by path (query left out); `seen` and `headers` tell what was asked."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.seen: list[str] = []
        self.headers: dict[str, Message] = {}
        origin = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                origin.seen.append(self.path)
                origin.headers[self.path] = self.headers
                page = origin.pages.get(self.path.partition("?")[0], Page(b"none", "text/plain", 404))
                page.wait()
                self.send_response(page.status)
                for name, value in {
                    "Content-Type": page.type,
                    "Content-Length": str(len(page.body)),
                    **page.headers,
                }.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(page.body)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.do_GET()

            def do_DELETE(self) -> None:
                self.do_GET()

            def log_message(self, *_: object) -> None:
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _serve(arguments: dict[str, Any]) -> None:
    """Serve one emulator in this process until it is killed."""
    import asyncio

    from images_app.cli.serving import built_to_stay

    with built_to_stay():  # as the command does it
        from granian.constants import Interfaces
        from granian.server.embed import Server

        from images_app.bodies import ReadOn
        from images_app.emulator.app import create_app
        from images_app.emulator.config import EmulatorConfig

    port = arguments.pop("port")
    config = EmulatorConfig(
        data_dir=Path(arguments.pop("data_dir")),
        account_id=ACCOUNT_ID,
        account_hash=ACCOUNT_HASH,
        api_token=TOKEN,
        public_delivery_base=f"http://127.0.0.1:{port}/imagedelivery",
        fetch_bases=tuple(arguments.pop("fetch_bases")),
        **arguments,
    )

    async def serve() -> None:
        server = Server(
            ReadOn(create_app(config)), address="127.0.0.1", port=port, interface=Interfaces.ASGI, log_enabled=False
        )
        await server.serve()

    asyncio.run(serve())


if __name__ == "__main__":
    _serve(json.loads(sys.argv[1]))
