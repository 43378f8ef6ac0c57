"""When a request is sent again, and how an answer becomes a result or an error. No network, no clock."""

import json
import random
from collections.abc import Mapping
from typing import Any, TypeVar

import httpx

from images_app.client.calls import Call
from images_app.client.errors import NoAnswer, UnexpectedAnswer, problem

T = TypeVar("T")

_PASSING = (429, 502, 503, 504)
_FIRST_S, _LONGEST_S = 0.25, 8.0
_PATIENCE_S = 60.0
"""Whoever asks for a longer pause gets none: the caller should know."""


class Attempts:
    """One request and its repetitions.

    Repeated is what cannot do harm: GET, HEAD, PUT, DELETE, and POST with an Idempotency-Key, after a lost connection
    and after 429, 502, 503 and 504; and anything that never reached the server.
    """

    def __init__(self, *, is_safe: bool, most: int) -> None:
        self._is_safe = is_safe
        self._most = most
        self._made = 0
        self.may_have_acted = False
        """Whether an earlier attempt was sent and its answer never came."""

    def after_answer(self, answer: httpx.Response) -> float | None:
        """Seconds to wait before the next attempt; None: this is the answer."""
        if answer.status_code not in _PASSING or not self._is_safe:
            return None
        if answer.status_code in (502, 504):
            self.may_have_acted = True
        asked = retry_after(answer.headers)
        if asked is not None and asked > _PATIENCE_S:
            return None
        wait = self._next()
        return None if wait is None else max(wait, asked or 0.0)

    def after_failure(self, error: httpx.RequestError) -> float:
        """Seconds to wait before the next attempt. Raises NoAnswer when there shall be none."""
        never_sent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
        self.may_have_acted = self.may_have_acted or not never_sent
        wait = self._next() if self._is_safe or never_sent else None
        if wait is None or isinstance(error, httpx.UnsupportedProtocol):
            raise NoAnswer(_told(error)) from error
        return wait

    def went_well(self) -> None:
        """Count from the start again: of something that goes on and on, such as the event stream."""
        self._made = 0

    def _next(self) -> float | None:
        """With full jitter, so that many clients do not come back all at once."""
        if self._made >= self._most:
            return None
        self._made += 1
        return random.uniform(0.5, 1.0) * min(_LONGEST_S, _FIRST_S * 2.0 ** (self._made - 1))  # noqa: S311


def _told(error: httpx.RequestError) -> str:
    where = f"{error.request.url.scheme}://{error.request.url.netloc.decode()}" if _has_request(error) else "The server"
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return f"{where} cannot be reached: {error or type(error).__name__}"
    if isinstance(error, httpx.TimeoutException):
        return f"{where} did not answer in time."
    return f"{where} broke the connection: {error or type(error).__name__}"


def _has_request(error: httpx.RequestError) -> bool:
    try:
        return error.request is not None
    except RuntimeError:
        return False


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of `Retry-After`; our server never sends a date there."""
    text = headers.get("retry-after", "")
    return float(text) if text.isdecimal() else None


def settle(call: Call[T], answer: httpx.Response, attempts: Attempts) -> T:
    """The result of an answer whose body has been read. Raises Problem, UnexpectedAnswer.

    A deletion whose first answer was lost finds nothing any more: that is what was asked for.
    """
    if answer.status_code == 404 and call.method == "DELETE" and attempts.may_have_acted:
        return call.read({"success": True})
    if answer.status_code == 302 and "location" in answer.headers:
        return _moved(call, answer)
    raise_for(answer)
    return call.read(None if answer.status_code == 204 else _json(answer))


def _moved(call: Call[T], answer: httpx.Response) -> T:
    if not call.path.endswith("/content"):
        raise_for(answer)
    return call.read(str(answer.url.join(answer.headers["location"])))


def raise_for(answer: httpx.Response) -> None:
    """Raise what an answer other than success says. Its body must have been read."""
    if answer.is_success:
        return
    if answer.is_redirect:
        raise UnexpectedAnswer(f"The server wants to be asked elsewhere: {answer.headers.get('location', '')[:200]}")
    body = _json(answer)
    if not isinstance(body, dict) or "code" not in body:
        raise UnexpectedAnswer(f"{answer.url.host} answered {answer.status_code}, and not as Aeontel Images does.")
    raise problem(answer.status_code, body, retry_after(answer.headers))


def _json(answer: httpx.Response) -> Any:
    try:
        return json.loads(answer.content)
    except ValueError:
        raise UnexpectedAnswer(
            f"{answer.url.host} answered {answer.status_code} without JSON: is this the address of Aeontel Images?"
        ) from None
