"""What becomes of a request's body that is still on its way when the answer is there already.

A connection carries the next request only after all of this one, so a server must read what it does not want, or end
the connection. It does both, as plain ASGI around an application:

- It reads on for a little while and drops what comes. Clients that look for an answer only after they have sent
  everything get to see it, and the connection stays of use. RFC 9112, sections 9.3 and 9.6.
- When there is still more after that, the answer says that the connection ends with it. Without that word a client may
  send its next request into a connection that is being closed, and cannot know whether it was heard.
"""

import asyncio

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_MOST_BYTES = 16 * 1024 * 1024
_MOST_S = 5.0
_IDLE_S = 0.5


class ReadOn:
    """The layer around an application."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _has_body(scope):
            await self.app(scope, receive, send)
            return
        body = _Body(scope, receive)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start" and not body.has_ended:
                await body.read_on()
                if not body.has_ended and scope["http_version"].startswith("1"):  # others end a stream, no connection
                    MutableHeaders(scope=message)["Connection"] = "close"
            await send(message)

        await self.app(scope, body.receive, answer)


def _has_body(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


class _Body:
    """The body of one request."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.has_ended = False
        """It has come whole, or its sender has left."""
        self._receive = receive
        self._waits_for_word = "100-continue" in Headers(scope=scope).get("expect", "").lower()

    async def receive(self) -> Message:
        self._waits_for_word = False  # the server gives it as soon as somebody wants the body
        message = await self._receive()
        self.has_ended = not message.get("more_body", False)
        return message

    async def read_on(self) -> None:
        """Drop what is still coming, within bounds. A client that waits for our word before sending needs no more."""
        if self._waits_for_word:
            return
        loop = asyncio.get_running_loop()
        until, dropped = loop.time() + _MOST_S, 0
        while not self.has_ended and dropped < _MOST_BYTES and (left := until - loop.time()) > 0:
            try:
                async with asyncio.timeout(min(left, _IDLE_S)):
                    message = await self.receive()
            except TimeoutError:
                return
            dropped += len(message.get("body", b""))
