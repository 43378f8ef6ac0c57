"""What happens to every request before and after its endpoint, as one plain ASGI layer.

- `X-Request-Id` is taken over when it is a harmless word, else made, and always answered.
- `HEAD` is answered wherever `GET` is, without the body.
- A NUL in an address or parameter is refused here: PostgreSQL would not take it as text.
- A body is read up to 1 MiB, except where an endpoint streams it.
- Answers are private to the caller and not stored, unless the endpoint says otherwise.
- A fault of ours is logged and becomes a problem that tells nothing of the inside.
"""

import logging
import re
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from images_app.api import problems
from images_app.errors import InvalidParameter, NotFound
from images_app.observe import logs
from images_app.observe.metrics import OBSERVED, Observed

_log = logging.getLogger(__name__)

MAX_BODY_BYTES = 1024 * 1024
STREAMED = frozenset({"/api/files"})
"""Paths whose endpoint reads a body of any size piece by piece and sets the limit itself."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Edge:
    """The layer around the whole API."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answer = _Answer(scope, send)
        body = receive if scope["path"] in STREAMED else _bounded(scope, receive)
        try:
            if refusal := _refusal(answer.scope):
                await refusal(answer.scope, receive, answer.send)
                return
            with logs.about(request_id=answer.request_id):
                await self.app(answer.scope, body, answer.send)
        except ClientDisconnect:
            return  # nobody is left to answer
        except Exception:
            _log.exception("%s %s failed (request %s)", scope["method"], scope["path"], answer.request_id)
            if answer.started:
                raise  # the server cuts the connection, so that nobody takes half an answer for a whole one
            await problems.internal(answer.scope)(scope, receive, answer.send)
        finally:
            answer.tell(scope.get(OBSERVED))


class _Answer:
    """One request on its way in, and its answer on the way out."""

    def __init__(self, scope: Scope, send: Send) -> None:
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        self.request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        self.started = False
        self._send = send
        self._is_head = scope["method"] == "HEAD"
        self.scope: Scope = {**scope, "state": {**scope.get("state", {}), "request_id": self.request_id}}
        if self._is_head and scope["path"].startswith("/api"):
            # Without Accept, so that nobody opens a stream that has no end only to learn its headers.
            plain = [(name, value) for name, value in scope["headers"] if name != b"accept"]
            self.scope |= {"method": "GET", "headers": plain}

    def tell(self, observed: Observed | None) -> None:
        """Which route it took: the router leaves that in the scope that it was given."""
        if observed is not None:
            observed.request_id = self.request_id
            observed.route = getattr(self.scope.get("route"), "path", "")

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(scope=message)
            headers["X-Request-Id"] = self.request_id
            headers.setdefault("Cache-Control", "private, no-store")
            for cookie in self.scope["state"].get("set_cookies", ()):
                headers.append("Set-Cookie", cookie)
        elif self._is_head and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await self._send(message)


def _refusal(scope: Scope) -> Response | None:
    if "\0" in scope["path"]:
        return problems.of(scope, NotFound())
    if b"%00" in scope["query_string"]:
        return problems.of(scope, InvalidParameter("A parameter contains a NUL character."))
    return None


def _bounded(scope: Scope, receive: Receive) -> Receive:
    """`receive` that refuses a body over the limit, at once when its length is announced."""
    announced = Headers(scope=scope).get("content-length", "")
    received = MAX_BODY_BYTES + 1 if announced.isdecimal() and int(announced) > MAX_BODY_BYTES else 0

    async def bounded() -> Message:
        nonlocal received
        if received <= MAX_BODY_BYTES:
            message = await receive()
            received += len(message.get("body", b""))
            if received <= MAX_BODY_BYTES:
                return message
        raise HTTPException(413, f"A request body may have at most {MAX_BODY_BYTES} bytes.")

    return bounded
