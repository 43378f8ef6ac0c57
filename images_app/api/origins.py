"""Pages of other origins (CORS, https://fetch.spec.whatwg.org/#http-cors-protocol), as plain ASGI around /api.

Only what IMAGES_CORS_ORIGINS names is let in, and only with a bearer token: `Access-Control-Allow-Credentials` is never
sent, so no page of another origin reads an answer that the session's cookie made.
"""

from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ASK_AGAIN_S = 7200
"""As long as browsers remember what they may send, at most."""
_MAY_SEND = ("Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "Last-Event-ID")
_MAY_READ = ("ETag", "Link", "Location", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-Id")
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": ", ".join(_MAY_SEND),
    "Access-Control-Max-Age": str(_ASK_AGAIN_S),
}


class OtherOrigins:
    """The layer that lets pages of these origins read what /api answers."""

    def __init__(self, app: ASGIApp, *, origins: Sequence[str]) -> None:
        self._app = app
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin", "")
        is_known = origin in self._origins
        if is_known and scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            allowed = MutableHeaders({**_PREFLIGHT, "Access-Control-Allow-Origin": origin, "Vary": "Origin"})
            await send({"type": "http.response.start", "status": 204, "headers": allowed.raw})
            await send({"type": "http.response.body", "body": b""})
            return

        async def shared(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                answer.add_vary_header("Origin")
                if is_known:
                    answer["Access-Control-Allow-Origin"] = origin
                    answer["Access-Control-Expose-Headers"] = ", ".join(_MAY_READ)
            await send(message)

        await self._app(scope, receive, shared)
