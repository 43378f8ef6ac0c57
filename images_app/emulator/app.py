"""The local Cloudflare Images as one ASGI application, mounted in a server or run by itself."""

import asyncio
import logging

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from images_app.emulator import api_account, api_images, api_lists, auth, direct, images, wire
from images_app.emulator.cache import VariantCache
from images_app.emulator.config import EmulatorConfig
from images_app.emulator.content import Content
from images_app.emulator.delivery import deliver
from images_app.emulator.errors import ApiError
from images_app.emulator.fetch import Fetcher
from images_app.emulator.pixels.pool import PixelPool
from images_app.emulator.routing import Router, raw_path, segments
from images_app.emulator.services import Services, Threads
from images_app.emulator.store import Store

API_PREFIX = "/cloudflare/client/v4/"
UPLOAD_PREFIX = "/cloudflare/upload/"
DELIVERY_PREFIXES = ("/imagedelivery/", "/cdn-cgi/imagedelivery/")
PREFIXES = (API_PREFIX, UPLOAD_PREFIX, *DELIVERY_PREFIXES)
"""Every path that a host application hands over begins with one of these."""

__all__ = ["PREFIXES", "Emulator", "EmulatorConfig", "create_app"]

_THREADS = 8
_log = logging.getLogger(__name__)


class Emulator:
    """An ASGI application with a life: `start` before the first request (or with it), `close` at the end.

    A host application mounts it at the root, or hands over the paths under PREFIXES with their scope unchanged.
    Everything runs on the event loop of the first `start`; nothing blocks that loop.
    """

    def __init__(self, config: EmulatorConfig) -> None:
        self.config = config
        self._services: Services | None = None
        self._lock = asyncio.Lock()
        self._router = Router()
        api_images.routes(self._router)
        api_lists.routes(self._router)
        api_account.routes(self._router)
        direct.routes(self._router)

    @property
    def app(self) -> ASGIApp:
        """What a host application mounts."""
        return self

    async def start(self) -> Services:
        """Open the store and make the pool (its children start when they are needed). Does nothing when running."""
        async with self._lock:
            if self._services is None:
                self._services = await _open(self.config)
            return self._services

    async def close(self) -> None:
        """Stop the children and close every file. The emulator may be started again."""
        async with self._lock:
            if self._services is not None:
                await _close(self._services)
                self._services = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            request = Request(scope, receive)
            response = await self._answer(request, raw_path(scope))
            await response(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        """For the emulator by itself; a mounted application never gets these."""
        await receive()
        await self.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, request: Request, path: str) -> Response:
        services = self._services or await self.start()
        for prefix in DELIVERY_PREFIXES:
            if path.startswith(prefix):
                return await deliver(services, request, path.removeprefix(prefix))
        try:
            if path.startswith(API_PREFIX):
                return await self._api(services, request, segments(path.removeprefix(API_PREFIX)))
            if path.startswith(UPLOAD_PREFIX):
                return await direct.upload(services, request, segments(path.removeprefix(UPLOAD_PREFIX)))
        except ApiError as error:
            return wire.failure(error)
        except Exception:
            _log.exception("internal error in the local Cloudflare Images")
            return wire.failure(ApiError(5500, "Internal error"))
        return PlainTextResponse("Not found", 404)

    async def _api(self, services: Services, request: Request, path: list[str]) -> Response:
        if len(path) < 3 or path[0] != "accounts":
            raise ApiError(7003, "Could not route to this path, perhaps your object identifier is invalid?")
        auth.check(request.headers, path[1], services.config)
        return await self._router.call(services, request, path[2:])


async def _open(config: EmulatorConfig) -> Services:
    threads = Threads(_THREADS)
    services = Services(
        config=config,
        threads=threads,
        store=Store(config.data_dir / "images.db"),
        content=Content(config.data_dir),
        pool=PixelPool(
            config.pixel_processes,
            memory_bytes=config.pixel_memory_bytes,
            seconds=config.pixel_seconds,
            threads=threads.executor,
        ),
        cache=VariantCache(config.data_dir / "cache", config.pixel_cache_bytes, threads),
        fetcher=Fetcher(config),
    )
    await threads.run(_prepare, services)
    await services.cache.load()
    return services


def _prepare(services: Services) -> None:
    services.content.prepare()
    services.store.prepare()
    with services.store.read() as db:
        known = images.blobs(db)
    services.content.sweep(known)


async def _close(services: Services) -> None:
    await services.cache.close()
    await services.pool.close()
    await services.fetcher.close()
    services.threads.executor.shutdown(wait=False)
    await asyncio.to_thread(services.threads.executor.shutdown)
    services.store.close()


def create_app(config: EmulatorConfig) -> Emulator:
    """The local Cloudflare Images of one account."""
    return Emulator(config)
