"""Cloudflare's answers as they come over the wire: the envelope, the older text form, and what they mean."""

import email.utils
import json
import re
from datetime import UTC, datetime
from typing import Any, Literal

from images_app.cloudflare.base import RemoteImage
from images_app.errors import CloudflareError

_RETRYABLE_CODES = frozenset({5408, 5433, 5450, 5454, 5500, 5503, 5540, 5541, 5542, 5543, 5544, 5550})
"""Slow or aborted transfers, a failed fetch of the given URL, and Cloudflare's own faults."""
_FULL = 5453
_TRANSFORMATIONS_USED_UP = 9422
"""With status 429 only: with any other, the API says by it that a picture cannot be decoded."""
_REFUSED_CODES = frozenset({5403, 6003, 6111, 7003, 9103, 9106, 9109, 10000, 10001})
"""No such account or not ours, Images not enabled, and every way to say that a token is malformed, unknown, expired,
revoked or lacks a permission."""


def result(status: int, headers: dict[str, str], body: bytes, *, writes: bool) -> Any:
    """The `result` of a successful answer (None when it has none); `headers` have lower-case names.

    `writes`: the request changes something, so an answer that cannot be understood leaves open whether it did.
    Raises CloudflareError for everything else:

    - 429 and 503 refuse before anything is done: worth another try, not ambiguous;
    - other 5xx, and 2xx with a body that is no envelope, are ambiguous;
    - `success: false` with status 200 is a refusal like any other, ambiguous only when it gives no reason;
    - 3xx and 4xx are final, save 408 and codes that speak of a passing fault.
    """
    envelope = _envelope(body)
    errors = _errors(envelope, body)
    if 200 <= status < 300:
        if envelope is not None and envelope.get("success") is True:
            return envelope.get("result")
        if envelope is None or envelope.get("success") is not False or not errors:
            raise CloudflareError(
                "Cloudflare's answer cannot be read.", status=status, retryable=True, ambiguous=writes
            )
    code, message = errors[0] if errors else (None, "")
    detail = f"Cloudflare answered {status}" + (f", {code}: {message}" if code is not None else "") + "."
    raise CloudflareError(
        redact(detail),
        status=status,
        upstream_code=code,
        retry_after=retry_after(headers.get("retry-after")),
        retryable=status in (408, 429) or status >= 500 or code in _RETRYABLE_CODES,
        ambiguous=writes and status >= 500 and status not in (501, 503),
        account=_about_account(status, code),
    )


def _about_account(status: int, code: int | None) -> Literal["full", "refused"] | None:
    """What the refusal says about the account. A bare 403 says nothing: a firewall on the way may have sent it."""
    if code == _FULL or (code == _TRANSFORMATIONS_USED_UP and status == 429):
        return "full"
    if status == 401 or (status in (400, 403, 404) and code in _REFUSED_CODES):  # 429 is about the moment, always
        return "refused"
    return None


def _envelope(body: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _errors(envelope: dict[str, Any] | None, body: bytes) -> list[tuple[int | None, str]]:
    """Code and message of each error, from the envelope or from `ERROR 5409: Resource already exists`."""
    if envelope is None:
        match = re.match(rb"\s*ERROR ([0-9]{3,6}): ?([^\r\n]{0,500})", body)
        return [(int(match[1]), match[2].decode(errors="replace"))] if match else []
    given = envelope.get("errors")
    items = [item for item in given if isinstance(item, dict)] if isinstance(given, list) else []
    return [(_code(item.get("code")), str(item.get("message", ""))[:500]) for item in items]


def _code(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def retry_after(header: str | None) -> float | None:
    """Seconds to wait, from either form of Retry-After; None when there is none that can be read."""
    if header is None:
        return None
    text = header.strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", text):
        return float(text)
    try:
        at = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError):
        return None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return max(0.0, (at - datetime.now(UTC)).total_seconds())


def redact(text: str) -> str:
    """Without the queries of URLs: Cloudflare may quote the presigned URL it was given."""
    return re.sub(r"(https?://[^\s?\"']+)\?[^\s\"']*", r"\1?…", text)


def image(value: Any, *, writes: bool) -> RemoteImage:
    """An image of the API; unknown fields are left alone. Raises CloudflareError when it has no id."""
    if not isinstance(value, dict) or not isinstance(value.get("id"), str) or not value["id"]:
        raise CloudflareError("Cloudflare's answer is not an image.", status=200, retryable=True, ambiguous=writes)
    meta, variants, creator = value.get("meta"), value.get("variants"), value.get("creator")
    return RemoteImage(
        id=value["id"],
        filename=str(value.get("filename") or ""),
        meta=meta if isinstance(meta, dict) else {},
        creator=creator if isinstance(creator, str) else None,
        require_signed_urls=value.get("requireSignedURLs") is True,
        uploaded=str(value.get("uploaded") or ""),
        variants=tuple(v for v in variants if isinstance(v, str)) if isinstance(variants, list) else (),
    )
