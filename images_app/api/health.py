"""Is the server alive, and can it work?

Readiness asks the database, the object store and Cloudflare at most once in two seconds, however often and by however
many it is asked, and never waits long: a check that does not come back is reported, and not started a second time.
"""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Literal, Self

from fastapi import APIRouter, Request, Response
from sqlmodel import select

from images_app.api.schemas import Schema
from images_app.bootstrap import World
from images_app.models import User

router = APIRouter(prefix="/health", tags=["server"])
_log = logging.getLogger(__name__)

Outcome = Literal["ok", "failed", "timeout"]


class Alive(Schema):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Checks(Schema):
    """Each part that the server cannot work without."""

    database: Outcome
    objects: Outcome
    cloudflare: Outcome


class Ready(Schema):
    """`ok` when every check is."""

    status: Literal["ok", "unavailable"]
    checks: Checks


class Readiness:
    """Runs named checks, each within `limit` seconds, and keeps the outcome for `keep` seconds; a good one of those
    named in `trust` for so many seconds, because asking has a price."""

    def __init__(
        self,
        checks: Mapping[str, Callable[[], None]],
        *,
        limit: float = 2.0,
        keep: float = 2.0,
        trust: Mapping[str, float] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._checks = checks
        self._limit = limit
        self._keep = keep
        self._trust = trust or {}
        self._good_at: dict[str, float] = {}
        self._clock = clock
        self._threads = ThreadPoolExecutor(max_workers=len(checks), thread_name_prefix="health")
        self._running: dict[str, Future[None]] = {}
        self._asked: asyncio.Task[dict[str, Outcome]] | None = None
        self._kept: tuple[float, dict[str, Outcome]] | None = None

    @classmethod
    def of(cls, world: World) -> Self:
        """The checks of a whole server."""

        def database() -> None:
            with world.database.read() as session:
                session.exec(select(User.id).limit(1)).first()

        checks = {"database": database, "objects": world.objects.check, "cloudflare": world.cloudflare.check}
        # The real Cloudflare counts our calls, and every server of ours is asked every few seconds.
        return cls(checks, trust={"cloudflare": 30.0} if world.settings.cloudflare == "remote" else None)

    async def outcomes(self) -> dict[str, Outcome]:
        """The outcome of every check, at most `keep` seconds old. Callers at the same moment share one run."""
        if self._kept is not None and self._clock() - self._kept[0] < self._keep:
            return self._kept[1]
        if self._asked is None or self._asked.done():
            self._asked = asyncio.create_task(self._ask())
        return await asyncio.shield(self._asked)

    async def _ask(self) -> dict[str, Outcome]:
        found = await asyncio.gather(*(self._outcome(name) for name in self._checks))
        outcomes = dict(zip(self._checks, found, strict=True))
        self._kept = (self._clock(), outcomes)
        return outcomes

    async def _outcome(self, name: str) -> Outcome:
        if self._clock() - self._good_at.get(name, -math.inf) < self._trust.get(name, 0):
            return "ok"
        running = self._running.get(name)
        if running is None or running.done():
            running = self._running[name] = self._threads.submit(self._checks[name])
        try:
            await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(running)), self._limit)
        except TimeoutError:
            _log.warning("the check of %s has not come back yet", name)
            return "timeout"
        except Exception as error:
            _log.warning("the check of %s failed: %s: %s", name, type(error).__name__, error)
            return "failed"
        self._good_at[name] = self._clock()
        return "ok"


@router.get("/live")
async def get_live() -> Alive:
    """Whether the process answers at all."""
    return Alive()


@router.get("/ready", responses={503: {"model": Ready, "description": "Some check is not `ok`."}})
async def get_ready(request: Request, response: Response) -> Ready:
    """Whether the server can work: database, object store and Cloudflare."""
    readiness: Readiness = request.app.state.readiness
    outcomes = await readiness.outcomes()
    is_ready = all(outcome == "ok" for outcome in outcomes.values())
    response.status_code = 200 if is_ready else 503
    return Ready(status="ok" if is_ready else "unavailable", checks=Checks(**outcomes))
