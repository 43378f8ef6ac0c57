"""The tools over stdin and stdout, for a program on the same machine that starts `aeontel mcp`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
from mcp.server.stdio import stdio_server

from images_app.client import AsyncClient
from images_app.mcp.pictures import Pictures
from images_app.mcp.server import USER_AGENT, create


def serve(url: str, token: str) -> None:
    """Answer until stdin ends, with one client for all calls. Raises InvalidArgument for an address that is none."""
    anyio.run(_serve, url, token)


async def _serve(url: str, token: str) -> None:
    async with AsyncClient(url, token, retries=2, user_agent=USER_AGENT) as client:

        @asynccontextmanager
        async def connect(_request: Any) -> AsyncIterator[AsyncClient]:
            yield client

        server = create(connect, Pictures(server=client.url))
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())
