"""Security headers on everything that the server sends, as plain ASGI around all of its parts.

Pages get a strict Content-Security-Policy. The front end's pages carry a few scripts inside the HTML, so each page is
read on its way out and exactly those scripts are allowed by their SHA-256. A part that sets its own policy (stored
objects, delivered images) keeps it.
"""

import base64
import hashlib
import re
import zlib
from collections.abc import Sequence
from html.parser import HTMLParser

import anyio
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"
_HASHED_ASSET = re.compile(r"/assets/.+-[\w-]{8,}\.\w+")
_HOST = re.compile(r"[A-Za-z0-9.-]+(:\d{1,5})?|\[[0-9A-Fa-f:]+\](:\d{1,5})?")
_MAX_PAGE_BYTES = 4 * 1024 * 1024


class SecurityHeaders:
    """Adds the headers to every HTTP answer of `app`. `image_origins`: where pictures may come from besides here."""

    def __init__(self, app: ASGIApp, *, image_origins: Sequence[str] = ()) -> None:
        self._app = app
        self._image_origins = tuple(dict.fromkeys(image_origins))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await self._app(scope, receive, _Answer(self, scope, send).send)

    def page_policy(self, scripts: Sequence[str], host: str) -> str:
        """The policy of a page with these inline scripts, as `'sha256-…'` sources."""
        images = " ".join(("'self'", "data:", "blob:", *self._image_origins))
        # 'self' covers websockets only in newer browsers.
        sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
        return "; ".join(
            (
                "default-src 'none'",
                " ".join(("script-src 'self'", *scripts)),
                "style-src 'self' 'unsafe-inline'",  # Radix and Emotion write style attributes and elements
                f"img-src {images}",
                "font-src 'self' data:",
                f"connect-src 'self'{sockets}",
                "worker-src 'self' blob:",
                "manifest-src 'self'",
                "form-action 'self'",
                "base-uri 'none'",
                "frame-ancestors 'none'",
            )
        )


class _Answer:
    """One answer on its way out. A page is held back until its scripts are known, anything else passes at once."""

    def __init__(self, policy: SecurityHeaders, scope: Scope, send: Send) -> None:
        self._policy = policy
        self._path: str = scope["path"]
        self._host = Headers(scope=scope).get("host", "")
        self._send = send
        self._held: Message | None = None
        self._page = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            self._add(headers, message["status"])
            if _is_page(headers):
                self._held = message
                return
        elif self._held is not None:
            await self._continue_page(self._held, message)
            return
        await self._send(message)

    def _add(self, headers: MutableHeaders, status: int) -> None:
        for name, value in _EVERYWHERE.items():
            headers.setdefault(name, value)
        kind = headers.get("content-type", "")
        if kind.startswith(("application/json", "application/problem+json", "text/event-stream")):
            headers.setdefault("Content-Security-Policy", _DATA_POLICY)
        if status in (200, 206) and _HASHED_ASSET.fullmatch(self._path):
            headers.setdefault("Cache-Control", "public, max-age=31536000, immutable")
        elif kind.startswith("text/html"):
            headers.setdefault("Cache-Control", "no-cache")

    async def _continue_page(self, start: Message, message: Message) -> None:
        if message["type"] == "http.response.pathsend":
            page = await anyio.Path(message["path"]).read_bytes()
            await self._release(start, page)
            await self._send(message)
            return
        self._page += message.get("body", b"")
        is_more = message.get("more_body", False)
        if is_more and len(self._page) <= _MAX_PAGE_BYTES:
            return
        await self._release(start, self._page)
        await self._send({**message, "body": self._page})

    async def _release(self, start: Message, page: bytes) -> None:
        self._held = None
        headers = MutableHeaders(scope=start)
        scripts = inline_scripts(_plain(page, headers.get("content-encoding", "")))
        headers["Content-Security-Policy"] = self._policy.page_policy(scripts, self._host)
        await self._send(start)


def _is_page(headers: Headers) -> bool:
    """HTML without a policy of its own."""
    return headers.get("content-type", "").startswith("text/html") and "content-security-policy" not in headers


def _plain(page: bytes, encoding: str) -> bytes:
    """The page itself. What we cannot unpack has no scripts for us, and then none of them may run."""
    if encoding == "gzip":
        try:
            return zlib.decompressobj(wbits=31).decompress(page, _MAX_PAGE_BYTES)
        except zlib.error:
            return b""
    return b"" if encoding else page


def inline_scripts(page: bytes) -> tuple[str, ...]:
    """The CSP sources of the scripts inside an HTML page, in order, each once."""
    parser = _InlineScripts()
    parser.feed(page.decode(errors="replace").replace("\r\n", "\n"))
    parser.close()
    hashes = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in parser.found)
    return tuple(dict.fromkeys(f"'sha256-{value}'" for value in hashes))


class _InlineScripts(HTMLParser):
    """Collects the text of each `<script>` without `src`."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._inside: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "script" and "src" not in dict(attrs):
            self._inside = []

    def handle_data(self, data: str) -> None:
        if self._inside is not None:
            self._inside.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "script" and self._inside is not None:
            self.found.append("".join(self._inside))
            self._inside = None
