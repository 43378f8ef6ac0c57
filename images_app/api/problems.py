"""Every failure as `application/problem+json` (RFC 9457), and which HTTP status each error has.

`code` is what clients match on; `type` is the address that explains it; `instance` is the request id, which the log
also has. Whoever may not know of a thing gets the very body of a thing that is not there.
"""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Scope

from images_app import errors
from images_app.errors import AeontelError, FieldError

_log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

STATUS: dict[type[AeontelError], int] = {
    errors.InvalidParameter: 400,
    errors.Unauthenticated: 401,
    errors.TooManyAttempts: 429,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.PreconditionFailed: 412,
    errors.FileTooLarge: 413,
    errors.QuotaExceeded: 413,
    errors.IdempotencyConflict: 422,
    errors.ObjectMissing: 404,
    errors.ObjectDamaged: 502,
    errors.StorageUnavailable: 503,
    errors.InvalidPresignedUrl: 403,
    errors.MediaError: 400,
    errors.MediaUnavailable: 503,
    errors.CloudflareError: 502,
    errors.MailError: 502,
    errors.DatabaseUnavailable: 503,
}
"""A class that is not here has the status of its nearest ancestor that is; AeontelError itself is a fault of ours."""


def status_of(error: type[AeontelError]) -> int:
    """The HTTP status of an error class."""
    return next((STATUS[ancestor] for ancestor in error.__mro__ if ancestor in STATUS), 500)


def problem(
    request_id: str,
    status: int,
    code: str,
    title: str,
    detail: str = "",
    *,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Response:
    """One problem document; `more` are its extension members."""
    body = {
        "type": f"/api/problems/{code}",
        "title": title,
        "status": status,
        "detail": detail or title,
        "instance": request_id,
        "code": code,
        **more,
    }
    return Response(json.dumps(body), status, {"Cache-Control": "no-store", **(headers or {})}, MEDIA_TYPE)


def request_id(scope: Scope) -> str:
    """The id that the edge gave to this request."""
    return str(scope.get("state", {}).get("request_id", ""))


def install(app: FastAPI) -> None:
    """Answer every failure of `app` with a problem."""
    app.add_exception_handler(AeontelError, _on_ours)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)


async def _on_ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, AeontelError)
    return of(request.scope, error)


def of(scope: Scope, error: AeontelError) -> Response:
    """The problem that tells a client of this error."""
    status = status_of(type(error))
    if status >= 500:
        _log.error("%s answered %d: %s", request_id(scope), status, error)
    if status == 500:
        return internal(scope)
    more = _extensions_of(error)
    return problem(request_id(scope), status, error.code, error.title, error.detail, headers=_headers_of(error), **more)


def _headers_of(error: AeontelError) -> dict[str, str]:
    match error:
        case errors.Unauthenticated():
            return {"WWW-Authenticate": "Bearer"}
        case errors.TooManyAttempts():
            return {"Retry-After": str(error.retry_after)}
        case errors.MediaUnavailable() | errors.DatabaseUnavailable() | errors.StorageUnavailable():
            return {"Retry-After": "5"}
    return {}


def _extensions_of(error: AeontelError) -> dict[str, Any]:
    match error:
        case errors.InvalidParameter() if error.errors:
            return {"errors": [_shown(fault) for fault in error.errors]}
        case errors.FileTooLarge():
            return {"limit": error.limit, "actual": error.actual}
        case errors.QuotaExceeded():
            return {"resource": error.resource, "limit": error.limit, "actual": error.actual}
    return {}


def _shown(fault: FieldError) -> dict[str, str]:
    return {"pointer": fault.pointer, "detail": fault.detail}


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = list(_faults(error.errors()))
    invalid = errors.InvalidParameter(f"{faults[0].pointer}: {faults[0].detail}".removeprefix(": "), tuple(faults))
    return of(request.scope, invalid)


def _faults(found: Sequence[Any]) -> Iterator[FieldError]:
    """Faults with a JSON pointer into the body, or the name of the parameter, header or cookie."""
    for fault in found[:50]:
        place, *rest = fault["loc"] or ("",)
        if fault["type"] == "json_invalid":
            yield FieldError("", "The body is not valid JSON.")
        elif place == "body":
            yield FieldError("".join(f"/{_escaped(part)}" for part in rest), str(fault["msg"]))
        else:
            yield FieldError(".".join(str(part) for part in rest), str(fault["msg"]))


def _escaped(part: str | int) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")


async def _on_http(request: Request, error: Exception) -> Response:
    """What the framework itself raises: unknown address, wrong method, unreadable body."""
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return of(request.scope, errors.NotFound())
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(allowed_methods(request))
    if error.status_code == 400:
        return of(request.scope, errors.InvalidParameter(str(error.detail)))
    title = HTTPStatus(error.status_code).phrase
    code = title.lower().replace(" ", "_").replace("-", "_")
    return problem(request_id(request.scope), error.status_code, code, title, str(error.detail or ""), headers=headers)


def allowed_methods(request: Request) -> list[str]:
    """The methods that some route answers at this address; the edge answers HEAD wherever GET is."""

    def answers(method: str) -> bool:
        scope = dict(request.scope, method="GET" if method == "HEAD" else method)
        return any(route.matches(scope)[0] is Match.FULL for route in request.app.router.routes)

    return [method for method in _METHODS if answers(method)]


def internal(scope: Scope) -> Response:
    """A fault of ours: nothing of its inside is told; the log has it under the same request id."""
    return problem(
        request_id(scope),
        500,
        AeontelError.code,
        AeontelError.title,
        "Something went wrong on our side. The log has the details under this request id.",
    )
