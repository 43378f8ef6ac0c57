"""The REST API as Python: `Client` (blocking) and `AsyncClient`, which need httpx and nothing of the server.

See docs/client.md. `calls` says what is sent and how answers are read, `sync` and `asynchronous` send it, `errors`
draws what can go wrong.
"""

from typing import TYPE_CHECKING, Any

from images_app.client.errors import BadRequest as BadRequest
from images_app.client.errors import ClientError as ClientError
from images_app.client.errors import Conflict as Conflict
from images_app.client.errors import Damaged as Damaged
from images_app.client.errors import Forbidden as Forbidden
from images_app.client.errors import IdempotencyConflict as IdempotencyConflict
from images_app.client.errors import InvalidArgument as InvalidArgument
from images_app.client.errors import NoAnswer as NoAnswer
from images_app.client.errors import NotFound as NotFound
from images_app.client.errors import Problem as Problem
from images_app.client.errors import ServerFault as ServerFault
from images_app.client.errors import SignedOut as SignedOut
from images_app.client.errors import TooLarge as TooLarge
from images_app.client.errors import TooManyRequests as TooManyRequests
from images_app.client.errors import UnexpectedAnswer as UnexpectedAnswer
from images_app.client.sync import Client as Client

if TYPE_CHECKING:
    from images_app.client.asynchronous import AsyncClient as AsyncClient


def __getattr__(name: str) -> Any:
    """AsyncClient on demand: a command that starts in a moment uses the other one."""
    if name == "AsyncClient":
        from images_app.client.asynchronous import AsyncClient

        return AsyncClient
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
