"""Taking in an image: what it may be called, whether its bytes are one, and the moment it becomes visible."""

import asyncio
import json
import re
import uuid
from dataclasses import dataclass
from sqlite3 import Connection
from typing import Any

from images_app.emulator import account, drafts, images
from images_app.emulator.config import MAX_PIXELS, MAX_SIDE
from images_app.emulator.content import Incoming
from images_app.emulator.drafts import DraftImage
from images_app.emulator.errors import ApiError
from images_app.emulator.formats import ACCEPTED, sniff
from images_app.emulator.images import Image
from images_app.emulator.pixels.pool import PixelCrash, PixelFault, PixelsBusy
from images_app.emulator.services import Services

_TYPES = "Uploaded image must have image/jpeg, image/png, image/webp, image/gif or image/svg+xml content-type"
_IMAGE_EXTENSIONS = ("jpg", "jpeg", "png", "gif", "webp", "svg", "avif", "heic", "heif", "bmp", "tif", "tiff", "ico")
_MAX_CREATOR = 1024


@dataclass(frozen=True)
class Wanted:
    """What the caller said about a new image; `id` is None unless it is a custom one."""

    id: str | None
    metadata: dict[str, Any]
    creator: str | None
    require_signed: bool


def wanted(fields: dict[str, str], metadata: dict[str, Any]) -> Wanted:
    """Checks the fields that are left when file, url and metadata are taken out. Raises ApiError 5400 or 5411."""
    custom = fields.pop("id", None)
    creator = fields.pop("creator", None)
    signed = fields.pop("requireSignedURLs", "false")
    for name in fields:
        raise ApiError(5400, f"Bad request: unknown field {name[:60]!r}")
    if signed not in ("true", "false"):
        raise ApiError(5400, "Bad request: requireSignedURLs must be true or false", pointer="/requireSignedURLs")
    check_creator(creator)
    if custom is not None:
        check_custom_id(custom)
        if signed == "true":
            raise ApiError(5400, images.CUSTOM_IS_PUBLIC)
    return Wanted(custom, metadata, creator or None, signed == "true")


def check_creator(creator: str | None) -> None:
    """Raises ApiError 5400."""
    if creator is not None and (len(creator) > _MAX_CREATOR or not creator.isprintable()):
        message = f"Bad request: creator must be at most {_MAX_CREATOR} printable characters"
        raise ApiError(5400, message, pointer="/creator")


def check_custom_id(value: str) -> None:
    """Raises ApiError 5411 with its reason."""
    if not value or len(value) > 1024:
        raise _bad_id("Must have 1 to 1024 characters")
    if not value.isprintable() or "\\" in value:
        raise _bad_id("Must not contain control characters or backslashes")
    if value.startswith("/") or value.endswith("/"):
        raise _bad_id("Must not begin or end with a slash")
    if any(segment in ("", ".", "..") for segment in value.split("/")):
        raise _bad_id("Must not have empty or dot segments")
    if re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32}", value):
        raise _bad_id("Must not be UUID")
    _, dot, extension = value.rpartition("/")[2].rpartition(".")
    if dot and extension.lower() not in _IMAGE_EXTENSIONS:
        raise _bad_id("Must not use a non-image file name extension")


def _bad_id(reason: str) -> ApiError:
    return ApiError(5411, f"Invalid custom ID: {reason}", pointer="/id")


async def store(
    services: Services,
    incoming: Incoming,
    *,
    content_type: str,
    filename: str,
    asked: Wanted,
    draft: DraftImage | None = None,
) -> tuple[Image, list[str]]:
    """Judge the bytes and make them an image. They are used up either way.

    `draft`: the direct upload that this completes; `asked` then has its id, whoever made that up.

    Visible is what has a row: the content is durable before the row is committed, and a content without a row is
    swept later. Returns the row and the names of the account's variants. Raises ApiError.
    """
    try:
        format = _format(content_type, incoming)
        sha256 = await services.threads.run(incoming.finish)
        facts = await _inspect(services, incoming, format)
        blob = await services.threads.run(services.content.keep, incoming)
    finally:
        await services.threads.run(incoming.discard)
    row = Image(
        id=asked.id or str(uuid.uuid4()),
        custom_id=asked.id is not None if draft is None else draft.custom_id,
        filename=filename,
        meta=json.dumps(asked.metadata),
        creator=asked.creator,
        require_signed=asked.require_signed,
        uploaded_ms=images.now_ms(),
        blob=blob,
        sha256=sha256,
        size=incoming.size,
        format=format,
        width=facts["width"],
        height=facts["height"],
        frames=facts["frames"],
        alpha=facts["alpha"],
    )
    # Shielded: a caller who goes away now must not leave it open whether there is an image.
    return row, await asyncio.shield(services.threads.run(_commit, services, row, draft))


def _commit(services: Services, row: Image, draft: DraftImage | None) -> list[str]:
    try:
        with services.store.write() as db:
            if draft is not None:
                drafts.open_for_upload(db, draft.id)
                drafts.delete(db, draft.id)
            elif drafts.find(db, row.id):
                raise ApiError(5409, "Resource already exists")
            _require_room(db, services.config.allowance)
            images.insert(db, row)
            return account.variant_names(db)
    except BaseException:
        services.content.remove(row.blob)
        raise


def _require_room(db: Connection, allowance: int | None) -> None:
    if allowance is not None and images.count(db) >= allowance:
        raise ApiError(5453, f"The account has reached its limit of {allowance} images")


def _format(content_type: str, incoming: Incoming) -> str:
    """By the declared type and by the bytes: both must be accepted ones, and the bytes decide between them."""
    declared = content_type.partition(";")[0].strip().lower()
    if declared not in ACCEPTED.values():
        raise ApiError(5455, _TYPES)
    if incoming.size == 0:
        raise ApiError(5400, "Bad request: the image has no bytes")
    format = sniff(incoming.head)
    if format is None:
        raise ApiError(9422, "Decode error: the file may be incomplete or damaged")
    if format not in ACCEPTED:
        raise ApiError(5455, _TYPES)
    return format


async def _inspect(services: Services, incoming: Incoming, format: str) -> dict[str, Any]:
    message = {
        "do": "inspect",
        "source": str(incoming.path),
        "format": format,
        "max_side": MAX_SIDE,
        "max_pixels": MAX_PIXELS,
    }
    try:
        facts = await services.pool.run(message)
    except PixelFault as fault:
        if fault.kind == "pixels":
            raise ApiError(9422, "Decode error: the file may be incomplete or damaged") from None
        raise ApiError(5500, f"Internal error: {fault.kind}") from None
    except PixelCrash:
        raise ApiError(5500, "Internal error while the image was read") from None
    except PixelsBusy:
        raise ApiError(5503, "Service unavailable: too many images are waiting") from None
    if format != "svg":
        _check_size(facts)
    return facts


def _check_size(facts: dict[str, Any]) -> None:
    width, height, frames = facts["width"], facts["height"], facts["frames"]
    if max(width, height) > MAX_SIDE:
        raise ApiError(5400, f"Bad request: the image has {width}x{height} pixels, the most is {MAX_SIDE} a side")
    if width * height * frames > MAX_PIXELS:
        if frames > 1:
            raise ApiError(5443, "Animation is too long: its frames cannot exceed 100 million pixels together")
        raise ApiError(5400, f"Bad request: the image has {width * height} pixels, the most is 100 million")
