"""What a process does while it holds a slot: its own work, the work of the dead, and the sweeps if it leads."""

import logging
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

from dbos import DBOS, DBOSClient, DBOSConfig

from images_app.bootstrap import World
from images_app.core.retry import backoff
from images_app.errors import AeontelError
from images_app.jobs import sweeps
from images_app.jobs.queue import APPLICATION, VERSION, DurableQueue
from images_app.jobs.slots import Slot, SlotLost, name_of, number_of
from images_app.jobs.workflows import Workshop, register

log = logging.getLogger(__name__)

_RECOVER_EVERY_S = 2.0
_SWEEP_EVERY_S = 30.0
_SWEEP_OBJECTS_EVERY_S = 600.0
_FORGET_EVERY = 20
_REST = 4
"""A loop rests this many times as long as it worked, at least."""
_LEAVE_WITHIN_S = 2.0
_LOOK_S = 0.02
_LISTENER_S = 0.1
"""How long the engine's listener sleeps where it cannot listen (SQLite); its end waits for that, and a second would be
most of what Ctrl-C takes. We wait for no notifications, so looking for those that are waited for costs nothing."""
_CONNECTIONS = 10
"""Of the engine itself; by default it would hold 20 for each process."""


class Tenure:
    """Begins and ends once. The engine is one per process, so a tenure ends before the next begins."""

    def __init__(self, world: World, queue: DurableQueue, slot: Slot) -> None:
        self._world = world
        self._queue = queue
        self._slot = slot
        self._shop = Workshop(world, world.settings.data_dir / "scratch")
        self._threads: list[threading.Thread] = []
        self._engine: DBOS | None = None

    def begin(self) -> None:
        """Take up what was left unfinished under this slot, and begin."""
        _empty(self._shop.scratch)
        url = self._world.settings.database_url
        config: DBOSConfig = {
            "name": APPLICATION,
            "executor_id": name_of(self._slot.number),
            "application_version": VERSION,
            "system_database_url": url,
            "sys_db_pool_size": _CONNECTIONS,
            "use_listen_notify": not url.startswith("sqlite"),
            "notification_listener_polling_interval_sec": _LISTENER_S,
            "enable_otlp": False,
            "log_level": "WARNING",
        }
        self._engine = DBOS(config=config)
        register(self._shop)
        DBOS.launch()
        log.info("working as %s", name_of(self._slot.number))
        for loop in (self._ensure_variants, self._recover, self._sweep, self._sweep_objects):
            thread = threading.Thread(target=loop, daemon=True, name=loop.__name__)
            thread.start()
            self._threads.append(thread)

    def end(self) -> None:
        """End within a few seconds. Attempts under way are abandoned: they are durable."""
        self._shop.stopping.set()
        self._let_workflows_leave()
        DBOS.destroy(destroy_registry=True)
        for thread in self._threads:
            thread.join(timeout=1)

    def _let_workflows_leave(self) -> None:
        """Before the engine is gone, or each would complain that it is. The engine's own way to wait takes whole
        seconds; it knows best who is at work, down to the last row that is written about it."""
        if self._engine is None:
            return
        for event in self._engine.background_thread_stop_events:
            event.set()  # nothing new is taken from the queues
        deadline = time.monotonic() + _LEAVE_WITHIN_S
        while self._engine._active_workflows_set.activeList() and time.monotonic() < deadline:
            time.sleep(_LOOK_S)

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

    def _recover(self) -> None:
        """The dead do not call for help: look for their work."""
        self._repeat("taking over work", _RECOVER_EVERY_S, lambda: take_over(self._slot, self._queue.client()))

    def _sweep(self) -> None:
        rounds = 0

        def sweep() -> None:
            nonlocal rounds
            if not self._slot.leads():
                return
            world, client = self._world, self._queue.client()
            sweeps.reconcile(world.database, self._queue, client)
            sweeps.go_on(world.database, self._queue)
            sweeps.enqueue_deletions(world.database, self._queue, client)
            sweeps.go_on(world.database, self._queue)
            if rounds % _FORGET_EVERY == 0:
                sweeps.forget(world.database, client)
                sweeps.empty_trash(world.database, self._queue, world.settings.trash_days)
            rounds += 1

        self._repeat("a sweep", _SWEEP_EVERY_S, sweep)

    def _sweep_objects(self) -> None:
        """By itself: a file store that is slow or away must not hold up the other sweeps."""

        def sweep() -> None:
            if self._slot.leads():
                self._world.objects.sweep()

        self._repeat("sweeping the file store", _SWEEP_OBJECTS_EVERY_S, sweep)

    def _repeat(self, what: str, every_s: float, act: Callable[[], object]) -> None:
        while not self._shop.stopping.is_set():
            began = time.monotonic()
            try:
                act()
            except SlotLost:
                return  # who holds the slot has noticed, too
            except Exception:
                if not self._shop.stopping.is_set():
                    log.exception("%s failed; the next try is in %s s", what, every_s)
            # What takes long, because there is much, comes by less often.
            self._shop.stopping.wait(max(every_s, _REST * (time.monotonic() - began)))


def take_over(slot: Slot, client: DBOSClient) -> int:
    """Put what dead processes were working at back into its queues, for whoever comes first; how many workflows.

    Their slots are held meanwhile, so that nobody else does the same and nobody begins to work under their name.
    """
    pending = client.list_workflows(status="PENDING", load_input=False, load_output=False)
    owners = {workflow.executor_id for workflow in pending} - {name_of(slot.number)}
    taken = 0
    for number in sorted(filter(None, map(number_of, owners))):
        with slot.borrow(number) as is_dead:
            if is_dead:
                handles = DBOS._recover_pending_workflows([name_of(number)])
                log.warning("%s is dead: %s of its workflows are taken over", name_of(number), len(handles))
                taken += len(handles)
    return taken


def _empty(folder: Path) -> None:
    """Temporary copies of attempts that were killed are of no use to anybody."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
