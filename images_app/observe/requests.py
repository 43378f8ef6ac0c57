"""The layer around the whole server that counts every request and writes a line about it."""

import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from images_app.observe.metrics import OBSERVED, Metrics, Observed

log = logging.getLogger("images_app.requests")

Message = MutableMapping[str, Any]
App = Callable[[Any, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]

_PARTS = ("api", "objects", "cloudflare", "imagedelivery", "metrics", "mcp")


class Requests:
    """Plain ASGI. Addresses are logged without their query, which may hold a signature."""

    def __init__(self, app: App, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        first = scope["path"].split("/", 2)[1]
        seen = _Seen(scope, Observed(first if first in _PARTS else "face"), self._metrics, receive, send)
        try:
            await self._app({**scope, OBSERVED: seen.observed}, seen.receive, seen.send)
        finally:
            seen.end()


class _Seen:
    """One request."""

    def __init__(self, scope: Any, observed: Observed, metrics: Metrics, receive: Any, send: Any) -> None:
        self.observed = observed
        self._scope = scope
        self._metrics = metrics
        self._receive = receive
        self._send = send
        self._began = time.perf_counter()
        self._status = 0
        self._is_stream = False

    async def receive(self) -> Message:
        message: Message = await self._receive()
        if body := message.get("body"):
            self._metrics.received(self.observed.part, len(body))
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._is_stream = any(
                name == b"content-type" and value.startswith(b"text/event-stream")
                for name, value in message.get("headers", ())
            )
            if self._is_stream:
                self._metrics.streams.inc()
        elif body := message.get("body"):
            self._metrics.sent(self.observed.part, len(body))
        await self._send(message)

    def end(self) -> None:
        """It was answered, or its sender left: status 0."""
        seconds = time.perf_counter() - self._began
        method = self._scope["method"]
        if self._is_stream:
            self._metrics.streams.dec()
        self._metrics.count(self.observed, method, self._status, None if self._is_stream else seconds)
        if not log.isEnabledFor(logging.INFO):
            return
        client = self._scope.get("client")
        log.info(
            "request",
            extra={
                "method": method,
                "path": self._scope["path"],
                "status": self._status,
                "ms": round(seconds * 1000, 1),
                "client": client[0] if client else "",
                **({"request_id": self.observed.request_id} if self.observed.request_id else {}),
            },
        )
