"""`/mcp`, opened by the first who knocks: most servers are never asked, and the protocol's library takes its time to
load."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from starlette.types import Receive, Scope, Send


class Tools(Protocol):
    """What is behind the door: an ASGI application that answers inside `run` only."""

    def run(self) -> AbstractAsyncContextManager[None]:
        """What calls run in; only once."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...


class Door:
    """An ASGI application that makes another one when it is first called. It answers inside `run` only."""

    def __init__(self, make: Callable[[], Tools]) -> None:
        """`make` is called in a thread, once unless it fails."""
        self._make = make
        self._opening: asyncio.Future[Tools] | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """What calls run in; only once."""
        try:
            yield
        finally:
            self._closing.set()
            if self._keeper is not None:
                await self._keeper

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._opening is None or (self._opening.done() and self._opening.exception() is not None):
            self._opening = asyncio.ensure_future(self._open())
        tools = await asyncio.shield(self._opening)  # others wait for it, too
        await tools(scope, receive, send)

    async def _open(self) -> Tools:
        tools = await asyncio.to_thread(self._make)
        is_open = asyncio.Event()
        self._keeper = asyncio.create_task(self._keep(tools, is_open))
        await is_open.wait()
        return tools

    async def _keep(self, tools: Tools, is_open: asyncio.Event) -> None:
        """In one task from its beginning to its end, as the library wants it."""
        async with tools.run():
            is_open.set()
            await self._closing.wait()
