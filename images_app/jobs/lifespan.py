"""Background work from the moment the port answers until the server ends."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from images_app.bootstrap import World
from images_app.core.retry import backoff
from images_app.jobs import slots
from images_app.jobs.queue import DurableQueue
from images_app.jobs.tenure import Tenure

log = logging.getLogger(__name__)

_LONGEST_WAIT_S = 10.0


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
        starter.cancel()
        with suppress(asyncio.CancelledError):
            await starter
        await asyncio.to_thread(engine.stop)


async def _start(engine: "_Engine", ready: Callable[[], Awaitable[None]]) -> None:
    try:
        await ready()
        engine.start()
    except Exception:
        log.exception("background work could not start")


class _Engine:
    """Keeps this process at work, in one slot after the other when one is lost."""

    def __init__(self, world: World, queue: DurableQueue) -> None:
        self._world = world
        self._queue = queue
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="engine")

    def start(self) -> None:
        """Begin as soon as there is a slot; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """End within a few seconds; what is under way is durable, and another process takes it over."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                slot = slots.take(self._world.settings.database_url, self._world.settings.data_dir, self._stopping)
                if slot is None:
                    return
                failures = 0 if self._work(slot) else failures + 1
            except Exception:
                failures += 1
                log.exception("background work could not start, trying again")
            if failures:
                self._stopping.wait(backoff(failures, cap=_LONGEST_WAIT_S))

    def _work(self, slot: slots.Slot) -> bool:
        """Work until told to stop, or until the slot is lost; whether it got as far as working."""
        tenure = Tenure(self._world, self._queue, slot)
        has_begun = False
        try:
            tenure.begin()
            has_begun = True
            slot.hold(self._stopping)
        except slots.SlotLost as lost:
            # Others may be doing our work already; the guards of `settle` make that harmless, and we begin anew.
            log.warning("the slot is lost, taking another: %s", lost)
        except Exception:
            log.exception("background work could not start, trying again")
        finally:
            tenure.end()
            slot.release()
        return has_begun
