"""How many requests one caller may send: a token bucket per credential, and one per address for all others.

A credential has a bucket of its own once the API took it; until then, and when it is refused, the request counts for
the address it came from. So guessing credentials is bounded, memory is only spent on credentials that are real, and
people behind one address do not hold each other up. Buckets are this process's own.

Header fields: RateLimit and RateLimit-Policy of draft-ietf-httpapi-ratelimit-headers-10, and Retry-After.
"""

import hashlib
import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from images_app.api import problems
from images_app.errors import RateLimited

_WINDOW_S = 60.0
_MAX_BUCKETS = 50_000
_UNLIMITED = ("/api/health/",)
"""Whoever watches the server must be answered."""


class Buckets:
    """Buckets that hold `most` requests and are full again after a minute without any. The least used are forgotten."""

    def __init__(self, name: str, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self.most = most
        self._clock = clock
        self._left: OrderedDict[object, tuple[float, float]] = OrderedDict()

    def __contains__(self, key: object) -> bool:
        return key in self._left

    def take(self, key: object, n: int = 1) -> "State":
        """Take `n` requests out of a bucket, if it has them; -1 puts one back."""
        at = self._clock()
        left, since = self._left.get(key, (float(self.most), at))
        left = min(self.most, left + (at - since) * self.most / _WINDOW_S)
        is_allowed = left >= n
        if is_allowed:
            left = min(self.most, left - n)
        self._left[key] = (left, at)
        self._left.move_to_end(key)
        if len(self._left) > _MAX_BUCKETS:
            self._left.popitem(last=False)
        return State(self.name, self.most, left, is_allowed)

    def forget(self, key: object) -> None:
        """A credential that holds no more."""
        self._left.pop(key, None)


@dataclass(frozen=True)
class State:
    """A bucket after a request."""

    name: str
    most: int
    left: float
    is_allowed: bool

    def headers(self) -> dict[str, str]:
        until_full = math.ceil((self.most - self.left) * _WINDOW_S / self.most)
        return {
            "RateLimit-Policy": f'"{self.name}";q={self.most};w={_WINDOW_S:.0f}',
            "RateLimit": f'"{self.name}";r={int(self.left)};t={until_full}',
        }

    def refusal(self) -> RateLimited:
        wait = math.ceil((1 - self.left) * _WINDOW_S / self.most)
        return RateLimited(f"At most {self.most} requests a minute. Wait a moment and try again.", max(1, wait))


class RateLimit:
    """The layer that counts. A limit of 0 does not count."""

    def __init__(self, app: ASGIApp, *, per_token: int, per_address: int, cookie: str) -> None:
        self._app = app
        self._tokens = Buckets("token", per_token)
        self._addresses = Buckets("address", per_address)
        self._cookie = cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or not path.startswith("/api/") or path.startswith(_UNLIMITED):
            await self._app(scope, receive, send)
            return
        credential, address = _credential(scope, self._cookie), _address(scope)
        is_known = credential is not None and credential in self._tokens
        state = self._take(self._tokens, credential) if is_known else self._take(self._addresses, address)
        if state is not None and not state.is_allowed:
            answer = problems.of(scope, state.refusal())
            answer.headers.update(state.headers())
            await answer(scope, receive, send)
            return

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                shown = state
                if credential is not None and is_known == (message["status"] == 401):
                    shown = self._correct(credential, address, is_known)
                if shown is not None:
                    MutableHeaders(scope=message).update(shown.headers())
            await send(message)

        await self._app(scope, receive, counted)

    def _take(self, buckets: Buckets, key: object) -> State | None:
        return buckets.take(key) if buckets.most else None

    def _correct(self, credential: bytes, address: str, was_known: bool) -> State | None:
        """The request turned out to belong to the other bucket."""
        if was_known:
            self._tokens.forget(credential)
            return self._take(self._addresses, address)
        if self._addresses.most:
            self._addresses.take(address, -1)
        return self._take(self._tokens, credential)


def _credential(scope: Scope, cookie: str) -> bytes | None:
    """What the request authenticates with, as a hash: a bearer token wins over the cookie."""
    headers = Headers(scope=scope)
    scheme, _, secret = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        try:
            jar = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            return None
        secret = jar[cookie].value if cookie in jar else ""
    return hashlib.sha256(secret.strip().encode()).digest() if secret.strip() else None


def _address(scope: Scope) -> str:
    """Whom the peer's address stands for: itself, or the /64 of IPv6."""
    host = scope["client"][0] if scope.get("client") else ""
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return str(host)
    return str(ipaddress.ip_network((ip, 64), strict=False)) if ip.version == 6 else str(ip)
