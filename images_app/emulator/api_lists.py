"""Both lists of images, and how many there are."""

import base64
import binascii
import re
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from images_app.emulator import account, filters, images, wire
from images_app.emulator.errors import ApiError
from images_app.emulator.routing import Router
from images_app.emulator.services import Services

_PER_PAGE = (10, 10_000)
_DEFAULT_PER_PAGE = 1000
_ALLOWED = 100_000
"""What `stats` says when there is no limit."""


def routes(router: Router) -> None:
    """Register the operations of this module."""
    router.add("GET", "images/v1", "list", list_v1)
    router.add("GET", "images/v2", "list", list_v2, batch=True)
    router.add("GET", "images/v1/stats", "stats", stats)


async def stats(services: Services, request: Request) -> Response:
    """How many images there are, and may be."""
    return await services.threads.run(_stats, services)


def _stats(services: Services) -> Response:
    allowed = _ALLOWED if services.config.allowance is None else services.config.allowance
    with services.store.read() as db:
        return wire.success({"count": {"current": images.count(db), "allowed": allowed}})


async def list_v1(services: Services, request: Request) -> Response:
    """The deprecated list, by page number."""
    query = _query(request, ("page", "per_page", "creator"))
    page = _whole(query, "page", 1, 1, 1_000_000)
    per_page = _whole(query, "per_page", _DEFAULT_PER_PAGE, *_PER_PAGE)
    return await services.threads.run(_list_v1, services, page, per_page, query.get("creator"))


def _list_v1(services: Services, page: int, per_page: int, creator: str | None) -> Response:
    with services.store.read() as db:
        rows = images.numbered_page(db, images.by_creator(creator), number=page, size=per_page)
        names = account.variant_names(db)
    return wire.success({"images": [wire.image(row, names, services.config) for row in rows]})


async def list_v2(services: Services, request: Request) -> Response:
    """The list by continuation token, with metadata filters."""
    pairs = parse_qsl(request.url.query, keep_blank_values=True)
    conditions = filters.conditions(pairs)
    query = _query(request, ("per_page", "continuation_token", "sort_order", "creator"), meta=True)
    limit = _whole(query, "per_page", _DEFAULT_PER_PAGE, *_PER_PAGE)
    order = query.get("sort_order", "desc")
    if order not in ("asc", "desc"):
        raise ApiError(5400, "Bad request: sort_order must be asc or desc")
    after = _token(query["continuation_token"]) if query.get("continuation_token") else None
    conditions += images.by_creator(query.get("creator"))
    return await services.threads.run(_list_v2, services, conditions, order == "asc", after, limit)


def _list_v2(
    services: Services, conditions: list[images.Condition], ascending: bool, after: int | None, limit: int
) -> Response:
    with services.store.read() as db:
        rows, rest = images.page(db, conditions, ascending=ascending, after=after, limit=limit)
        names = account.variant_names(db)
    shown = [wire.image(row, names, services.config) for row in rows]
    token = None if rest is None else base64.urlsafe_b64encode(f"v2:{rest:020d}".encode()).decode().rstrip("=")
    return wire.success({"images": shown, "continuation_token": token})


def _token(text: str) -> int:
    try:
        plain = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        plain = ""
    if not re.fullmatch(r"v2:[0-9]{20}", plain) or int(plain[3:]) >= 2**63:
        raise ApiError(5400, "Bad request: the continuation token is not valid")
    return int(plain[3:])


def _query(request: Request, names: tuple[str, ...], *, meta: bool = False) -> dict[str, str]:
    """Query parameters by name; unknown and repeated ones are refused rather than ignored."""
    result: dict[str, str] = {}
    for name, value in parse_qsl(request.url.query, keep_blank_values=True):
        if meta and name.startswith("meta."):
            continue
        if name not in names or name in result:
            raise ApiError(5400, f"Bad request: unknown or repeated parameter {name[:60]!r}")
        result[name] = value
    return result


def _whole(query: dict[str, str], name: str, default: int, low: int, high: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
        raise ApiError(5400, f"Bad request: {name} must be a whole number from {low} to {high}")
    return int(text)
