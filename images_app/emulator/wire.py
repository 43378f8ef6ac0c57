"""The API's envelope and how an image looks in it."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from starlette.responses import JSONResponse, PlainTextResponse, Response

from images_app.emulator.config import EmulatorConfig
from images_app.emulator.errors import ApiError, NoRoom
from images_app.emulator.images import Image, meta_object

_log = logging.getLogger(__name__)


def success(result: Any) -> Response:
    """A result in its envelope."""
    return JSONResponse({"result": result, "success": True, "errors": [], "messages": []})


def failure(error: ApiError, accept: str = "") -> Response:
    """A refusal in its envelope; as one line of text for who accepts that and no JSON, as older answers were."""
    if isinstance(error, NoRoom):
        _log.warning("the local Cloudflare Images has no room: %s", error.reason)
    headers = {}
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    if _text_only(accept):
        return PlainTextResponse(f"ERROR {error.code}: {error.message}", error.status, headers)
    item: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.pointer:
        item["source"] = {"pointer": error.pointer}
    body = {"result": None, "success": False, "errors": [item], "messages": []}
    return JSONResponse(body, status_code=error.status, headers=headers)


def _text_only(accept: str) -> bool:
    kinds = [item.partition(";")[0].strip().lower() for item in accept.split(",")]
    return "text/plain" in kinds and not {"application/json", "application/*", "*/*"} & set(kinds)


def image(row: Image, variant_names: Sequence[str], config: EmulatorConfig) -> dict[str, Any]:
    """An image as every operation shows it; `meta`, though it is set as `metadata`."""
    place = f"{config.public_delivery_base}/{config.account_hash}/{quote(row.id, safe='/')}"
    return {
        "id": row.id,
        "filename": row.filename,
        "uploaded": moment(row.uploaded_ms),
        "requireSignedURLs": row.require_signed,
        "meta": meta_object(row),
        "creator": row.creator,
        "variants": [f"{place}/{name}" for name in variant_names],
    }


def moment(milliseconds: int) -> str:
    """RFC 3339 with milliseconds."""
    whole, rest = divmod(milliseconds, 1000)
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03d}Z"
