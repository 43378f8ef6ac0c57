"""Token buckets: how many requests somebody has left, in this process, or with Redis over all servers."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from images_app.errors import RateLimited

if TYPE_CHECKING:
    from images_app.shared import Shared

WINDOW_S = 60.0
_MAX_BUCKETS = 50_000


@dataclass(frozen=True)
class State:
    """A bucket after a request."""

    name: str
    most: int
    left: float
    is_allowed: bool

    def headers(self) -> dict[str, str]:
        until_full = math.ceil((self.most - self.left) * WINDOW_S / self.most)
        return {
            "RateLimit-Policy": f'"{self.name}";q={self.most};w={WINDOW_S:.0f}',
            "RateLimit": f'"{self.name}";r={int(self.left)};t={until_full}',
        }

    def refusal(self) -> RateLimited:
        wait = math.ceil((1 - self.left) * WINDOW_S / self.most)
        return RateLimited(f"At most {self.most} requests a minute. Wait a moment and try again.", max(1, wait))


class Buckets:
    """Buckets that hold `most` requests and are full again after a minute without any. The least used are forgotten."""

    def __init__(self, name: str, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self.most = most
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def knows(self, key: str) -> bool:
        """Whether there is such a bucket."""
        return key in self._left

    async def take(self, key: str, n: int = 1) -> State:
        """Take `n` requests out of a bucket, if it has them; -1 puts one back."""
        at = self._clock()
        left, since = self._left.get(key, (float(self.most), at))
        left = min(self.most, left + (at - since) * self.most / WINDOW_S)
        is_allowed = left >= n
        if is_allowed:
            left = min(self.most, left - n)
        self._keep(key, left, at)
        return State(self.name, self.most, left, is_allowed)

    async def forget(self, key: str) -> None:
        """A credential that holds no more."""
        self._left.pop(key, None)

    def _keep(self, key: str, left: float, at: float) -> None:
        self._left[key] = (left, at)
        self._left.move_to_end(key)
        if len(self._left) > _MAX_BUCKETS:
            self._left.popitem(last=False)


# The same as `Buckets.take`, by Redis' clock. A bucket that would be full again is not kept.
_TAKE = """
local now = redis.call('TIME')
now = now[1] + now[2] / 1000000
local most, window, n = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local kept = redis.call('HMGET', KEYS[1], 'left', 'at')
local left = tonumber(kept[1]) or most
left = math.min(most, left + (now - (tonumber(kept[2]) or now)) * most / window)
local allowed = left >= n
if allowed then left = math.min(most, left - n) end
redis.call('HSET', KEYS[1], 'left', string.format('%.17g', left), 'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], window * 1000)
return {allowed and 1 or 0, string.format('%.6f', left)}
"""


class SharedBuckets(Buckets):
    """One bucket for all servers. While Redis is away each server goes on with what it saw last."""

    def __init__(self, name: str, most: int, shared: "Shared") -> None:
        super().__init__(name, most)
        self._shared = shared
        self._script: Any = shared.client.register_script(_TAKE)

    async def knows(self, key: str) -> bool:
        """See `Buckets`: also when another server made it."""
        if not self.most or await super().knows(key):
            return self.most > 0
        return bool(await self._shared.ask(lambda redis: redis.exists(self._name_of(key))))

    async def take(self, key: str, n: int = 1) -> State:
        """See `Buckets`."""
        arguments = (self.most, WINDOW_S, n)
        taken = await self._shared.ask(lambda _: self._script(keys=[self._name_of(key)], args=arguments))
        if taken is None:
            return await super().take(key, n)
        state = State(self.name, self.most, float(taken[1]), taken[0] == 1)
        self._keep(key, state.left, self._clock())
        return state

    async def forget(self, key: str) -> None:
        """See `Buckets`."""
        await super().forget(key)
        await self._shared.ask(lambda redis: redis.delete(self._name_of(key)))

    def _name_of(self, key: str) -> str:
        return f"aeontel:requests:{self.name}:{key}"
