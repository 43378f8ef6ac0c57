"""The parent's side: a bounded number of children, awaited without blocking the event loop.

Children are fresh processes on a socket pair, never forks of this (threaded) one. One that dies, or takes too
long, costs its job an error; the next job gets a new child.
"""

import asyncio
import json
import socket
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

_ENVIRONMENT = {
    "PYTHONPATH": str(Path(__file__).parents[3]),
    "VIPS_BLOCK_UNTRUSTED": "1",
    "VIPS_CONCURRENCY": "1",
    "VIPS_DISC_THRESHOLD": "4g",
    "MALLOC_ARENA_MAX": "2",
    "G_MESSAGES_DEBUG": "",
}
"""Nothing of the parent's: that holds secrets which an exploited decoder must not find."""
_START_SECONDS = 30
_MAX_WAITING = 1000
_JOBS_PER_CHILD = 1000
_TRIES = 4
_LINE_BYTES = 64 * 1024

_Spawned = tuple[subprocess.Popen[bytes], socket.socket]
"""A child, and our end of the link to it."""


class PixelFault(Exception):
    """The job failed in an orderly way: `kind` is `pixels`, `memory`, `missing` or `disk`."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(f"{kind}: {text}")
        self.kind = kind


class PixelCrash(Exception):
    """The child died or was stopped because it took too long."""


class _GoneBefore(Exception):
    """The child had died before it saw the job."""


class PixelsBusy(Exception):
    """Too many jobs are waiting."""


class _Child:
    """One process and the stream to it."""

    def __init__(self, process: subprocess.Popen[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self.process = process
        self.jobs = 0
        self._reader = reader
        self._writer = writer

    async def ask(self, message: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Send one job and await its answer; raises _GoneBefore or PixelCrash."""
        self.jobs += 1
        try:
            async with asyncio.timeout(seconds):
                try:
                    self._writer.write(json.dumps(message).encode() + b"\n")
                    await self._writer.drain()
                    await self.answer()
                except (PixelCrash, OSError):
                    raise _GoneBefore from None
                return await self.answer()
        except TimeoutError:
            raise PixelCrash(f"no answer within {seconds:g} s") from None

    async def answer(self) -> dict[str, Any]:
        """The next message; raises PixelCrash when there will be none."""
        try:
            line = await self._reader.readline()
        except OSError:
            line = b""
        if not line.endswith(b"\n"):
            raise PixelCrash("the child died")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def end(self) -> None:
        """Close the link, and kill."""
        self._writer.close()
        with suppress(ProcessLookupError):
            self.process.kill()


class PixelPool:
    """At most `processes` jobs at a time; the others wait their turn."""

    def __init__(self, processes: int, *, memory_bytes: int, seconds: float, threads: ThreadPoolExecutor) -> None:
        self._memory_bytes = memory_bytes
        self._seconds = seconds
        self._threads = threads
        self._places = asyncio.Semaphore(processes)
        self._idle: list[_Child] = []
        self._all: set[_Child] = set()
        self._waiting = 0
        self._closed = False

    @property
    def pids(self) -> list[int]:
        """Of the living children."""
        return [child.process.pid for child in self._all]

    async def run(self, message: dict[str, Any]) -> dict[str, Any]:
        """One job. Raises PixelFault, PixelCrash or PixelsBusy. A cancelled caller's job is stopped."""
        if self._waiting >= _MAX_WAITING:
            raise PixelsBusy
        self._waiting += 1
        try:
            async with self._places:
                answer = await self._run(message)
        finally:
            self._waiting -= 1
        if "fault" in answer:
            raise PixelFault(answer["fault"], answer.get("text", ""))
        result: dict[str, Any] = answer["answer"]
        return result

    async def _run(self, message: dict[str, Any]) -> dict[str, Any]:
        for _ in range(_TRIES):
            # Killed while it was idle, a child costs this job nothing but another child.
            with suppress(_GoneBefore):
                return await self._ask(await self._take(), message)
        raise PixelCrash("the children die before they work")

    async def _ask(self, child: _Child, message: dict[str, Any]) -> dict[str, Any]:
        healthy = False
        try:
            answer = await child.ask(message, self._seconds * 2)
            healthy = answer.get("fault") != "memory" and child.jobs < _JOBS_PER_CHILD and not self._closed
            return answer
        finally:
            if healthy:
                self._idle.append(child)
            else:
                self._drop(child)

    async def _take(self) -> _Child:
        while self._idle:
            child = self._idle.pop()
            if child.process.poll() is None:
                return child
            self._drop(child)
        return await self._start()

    async def _start(self) -> _Child:
        if self._closed:
            raise PixelCrash("the pool is closed")
        spawning = self._threads.submit(self._spawn)
        try:
            process, link = await asyncio.wrap_future(spawning)
            child = _Child(process, *await asyncio.open_connection(sock=link, limit=_LINE_BYTES))
        except BaseException:
            spawning.add_done_callback(_end_unwanted)  # at once, or when the thread is done with it
            raise
        self._all.add(child)
        try:
            if self._closed:
                raise PixelCrash("the pool is closed")
            async with asyncio.timeout(_START_SECONDS):
                await child.answer()
        except BaseException as error:
            self._drop(child)
            if isinstance(error, TimeoutError):
                raise PixelCrash("the child did not start") from None
            raise
        return child

    def _spawn(self) -> _Spawned:
        """In a thread, which has both ends of the link until the child has one: a caller who goes away meanwhile must
        not close what the child is about to get."""
        mine, its = socket.socketpair()
        mine.setblocking(False)
        arguments = [str(its.fileno()), str(self._memory_bytes), str(self._seconds)]
        try:
            process = subprocess.Popen(
                [sys.executable, "-m", "images_app.emulator.pixels.worker", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[its.fileno()],
                env=_ENVIRONMENT,
            )
        except BaseException:
            mine.close()
            raise
        finally:
            its.close()
        return process, mine

    def _drop(self, child: _Child) -> None:
        child.end()
        self._all.discard(child)
        self._threads.submit(child.process.wait)

    async def close(self) -> None:
        """Kill every child and wait until they are gone."""
        self._closed = True
        children = list(self._all)
        for child in children:
            self._drop(child)
        self._idle.clear()
        await asyncio.gather(*(asyncio.to_thread(child.process.wait) for child in children))


def _end_unwanted(spawning: Future[_Spawned]) -> None:
    """Of whom nobody waits for any more."""
    if spawning.cancelled() or spawning.exception() is not None:
        return
    process, link = spawning.result()
    link.close()
    process.kill()
    process.wait()
