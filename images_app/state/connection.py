"""What the face may know of the connection of a tab.

Reflex keeps the headers of a websocket with the state of its tab, and with several servers that lies in Redis. So it
is given the few that it needs, and in place of the session's secret the SHA-256 under which the database knows it.
"""

from collections.abc import MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any

from images_app.core import sessions

_COOKIE = "aeontel_session"
_NEEDED = (b"host", b"origin", b"connection", b"upgrade")


def bare(scope: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The same ASGI connection, of which nothing that is kept opens an account."""
    if scope["type"] != "websocket":
        return scope
    headers = [
        (name, value) for name, value in scope["headers"] if name in _NEEDED or name.startswith(b"sec-websocket-")
    ]
    cookies = b"; ".join(value for name, value in scope["headers"] if name == b"cookie")
    if secret := session_cookie(cookies.decode("latin-1")):
        headers.append((b"cookie", f"{_COOKIE}={sessions.digest(secret)}".encode()))
    return {**scope, "headers": headers}


def session_cookie(cookies: str) -> str:
    """What the session cookie of a Cookie header holds, or ''. Behind `bare` that is the digest."""
    try:
        jar = SimpleCookie(cookies)
    except CookieError:
        return ""
    return jar[_COOKIE].value if _COOKIE in jar else ""
