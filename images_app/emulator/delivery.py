"""Delivery of images: `/<account hash>/<image id>/<variant or options>`."""

import asyncio
import logging
import shutil
import time
from collections.abc import Coroutine
from dataclasses import asdict, dataclass
from pathlib import Path
from sqlite3 import Connection
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from images_app.emulator import account, images, options, recipe, signatures
from images_app.emulator.cache import NotWritten
from images_app.emulator.config import MAX_PIXELS
from images_app.emulator.errors import DeliveryError
from images_app.emulator.formats import CONTENT_TYPES
from images_app.emulator.images import Image
from images_app.emulator.options import Options
from images_app.emulator.pixels.pool import PixelCrash, PixelFault, PixelsBusy
from images_app.emulator.recipe import Recipe
from images_app.emulator.routing import segments
from images_app.emulator.services import Services

T = TypeVar("T")

_log = logging.getLogger(__name__)
_STALE_SECONDS = 7200
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    # The app's page and this may be two loopback names, which browsers hold for two sites.
    "Cross-Origin-Resource-Policy": "cross-origin",
}
_SVG_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
    "Content-Disposition": "attachment",
}


@dataclass(frozen=True)
class _Target:
    """What a URL names, and how long it may be kept."""

    image: Image
    options: Options
    browser_ttl: int
    expires: int | None
    """Unix seconds, for a signed URL."""


@dataclass(frozen=True)
class _Found:
    """What a request comes to; `ready` is the result when nobody has to make it."""

    target: _Target
    order: Recipe
    key: str
    is_known: bool
    """The client has it already."""
    ready: bytes | None


async def deliver(services: Services, request: Request, path: str) -> Response:
    """Answer GET or HEAD for the encoded path after the mount point."""
    try:
        if request.method not in ("GET", "HEAD"):
            raise DeliveryError(9432, "Bad request: only GET and HEAD")
        return await _answer(services, request, await services.threads.run(_look, services, request, path))
    except DeliveryError as error:
        return refusal(error)
    except Exception:
        _log.exception("internal error at delivery")
        return refusal(DeliveryError(9523, "Internal error"))


def refusal(error: DeliveryError) -> Response:
    """As text, with the number in a header."""
    headers = {**_HEADERS, "cf-images": f"err={error.code}", "Cache-Control": "no-store"}
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    return Response(f"ERROR {error.code}: {error.message}", error.status, headers, media_type="text/plain")


def _look(services: Services, request: Request, path: str) -> _Found:
    """Everything that a thread can find out by itself, so that a cached result costs one change of threads."""
    target = _find(services, path, request.url.query)
    source = target.image.source
    order = recipe.make(target.options, source, request.headers.get("accept", ""))
    key = order.key(source)
    is_known = _matches(request.headers.get("if-none-match", ""), key)
    needed = not is_known and target.options.format != "json"
    return _Found(target, order, key, is_known, services.cache.peek(source.sha256, key) if needed else None)


def _find(services: Services, path: str, query: str) -> _Target:
    parts = segments(path)
    if len(parts) < 3 or "" in parts:
        raise DeliveryError(9432, "Bad request: expected /<account hash>/<image id>/<variant name>")
    if parts[0] != services.config.account_hash:
        raise DeliveryError(9427, "The account hash is not valid")
    with services.store.read() as db:
        image, flexible = _image(db, parts)
        if image is None:
            raise DeliveryError(9404, "Image not found")
        switches = account.switches(db, flexible=services.config.flexible_variants)
        keys = [key["value"] for key in account.keys(db)] if image.require_signed else []
        variant = None if flexible else account.find_variant(db, parts[-1])
    ttl = switches["browser_ttl"]
    if flexible:
        return _flexible(image, path.rpartition("/")[2], switches["flexible_variants"], ttl)
    if variant is None:
        raise DeliveryError(9425, "Access denied: this account doesn't have variant with this name")
    expires = None
    if image.require_signed and not variant.never_require_signed:
        names = (parts[0], image.id, variant.id)
        expires = signatures.expiry(f"/{path}", query, names, keys=keys, jwt_keys=services.config.jwt_keys)
        if expires is None:
            raise DeliveryError(9425, "Access denied: a valid signature is required")
    ttl = variant.options.get("browser_ttl", ttl)
    return _Target(image, options.of_variant(variant.options), ttl, expires)


