"""Redis, where several servers keep together what none of them must have: nobody waits for it long.

What lies there is a copy or a count, and every caller can do without. After a call that failed nobody asks for a
while, so that a Redis that is away costs one short wait now and then, and not one for each request.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

_log = logging.getLogger(__name__)

_PATIENCE_S = 0.5
_PAUSE_S = 5.0

T = TypeVar("T")


class Shared:
    """A Redis, used from one event loop."""

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        # One retry, at once: a connection out of the pool may have been cut while it lay there.
        self.client = Redis.from_url(url, retry=Retry(NoBackoff(), 1), retry_on_error=[ConnectionError])
        self._clock = clock
        self._asks_again_at = 0.0

    async def ask(self, call: Callable[[Redis], Awaitable[T]]) -> T | None:
        """The answer of `call`; None when Redis does not answer."""
        if self._clock() < self._asks_again_at:
            return None
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await call(self.client)
        except (RedisError, OSError, TimeoutError) as error:
            self._asks_again_at = self._clock() + _PAUSE_S
            _log.warning("Redis does not answer, and is not asked for %.0f s: %s", _PAUSE_S, type(error).__name__)
            return None

    async def close(self) -> None:
        """Return every connection. In the event loop that used them."""
        await self.client.aclose()
