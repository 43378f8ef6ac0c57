"""What can go wrong between a program and the server.

    ClientError
    ├── InvalidArgument          the client could tell without asking
    ├── NoAnswer                 the server could not be reached, or went silent; it may or may not have acted
    ├── UnexpectedAnswer         something answered, but not as this API does: a proxy, another program, another version
    ├── Damaged                  the bytes that came are not those that the server has
    └── Problem                  the server says what is wrong: `status`, `code`, `detail`, `errors`, `request_id`
        ├── BadRequest           400  a parameter or body field cannot be used
        ├── SignedOut            401  no token, or one that is not valid (any more)
        ├── Forbidden            403  visible, but not allowed with this role or these scopes
        ├── NotFound             404  does not exist, or is outside the caller's scope
        ├── Conflict             409, 412  the state of the thing does not allow this
        ├── TooLarge             413  the file, or the workspace with it
        ├── IdempotencyConflict  422  the key stood for something else
        ├── TooManyRequests      429  with `retry_after` in seconds
        └── ServerFault          5xx  the server's own; another try may succeed

Match on the class, or on `code`: both are stable.
"""

from collections.abc import Mapping
from typing import Any


class ClientError(Exception):
    """Everything that this package raises by itself."""


class InvalidArgument(ClientError, ValueError):
    """An argument cannot mean anything to the server."""


class NoAnswer(ClientError):
    """No connection, or none that lasted until the answer was there."""


class UnexpectedAnswer(ClientError):
    """An answer that this API does not give."""


class Damaged(ClientError):
    """A download ended early, or its SHA-256 is another one. Nothing was kept."""


class Problem(ClientError):
    """The server's own word (RFC 9457). `body` is the whole problem document."""

    def __init__(self, status: int, body: Mapping[str, Any], retry_after: float | None = None) -> None:
        self.status = status
        self.body = body
        self.code = str(body.get("code", ""))
        self.detail = str(body.get("detail") or body.get("title") or f"The server answered {status}.")
        self.errors: list[dict[str, str]] = body.get("errors") or []
        self.request_id = str(body.get("instance", ""))
        self.retry_after = retry_after
        super().__init__(self.detail)


class BadRequest(Problem):
    """400."""


class SignedOut(Problem):
    """401."""


class Forbidden(Problem):
    """403."""


class NotFound(Problem):
    """404."""


class Conflict(Problem):
    """409 and 412."""


class TooLarge(Problem):
    """413."""


class IdempotencyConflict(Problem):
    """422."""


class TooManyRequests(Problem):
    """429."""


class ServerFault(Problem):
    """500 and above."""


_BY_STATUS: dict[int, type[Problem]] = {
    400: BadRequest,
    401: SignedOut,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: Conflict,
    413: TooLarge,
    422: IdempotencyConflict,
    429: TooManyRequests,
}


def problem(status: int, body: Mapping[str, Any], retry_after: float | None = None) -> Problem:
    """The error of a problem document."""
    kind = _BY_STATUS.get(status, ServerFault if status >= 500 else Problem)
    return kind(status, body, retry_after)
