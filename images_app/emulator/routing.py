"""Routes over percent-decoded path segments, so that an id may hold an encoded slash."""

from collections.abc import Awaitable, Callable
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from images_app.emulator.errors import ApiError
from images_app.emulator.services import Services

Handler = Callable[..., Awaitable[Response]]
"""Called with services, request and the path's parameters by name."""


def raw_path(scope: Scope) -> str:
    """The path as the client sent it, percent-encoding and all."""
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    return path.decode("latin-1")


def segments(path: str) -> list[str]:
    """The decoded segments of an encoded path."""
    return [unquote(segment) for segment in path.strip("/").split("/")]


class Router:
    """Patterns such as `images/v1/{image_id}/blob`; the first that fits wins, words before parameters."""

    def __init__(self) -> None:
        self._routes: list[tuple[str, list[str], Handler]] = []

    def add(self, method: str, pattern: str, handler: Handler) -> None:
        """Register a handler."""
        self._routes.append((method, pattern.split("/"), handler))
        self._routes.sort(key=lambda route: sum(part.startswith("{") for part in route[1]))

    async def call(self, services: Services, request: Request, path: list[str]) -> Response:
        """Raises ApiError 7003 when no pattern fits, 7001 when one does but not with this method."""
        known = False
        for method, pattern, handler in self._routes:
            if len(pattern) != len(path):
                continue
            if all(p.startswith("{") or p == s for p, s in zip(pattern, path, strict=True)):
                known = True
                if method == request.method:
                    values = {p[1:-1]: s for p, s in zip(pattern, path, strict=True) if p.startswith("{")}
                    return await handler(services, request, **values)
        if known:
            raise ApiError(7001, f"Method {request.method} not available for that URI")
        raise ApiError(7003, "Could not route to this path, perhaps your object identifier is invalid?")
