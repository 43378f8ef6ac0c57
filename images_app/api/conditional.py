"""Conditional requests (RFC 9110, section 13) for every JSON answer to a GET, in one place.

The entity tag is a hash of the very bytes that would be sent, so it is strong, and it changes when anything that the
client was told has changed: also a signed URL, which would run out in the hands of a client that was told "not
modified". (Signed URLs stay the same for a while, so a tag does, too.) Lists have weak tags.
"""

import hashlib
import re

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from images_app.api import problems
from images_app.errors import PreconditionFailed

VARY = "Authorization, Cookie"
_TAG = re.compile(r'(?:W/)?"[^"]*"')
_CHANGES = frozenset({"PUT", "PATCH", "DELETE"})
_KEPT_BY_304 = ("etag", "cache-control", "vary", "link")


def note_list(request: Request) -> None:
    """The answer to this request is a list."""
    request.state.is_list = True


class Conditional:
    """Gives JSON answers their ETag, answers 304 to If-None-Match, and 412 to an If-Match that does not hold."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
            return
        wanted = Headers(scope=scope).get("if-match")
        if wanted is not None and scope["method"] in _CHANGES and not await self._holds(scope, wanted):
            refusal = problems.of(scope, PreconditionFailed("It has changed since you last saw it. Get it again."))
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, _Answer(scope, send).send)

    async def _holds(self, scope: Scope, wanted: str) -> bool:
        """Whether what a GET here would be answered with is what the client saw; so, too, when nothing is there: the
        endpoint itself says that better."""
        started: list[Message] = []

        async def nothing() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                started.append(message)

        headers = [(name, value) for name, value in scope["headers"] if name in (b"authorization", b"cookie", b"host")]
        look = {**scope, "method": "GET", "headers": headers, "state": dict(scope["state"])}
        await self._app(look, nothing, _Answer(look, keep).send)
        tag = Headers(raw=started[0]["headers"]).get("etag")
        return tag is None or wanted.strip() == "*" or tag in _TAG.findall(wanted)


class _Answer:
    """One answer on its way out; a JSON answer to a GET is held until its bytes are known."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._held: Message | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("Vary", VARY)
            if self._is_tagged(message["status"], headers):
                self._held = message
                return
        elif self._held is not None:
            start, self._held = self._held, None
            if not message.get("more_body"):
                start, message = self._tagged(start, message)
            await self._send(start)
        await self._send(message)

    def _is_tagged(self, status: int, headers: Headers) -> bool:
        return (
            self._scope["method"] == "GET"
            and status == 200
            and headers.get("content-type", "").startswith("application/json")
            and "etag" not in headers
            and "cache-control" not in headers
        )

    def _tagged(self, start: Message, body: Message) -> tuple[Message, Message]:
        tag = f'"{hashlib.sha256(body.get("body", b"")).hexdigest()[:32]}"'
        if self._scope["state"].get("is_list"):
            tag = f"W/{tag}"
        headers = MutableHeaders(scope=start)
        headers["ETag"] = tag
        headers["Cache-Control"] = "private, no-cache"
        seen = Headers(scope=self._scope).get("if-none-match", "")
        if seen.strip() != "*" and tag.removeprefix("W/") not in (t.removeprefix("W/") for t in _TAG.findall(seen)):
            return start, body
        kept = [(name, value) for name, value in start["headers"] if name.decode("latin-1").lower() in _KEPT_BY_304]
        return {**start, "status": 304, "headers": kept}, {**body, "body": b""}
