"""What a crash test needs: people who upload until they are told that it is done, somebody who follows every event,
and disasters that strike while they do.

Nothing here waits for a time: a disaster strikes when so many uploads have been accepted, so that a storm has the same
shape on a slow machine and on a fast one.
"""

import hashlib
import json
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any, Self

import httpx

from tests.support import photos
from tests.support.pipeline import wait_for
from tests.support.server import EndedAtOnce, RunningServer

_UPLOADERS = 6
_SILENCE_S = 3.0
"""Whoever follows events and hears nothing for so long connects anew; shorter than the server's heartbeat."""
_STARTS = 20
_DATABASE_GONE = ("connection failed", "server closed the connection", "terminating connection due to administrator")
"""What a server says that finds no database while it starts, or loses it in the middle."""
_PASSING = (429, 503)
"""Statuses that say: the same, later."""


@dataclass(frozen=True)
class Picture:
    """A file to be uploaded, under a key that is its own also where the bytes are another's."""

    key: str
    name: str
    mime: str
    data: bytes = field(repr=False)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


def pictures(count: int, chance: random.Random) -> list[Picture]:
    """Small ones. A tenth are in a format that Cloudflare refuses, so that a derivative is made on the way; a tenth
    have the bytes of the one before."""
    made: list[Picture] = []
    for number in range(count):
        kind = chance.random()
        if made and kind < 0.1:
            name, mime, data = made[-1].name, made[-1].mime, made[-1].data
        elif kind < 0.2:
            name, mime, data = f"{number}.bmp", "image/bmp", photos.bmp(48, 36, seed=number)
        else:
            name, mime, data = f"{number}.jpg", "image/jpeg", photos.photo_jpeg(64, 48, seed=number)
        made.append(Picture(f"storm-{number}", name, mime, data))
    return made


class Uploads:
    """People at work: each picture is sent again, to any of the servers and with its one key, until it is accepted."""

    def __init__(
        self,
        servers: Sequence[RunningServer],
        token: str,
        workspace_id: str,
        wanted: Sequence[Picture],
        chance: random.Random,
    ) -> None:
        self.accepted: dict[str, str] = {}
        """Key to file id."""
        self.sent = 0
        """Requests, including those that broke."""
        self._servers = servers
        self._headers = {"Authorization": f"Bearer {token}"}
        self._workspace_id = workspace_id
        self._waiting = list(reversed(wanted))
        self._allowed = threading.Semaphore(0)
        self._lock = threading.Lock()
        self._is_over = False
        self._seeds = [chance.random() for _ in range(_UPLOADERS)]
        self._pool = ThreadPoolExecutor(_UPLOADERS)
        self._working: list[Future[None]] = []

    def allow(self, count: int) -> None:
        """Let so many more begin."""
        self._allowed.release(count)

    def wait_for(self, count: int) -> None:
        """Until so many are accepted. Raises what an uploader met that is no passing trouble."""
        wait_for(lambda: self._fault() or len(self.accepted) >= count, within=120)

    def _fault(self) -> None:
        for worker in self._working:
            if worker.done():
                worker.result()

    def _work(self, seed: float) -> None:
        chance = random.Random(seed)
        with httpx.Client(headers=self._headers, timeout=60, trust_env=False) as http:
            while True:
                self._allowed.acquire()
                with self._lock:
                    picture = self._waiting.pop() if self._waiting and not self._is_over else None
                if picture is None:
                    return
                file_id = self._insist(http, picture, chance)
                with self._lock:
                    self.accepted[picture.key] = file_id

    def _insist(self, http: httpx.Client, picture: Picture, chance: random.Random) -> str:
        while not self._is_over:
            server = chance.choice(self._servers)
            with self._lock:
                self.sent += 1
            try:
                answer = http.post(
                    f"{server.url}/api/files",
                    data={"workspaceId": self._workspace_id},
                    files={"file": (picture.name, picture.data, picture.mime)},
                    headers={"Idempotency-Key": picture.key},
                )
            except httpx.TransportError:
                time.sleep(chance.uniform(0, 0.2))
                continue
            if answer.status_code in (200, 201):
                return str(answer.json()["id"])
            assert answer.status_code in _PASSING, f"{picture.key}: {answer.status_code} {answer.text}"
            time.sleep(chance.uniform(0, 0.5))
        raise AssertionError(f"{picture.key} was not accepted before the end")

    def __enter__(self) -> Self:
        self._working = [self._pool.submit(self._work, seed) for seed in self._seeds]
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over = True
        self.allow(_UPLOADERS)
        self._pool.shutdown()


