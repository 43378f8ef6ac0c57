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

T = TypeVar("T")


class Shared:
    """A Redis, used from one event loop."""

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic, pause_s: float = 5.0) -> None:
        # One retry, at once: a connection out of the pool may have been cut while it lay there.
        self.client = Redis.from_url(url, retry=Retry(NoBackoff(), 1))
        self._clock = clock
        self._pause_s = pause_s
        self._asks_again_at = 0.0

    async def ask(self, call: Callable[[Redis], Awaitable[T]]) -> T | None:
        """The answer of `call`; None when Redis does not answer."""
        if self._clock() < self._asks_again_at:
            return None
        if self._asks_again_at:  # one looks whether it is back, and nobody else waits for that
            self._asks_again_at = self._clock() + self._pause_s
        try:
            async with asyncio.timeout(_PATIENCE_S):
                answer = await call(self.client)
            self._asks_again_at = 0.0
            return answer
        except (RedisError, OSError, TimeoutError) as error:
            self._asks_again_at = self._clock() + self._pause_s
            _log.warning("Redis does not answer, and is not asked for %.0f s: %s", self._pause_s, type(error).__name__)
            return None

    async def close(self) -> None:
        """Return every connection. In the event loop that used them."""
        await self.client.aclose()
