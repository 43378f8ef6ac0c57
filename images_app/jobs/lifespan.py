"""Background work from the moment the port answers until the server ends."""

import asyncio
import fcntl
import logging
import shutil
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import IO

from dbos import DBOS, DBOSConfig

from images_app.bootstrap import World
from images_app.core.retry import backoff
from images_app.errors import AeontelError
from images_app.jobs import sweeps
from images_app.jobs.queue import APPLICATION, VERSION, DurableQueue
from images_app.jobs.workflows import Workshop, register

log = logging.getLogger(__name__)

_EXECUTOR = "server"
"""Recovery at launch takes up what this id left unfinished, so it is stable; the lock makes it exclusive."""
_SWEEP_EVERY_S = 30.0
_FORGET_EVERY = 20
_LOCK_POLL_S = 0.2


@asynccontextmanager
async def jobs(world: World, ready: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Make the engine's tables at once, so that uploads can enqueue; run the work when `ready` says the port answers,
    because the local Cloudflare pulls the bytes from this very server."""
    queue = world.queue
    assert isinstance(queue, DurableQueue)
    await asyncio.to_thread(queue.prepare, world.settings.provision_concurrency)
    engine = _Engine(world, queue)
    starter = asyncio.create_task(_start(engine, ready))
    try:
        yield
    finally:
        engine.give_notice()
        starter.cancel()
        with suppress(asyncio.CancelledError):
            await starter
        await asyncio.to_thread(engine.stop)


async def _start(engine: "_Engine", ready: Callable[[], Awaitable[None]]) -> None:
    try:
        await ready()
        # Shielded: half a launch cannot be ended cleanly.
        launch = asyncio.ensure_future(asyncio.to_thread(engine.start))
        try:
            await asyncio.shield(launch)
        except asyncio.CancelledError:
            await launch
            raise
    except Exception:
        log.exception("background work could not start")


class _Engine:
    """The durable engine and the sweeps of this process."""

    def __init__(self, world: World, queue: DurableQueue) -> None:
        self._world = world
        self._queue = queue
        self._shop = Workshop(world, world.settings.data_dir / "scratch")
        self._lock: IO[str] | None = None
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Take up what the last process left unfinished, and begin; nothing when told to stop before."""
        self._lock = self._exclusive()
        failures = 0
        while self._lock is not None and not self._shop.stopping.is_set():
            try:
                self._launch()
                return
            except Exception:
                failures += 1
                log.exception("background work could not start, trying again")
                DBOS.destroy(destroy_registry=True)
                self._shop.stopping.wait(backoff(failures, cap=30))

    def _launch(self) -> None:
        _empty(self._shop.scratch)
        url = self._world.settings.database_url
        config: DBOSConfig = {
            "name": APPLICATION,
            "executor_id": _EXECUTOR,
            "application_version": VERSION,
            "system_database_url": url,
            "use_listen_notify": not url.startswith("sqlite"),
            "enable_otlp": False,
            "log_level": "WARNING",
        }
        DBOS(config=config)
        register(self._shop)
        DBOS.launch()
        for loop in (self._ensure_variants, self._sweep):
            thread = threading.Thread(target=loop, daemon=True, name=loop.__name__)
            thread.start()
            self._threads.append(thread)

    def give_notice(self) -> None:
        """Whatever waits, stops waiting; `stop` follows."""
        self._shop.stopping.set()

    def stop(self) -> None:
        """End within a few seconds. Attempts under way are abandoned: they are durable."""
        self.give_notice()
        if self._lock is None:
            return
        DBOS.destroy(destroy_registry=True)
        for thread in self._threads:
            thread.join(timeout=1)
        self._queue.close()
        self._lock.close()

    def _exclusive(self) -> IO[str] | None:
        """Wait until this process is the only one that works; the lock ends with it, however it ends."""
        file = (self._world.settings.data_dir / "jobs.lock").open("w")
        while not self._shop.stopping.is_set():
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._shop.stopping.wait(_LOCK_POLL_S)
            else:
                return file
        file.close()
        return None

    def _ensure_variants(self) -> None:
        failures = 0
        while not self._shop.stopping.is_set():
            try:
                self._world.cloudflare.ensure_variants()
            except AeontelError as error:
                failures += 1
                log.warning("named variants could not be ensured: %s", error.code)
                self._shop.stopping.wait(backoff(failures, cap=60))
            else:
                return

    def _sweep(self) -> None:
        rounds = 0
        while not self._shop.stopping.is_set():
            try:
                sweeps.reconcile(self._world.database, self._queue, self._queue.client())
                sweeps.enqueue_deletions(self._world.database, self._queue, self._queue.client())
                if rounds % _FORGET_EVERY == 0:
                    sweeps.forget(self._world.database, self._queue.client())
                    sweeps.empty_trash(self._world.database, self._queue, self._world.settings.trash_days)
            except Exception:
                if not self._shop.stopping.is_set():
                    log.exception("a sweep failed; the next one is due in %s s", _SWEEP_EVERY_S)
            rounds += 1
            self._shop.stopping.wait(_SWEEP_EVERY_S)


def _empty(folder: Path) -> None:
    """Temporary copies of attempts that were killed are of no use to anybody."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
