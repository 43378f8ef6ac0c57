"""Who may call the API: the account's token and its read-only one as Bearer, X-Auth-Email with X-Auth-Key, and the
short-lived tokens of the batch host."""

import hashlib
import hmac
import re
import secrets
import time

from starlette.datastructures import Headers

from images_app.emulator.config import EmulatorConfig
from images_app.emulator.errors import ApiError

_BATCH_SECONDS = 3600


def check(headers: Headers, method: str, config: EmulatorConfig) -> None:
    """Reading is for "Images Read", everything else for "Images Write". Raises ApiError 10000 or 9109."""
    if not may_write(headers, config) and method not in ("GET", "HEAD"):
        raise no_permission()


def may_write(headers: Headers, config: EmulatorConfig) -> bool:
    """Whether the credentials are those of "Images Write". Raises ApiError 10000 or 9109 when they are nobody's."""
    if "authorization" in headers:
        token = bearer(headers)
        if _same(token, config.api_token):
            return True
        if _same(token, config.read_token):
            return False
        raise ApiError(9109, "Invalid access token")
    named = re.fullmatch(r"[^@\s]+@[^@\s]+", headers.get("x-auth-email", ""))
    if not named or not _same(headers.get("x-auth-key", ""), config.api_token):
        raise ApiError(10000, "Authentication error")
    return True


def knows(token: str, config: EmulatorConfig) -> bool:
    """Whether this is one of the account's tokens."""
    return _same(token, config.api_token) or _same(token, config.read_token)


def no_permission() -> ApiError:
    """What a good token without the permission is told; Cloudflare gives it the number of a bad one."""
    return ApiError(10000, "Authentication error", status=403)


def bearer(headers: Headers) -> str:
    """The bearer token; raises ApiError 10000 for anything else."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise ApiError(10000, "Authentication error")
    return token.strip()


def check_account(account: str, config: EmulatorConfig) -> None:
    """Raises ApiError 7003 or 5403."""
    if account != config.account_id:
        if not re.fullmatch(r"[0-9a-f]{32}", account):
            shown = account[:64]
            raise ApiError(7003, f"Could not route to /accounts/{shown}, perhaps your object identifier is invalid?")
        raise ApiError(5403, "The given account is not valid or is not authorized to access this service")


def new_batch_token(config: EmulatorConfig) -> tuple[str, int]:
    """A token for the batch host, and its expiry in Unix seconds. Every process of the account takes it."""
    expires = int(time.time()) + _BATCH_SECONDS
    text = f"{expires:x}.{secrets.token_hex(16)}"
    return f"{text}.{_seal(text, config)}", expires


def check_batch(headers: Headers, config: EmulatorConfig) -> str:
    """The good batch token that the request brings. Raises ApiError 10000 or 9109."""
    token = bearer(headers)
    text, _, seal = token.rpartition(".")
    if not _same(seal, _seal(text, config)) or int(text.partition(".")[0], 16) <= time.time():
        raise ApiError(9109, "Invalid access token")
    return token


class Meter:
    """At most so many calls a second for each batch token, in this process."""

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._windows: dict[str, tuple[int, int]] = {}

    def count(self, token: str) -> None:
        """Raises ApiError 971."""
        second = int(time.monotonic())
        began, calls = self._windows.get(token, (second, 0))
        if began != second:
            calls = 0
        if calls >= self._per_second:
            raise throttled(1)
        if len(self._windows) > 1000:
            self._windows.clear()
        self._windows[token] = (second, calls + 1)


def throttled(retry_after: int) -> ApiError:
    """429, as the API words it."""
    return ApiError(971, "Please wait and consider throttling your request speed", retry_after=retry_after)


def _seal(text: str, config: EmulatorConfig) -> str:
    return hmac.new(config.api_token.encode(), b"batch " + text.encode(), hashlib.sha256).hexdigest()


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())
