"""The local Cloudflare Images as one ASGI application, mounted in a server or run by itself."""

import asyncio
import logging
import time
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from images_app.emulator import account, api_account, api_images, api_lists, auth, control, direct, images, page, wire
from images_app.emulator.cache import VariantCache
from images_app.emulator.calls import MAX_PATH, Calls, Made
from images_app.emulator.config import EmulatorConfig
from images_app.emulator.content import Content
from images_app.emulator.delivery import deliver, refusal
from images_app.emulator.errors import ApiError, DeliveryError
from images_app.emulator.faults import Faults
from images_app.emulator.fetch import Fetcher
from images_app.emulator.pixels.pool import PixelPool
from images_app.emulator.routing import Call, Router, raw_path, segments
from images_app.emulator.services import Services, Threads
from images_app.emulator.store import Store
from images_app.emulator.suffering import suffer

API_PREFIX = "/cloudflare/client/v4/"
UPLOAD_PREFIX = "/cloudflare/upload/"
DELIVERY_PREFIXES = ("/imagedelivery/", "/cdn-cgi/imagedelivery/")
BATCH_PREFIX = "/cloudflare/batch/"
CONTROL_PREFIX = "/cloudflare/control/"
PREFIXES = (API_PREFIX, UPLOAD_PREFIX, BATCH_PREFIX, CONTROL_PREFIX, *DELIVERY_PREFIXES)
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
        self._control = Router()
        control.routes(self._control)

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
            services = self._services or await self.start()
            at_ms, began = images.now_ms(), time.perf_counter()
            path = raw_path(scope)
            response, operation, fault = await self._answer(services, request, path)
            took_ms = round((time.perf_counter() - began) * 1000, 2)
            status = response.status_code
            services.calls.add(Made(at_ms, request.method, path[:MAX_PATH], operation, status, took_ms, fault))
            await response(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        """For the emulator by itself; a mounted application never gets these."""
        await receive()
        await self.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, services: Services, request: Request, path: str) -> tuple[Response, str, str]:
        """The answer, and for the log of calls the operation and the kind of fault."""
        operation = kind = ""
        try:
            call = self._call(services, request, path)
            operation = call.operation
            if operation in ("control", "page") or not services.faults.any():
                return await call.run(), operation, ""
            fault = await services.threads.run(services.faults.take, operation)
            if fault is None:
                return await call.run(), operation, ""
            kind = fault.kind
            return await suffer(fault, call, request), operation, kind
        except ApiError as error:
            return wire.failure(error, request.headers.get("accept", "")), operation, kind
        except DeliveryError as error:
            return refusal(error), operation, kind
        except Exception:
            _log.exception("internal error in the local Cloudflare Images")
            return wire.failure(ApiError(5500, "Internal error")), operation, kind

    def _call(self, services: Services, request: Request, path: str) -> Call:
        """What a request asks for, its credentials checked. Raises ApiError."""
        for prefix in DELIVERY_PREFIXES:
            if path.startswith(prefix):
                return Call("delivery", partial(deliver, services, request, path.removeprefix(prefix)))
        if path.startswith(UPLOAD_PREFIX):
            upload = segments(path.removeprefix(UPLOAD_PREFIX))
            return Call("upload", partial(direct.upload, services, request, upload))
        if path.startswith(API_PREFIX):
            return self._api(services, request, segments(path.removeprefix(API_PREFIX)))
        if path.startswith(BATCH_PREFIX):
            services.meter.count(auth.check_batch(request.headers, services.config))
            return self._bound(services, request, segments(path.removeprefix(BATCH_PREFIX)), batch=True)
        if path.startswith(CONTROL_PREFIX):
            auth.check(request.headers, request.method, services.config)
            words = segments(path.removeprefix(CONTROL_PREFIX))
            return self._control.find(request.method, words).bind(services, request, words)
        if services.config.page and path == "/":
            return Call("page", partial(page.show, services, request))
        raise ApiError(7003, "Could not route to this path, perhaps your object identifier is invalid?")

    def _api(self, services: Services, request: Request, path: list[str]) -> Call:
        if len(path) < 3 or path[0] != "accounts":
            raise ApiError(7003, "Could not route to this path, perhaps your object identifier is invalid?")
        may_write = auth.may_write(request.headers, services.config)
        auth.check_account(path[1], services.config)
        call = self._bound(services, request, path[2:])
        if not may_write and (request.method != "GET" or call.operation == "batch-token"):
            raise auth.no_permission()
        return call

    def _bound(self, services: Services, request: Request, path: list[str], *, batch: bool = False) -> Call:
        return self._router.find(request.method, path, batch=batch).bind(services, request, path)


async def _open(config: EmulatorConfig) -> Services:
    threads = Threads(_THREADS)
    store = Store(config.data_dir / "images.db")
    services = Services(
        config=config,
        threads=threads,
        store=store,
        content=Content(config.data_dir),
        pool=PixelPool(
            config.pixel_processes,
            memory_bytes=config.pixel_memory_bytes,
            seconds=config.pixel_seconds,
            threads=threads.executor,
        ),
        cache=VariantCache(config.data_dir / "cache", config.pixel_cache_bytes, threads),
        fetcher=Fetcher(config),
        faults=Faults(store),
        calls=Calls(),
        meter=auth.Meter(config.batch_calls_per_second),
    )
    await threads.run(_prepare, services)
    await services.cache.load()
    return services


def _prepare(services: Services) -> None:
    services.content.prepare()
    services.store.prepare()
    services.faults.prepare()
    with services.store.write() as db:
        account.give_default_key(db, services.config.signing_key)
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
