"""The server's address, and the settings that both senders give to httpx."""

import ssl
from typing import Any
from urllib.parse import urlsplit

from images_app.client.errors import InvalidArgument

USER_AGENT = "aeontel-images-client"


def base_of(url: str) -> str:
    """`http(s)://host[:port][/prefix]` without a slash at its end. Raises InvalidArgument."""
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise InvalidArgument("The server's address looks like https://images.example.com or http://localhost:3000.")
    return url.strip().rstrip("/")


def options(base: str, token: str | None, timeout: float, user_agent: str = USER_AGENT) -> dict[str, Any]:
    """Of the httpx client that talks to the API."""
    headers = {"User-Agent": user_agent, "Accept": "application/json"}
    if token:
        if not token.isascii() or not token.isprintable() or " " in token:
            raise InvalidArgument("This is not a token: it has characters that no token has.")
        headers["Authorization"] = f"Bearer {token}"
    return {
        "base_url": base,
        "headers": headers,
        "timeout": timeout,
        "verify": _tls(base),
        "follow_redirects": False,
    }


def elsewhere(url: str, timeout: float) -> dict[str, Any]:
    """Of the httpx client that fetches a presigned URL: it knows no credential of ours."""
    return {
        "headers": {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
        "timeout": timeout,
        "verify": _tls(url),
        "follow_redirects": False,
    }


def _tls(url: str) -> ssl.SSLContext:
    """Reading the list of authorities takes longer than a whole request to this machine, which needs none: for plain
    http it is left out, and a server with TLS would not be trusted."""
    if url.startswith("https://"):
        return ssl.create_default_context(cafile=_authorities())
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _authorities() -> str:
    import certifi

    return certifi.where()
