"""Finished variants on disk: computed once however many wait, least recently used out first, under a byte cap.

Entries lie in a folder for each content (`<sha256>/<key>`), so that deleting an image deletes its variants. Nothing
here must survive a crash; a file is complete as soon as it has its name. The index lives in memory, is rebuilt from
the folder at the start, and is touched by the event loop only. Other processes may use the folder too: what they made
is found on the disk, and the folder is looked through again before anything goes, and after every sixteenth of the
cap that was added, so that all of them together keep to the cap but for that much each.
"""

import asyncio
import logging
import os
import secrets
import shutil
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from images_app.emulator.errors import NoRoom

if TYPE_CHECKING:
    from images_app.emulator.services import Threads

_log = logging.getLogger(__name__)
_STALE_DRAFT_SECONDS = 3600
_TOUCH_SECONDS = 60

Make = Callable[[Path], Awaitable[None]]
"""Writes the result to a path, or raises; NotWritten or NoRoom when it is the path's fault."""


class NotWritten(Exception):
    """There is a result, but it could not be written where it was wanted."""


@dataclass
class _Flight:
    """One look on the disk, with the computation that it may lead to, and how many wait for it."""

    task: asyncio.Task[tuple[bytes, bool]]
    waiting: int = 0


@dataclass
class Figures:
    """What the cache did since it was opened."""

    computed: int = 0
    """Results that had to be made."""
    found: int = 0
    """Requests whose result was on the disk."""
    shared: int = 0
    """Requests that joined another one which was under way."""


