"""Thumbnails, fetched from where the server delivers pictures and from nowhere else."""

from urllib.parse import urlsplit

import httpx

MOST_BYTES = 1024 * 1024
KINDS = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})
_TIMEOUT_S = 20.0
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class NoPicture(Exception):
    """The picture could not be had; the text says why."""


class Pictures:
    """Fetches delivery URLs, without any credential of ours, redirects or large pictures.

    With `origin`, only from there. Without, where only the REST answer says where pictures are: from anywhere that has
    TLS, and from the very machine that `server` is on. `transport` is how they are
    reached when not through the network.
    """

    def __init__(
        self, *, server: str = "", origin: str = "", transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._server = server
        self._origin = origin
        self._transport = transport

    async def fetch(self, url: str) -> tuple[bytes, str]:
        """The bytes and their media type. Raises NoPicture."""
        if not self._is_delivery(url):
            raise NoPicture("it is not where pictures are delivered")
        headers = {"Accept": ", ".join(sorted(KINDS)), "Accept-Encoding": "identity", "User-Agent": "aeontel-mcp"}
        found = b""
        try:
            async with (
                httpx.AsyncClient(transport=self._transport, timeout=_TIMEOUT_S, follow_redirects=False) as http,
                http.stream("GET", url, headers=headers) as answer,
            ):
                kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
                if answer.status_code != 200 or kind not in KINDS:
                    raise NoPicture(f"its delivery answered {answer.status_code}")
                async for block in answer.aiter_bytes():
                    found += block
                    if len(found) > MOST_BYTES:
                        raise NoPicture("it is too large")
        except httpx.HTTPError as error:
            raise NoPicture(f"its delivery could not be reached ({type(error).__name__})") from None
        return found, kind

    def _is_delivery(self, url: str) -> bool:
        parts, server = urlsplit(url), urlsplit(self._server)
        if parts.username or parts.password:
            return False
        if self._origin:
            return f"{parts.scheme}://{parts.netloc}" == self._origin
        if parts.scheme == "https":
            return True
        is_same = (parts.scheme, parts.netloc) == (server.scheme, server.netloc)
        return is_same or (parts.scheme == "http" and {parts.hostname, server.hostname} <= _LOOPBACK)