def _image(db: Connection, parts: list[str]) -> tuple[Image | None, bool]:
    """The image, and whether the last segment is a list of options.

    Cloudflare puts options in the place of the variant; `<id>/<variant>/<options>` is taken as well, because the
    product's documents write it so. An id that really ends like that goes first.
    """
    flexible = "=" in parts[-1]
    image = images.find(db, "/".join(parts[1:-1]))
    if image is None and flexible and len(parts) > 3 and account.find_variant(db, parts[-2]):
        image = images.find(db, "/".join(parts[1:-2]))
    return image, flexible


def _flexible(image: Image, segment: str, switch: bool, ttl: int) -> _Target:
    if not switch:
        raise DeliveryError(9429, "Flexible variants are not enabled for this account")
    if image.require_signed:
        raise DeliveryError(
            9425, "Access denied: flexible variants cannot be used with images that require signed URLs"
        )
    return _Target(image, options.parse(segment), ttl, None)


async def _answer(services: Services, request: Request, found: _Found) -> Response:
    target, order, key = found.target, found.order, found.key
    sha256 = target.image.sha256
    headers = {**_HEADERS, "Vary": "Accept", "Cache-Control": _cache_control(target)}
    if target.options.format == "json":
        return JSONResponse(_described(order, target.image), headers=headers)
    headers["ETag"] = f'"{key}"'
    if order.format == "svg":
        headers |= _SVG_HEADERS
    if found.is_known:
        return Response(status_code=304, headers=headers)
    if found.ready is not None:
        data, was_there = found.ready, True
        services.cache.used(sha256, key, len(data))
    else:
        work = services.cache.get(sha256, key, lambda path: _make(services, target, order, path))
        data, was_there = await _while_connected(request, work)
    headers["cf-images"] = f"internal=ok/{'h' if was_there else 'm'}"
    return Response(data, headers=headers, media_type=CONTENT_TYPES[order.format])


async def _while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`; a client that goes away cancels it, so that nobody's picture is computed for nobody."""
    task = asyncio.create_task(work)
    gone = asyncio.create_task(_disconnected(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise DeliveryError(9522, "The client went away")
        return task.result()
    finally:
        for each in (task, gone):
            each.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _cache_control(target: _Target) -> str:
    if target.expires is not None:
        left = max(0, target.expires - int(time.time()))
        return f"private, max-age={min(left, target.browser_ttl)}"
    return f"public, max-age={target.browser_ttl}, stale-while-revalidate={_STALE_SECONDS}"


def _described(order: Recipe, image: Image) -> dict[str, object]:
    original = {
        "file_size": image.size,
        "width": image.width,
        "height": image.height,
        "format": CONTENT_TYPES[image.format],
    }
    return {"width": order.width, "height": order.height, "original": original}


def _matches(header: str, key: str) -> bool:
    tags = [tag.strip().removeprefix("W/").strip('"') for tag in header.split(",")]
    return key in tags or tags == ["*"]


async def _make(services: Services, target: _Target, order: Recipe, path: Path) -> None:
    """Write the result to `path`. Raises DeliveryError, NotWritten, NoRoom."""
    source = services.content.path(target.image.blob)
    try:
        if order.action == "copy":
            await services.threads.run(shutil.copyfile, source, path)
        else:
            await services.pool.run({"do": "render", "source": str(source), "target": str(path), **asdict(order)})
    except (FileNotFoundError, PixelFault) as fault:
        kind = fault.kind if isinstance(fault, PixelFault) else "missing"
        if kind == "disk":
            raise NotWritten(str(fault)) from None
        if not await services.threads.run(source.exists):
            raise DeliveryError(9404, "Image not found") from None
        if kind == "missing":  # not the image: the folder of its results, which somebody else removed just now
            raise NotWritten(str(fault)) from None
        if kind == "memory":
            raise DeliveryError(9413, f"The image needs too much memory (at most {MAX_PIXELS} pixels)") from None
        _log.warning("image %s could not be rendered: %s", target.image.id, fault)
        raise DeliveryError(9516, "Internal error while the image was decoded or encoded") from None
    except PixelCrash:
        raise DeliveryError(9523, "Internal error: the image could not be processed") from None
    except PixelsBusy:
        raise DeliveryError(9522, "Service is busy") from None
