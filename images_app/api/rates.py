"""How many requests one caller may send: a token bucket per credential, and one per address for all others.

A credential has a bucket of its own once the API took it; until then, and when it is refused, the request counts for
the address it came from. So guessing credentials is bounded, memory is only spent on credentials that are real, and
people behind one address do not hold each other up. With Redis all servers share the buckets.

Header fields: RateLimit and RateLimit-Policy of draft-ietf-httpapi-ratelimit-headers-10, and Retry-After.
"""

import hashlib
import ipaddress
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from images_app.api import problems
from images_app.api.buckets import Buckets, SharedBuckets, State

if TYPE_CHECKING:
    from images_app.shared import Shared

_UNLIMITED = ("/api/health/",)
"""Whoever watches the server must be answered."""


class RateLimit:
    """The layer that counts. A limit of 0 does not count."""

    def __init__(
        self, app: ASGIApp, *, per_token: int, per_address: int, cookie: str, shared: "Shared | None" = None
    ) -> None:
        self._app = app
        self._tokens = _buckets("token", per_token, shared)
        self._addresses = _buckets("address", per_address, shared)
        self._cookie = cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or not path.startswith("/api/") or path.startswith(_UNLIMITED):
            await self._app(scope, receive, send)
            return
        credential, is_known = _credential(scope, self._cookie), False
        if credential is not None and await self._tokens.knows(credential):
            is_known, state = True, await self._take(self._tokens, credential)
        else:
            state = await self._take(self._addresses, _address(scope))
        if state is not None and not state.is_allowed:
            answer = problems.of(scope, state.refusal())
            answer.headers.update(state.headers())
            await answer(scope, receive, send)
            return

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                shown = state
                if credential is not None and is_known == (message["status"] == 401):
                    shown = await self._correct(credential, _address(scope), is_known)
                if shown is not None:
                    MutableHeaders(scope=message).update(shown.headers())
            await send(message)

        await self._app(scope, receive, counted)

    async def _take(self, buckets: Buckets, key: str) -> State | None:
        return await buckets.take(key) if buckets.most else None

    async def _correct(self, credential: str, address: str, was_known: bool) -> State | None:
        """The request turned out to belong to the other bucket."""
        if was_known:
            await self._tokens.forget(credential)
            return await self._take(self._addresses, address)
        if self._addresses.most:
            await self._addresses.take(address, -1)
        return await self._take(self._tokens, credential)


def _buckets(name: str, most: int, shared: "Shared | None") -> Buckets:
    return Buckets(name, most) if shared is None else SharedBuckets(name, most, shared)


def _credential(scope: Scope, cookie: str) -> str | None:
    """What the request authenticates with, as a hash: a bearer token wins over the cookie."""
    headers = Headers(scope=scope)
    scheme, _, secret = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        try:
            jar = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            return None
        secret = jar[cookie].value if cookie in jar else ""
    return hashlib.sha256(secret.strip().encode()).hexdigest() if secret.strip() else None


def _address(scope: Scope) -> str:
    """Whom the peer's address stands for: itself, or the /64 of IPv6."""
    host = scope["client"][0] if scope.get("client") else ""
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return str(host)
    return str(ipaddress.ip_network((ip, 64), strict=False)) if ip.version == 6 else str(ip)