class VariantCache:
    """At most `cap` bytes, except for results that are being written."""

    def __init__(self, root: Path, cap: int, threads: "Threads") -> None:
        self._root = root
        self._cap = cap
        self._threads = threads
        self._sizes: OrderedDict[str, int] = OrderedDict()
        self._touched: dict[str, float] = {}
        self._running: dict[str, _Flight] = {}
        self._added = 0
        """Bytes since the folder was last looked through."""
        self.bytes = 0
        self.figures = Figures()

    async def load(self) -> None:
        """Read what is there from before, and keep to the cap."""
        await self._look()
        await self._drop_oldest()

    async def _look(self) -> None:
        """Make the index what the folder says; what others made counts as older than our own."""
        mine = set(self._sizes)
        self._added = 0
        found = dict(await self._threads.run(self._scan))
        for name in mine - found.keys():
            self._forget(name)
        for name in reversed([name for name in found if name not in self._sizes]):
            self._sizes[name] = found[name]
            self._sizes.move_to_end(name, last=False)
            self.bytes += found[name]

    def _scan(self) -> list[tuple[str, int]]:
        """Entries and their sizes, least recently used first; half-written files of an earlier life go."""
        self._root.mkdir(parents=True, exist_ok=True)
        found = []
        for path in self._root.glob("*/*/*"):
            with suppress(FileNotFoundError):
                stat = path.stat()
                if path.suffix != ".draft":
                    found.append((stat.st_mtime, str(path.relative_to(self._root)), stat.st_size))
                elif stat.st_mtime < time.time() - _STALE_DRAFT_SECONDS:
                    path.unlink()
        return [(name, size) for _, name, size in sorted(found)]

    def peek(self, sha256: str, key: str) -> bytes | None:
        """The result's bytes if they are on the disk; for threads. Whoever uses them says so with `used`."""
        try:
            return self._read(_name(sha256, key))
        except FileNotFoundError:
            return None

    def used(self, sha256: str, key: str, size: int) -> None:
        """What `peek` gave was used just now."""
        self._keep(_name(sha256, key), size)
        self.figures.found += 1

    async def get(self, sha256: str, key: str, make: Make) -> tuple[bytes, bool]:
        """The result's bytes, made if need be, and whether they were there already.

        Equal requests share all of it, from the look on the disk on; it is stopped when the last one that waits goes
        away.
        """
        name = _name(sha256, key)
        flight = self._running.get(name)
        if flight is None:
            flight = _Flight(asyncio.create_task(self._found_or_made(name, make)))
            self._running[name] = flight
            flight.task.add_done_callback(lambda task: self._landed(name, task))
        else:
            self.figures.shared += 1
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.waiting -= 1
            if not flight.waiting and not flight.task.done():
                flight.task.cancel()
                self._running.pop(name, None)

    def _landed(self, name: str, task: asyncio.Task[tuple[bytes, bool]]) -> None:
        flight = self._running.get(name)
        if flight is not None and flight.task is task:
            del self._running[name]
        if not task.cancelled():
            task.exception()  # whoever waited has it; when nobody does any more, it is not worth a complaint

    async def _found_or_made(self, name: str, make: Make) -> tuple[bytes, bool]:
        with suppress(FileNotFoundError):
            data = await self._threads.run(self._read, name)
            self._keep(name, len(data))
            self.figures.found += 1
            return data, True
        self._forget(name)
        return await self._make(name, make), False

    async def _make(self, name: str, make: Make) -> bytes:
        self.figures.computed += 1
        try:
            data = await self._on_disk(name, make)
        except (NotWritten, NoRoom, FileNotFoundError, FileExistsError) as error:
            # The latter two: its folder went away meanwhile, for want of files or with the image.
            reason = error.reason if isinstance(error, NoRoom) else error
            _log.warning("a picture is delivered without being kept: %s", reason)
            return await self._in_memory(make)
        if len(data) > self._cap:
            return data
        self._keep(name, len(data))
        self._added += len(data)
        if self.bytes > self._cap or self._added > self._cap // 16:
            await self._evict()
        return data

    async def _on_disk(self, name: str, make: Make) -> bytes:
        target = self._root / name
        draft = target.with_name(f"{target.name}.{secrets.token_hex(8)}.draft")
        await self._threads.run(draft.parent.mkdir, parents=True, exist_ok=True)
        try:
            await make(draft)
            return await self._threads.run(self._finish, draft, target)
        except BaseException:
            await self._threads.run(draft.unlink, missing_ok=True)
            raise

    async def _in_memory(self, make: Make) -> bytes:
        """A file that lies on no disk; children of ours can open it by our process."""
        descriptor = os.memfd_create("result")
        try:
            path = Path(f"/proc/{os.getpid()}/fd/{descriptor}")
            await make(path)
            return await self._threads.run(path.read_bytes)
        finally:
            os.close(descriptor)

    def _finish(self, draft: Path, target: Path) -> bytes:
        data = draft.read_bytes()
        if len(data) > self._cap:
            draft.unlink()
        else:
            draft.replace(target)
        return data

    def _keep(self, name: str, size: int) -> None:
        """As the one that was used last."""
        self.bytes += size - self._sizes.pop(name, 0)
        self._sizes[name] = size

    def _read(self, name: str) -> bytes:
        path = self._root / name
        data = path.read_bytes()
        now = time.time()
        if now - self._touched.get(name, 0.0) > _TOUCH_SECONDS:  # the order of use, for the next start
            self._touched[name] = now
            os.utime(path, (now, now))
        return data

    async def _evict(self) -> None:
        await self._look()
        await self._drop_oldest()

    async def _drop_oldest(self) -> None:
        gone = []
        while self.bytes > self._cap and self._sizes:
            name = next(iter(self._sizes))
            self._forget(name)
            gone.append(name)
        if gone:
            await self._threads.run(self._unlink, gone)

    def _forget(self, name: str) -> None:
        self.bytes -= self._sizes.pop(name, 0)
        self._touched.pop(name, None)

    def _unlink(self, names: list[str]) -> None:
        for name in names:
            path = self._root / name
            path.unlink(missing_ok=True)
            with suppress(OSError):  # not empty yet
                path.parent.rmdir()

    async def purge(self, sha256: str) -> None:
        """Forget every variant of a content."""
        folder = f"{sha256[:2]}/{sha256}"
        for name in [name for name in self._sizes if name.startswith(folder + "/")]:
            self._forget(name)
        await self._threads.run(shutil.rmtree, self._root / folder, ignore_errors=True)

    async def close(self) -> None:
        """Stop what is being computed."""
        running = [flight.task for flight in self._running.values()]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def _name(sha256: str, key: str) -> str:
    return f"{sha256[:2]}/{sha256}/{key}"
