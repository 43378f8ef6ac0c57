"""What a fault does to a call on the wire."""

import asyncio

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from images_app.emulator import auth
from images_app.emulator.errors import ApiError, DeliveryError
from images_app.emulator.faults import Fault
from images_app.emulator.routing import Call

_FOREVER = 3600.0
_API_CODES = {500: 5500, 503: 5503}
_DELIVERY_CODES = {500: 9523, 502: 9502, 503: 9522, 504: 9529}


async def suffer(fault: Fault, call: Call, request: Request) -> Response:
    """The answer to a call that a fault has struck. Raises ApiError or DeliveryError for those that refuse."""
    if fault.kind in ("rate-limit", "error", "full", "revoked"):
        return _refused(fault, delivered=call.operation == "delivery")
    if fault.kind == "hang":
        await _wait(request, fault.seconds or _FOREVER)
        return Broken(PlainTextResponse("nothing"), 0.0)
    answer = await call.run()
    if fault.kind == "lose":
        await _wait(request, fault.seconds)
        return Broken(answer, 0.0)
    return Broken(answer, 0.5)


def _refused(fault: Fault, *, delivered: bool) -> Response:
    match fault.kind:
        case "rate-limit" if delivered:
            raise DeliveryError(9422, "Too many requests", retry_after=fault.retry_after)
        case "rate-limit":
            raise auth.throttled(fault.retry_after)
        case "full" if delivered:
            raise DeliveryError(9422, "Transformations are used up, as the fault switches demand")
        case "full":
            raise ApiError(5453, "The account has reached a service limit, as the fault switches demand")
        case "revoked" if delivered:
            raise DeliveryError(9425, "Access denied, as the fault switches demand")
        case "revoked":
            raise ApiError(9109, "Invalid access token")
    return _error(fault.status, delivered=delivered)


def _error(status: int, *, delivered: bool) -> Response:
    """By Images itself where it has a number for it, else as Cloudflare's edge says it for everybody."""
    if delivered and status in _DELIVERY_CODES:
        raise DeliveryError(_DELIVERY_CODES[status], "Internal error, as the fault switches demand")
    if not delivered and status in _API_CODES:
        raise ApiError(_API_CODES[status], "Internal error, as the fault switches demand")
    return PlainTextResponse(f"error code: {status}", status)


async def _wait(request: Request, seconds: float) -> None:
    """Until the time is over or the client has gone."""
    try:
        async with asyncio.timeout(seconds):
            while (await request.receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        pass


class Broken(Response):
    """An answer whose body ends after some share of it, although its head promises all: the connection breaks."""

    def __init__(self, whole: Response, share: float) -> None:
        body = bytes(whole.body)
        self.status_code = whole.status_code
        self.background = None
        self.raw_headers = whole.raw_headers
        self._part = body[: int(len(body) * share)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [*(pair for pair in self.raw_headers if pair[0] != b"content-length"), (b"content-length", b"%d")]
        headers[-1] = (b"content-length", str(len(self._part) * 2 + 1024).encode())
        await send({"type": "http.response.start", "status": self.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": self._part, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
