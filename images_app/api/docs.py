"""The API's documentation page, and what each problem code means. Everything comes from this server: works offline."""

import inspect
from collections.abc import Iterator
from functools import lru_cache
from importlib import resources

from fastapi import APIRouter, Response

from images_app.api.problems import status_of
from images_app.api.schemas import Schema, fails
from images_app.errors import AeontelError, NotFound

router = APIRouter(tags=["server"])

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Aeontel Images API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/api/docs/swagger-ui.css">
<style>body { margin: 0 } .topbar { display: none }</style>
</head>
<body>
<noscript>The whole description as JSON: <a href="/api/openapi.json">/api/openapi.json</a></noscript>
<div id="docs"></div>
<script src="/api/docs/swagger-ui-bundle.js"></script>
<script src="/api/docs/start.js"></script>
</body>
</html>
"""
_START = """SwaggerUIBundle({
  url: "/api/openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  displayRequestDuration: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
});
"""
_ASSETS = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}


@router.get("/docs", include_in_schema=False)
def get_docs() -> Response:
    """Swagger UI on our own OpenAPI document."""
    return Response(_PAGE, media_type="text/html", headers={"Cache-Control": "no-cache"})


@router.get("/docs/{asset}", include_in_schema=False)
def get_docs_asset(asset: str) -> Response:
    """The parts of the page; Swagger UI itself comes from a package of the virtual environment."""
    headers = {"Cache-Control": "public, max-age=3600"}
    if asset == "start.js":
        return Response(_START, media_type="text/javascript", headers=headers)
    if asset not in _ASSETS:
        raise NotFound
    return Response(_swagger_ui(asset), media_type=_ASSETS[asset], headers=headers)


@lru_cache
def _swagger_ui(asset: str) -> bytes:
    return resources.files("fastapi_swagger.resources").joinpath(asset).read_bytes()


class ProblemKind(Schema):
    """A problem that the API may answer with."""

    type: str
    code: str
    status: int
    title: str
    meaning: str


class ProblemKinds(Schema):
    """Sorted by code."""

    data: list[ProblemKind]


@router.get("/problems")
def list_problems() -> ProblemKinds:
    """Every problem code, its status and its meaning."""
    return ProblemKinds(data=list(_kinds().values()))


@router.get("/problems/{code}", responses=fails(404))
def get_problem(code: str) -> ProblemKind:
    """What one problem code means; this is the address in a problem's `type`."""
    if code not in _kinds():
        raise NotFound
    return _kinds()[code]


@lru_cache
def _kinds() -> dict[str, ProblemKind]:
    found = {}
    for error in _tree(AeontelError):
        status = status_of(error)
        meaning = inspect.getdoc(error) or error.title
        found[error.code] = ProblemKind(
            type=f"/api/problems/{error.code}", code=error.code, status=status, title=error.title, meaning=meaning
        )
    return dict(sorted(found.items()))


def _tree(error: type[AeontelError]) -> Iterator[type[AeontelError]]:
    yield error
    for child in error.__subclasses__():
        yield from _tree(child)
