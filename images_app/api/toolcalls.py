"""Calls of MCP tools in the audit, as one plain ASGI layer.

The MCP server speaks REST like everybody else, here and on people's own machines, and names the tool in the header
`Aeontel-Tool` of the first request that a call sends. Such a request is recorded before it is answered: what cannot be
recorded is not done. Whoever leaves the header out is an ordinary REST client, with the rights of its token as ever.
"""

import logging
from urllib.parse import quote

import anyio.to_thread
from sqlmodel import Session
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from images_app.api import problems
from images_app.api.deps import identify
from images_app.bootstrap import World
from images_app.core import access, events, files
from images_app.core.access import Viewer
from images_app.errors import AeontelError, Unauthenticated

_log = logging.getLogger(__name__)

HEADER = "aeontel-tool"
TOOLS = frozenset({"list_images", "get_image", "delete_image", "list_workspaces", "get_file"})
_MOST_CHARACTERS = 4000
"""Of the request: a hundred ids fit."""


class ToolCalls:
    """Records `mcp.called` for requests of a token that name a tool."""

    def __init__(self, app: ASGIApp, *, world: World) -> None:
        self._app = app
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        tool = Headers(scope=scope).get(HEADER, "") if scope["type"] == "http" else ""
        if tool in TOOLS:
            try:
                await anyio.to_thread.run_sync(self._record, Request(scope), tool)
            except Unauthenticated:
                pass  # the endpoint says so
            except AeontelError as error:
                _log.warning("a call of %s could not be recorded and was refused", tool)
                await problems.of(scope, error)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _record(self, request: Request, tool: str) -> None:
        with self._world.database.read() as session:
            viewer = identify(request, session)
            if viewer.via != "token":
                return
            about = _workspace(session, viewer, request)
        query = request.scope["query_string"].decode("latin-1")
        asked = f"{request.method} {quote(request.scope['path'])}" + (f"?{query}" if query else "")
        data = {"tool": tool, "tokenId": viewer.credential_id, "request": asked[:_MOST_CHARACTERS]}
        with self._world.database.write() as session:
            events.record_account(session, "mcp.called", actor_id=viewer.user_id, data=data, workspace_id=about)


def _workspace(session: Session, viewer: Viewer, request: Request) -> str | None:
    """The one that is asked about, by itself or by something in it, as far as the caller may see it."""
    named = request.query_params.get("workspace_id")
    try:
        match request.url.path.split("/"):
            case ["", "api", "images" | "files", id]:
                return files.get(session, viewer, f"fil_{id.partition('_')[2]}").workspace_id
        if named:
            access.role_in(session, viewer, named)
            return named
    except AeontelError:
        pass  # the endpoint says so
    return None
