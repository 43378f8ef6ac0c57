"""The batch host's tokens: short-lived, got with the account's own token, good for 200 calls a second.

See "Batch API" in Cloudflare's documentation. Calls over the batch host do not count against the 1,200 calls in five
minutes that the whole account shares.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from images_app.errors import CloudflareError

log = logging.getLogger(__name__)

_RENEW_BEFORE_S = 60.0
_SHORTEST_S = 30.0
"""For this long a token is used in any case: one whose expiry makes no sense must not be renewed with every call."""
_CLOSED_FOR_S = 60.0


class BatchTokens:
    """One token at a time for all threads. Whoever gets None goes the ordinary way."""

    def __init__(self, fetch: Callable[[], Any], *, clock: Callable[[], float] = time.time) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._token: str | None = None
        self._renew_at = 0.0
        self._closed_until = 0.0

    def get(self) -> str | None:
        """A token that is good for a while yet; None while there is none to be had. Waits while another thread asks
        for one."""
        with self._lock:
            if self._clock() < self._closed_until:
                return None
            if self._token is None or self._clock() >= self._renew_at:
                self._renew()
            return self._token

    def refused(self, token: str) -> None:
        """The batch host did not take this token: go the ordinary way for a minute, then ask for another one."""
        with self._lock:
            if token == self._token:
                log.warning("the batch host refused its token; going on without it for %.0f s", _CLOSED_FOR_S)
                self._close()

    def _renew(self) -> None:
        try:
            self._token, expires = _read(self._fetch())
        except CloudflareError as error:
            log.warning("no batch token (%s); going on without it for %.0f s", error.detail, _CLOSED_FOR_S)
            self._close()
            return
        now = self._clock()
        self._renew_at = max(expires - _RENEW_BEFORE_S, now + _SHORTEST_S)

    def _close(self) -> None:
        self._token = None
        self._closed_until = self._clock() + _CLOSED_FOR_S


def _read(result: Any) -> tuple[str, float]:
    """Token and expiry in Unix seconds. Raises CloudflareError."""
    token = result.get("token") if isinstance(result, dict) else None
    if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
        raise CloudflareError("Cloudflare's answer has no batch token.", status=200, retryable=True)
    try:
        expires = datetime.fromisoformat(str(result.get("expiresAt"))).timestamp()
    except ValueError:
        expires = 0.0
    return token, expires
