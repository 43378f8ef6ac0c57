"""Direct upload: an authenticated call makes a one-time URL, and anybody may POST one file to it."""

import json
import uuid
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from images_app.emulator import drafts, forms, images, intake, wire
from images_app.emulator.drafts import DraftImage
from images_app.emulator.errors import ApiError
from images_app.emulator.images import Image
from images_app.emulator.routing import Router
from images_app.emulator.services import Services

_CROSS_ORIGIN = {"Access-Control-Allow-Origin": "*"}
_PREFLIGHT = {
    **_CROSS_ORIGIN,
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Max-Age": "600",
}


def routes(router: Router) -> None:
    """Register the operation of this module."""
    router.add("POST", "images/v2/direct_upload", "direct-upload", create, batch=True)


async def create(services: Services, request: Request) -> Response:
    """A draft, and the URL that takes its bytes."""
    form = await forms.read(request, services)
    if form.file is not None:
        await services.threads.run(form.file.discard)
        raise ApiError(5400, "Bad request: a direct upload is created without a file")
    now = images.now_ms()
    expires = drafts.expiry(form.fields.pop("expiry", None), now)
    asked = intake.wanted(form.fields, forms.metadata(form.fields))
    draft = DraftImage(
        id=asked.id or str(uuid.uuid4()),
        custom_id=asked.id is not None,
        meta=json.dumps(asked.metadata),
        creator=asked.creator,
        require_signed=asked.require_signed,
        created_ms=now,
        expires_ms=expires,
    )
    await services.threads.run(_insert, services, draft)
    place = f"{services.config.upload_base}/{services.config.account_hash}/{quote(draft.id, safe='/')}"
    return wire.success({"id": draft.id, "uploadURL": place})


def _insert(services: Services, draft: DraftImage) -> None:
    with services.store.write() as db:
        drafts.insert(db, draft)


async def upload(services: Services, request: Request, path: list[str]) -> Response:
    """POST of the bytes, without credentials: `path` is the account hash and the draft's id."""
    if request.method == "OPTIONS":
        return Response(status_code=204, headers=_PREFLIGHT)
    try:
        response = wire.success(await _upload(services, request, path))
    except ApiError as error:
        response = wire.failure(error, request.headers.get("accept", ""))
    response.headers.update(_CROSS_ORIGIN)
    return response


async def _upload(services: Services, request: Request, path: list[str]) -> dict[str, object]:
    if request.method != "POST":
        raise ApiError(7001, f"Method {request.method} not available for that URI")
    if path[0] != services.config.account_hash:
        raise ApiError(5404, "Image not found: the upload is unknown or has expired")
    draft = await services.threads.run(_find, services, "/".join(path[1:]))
    form = await forms.read(request, services)
    if form.file is None:
        raise ApiError(5400, "Bad request: the form must have one file, in the field 'file'")
    if form.fields:
        await services.threads.run(form.file.discard)
        raise ApiError(5400, f"Bad request: unknown field {next(iter(form.fields))[:60]!r}")
    asked = intake.Wanted(draft.id, json.loads(draft.meta), draft.creator, draft.require_signed)
    row, names = await intake.store(
        services,
        form.file,
        content_type=form.content_type,
        filename=form.filename,
        asked=asked,
        draft=draft,
    )
    return wire.image(row, names, services.config)


def _find(services: Services, image_id: str) -> DraftImage:
    with services.store.read() as db:
        return drafts.open_for_upload(db, image_id)


def shown(draft: DraftImage, names: list[str], services: Services) -> dict[str, object]:
    """A draft as details show it: an image without bytes or filename, and with `draft`."""
    row = Image(
        draft.id, draft.custom_id, "", draft.meta, draft.creator, draft.require_signed, draft.created_ms,
        blob="", sha256="", size=0, format="", width=0, height=0, frames=0, alpha=False,
    )  # fmt: skip
    return wire.image(row, names, services.config) | {"draft": True}
