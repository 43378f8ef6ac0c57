"""Stored objects under their presigned URLs, for a store that has no server of its own.

The bytes are whatever somebody uploaded, so they must never run on our origin: no sniffing, no script, and only what
browsers draw as a picture is shown in place; everything else is a download.
"""

import hashlib
import re
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse

from images_app.api import problems
from images_app.api.deps import WorldDep
from images_app.errors import NotFound
from images_app.storage.base import ServesPresigned

router = APIRouter(include_in_schema=False)

_RANGE = re.compile(r"bytes=(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))")


@router.api_route("/objects/{name}", methods=["GET", "HEAD"])
def get_object(name: str, request: Request, world: WorldDep, token: Annotated[str, Query()] = "") -> Response:
    """The object that the token names, whole or one range of it."""
    if not isinstance(world.objects, ServesPresigned):
        raise NotFound
    grant = world.objects.resolve(token, name)
    stat = grant.path.stat()
    etag = hashlib.sha256(f"{grant.info.key} {stat.st_mtime_ns} {stat.st_size}".encode()).hexdigest()[:32]
    headers = {
        "ETag": f'"{etag}"',
        "Cache-Control": "private, max-age=300",
        "Content-Disposition": grant.disposition,
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    if f'"{etag}"' in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers={name: headers[name] for name in ("ETag", "Cache-Control")})
    if not _keep_range(request, stat.st_size):
        return problems.problem(
            problems.request_id(request.scope),
            416,
            "range_not_satisfiable",
            "Range not satisfiable",
            f"The object has {stat.st_size} bytes.",
            headers={"Content-Range": f"bytes */{stat.st_size}"},
        )
    return FileResponse(grant.path, headers=headers, media_type=grant.info.content_type, stat_result=stat)


def _keep_range(request: Request, size: int) -> bool:
    """Whether the request can be answered. A range of a form that we do not serve is dropped, as RFC 9110 has it."""
    asked = request.headers.get("range")
    if asked is None:
        return True
    found = _RANGE.fullmatch(asked.strip())
    first, last, suffix = found.groups() if found else (None, None, None)
    if found is None or (first and last and int(last) < int(first)):
        request.scope["headers"] = [header for header in request.scope["headers"] if header[0] != b"range"]
        return True
    return int(suffix) > 0 and size > 0 if suffix is not None else int(first or 0) < size
