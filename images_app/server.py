"""One server out of its parts: the API, the local Cloudflare and, unless it runs headless, the face.

/api /objects /metrics                 api.create_api
/mcp                                   mcp.http
/cloudflare /imagedelivery /cdn-cgi    emulator (only while IMAGES_CLOUDFLARE=local)
everything else, websockets            the face
"""

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from images_app.api.app import create_api
from images_app.api.headers import SecurityHeaders
from images_app.api.proxies import TrustedProxies
from images_app.bodies import ReadOn
from images_app.bootstrap import World, world
from images_app.jobs.lifespan import jobs
from images_app.mcp.door import Door, Tools
from images_app.observe import logs
from images_app.observe.requests import Requests

if TYPE_CHECKING:
    from images_app.emulator.app import Emulator


class Server:
    """The ASGI application and the background work that belongs to it."""

    def __init__(self, world: World) -> None:
        logs.configure(world.settings.log_format, world.settings.log_level)
        self.world = world
        self.emulator = _emulator(world)
        self._api = create_api(world)
        self._mcp = Door(self._tools)

    def compose(self, face: ASGIApp) -> ASGIApp:
        """`face` with everything else of the server in front of it."""
        served: dict[str, ASGIApp] = {"api": self._api, "objects": self._api, "metrics": self._api, **_NEVER}
        served["mcp"] = self._mcp
        served |= dict.fromkeys(
            ("cloudflare", "imagedelivery", "cdn-cgi"), _no_face if self.emulator is None else self.emulator.app
        )

        async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
            first = scope["path"].split("/", 2)[1] if scope["type"] == "http" else ""
            await served.get(first, face)(scope, receive, send)

        secured = SecurityHeaders(ReadOn(dispatch), image_origins=(self.world.delivery.origin,))
        return TrustedProxies(Requests(secured, self._api.state.metrics), self.world.settings.trusted_proxies)

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Background work from start to shutdown. Jobs wait until the port answers, because the local Cloudflare
        pulls originals from this very server."""
        async with AsyncExitStack() as stack:
            stack.callback(self.world.close)
            if self.world.shared is not None:
                stack.push_async_callback(self.world.shared.close)
            stack.enter_context(_on_stop_signal(self._api.state.streams.end))
            if self.emulator is not None:
                await self.emulator.start()
                stack.push_async_callback(self.emulator.close)
            await stack.enter_async_context(self._mcp.run())
            await stack.enter_async_context(jobs(self.world, self._port_answers))
            yield

    def _tools(self) -> Tools:
        from images_app.mcp.http import McpOverHttp

        return McpOverHttp(
            self._api,
            public_url=self.world.settings.public_url,
            delivery_origin=self.world.delivery.origin,
            delivery=None if self.emulator is None else self.emulator.app,
        )

    async def _port_answers(self) -> None:
        host, port = self.world.settings.host, self.world.settings.port
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1" if host == "0.0.0.0" else host, port)  # noqa: S104
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


def _emulator(world: World) -> "Emulator | None":
    if world.settings.cloudflare != "local":
        return None
    from images_app.emulator.app import Emulator, EmulatorConfig  # not loaded for nothing where Cloudflare is the real

    settings, keys = world.settings, world.keys
    return Emulator(
        EmulatorConfig(
            data_dir=settings.data_dir / "cloudflare",
            account_id=keys.cloudflare_account_id,
            account_hash=keys.cloudflare_account_hash,
            api_token=keys.cloudflare_api_token,
            signing_key=keys.cloudflare_signing_key,
            jwt_keys={keys.delivery_token_id: keys.delivery_token},
            public_delivery_base=settings.delivery_base,
            fetch_bases=(world.objects.presigned_base("internal"),),
            pixel_processes=settings.pixel_processes,
            pixel_cache_bytes=settings.pixel_cache_bytes,
        )
    )


@contextmanager
def _on_stop_signal(act: Callable[[], None]) -> Iterator[None]:
    """Run `act` in the event loop when the process is told to stop.

    The server ends its lifespan only after the last answer has ended, and a live stream has no end of its own. The
    loop still gets every signal through its wake-up descriptor, whatever Python-level handler is set, so this one
    takes nothing away from it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # a server inside another process: it is not stopped by signals
        return
    loop = asyncio.get_running_loop()
    before = {}
    for number in (signal.SIGINT, signal.SIGTERM):
        before[number] = signal.signal(number, lambda *_: loop.call_soon_threadsafe(act))
        signal.siginterrupt(number, False)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


async def _no_face(scope: Scope, receive: Receive, send: Send) -> None:
    """What answers where the face would: 404, and a closed websocket."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1000})
        return
    await send({"type": "http.response.start", "status": 404, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


_NEVER: dict[str, ASGIApp] = {"_upload": _no_face}
"""Reflex's own upload route takes files from anybody; whatever a page uses, it does not exist here."""


def headless() -> ASGIApp:
    """The whole server without the face: API, local Cloudflare and jobs."""
    server = Server(world())
    app = Starlette(lifespan=_lifespan(server))
    app.mount("", server.compose(_no_face))
    return app


def _lifespan(server: Server) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    return lambda _app: server.lifespan()
