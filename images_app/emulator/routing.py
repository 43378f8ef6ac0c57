"""Routes over percent-decoded path segments, so that an id may hold an encoded slash."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
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


@dataclass(frozen=True)
class Route:
    """What one method of one path does. `batch`: the batch host has it too."""

    method: str
    pattern: tuple[str, ...]
    operation: str
    handler: Handler
    batch: bool = False

    def fits(self, path: list[str]) -> bool:
        """Whether the path has the pattern's words, and something for each parameter."""
        return len(path) == len(self.pattern) and all(
            p.startswith("{") or p == s for p, s in zip(self.pattern, path, strict=True)
        )

    def bind(self, services: Services, request: Request, path: list[str]) -> "Call":
        """The call that this request makes."""
        values = {p[1:-1]: s for p, s in zip(self.pattern, path, strict=True) if p.startswith("{")}
        return Call(self.operation, partial(self.handler, services, request, **values))


@dataclass(frozen=True)
class Call:
    """An operation that is about to run; `operation` is its name in faults and in the log of calls."""

    operation: str
    run: Callable[[], Awaitable[Response]]


class Router:
    """Patterns such as `images/v1/{image_id}/blob`; the first that fits wins, words before parameters."""

    def __init__(self) -> None:
        self._routes: list[Route] = []

    def add(self, method: str, pattern: str, operation: str, handler: Handler, *, batch: bool = False) -> None:
        """Register a handler."""
        self._routes.append(Route(method, tuple(pattern.split("/")), operation, handler, batch))
        self._routes.sort(key=lambda route: sum(part.startswith("{") for part in route.pattern))

    @property
    def operations(self) -> set[str]:
        """The names of what can be called."""
        return {route.operation for route in self._routes}

    def find(self, method: str, path: list[str], *, batch: bool = False) -> Route:
        """Raises ApiError 7003 when no pattern fits, 7001 when one does but not with this method."""
        fitting = [route for route in self._routes if route.fits(path) and (route.batch or not batch)]
        for route in fitting:
            if route.method == method:
                return route
        if fitting:
            raise ApiError(7001, f"Method {method} not available for that URI")
        raise ApiError(7003, "Could not route to this path, perhaps your object identifier is invalid?")
