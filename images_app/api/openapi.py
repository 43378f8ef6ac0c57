"""The OpenAPI document as the API really behaves.

FastAPI assumes that a bad request is answered with 422 and that every answer is `application/json`; here it is 400,
and failures are `application/problem+json`. What the layers around the endpoints answer (`conditional`, `rates`) is
described here, too, and every body has an example.
"""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from images_app.api.deps import COOKIE
from images_app.api.examples import EXAMPLES, PATH_IDS
from images_app.api.problems import MEDIA_TYPE
from images_app.api.schemas import fails

_FASTAPI_OWN = ("HTTPValidationError", "ValidationError")
_METHODS = frozenset({"get", "put", "post", "delete", "patch"})


def install(app: FastAPI) -> None:
    """Let `app` describe itself truly. The document is made once, when it is first asked for."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = describe(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def describe(app: FastAPI) -> dict[str, Any]:
    """The document of the routes that `app` has now."""
    found = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        routes=app.routes,
        tags=app.openapi_tags,
    )
    for path, method, operation in _operations(found):
        responses = operation["responses"]
        if _is_fastapi_own(responses.get("422", {})):
            del responses["422"]
        for status, response in responses.items():
            if status.startswith(("4", "5")) and MEDIA_TYPE in response.get("content", {}):
                response["content"] = {MEDIA_TYPE: response["content"]["application/json"]}
        _add_layers(path, method, responses)
        if "401" in responses and (method, path) != _SIGN_IN:
            operation["security"] = [{name: []} for name in _CREDENTIALS]
        for parameter in operation.get("parameters", ()):
            if parameter["in"] == "path":
                parameter["example"] = PATH_IDS[path.split("/{" + parameter["name"])[0].rsplit("/", 1)[-1]]
    components = found["components"]
    components["headers"] = _HEADERS
    components["securitySchemes"] = _CREDENTIALS
    for name in _FASTAPI_OWN:
        components["schemas"].pop(name, None)
    for name, schema in components["schemas"].items():
        if name in EXAMPLES:
            schema["examples"] = [EXAMPLES[name]]
    return found


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        yield from ((path, method, operation) for method, operation in methods.items() if method in _METHODS)


def _add_layers(path: str, method: str, responses: dict[str, Any]) -> None:
    """What any request may be answered with, whatever its endpoint does."""
    if method == "get" and "application/json" in responses.get("200", {}).get("content", {}):
        responses["304"] = {"description": "What you have (`If-None-Match`) is still true."}
        responses["200"]["headers"] = responses["304"]["headers"] = _refer("ETag")
        if any(name in str(responses["200"]["content"]) for name in _LISTS):
            responses["200"]["headers"] = _refer("ETag", "Link")
    if method in ("put", "patch", "delete"):
        responses["412"] = _problem(412)
    if "201" in responses:
        responses["201"]["headers"] = _refer("Location")
    if "/health/" not in path:
        responses["429"] = _problem(429)
        for response in responses.values():
            response["headers"] = response.get("headers", {}) | _refer("RateLimit", "RateLimit-Policy")
        responses["429"]["headers"] |= _refer("Retry-After")
    for response in responses.values():
        response["headers"] = response.get("headers", {}) | _refer("X-Request-Id")


def _problem(status: int) -> dict[str, Any]:
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": fails(status)[status]["description"], "content": content}


def _refer(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _header(description: str, example: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}, "example": example}


_HEADERS = {
    "ETag": _header("Send it back as `If-None-Match`; that of one thing also as `If-Match`.", '"5f2b0e2c"'),
    "Link": _header("The neighbouring pages (RFC 8288).", '</api/images?after=MWlt>; rel="next"'),
    "Location": _header("Where that is now.", "/api/workspaces/wsp_01m7vpggc6e7a834dncn5fcrp4"),
    "RateLimit": _header("How many requests are left, and in how many seconds all are back.", '"token";r=59999;t=1'),
    "RateLimit-Policy": _header("How many requests there are in how many seconds.", '"token";q=60000;w=60'),
    "Retry-After": _header("Seconds to wait.", "12"),
    "X-Request-Id": _header("As you sent it, or made here; the log has it, too.", "c0ffee"),
}
_CREDENTIALS = {
    "token": {"type": "http", "description": "A token from `POST /api/tokens`.", "scheme": "bearer"},
    "session": {"type": "apiKey", "description": "The browser's session.", "in": "cookie", "name": COOKIE},
}
_SIGN_IN = ("post", "/api/session")
_LISTS = tuple(name for name in EXAMPLES if name.endswith("List"))


def _is_fastapi_own(response: dict[str, Any]) -> bool:
    schema = response.get("content", {}).get("application/json", {}).get("schema", {})
    return str(schema.get("$ref", "")).endswith("/HTTPValidationError")
