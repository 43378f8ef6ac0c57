"""Copy from URL: the one place that makes requests, and only to prefixes that the operator named.

A target is checked as the very object that is then requested, so no second parser can read it differently. It must
have the scheme, host and port of an allowed base and lie under its path; names are compared as text, so decimal or
hex spellings of an address are simply other hosts. Redirects are followed by hand and checked the same way. No
proxy is taken from the environment, and no URL is logged: its query is usually a credential.
"""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import unquote

import httpx

from images_app.emulator.config import MAX_FILE_BYTES, EmulatorConfig
from images_app.emulator.errors import ApiError

_REDIRECTS = (301, 302, 303, 307, 308)
_MAX_URL = 8192


@dataclass(frozen=True)
class Fetched:
    """An origin's answer: `filename` is the last segment of the path that was asked for first."""

    filename: str
    content_type: str
    chunks: AsyncIterator[bytes]


class Fetcher:
    """Reads images from allowed origins. Every fault is ApiError 5454 (5413 for too many bytes)."""

    def __init__(self, config: EmulatorConfig) -> None:
        self._bases = [httpx.URL(base) for base in config.fetch_bases]
        self._redirects = config.fetch_redirects
        self._answer_seconds = config.fetch_answer_seconds
        self._total_seconds = config.fetch_total_seconds
        # The transport by itself: a client would log each URL, follow proxies and keep cookies.
        self._transport = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=64, max_keepalive_connections=8))

    async def close(self) -> None:
        """Close idle connections."""
        await self._transport.aclose()

    @asynccontextmanager
    async def open(self, url: str) -> AsyncIterator[Fetched]:
        """The answer to GET, its body still to be read; the whole must end within the total time."""
        target = self._target(url)
        filename = unquote(target.path.rpartition("/")[2])[:255]
        try:
            async with asyncio.timeout(self._total_seconds):
                response = await self._follow(target)
                try:
                    yield Fetched(filename, response.headers.get("content-type", ""), self._body(response))
                finally:
                    await response.aclose()
        except TimeoutError:
            raise _fault(f"the origin took longer than {self._total_seconds:g} seconds") from None
        except httpx.TimeoutException:
            raise _fault(f"the origin did not answer within {self._answer_seconds:g} seconds") from None
        except httpx.HTTPError as error:
            raise _fault(f"the origin could not be read ({type(error).__name__})") from None

    async def _follow(self, target: httpx.URL) -> httpx.Response:
        for _ in range(self._redirects + 1):
            response = await self._get(target)
            if response.status_code not in _REDIRECTS or "location" not in response.headers:
                if response.status_code != 200:
                    await response.aclose()
                    raise _fault(f"the origin answered {response.status_code}")
                return response
            await response.aclose()
            location = response.headers["location"]
            try:
                target = self._target(str(target.join(_plain(location))))
            except httpx.InvalidURL:
                raise _fault("the origin redirects to an invalid URL") from None
        raise _fault("too many redirects")

    async def _get(self, target: httpx.URL) -> httpx.Response:
        headers = {"user-agent": "cloudflare-images-local", "accept": "image/*", "accept-encoding": "identity"}
        if target.userinfo:
            headers["authorization"] = "Basic " + base64.b64encode(unquote(target.userinfo.decode()).encode()).decode()
            target = target.copy_with(userinfo=b"")
        request = httpx.Request(
            "GET", target, headers=headers, extensions={"timeout": httpx.Timeout(self._answer_seconds).as_dict()}
        )
        response = await self._transport.handle_async_request(request)
        response.request = request
        return response

    async def _body(self, response: httpx.Response) -> AsyncIterator[bytes]:
        if response.headers.get("content-encoding", "identity") != "identity":
            raise _fault("the origin answered with a content encoding")
        length = response.headers.get("content-length", "0")
        size = int(length) if length.isascii() and length.isdigit() and len(length) < 19 else 0
        read = 0
        async for chunk in response.aiter_raw():
            read += len(chunk)
            if max(read, size) > MAX_FILE_BYTES:
                raise ApiError(5413, "Maximum image size of 10 MB is reached")
            yield chunk

    def _target(self, url: str) -> httpx.URL:
        """The parsed URL, if it may be requested."""
        try:
            target = httpx.URL(_plain(url))
        except (httpx.InvalidURL, ValueError, UnicodeError):
            raise _fault("the URL is not valid") from None
        if not any(_under(base, target) for base in self._bases):
            raise _fault("this URL may not be fetched by the local Cloudflare Images")
        return target


def _plain(url: str) -> str:
    """The text itself, when it has nothing that two readers could take differently."""
    if len(url) > _MAX_URL or not url.isprintable() or any(c in url for c in " \\"):
        raise _fault("the URL is not valid")
    return url


def _under(base: httpx.URL, target: httpx.URL) -> bool:
    if (base.scheme, base.host, _port(base)) != (target.scheme, target.host, _port(target)):
        return False
    path = target.raw_path.partition(b"?")[0].decode("ascii", "replace")
    if any(unquote(segment) in (".", "..") or "/" in unquote(segment) for segment in path.split("/")):
        return False
    prefix = base.path.rstrip("/")
    return path == prefix or path.startswith(prefix + "/")


def _port(url: httpx.URL) -> int | None:
    return url.port or {"http": 80, "https": 443}.get(url.scheme)


def _fault(message: str) -> ApiError:
    return ApiError(5454, f"Failed to fetch the image from the given url: {message}")
