"""The OpenAPI document as the API really behaves.

FastAPI assumes that a bad request is answered with 422 and that every answer is `application/json`; here it is 400,
and failures are `application/problem+json`.
"""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from images_app.api.problems import MEDIA_TYPE

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
    for operation in _operations(found):
        responses = operation["responses"]
        if _is_fastapi_own(responses.get("422", {})):
            del responses["422"]
        for status, response in responses.items():
            if status.startswith(("4", "5")) and MEDIA_TYPE in response.get("content", {}):
                response["content"] = {MEDIA_TYPE: response["content"]["application/json"]}
    schemas = found.get("components", {}).get("schemas", {})
    for name in _FASTAPI_OWN:
        schemas.pop(name, None)
    return found


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from (operation for method, operation in path.items() if method in _METHODS)


def _is_fastapi_own(response: dict[str, Any]) -> bool:
    schema = response.get("content", {}).get("application/json", {}).get("schema", {})
    return str(schema.get("$ref", "")).endswith("/HTTPValidationError")
