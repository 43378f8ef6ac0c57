"""Who may call the API: the account's one token, as Bearer or as X-Auth-Email with X-Auth-Key."""

import hmac
import re

from starlette.datastructures import Headers

from images_app.emulator.config import EmulatorConfig
from images_app.emulator.errors import ApiError


def check(headers: Headers, account: str, config: EmulatorConfig) -> None:
    """Raises ApiError 10000 or 9109, then 7003 or 5403 for the account."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme:
        if scheme.lower() != "bearer":
            raise ApiError(10000, "Authentication error")
        if not _same(token.strip(), config.api_token):
            raise ApiError(9109, "Invalid access token")
    elif "x-auth-key" in headers:
        named = re.fullmatch(r"[^@\s]+@[^@\s]+", headers.get("x-auth-email", ""))
        if not named or not _same(headers["x-auth-key"], config.api_token):
            raise ApiError(10000, "Authentication error")
    else:
        raise ApiError(10000, "Authentication error")
    if account != config.account_id:
        if not re.fullmatch(r"[0-9a-f]{32}", account):
            shown = account[:64]
            raise ApiError(7003, f"Could not route to /accounts/{shown}, perhaps your object identifier is invalid?")
        raise ApiError(5403, "The given account is not valid or is not authorized to access this service")


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())
