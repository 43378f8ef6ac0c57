"""`GET /metrics`: the figures of this server, for Prometheus.

They name nobody and hold no secret, but they are nobody's business either: they are for whoever asks on the server's
own machine without a proxy in between, and for admins.
"""

import ipaddress
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from images_app.api.deps import WorldDep, identify
from images_app.errors import Forbidden
from images_app.observe.metrics import Metrics

router = APIRouter(include_in_schema=False)

_FORM = "text/plain; version=0.0.4; charset=utf-8"
_PASSED_ON = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


def _may_look(request: Request, world: WorldDep) -> None:
    """Raises Unauthenticated or Forbidden."""
    if _is_local(request):
        return
    with world.database.read() as session:
        if not identify(request, session).is_admin:
            raise Forbidden("Only admins see the figures of the server.")


def _is_local(request: Request) -> bool:
    if request.client is None or any(name in request.headers for name in _PASSED_ON):
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


@router.get("/metrics")
def get_metrics(request: Request, _: Annotated[None, Depends(_may_look)]) -> Response:
    """Everything in Prometheus' text form."""
    metrics: Metrics = request.app.state.metrics
    return Response(metrics.text(), media_type=_FORM)