class Follower(threading.Thread):
    """Follows the live stream from the very first event on, at one server after the other, each time with the
    Last-Event-ID of the last message that came whole."""

    def __init__(self, servers: Sequence[RunningServer], token: str, chance: random.Random) -> None:
        super().__init__(name="follower", daemon=True)
        self.seen: list[tuple[int, str]] = []
        """(seq, id) of every event, in the order of arrival."""
        self.connections: dict[str, int] = {}
        """How often each server let it in."""
        self._servers = servers
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
        self._chance = random.Random(chance.random())
        self._is_over = threading.Event()

    @property
    def last(self) -> int:
        return self.seen[-1][0] if self.seen else 0

    def run(self) -> None:
        with httpx.Client(headers=self._headers, timeout=_SILENCE_S, trust_env=False) as http:
            for server in cycle(self._servers):
                if self._is_over.is_set():
                    return
                try:
                    self._follow(http, server)
                except httpx.TransportError:
                    self._is_over.wait(0.05)

    def _follow(self, http: httpx.Client, server: RunningServer) -> None:
        """Until the stream ends, or it has heard enough here: people close their laptops."""
        enough = len(self.seen) + self._chance.randint(50, 200)
        where = {"Last-Event-ID": str(self.last)}
        with http.stream("GET", f"{server.url}/api/events", headers=where) as answer:
            if answer.status_code != 200:
                self._is_over.wait(0.2)
                return
            self.connections[server.url] = self.connections.get(server.url, 0) + 1
            message: dict[str, str] = {}
            for line in answer.iter_lines():
                if line:
                    name, _, value = line.partition(":")
                    message[name] = value.strip()
                    continue
                if "id" in message:
                    self.seen.append((int(message["id"]), str(json.loads(message["data"])["id"])))
                message = {}
                if len(self.seen) >= enough or self._is_over.is_set():
                    return

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self.join()


class Machines:
    """The servers, each of which can be killed and comes back by itself."""

    def __init__(self, servers: Sequence[RunningServer], chance: random.Random) -> None:
        self.kills = 0
        self._servers = servers
        self._chance = chance
        self._pool = ThreadPoolExecutor(len(servers))
        self._starting: dict[int, Future[None]] = {}

    def kill_one(self) -> None:
        """SIGKILL to one of them, which starts again at once; the others may be starting as well."""
        number = self._chance.randrange(len(self._servers))
        if number in self._starting:
            self._starting.pop(number).result()
        self._servers[number].kill()
        self.kills += 1
        self._starting[number] = self._pool.submit(_start_again, self._servers[number])

    def whole(self) -> None:
        """Until all of them answer."""
        for starting in self._starting.values():
            starting.result()
        self._starting.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()


def _start_again(server: RunningServer) -> None:
    """As a service manager does it: a server that finds no database while it starts says so and ends, and is started
    again. Raises what else it ends of."""
    for _ in range(_STARTS):
        try:
            server.start()
        except EndedAtOnce as ended:
            if not any(words in str(ended) for words in _DATABASE_GONE):
                raise
            time.sleep(0.5)
        else:
            return
    raise AssertionError(f"{server.url} found no database {_STARTS} times")


Disaster = Callable[[], object]


def rage(uploads: Uploads, count: int, disasters: Sequence[Disaster], chance: random.Random) -> None:
    """Let `count` uploads in, wave by wave, with a disaster in the middle of each wave."""
    allowed = 0
    for number, disaster in enumerate(disasters, 1):
        before, after = allowed, count * number // len(disasters)
        uploads.allow(after - before)
        allowed = after
        uploads.wait_for(chance.randint(before, (before + after) // 2))
        time.sleep(chance.uniform(0, 0.3))  # somewhere between two steps of the pipeline, not always at its beginning
        disaster()
    uploads.wait_for(count)


class Switches:
    """The faults of a local Cloudflare Images, over its own wire."""

    def __init__(self, api_base: str, token: str) -> None:
        self._url = api_base.replace("/client/v4", "/control/faults")
        self._http = httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=30, trust_env=False)

    def storm(self, share: float) -> None:
        """So large a share of all calls is refused, fails, hangs for a moment, or is done and its answer lost."""
        rate = 1 - (1 - share) ** (1 / 4)  # the first of the four that strikes is what a call suffers
        kinds: list[dict[str, Any]] = [
            {"kind": "rate-limit", "retry_after": 1},
            {"kind": "error", "status": 502},
            {"kind": "hang", "seconds": 1.0},
            {"kind": "lose"},
        ]
        self._put([{**kind, "rate": rate} for kind in kinds])

    def struck(self) -> int:
        """How many calls have suffered so far."""
        faults = self._http.get(self._url).raise_for_status().json()["result"]["faults"]
        return sum(fault["hits"] for fault in faults)

    def calm(self) -> None:
        """End all of it."""
        self._put([])

    def _put(self, faults: Sequence[dict[str, Any]]) -> None:
        self._http.put(self._url, json={"faults": faults}).raise_for_status()

    def close(self) -> None:
        self._http.close()
