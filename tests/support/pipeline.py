"""Real servers behind a gate, and what a test wants to know of their pipeline."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import httpx

from images_app import bootstrap, keys
from images_app.bootstrap import World
from images_app.settings import load
from tests.support.balanced import Balanced
from tests.support.emulator import ACCOUNT_HASH, ACCOUNT_ID, SIGNING_KEY, TOKEN, RunningEmulator
from tests.support.engines import Engines, Production
from tests.support.gate import Gate
from tests.support.photos import photo_jpeg
from tests.support.server import TLS, RunningServer

T = TypeVar("T")
_WITHIN_S = 60.0


def wait_for(what: Callable[[], T | None], *, within: float = _WITHIN_S) -> T:
    """The first truthy answer. Asks 20 times a second, and less often the longer it takes, down to 4 times: who asks
    costs whoever works towards the answer."""
    began = time.monotonic()
    while (waited := time.monotonic() - began) < within:
        answer = what()
        if answer:
            return answer
        time.sleep(min(max(0.05, waited / 10), 0.25))
    raise AssertionError(f"not within {within} s")


@dataclass
class Pipeline:
    """A server, the gate in its way to Cloudflare, and a client that is signed in."""

    server: RunningServer
    """The first, where there are several."""
    gate: Gate
    http: httpx.Client
    beside: World
    """The same database and objects, seen from this process."""

    @cached_property
    def workspace_id(self) -> str:
        return str(self.http.get("/api/me").json()["workspaces"][0]["id"])

    @cached_property
    def _cloudflare(self) -> tuple[str, dict[str, str]]:
        """Where its images are, past the gate, and a credential."""
        if self.server.environment.get("IMAGES_CLOUDFLARE") == "remote":
            base = f"http://127.0.0.1:{self.gate.server_port}/cloudflare/client/v4/accounts/{ACCOUNT_ID}/images"
            return base, {"Authorization": f"Bearer {TOKEN}"}
        # Not by the command, which takes half a second of a core.
        own = keys.load(self.server.data_dir / "keys", self.beside.settings.secret_key)
        base = f"{self.server.url}/cloudflare/client/v4/accounts/{own.cloudflare_account_id}/images"
        return base, {"Authorization": f"Bearer {own.cloudflare_api_token}"}

    def upload(self, data: bytes | None = None, name: str = "photo.jpg", mime: str = "image/jpeg") -> str:
        """The id of a new file."""
        content = data or photo_jpeg(320, 240)
        answer = self.http.post(
            "/api/files", data={"workspaceId": self.workspace_id}, files={"file": (name, content, mime)}
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def file(self, file_id: str) -> Any:
        return self.http.get(f"/api/files/{file_id}").raise_for_status().json()

    def state(self, file_id: str) -> str:
        return str(self.file(file_id)["provisioning"]["state"])

    def wait_for_state(self, file_id: str, *states: str) -> None:
        wait_for(lambda: self.state(file_id) in states)

    def events(self, file_id: str) -> list[Any]:
        """Oldest first, also of a file in the trash."""
        answer = self.http.get("/api/events", params={"file_id": file_id}).raise_for_status()
        return list(answer.json()["data"])

    def event_types(self, file_id: str) -> list[str]:
        return [event["type"] for event in self.events(file_id)]

    def images(self) -> list[Any]:
        """The gallery."""
        return list(self.http.get("/api/images").raise_for_status().json()["data"])

    def image(self, file_id: str) -> Any:
        """The image of a file, or None."""
        answer = self.http.get(f"/api/images/by-file/{file_id}")
        return answer.json() if answer.status_code == 200 else None

    def remote(self, file_id: str) -> list[Any]:
        """The images of a file at the local Cloudflare, asked without the gate."""
        base, headers = self._cloudflare
        params = {"meta.fileId[eq]": file_id, "per_page": "100"}
        answer = httpx.get(f"{base}/v2", params=params, headers=headers, timeout=30, verify=TLS).raise_for_status()
        return list(answer.json()["result"]["images"])

    def copy_again(self, file_id: str) -> str:
        """A second image of a file at the local Cloudflare, as a create leaves it whose end nobody saw; its id."""
        return self.plant({"fileId": file_id}, creator=self.workspace_id)

    def plant(self, metadata: dict[str, str], *, creator: str) -> str:
        """An image at the local Cloudflare that the server does not know; its id."""
        base, headers = self._cloudflare
        form = {"metadata": json.dumps(metadata), "creator": creator}
        files = {"file": ("again.jpg", photo_jpeg(64, 64), "image/jpeg")}
        answer = httpx.post(f"{base}/v1", data=form, files=files, headers=headers, timeout=30, verify=TLS)
        answer.raise_for_status()
        return str(answer.json()["result"]["id"])


@contextmanager
def running_pipeline(data_dir: Path, **settings: object) -> Iterator[Pipeline]:
    """Start the server, with its way to Cloudflare through a gate."""
    with Gate() as gate:
        server = RunningServer(data_dir, internal_url=gate.url, **settings)
        gate.server_port = server.port
        with server, server.client() as http:
            beside = bootstrap.build(load(data_dir=data_dir, port=server.port, _env_file=None, **settings))
            try:
                yield Pipeline(server, gate, http, beside)
            finally:
                beside.close()


def remote_cloudflare(gate: Gate, emulator: RunningEmulator) -> dict[str, Any]:
    """The settings of servers whose Cloudflare is that one, behind the gate."""
    gate.server_port = emulator.port
    return {
        "cloudflare": "remote",
        "cloudflare_api_base": f"{gate.url}/cloudflare/client/v4",
        "cloudflare_account_id": ACCOUNT_ID,
        "cloudflare_account_hash": ACCOUNT_HASH,
        "cloudflare_api_token": TOKEN,
        "cloudflare_signing_key": SIGNING_KEY,
        "delivery_base": f"{emulator.url}/imagedelivery",
        "provision_rate": 0,
    }


@contextmanager
def running_pair(data_dir: Path, **settings: Any) -> Iterator[Pipeline]:
    """Start two servers on one database, bucket and Redis; the client asks them in turn."""
    with ExitStack() as opened:
        reach = (f"{settings['s3_endpoint']}/",)
        emulator = RunningEmulator(data_dir.with_name("cloudflare"), fetch_bases=reach, signing_key=SIGNING_KEY)
        gate = opened.enter_context(Gate())
        both = {**remote_cloudflare(gate, opened.enter_context(emulator)), **settings}
        first, second = (RunningServer(folder, **both) for folder in (data_dir, data_dir.with_name("second")))
        opened.enter_context(first)
        opened.enter_context(second)
        http = opened.enter_context(first.client(transport=Balanced([first.port, second.port], verify=TLS)))
        beside = bootstrap.build(load(data_dir=data_dir, port=first.port, _env_file=None, **both))
        opened.callback(beside.close)
        yield Pipeline(first, gate, http, beside)


@contextmanager
def pipeline_on(engines: Engines, folder: Path, *, alone: bool = False, **settings: Any) -> Iterator[Pipeline]:
    """A server on these engines, with its way to Cloudflare through a gate; two on those of production, unless a test
    is about the fate of one process (`alone`)."""
    running = running_pair if isinstance(engines, Production) and not alone else running_pipeline
    with engines.place(folder) as place, running(**place, **settings) as pipeline:
        yield pipeline
