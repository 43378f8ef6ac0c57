"""Files on their way in: from the socket through a block of memory into the object store, then into the database.

- The two parts come in either order. As soon as the workspace is known the uploader's right to write there is
  checked, before any more bytes are read; a file that comes before it waits in a nameless temporary file on disk.
- Nothing but one block is ever in memory. Nothing is left behind when the upload fails at any point.
- An upload that is refused while its bytes still come is answered at once; what becomes of the rest, `bodies` says.
"""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from anyio import CancelScope
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from images_app.api.deps import IdempotencyKey, ViewerDep, WorldDep, identify
from images_app.api.files import FileShown, shown
from images_app.api.incoming import Incoming
from images_app.api.multipart import Reader
from images_app.api.schemas import fails
from images_app.bootstrap import World
from images_app.core.access import Viewer
from images_app.errors import FileTooLarge, Forbidden, InvalidParameter
from images_app.models import File

router = APIRouter(tags=["files"])

_AROUND_BYTES = 64 * 1024
"""More than boundaries and headers of two parts can take, so a longer body has too large a file."""
_COUNTED_BYTES = 16 * 1024 * 1024
"""So far a file that is too large is read on, so that the refusal can say how large it is."""
_IDLE_S = 60.0
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["workspaceId", "file"],
                    "additionalProperties": False,
                    "properties": {
                        "workspaceId": {"type": "string", "description": "Where the file shall be."},
                        "file": {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"},
                    },
                }
            }
        },
    }
}
_FIRST: dict[int | str, dict[str, Any]] = {
    200: {"model": FileShown, "description": "The file that this Idempotency-Key made before."}
}


@router.post(
    "/files",
    status_code=201,
    response_model=FileShown,
    responses=_FIRST | fails(400, 401, 403, 404, 413, 422),
    openapi_extra=_BODY,
)
async def upload_file(
    request: Request, response: Response, world: WorldDep, viewer: ViewerDep, idempotency_key: IdempotencyKey = None
) -> FileShown | Response:
    """Upload a file. An image appears in the gallery by itself soon after."""
    try:
        file, is_new = await _receive(request, world, viewer, idempotency_key)
    except ClientDisconnect:
        return Response(status_code=400)  # nobody is there to read it
    response.status_code = 201 if is_new else 200
    response.headers["Location"] = f"/api/files/{file.id}"
    return shown(file)


async def _receive(request: Request, world: World, viewer: Viewer, idempotency_key: str | None) -> tuple[File, bool]:
    """The file that this request makes, or that the same one made before; and whether it is new."""
    if "write" not in viewer.scopes:
        raise Forbidden("This token does not have the scope 'write'.")
    limit = world.settings.max_file_bytes
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit + _AROUND_BYTES:
        raise FileTooLarge(limit, int(announced))
    reader = Reader(request.headers.get("content-type", ""))
    most = int(announced) if announced.isdecimal() else 0
    incoming = Incoming(world, partial(identify, request), limit, idempotency_key, max(0, most - _AROUND_BYTES))
    received = 0
    try:
        async for chunk in _chunks(request):
            received += len(chunk)
            if received > limit + _AROUND_BYTES + _COUNTED_BYTES:
                raise FileTooLarge(limit, max(incoming.size, limit + 1))
            for event in reader.feed(chunk):
                await incoming.take(event)
        reader.finish()
        return await run_in_threadpool(incoming.finish)
    finally:
        with CancelScope(shield=True):  # leaving nothing behind may need the network
            await run_in_threadpool(incoming.close)


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    """Everything. Raises InvalidParameter when nothing comes for a while, ClientDisconnect when the client left."""
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout(_IDLE_S):
                chunk = await anext(stream, None)
        except TimeoutError:
            raise InvalidParameter(f"The upload stalled: nothing came for {_IDLE_S:.0f} seconds.") from None
        if chunk is None:
            return
        yield chunk
