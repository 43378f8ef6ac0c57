"""The emulator's own routes, which Cloudflare does not have: fault switches, figures, the last calls.

Below `/cloudflare/control/`, in the API's envelope, with the account's token (the read-only one may look).
"""

from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from images_app.emulator import faults, wire
from images_app.emulator.api_images import json_body
from images_app.emulator.errors import ApiError
from images_app.emulator.faults import Fault
from images_app.emulator.routing import Router
from images_app.emulator.services import Services

OPERATIONS = {
    *("create", "get", "edit", "delete", "blob", "list", "stats", "variants", "keys", "config", "batch-token"),
    *("direct-upload", "upload", "delivery"),
}
"""What a fault may be set for: each of these is one or a few routes of the API, `upload` the bytes of a direct upload,
`delivery` every delivered picture."""


def routes(router: Router) -> None:
    """Register the operations of this module."""
    router.add("GET", "faults", "control", show)
    router.add("PUT", "faults", "control", replace)
    router.add("POST", "faults", "control", add)
    router.add("DELETE", "faults", "control", clear)
    router.add("GET", "figures", "control", figures)
    router.add("GET", "calls", "control", calls)


async def show(services: Services, request: Request) -> Response:
    """Every fault, and how often it struck."""
    return wire.success({"faults": await services.threads.run(services.faults.all)})


async def replace(services: Services, request: Request) -> Response:
    """Exactly the faults of the body, `{"faults": [...]}`."""
    body = await json_body(request)
    if set(body) != {"faults"} or not isinstance(body["faults"], list):
        raise ApiError(5400, 'Bad request: the body must be {"faults": [...]}')
    wanted = [faults.parse(item, OPERATIONS) for item in body["faults"]]
    await services.threads.run(services.faults.replace, wanted)
    return await show(services, request)


async def add(services: Services, request: Request) -> Response:
    """One more, the body itself."""
    wanted: list[Fault] = [faults.parse(await json_body(request), OPERATIONS)]
    await services.threads.run(services.faults.add, wanted)
    return await show(services, request)


async def clear(services: Services, request: Request) -> Response:
    """None any more."""
    await services.threads.run(services.faults.replace, [])
    return await show(services, request)


async def figures(services: Services, request: Request) -> Response:
    """What this process has done: results made, found ready and shared, bytes on disk, pixel children."""
    result: dict[str, Any] = {
        "variants": asdict(services.cache.figures) | {"bytes": services.cache.bytes},
        "pixels": {"children": len(services.pool.pids)},
    }
    return wire.success(result)


async def calls(services: Services, request: Request) -> Response:
    """The last calls of this process, newest first."""
    return wire.success({"calls": [asdict(made) for made in services.calls.newest()]})
