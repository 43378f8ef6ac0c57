"""Operations on one image: create, details, edit, delete, the original bytes."""

import dataclasses
import json
import re
import uuid
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from images_app.emulator import account, direct, drafts, forms, images, intake, wire
from images_app.emulator.errors import ApiError
from images_app.emulator.formats import CONTENT_TYPES
from images_app.emulator.images import Image
from images_app.emulator.routing import Router
from images_app.emulator.services import Services

_MAX_JSON_BYTES = 64 * 1024


def routes(router: Router) -> None:
    """Register the operations of this module."""
    router.add("POST", "images/v1", "create", create, batch=True)
    router.add("GET", "images/v1/{image_id}", "get", details, batch=True)
    router.add("PATCH", "images/v1/{image_id}", "edit", edit, batch=True)
    router.add("DELETE", "images/v1/{image_id}", "delete", delete, batch=True)
    router.add("GET", "images/v1/{image_id}/blob", "blob", blob)


async def create(services: Services, request: Request) -> Response:
    """From `file` or from `url`, never both."""
    form = await forms.read(request, services)
    try:
        metadata = forms.metadata(form.fields)
        url = form.fields.pop("url", None)
        asked = intake.wanted(form.fields, metadata)
        if (url is None) == (form.file is None):
            raise ApiError(5400, "Bad request: exactly one of file and url must be given")
        if asked.id is not None:
            await services.threads.run(_refuse_taken, services, asked.id)
    except BaseException:
        if form.file is not None:
            await services.threads.run(form.file.discard)
        raise
    if form.file is not None:
        row, names = await intake.store(
            services, form.file, content_type=form.content_type, filename=form.filename, asked=asked
        )
    else:
        row, names = await _copy(services, url or "", asked)
    return wire.success(wire.image(row, names, services.config))


def _refuse_taken(services: Services, image_id: str) -> None:
    with services.store.read() as db:
        if images.find(db, image_id) or drafts.find(db, image_id):
            raise ApiError(5409, "Resource already exists")


async def _copy(services: Services, url: str, asked: intake.Wanted) -> tuple[Image, list[str]]:
    async with services.fetcher.open(url) as origin:
        incoming = await services.threads.run(services.content.incoming)
        try:
            async for chunk in origin.chunks:
                await services.threads.run(incoming.write, chunk)
        except BaseException:
            await services.threads.run(incoming.discard)
            raise
    return await intake.store(
        services, incoming, content_type=origin.content_type, filename=origin.filename, asked=asked
    )


async def details(services: Services, request: Request, image_id: str) -> Response:
    """One image."""
    return await services.threads.run(_details, services, image_id)


def _details(services: Services, image_id: str) -> Response:
    with services.store.read() as db:
        draft = drafts.find(db, image_id)
        if draft is not None:
            return wire.success(direct.shown(draft, account.variant_names(db), services))
        return wire.success(wire.image(images.get(db, image_id), account.variant_names(db), services.config))


async def edit(services: Services, request: Request, image_id: str) -> Response:
    """Replace metadata, creator or access; a change of access gives the image a new id."""
    body = await json_body(request)
    for name in body:
        if name not in ("metadata", "creator", "requireSignedURLs"):
            raise ApiError(5400, f"Bad request: unknown field {str(name)[:60]!r}")
    return await services.threads.run(_edit, services, image_id, body)


def _edit(services: Services, image_id: str, body: dict[str, Any]) -> Response:
    with services.store.write() as db:
        row = images.get(db, image_id)
        changed = _changed(row, body)
        images.update(db, image_id, changed)
        return wire.success(wire.image(changed, account.variant_names(db), services.config))


def _changed(row: Image, body: dict[str, Any]) -> Image:
    changes: dict[str, Any] = {}
    if "metadata" in body:
        changes["meta"] = json.dumps(forms.check_metadata(body["metadata"]))
    if "creator" in body:
        creator = body["creator"]
        if creator is not None and not isinstance(creator, str):
            raise ApiError(5400, "Bad request: creator must be a string", pointer="/creator")
        intake.check_creator(creator)
        changes["creator"] = creator or None
    signed = body.get("requireSignedURLs", row.require_signed)
    if not isinstance(signed, bool):
        raise ApiError(5400, "Bad request: requireSignedURLs must be a boolean", pointer="/requireSignedURLs")
    if signed != row.require_signed:
        if row.custom_id:
            raise ApiError(5400, images.CUSTOM_IS_PUBLIC)
        changes |= {"require_signed": signed, "id": str(uuid.uuid4())}
    return dataclasses.replace(row, **changes)


async def delete(services: Services, request: Request, image_id: str) -> Response:
    """The row, its bytes and every variant made of them."""
    unused = await services.threads.run(_delete, services, image_id)
    if unused is not None:
        await services.cache.purge(unused)
    return wire.success({})


def _delete(services: Services, image_id: str) -> str | None:
    """The SHA-256 of a content that nobody uses any more."""
    with services.store.write() as db:
        if drafts.delete(db, image_id):
            return None
        image, shared = images.delete(db, image_id)
    services.content.remove(image.blob)
    return None if shared else image.sha256


async def blob(services: Services, request: Request, image_id: str) -> Response:
    """The bytes as they were uploaded."""
    return await services.threads.run(_blob, services, image_id, request.headers)


def _blob(services: Services, image_id: str, asked: Headers) -> Response:
    with services.store.read() as db:
        image = images.get(db, image_id)
    try:
        data = services.content.path(image.blob).read_bytes()
    except FileNotFoundError:
        raise ApiError(5404, "Image not found") from None
    headers = {
        "ETag": f'"{image.sha256}"',
        "Accept-Ranges": "bytes",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    is_same = asked.get("if-range", headers["ETag"]) == headers["ETag"]
    wanted = _range(asked.get("range", ""), len(data)) if is_same else None
    if wanted is None:
        return Response(data, media_type=CONTENT_TYPES[image.format], headers=headers)
    if not wanted:
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{len(data)}"})
    headers["Content-Range"] = f"bytes {wanted.start}-{wanted.stop - 1}/{len(data)}"
    part = data[wanted.start : wanted.stop]
    return Response(part, 206, headers, media_type=CONTENT_TYPES[image.format])


def _range(header: str, size: int) -> range | None:
    """The one byte range that is asked for, empty when it cannot be met; None: everything."""
    match = re.fullmatch(r"bytes=([0-9]{0,15})-([0-9]{0,15})", header.strip())
    if match is None or match[0] == "bytes=-":
        return None
    if not match[1]:
        return range(max(0, size - int(match[2])), size)
    if match[2] and int(match[2]) < int(match[1]):
        return None
    return range(int(match[1]), min(int(match[2] or size - 1) + 1, size))


async def json_body(request: Request) -> dict[str, Any]:
    """A JSON object; raises ApiError 5400."""
    data = b""
    async for chunk in request.stream():
        data += chunk
        if len(data) > _MAX_JSON_BYTES:
            raise ApiError(5413, "The request body is too large")
    try:
        body = json.loads(data or b"{}")
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise ApiError(5400, "Bad request: the body must be a JSON object")
    return body
