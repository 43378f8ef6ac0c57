"""The REST API as one ASGI application: routers, failures, the edge."""

from functools import partial

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from pydantic.alias_generators import to_camel

from images_app.api import (
    docs,
    events,
    files,
    health,
    images,
    limits,
    me,
    members,
    metrics,
    objects,
    openapi,
    passwords,
    problems,
    provisioning,
    session,
    sessions,
    tokens,
    uploads,
    users,
    workspaces,
)
from images_app.api.conditional import Conditional
from images_app.api.deps import COOKIE
from images_app.api.edge import Edge
from images_app.api.health import Readiness
from images_app.api.origins import OtherOrigins
from images_app.api.rates import RateLimit
from images_app.api.readers import readers
from images_app.api.toolcalls import ToolCalls
from images_app.bootstrap import World
from images_app.core.figures import Figures, figures
from images_app.observe.metrics import Metrics

_ROUTERS = (
    # Looked through in this order: what is asked for most comes first.
    *(images, files, uploads, events, me, session, sessions, passwords),
    *(tokens, workspaces, members, users, provisioning, limits, health, docs),
)
_DESCRIPTION = """
Drop files into a workspace; every one whose bytes are an image is provisioned into Cloudflare Images.

Send `Authorization: Bearer …` with a token from `POST /api/tokens`. Failures are
[problem documents](https://www.rfc-editor.org/rfc/rfc9457): match on `code`. Ids sort by creation time.
"""


def create_api(world: World) -> FastAPI:
    """Everything under /api, the stored objects under /objects, and /metrics."""
    app = FastAPI(
        title="Aeontel Images",
        version="1",
        summary="An image workspace: files in, Cloudflare Images out.",
        description=_DESCRIPTION,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
    )
    app.state.world = world
    app.state.readers = readers(world.database.engine.dialect.name)
    app.state.streams = events.Streams()
    app.state.readiness = Readiness.of(world)
    app.state.metrics = Metrics(partial(_figures, world))
    app.router.routes.extend(_ROUTES.routes)
    problems.install(app)
    openapi.install(app)
    # From the inside out.
    app.add_middleware(ToolCalls, world=world)
    app.add_middleware(Conditional)
    per_token, per_address = world.settings.rate_limit_per_token, world.settings.rate_limit_per_address
    if per_token or per_address:
        app.add_middleware(RateLimit, per_token=per_token, per_address=per_address, cookie=COOKIE, shared=world.shared)
    app.add_middleware(Edge)
    if world.settings.cors_origins:
        app.add_middleware(OtherOrigins, origins=world.settings.cors_origins)
    return app


def _figures(world: World) -> Figures:
    with world.database.read() as session:
        return figures(session)


def _operation_id(route: APIRoute) -> str:
    """`listImages` for the endpoint function `list_images`."""
    return to_camel(route.name)


def _routes() -> APIRouter:
    router = APIRouter(generate_unique_id_function=_operation_id)
    for module in _ROUTERS:
        router.include_router(module.router, prefix="/api")
    router.include_router(objects.router)
    router.include_router(metrics.router)
    return router


_ROUTES = _routes()
"""Those of every application of this process: FastAPI takes a tenth of a second to make them."""
