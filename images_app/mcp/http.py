"""Streamable HTTP at `/mcp`, with the caller's own bearer token.

Every request stands alone: nothing is kept between two, so any of several servers answers any of them. The token goes
on, within this process, to the REST API, which decides about it first and then about whatever a tool asks: rights,
limits and the audit are the API's.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from images_app.client import AsyncClient
from images_app.mcp.pictures import Pictures
from images_app.mcp.server import USER_AGENT, create

_MOST_BYTES = 256 * 1024
_INSIDE = "http://api.invalid"
"""Nobody resolves this name: what is sent there stays in the process."""
_PASSED_ON = ("content-type", "www-authenticate", "retry-after", "ratelimit", "ratelimit-policy", "x-request-id")
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


class McpOverHttp:
    """The ASGI application. It answers inside `run` only."""

    def __init__(self, api: ASGIApp, *, public_url: str, delivery_origin: str, delivery: ASGIApp | None) -> None:
        """`delivery` answers delivery URLs within this process; None: the network does."""
        self._api = api
        transport = None if delivery is None else httpx.ASGITransport(delivery)
        self._manager = StreamableHTTPSessionManager(
            create(self._client, Pictures(origin=delivery_origin, transport=transport)),
            stateless=True,
            security_settings=TransportSecuritySettings(
                allowed_hosts=[urlsplit(public_url).netloc, *_LOOPBACK, *(f"{host}:*" for host in _LOOPBACK)],
                allowed_origins=[public_url, *(f"http://{host}:*" for host in _LOOPBACK)],
            ),
            max_request_body_size=_MOST_BYTES,
        )

    def run(self) -> AbstractAsyncContextManager[None]:
        """What calls run in; only once."""
        return self._manager.run()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = await self._refusal(Request(scope))
        await (answer or self._manager.asgi_app)(scope, receive, send)

    async def _refusal(self, request: Request) -> Response | None:
        """Of who may not ask at all, before anything of theirs is read."""
        if request.url.path != "/mcp":
            return Response(status_code=404)
        if request.method != "POST":  # the others are for sessions, and streams that wait for news
            return Response(status_code=405, headers={"Allow": "POST"})
        async with httpx.AsyncClient(transport=self._inside(request), base_url=_INSIDE) as http:
            found = await http.get("/api/me", headers=_credential(request))
        if found.status_code == 200:
            return None
        headers = {name: found.headers[name] for name in _PASSED_ON if name in found.headers}
        return Response(found.content, found.status_code, headers)

    @asynccontextmanager
    async def _client(self, request: Any) -> AsyncIterator[AsyncClient]:
        token = _credential(request)["Authorization"].partition(" ")[2].strip()
        transport = self._inside(request)
        async with AsyncClient(_INSIDE, token, retries=0, user_agent=USER_AGENT, transport=transport) as client:
            yield client

    def _inside(self, request: Request) -> httpx.ASGITransport:
        """The API as if the caller asked it: limits count for the caller's address."""
        peer = ("", 0) if request.client is None else (request.client.host, request.client.port)
        return httpx.ASGITransport(self._api, raise_app_exceptions=False, client=peer)


def _credential(request: Request) -> dict[str, str]:
    """The bearer token alone: a browser's cookie is not asked for here."""
    given = request.headers.get("authorization", "")
    return {"Authorization": given} if given.lower().startswith("bearer ") else {}
