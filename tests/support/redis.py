"""A real Redis on a free port, which can go away, come back and stop answering."""

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import redis

from tests.support.ports import free_port
from tests.support.processes import wait_for_stop

_WITHIN_S = 30
_DATABASES = 16
"""As many as Redis has unless told otherwise; the first is `url`."""


def binary() -> str | None:
    """The server of this machine; None when it has none."""
    return shutil.which("redis-server")


class Redis:
    """One server that keeps nothing on disk. Enter it to start; after `kill()` or `stop()` it starts again, empty."""

    def __init__(self, binary: str) -> None:
        self._binary = binary
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        """What goes into IMAGES_REDIS_URL."""
        self._folder = Path(tempfile.mkdtemp(prefix="aeontel-redis-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._free = list(range(1, _DATABASES))

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of one of its databases, empty, for this block."""
        number = self._free.pop()
        url = f"redis://127.0.0.1:{self.port}/{number}"
        with redis.Redis.from_url(url) as client:
            client.flushdb()
        try:
            yield url
        finally:
            self._free.append(number)

    def client(self) -> "redis.Redis":
        """A connection of the test's own."""
        return redis.Redis.from_url(self.url)

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = ("--save", "", "--appendonly", "no", "--bind", "127.0.0.1", "--dir", str(self._folder))
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._binary, "--port", str(self.port), *options], stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + _WITHIN_S
        with self.client() as client:
            while time.monotonic() < deadline:
                if self._process.poll() is not None:
                    raise RuntimeError(f"Redis ended at once:\n{(self._folder / 'log').read_text()}")
                try:
                    client.ping()
                except redis.ConnectionError:
                    time.sleep(0.02)
                else:
                    return
        raise RuntimeError(f"Redis did not answer in {_WITHIN_S} s.")

    def stop(self) -> None:
        """End it properly; whoever is connected is cut off."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it without a word."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Let it take connections and requests, and answer none."""
        wait_for_stop(self._signal(signal.SIGSTOP))

    def resume(self) -> None:
        """Let it answer, also what came meanwhile."""
        self._signal(signal.SIGCONT)

    def restart(self) -> None:
        """Go away and come back, empty."""
        self.stop()
        self.start()

    def _signal(self, how: signal.Signals) -> int:
        """The process that was sent it."""
        assert self._process is not None
        self._process.send_signal(how)
        return self._process.pid

    def _end(self, how: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(how)
        self._process.send_signal(signal.SIGCONT)  # a paused process takes no other signal but SIGKILL
        self._process.wait(_WITHIN_S)
        self._process = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        if self._process is not None:
            self._end(signal.SIGKILL)
        shutil.rmtree(self._folder)
