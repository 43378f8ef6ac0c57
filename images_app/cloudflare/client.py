"""Cloudflare Images over HTTP: the real one and the local one speak the same protocol."""

import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

import httpx

from images_app.cloudflare import wire
from images_app.cloudflare.base import VARIANTS, RemoteImage, Variant
from images_app.cloudflare.batch import BatchTokens
from images_app.errors import CloudflareError

_TIMEOUT = httpx.Timeout(60.0, connect=5.0, pool=60.0)
"""Seconds. A create ends only when Cloudflare has pulled the bytes."""
_SMALL_TIMEOUT = httpx.Timeout(10.0, connect=5.0)
"""For questions that somebody waits for and that Cloudflare answers at once."""
_LIMITS = httpx.Limits(max_connections=64, max_keepalive_connections=16, keepalive_expiry=15.0)
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class HttpCloudflareImages:
    """Implements CloudflareImages. Safe for many threads; retries nothing by itself: the pipeline does.

    `api_base` ends in `/client/v4`. With a `batch_base` (such as `https://batch.imagedelivery.net`) images are made,
    read, listed and deleted over that host, and the ordinary way when it does not let us in. `pace` is called before
    each call the ordinary way, and returns when it may be made.
    """

    def __init__(
        self,
        api_base: str,
        account_id: str,
        api_token: str,
        *,
        batch_base: str = "",
        pace: Callable[[], None] | None = None,
        timeout: httpx.Timeout = _TIMEOUT,
        page_size: int = 1000,
    ) -> None:
        self._page_size = page_size
        self._base = f"{api_base.rstrip('/')}/accounts/{quote(account_id, safe='')}/images"
        self._token = api_token
        self._pace = pace
        self._batch_base = f"{batch_base.rstrip('/')}/images"
        self._batch = BatchTokens(self._batch_token) if batch_base else None
        self._timeout = timeout
        self._http = httpx.Client(
            headers={"User-Agent": "aeontel-images"},
            limits=_LIMITS,
            trust_env=False,
            follow_redirects=False,
        )

    @property
    def account(self) -> str:
        """Which account at which Cloudflare this is; no secret, and the same on every server."""
        return self._base

    def create_from_url(
        self, url: str, *, metadata: dict[str, str], creator: str, require_signed_urls: bool
    ) -> RemoteImage:
        """One multipart POST; Cloudflare pulls the bytes before it answers."""
        form = {
            "url": url,
            "metadata": json.dumps(metadata, separators=(",", ":")),
            "creator": creator,
            "requireSignedURLs": "true" if require_signed_urls else "false",
        }
        # Parts without a filename: plain form fields, but as multipart, which is all that Cloudflare takes.
        parts = {name: (None, value) for name, value in form.items()}
        return wire.image(self._bulk("POST", "/v1", files=parts), writes=True)

    def find(self, file_id: str) -> list[RemoteImage]:
        """Every image whose `meta.fileId` is this file, oldest first."""
        return list(self._pages({"meta.fileId[eq]": file_id, "sort_order": "asc"}))

    def get(self, image_id: str) -> RemoteImage:
        """One image; CloudflareError with status 404 when there is none."""
        return wire.image(self._bulk("GET", f"/v1/{_segment(image_id)}"), writes=False)

    def delete(self, image_id: str) -> None:
        """Delete it; no error when it is not there."""
        try:
            self._bulk("DELETE", f"/v1/{_segment(image_id)}")
        except CloudflareError as error:
            # 5404 by name: another 404 means a wrong account or base, and then nothing was deleted.
            if error.upstream_code != 5404:
                raise

    def list(self, *, creator: str | None = None) -> Iterator[RemoteImage]:
        """Every image, newest first, page by page as it is consumed."""
        return self._pages({"sort_order": "desc"} | ({} if creator is None else {"creator": creator}))

    def list_page(self, token: str | None) -> tuple[Sequence[RemoteImage], str | None]:
        """Some images, oldest first, and the token with which the list goes on."""
        return self._page({"sort_order": "asc"}, token)

    def set_private(self, image_id: str, private: bool) -> RemoteImage:
        """Change requireSignedURLs, which gives the image another id."""
        changed = self._bulk("PATCH", f"/v1/{_segment(image_id)}", json={"requireSignedURLs": private})
        return wire.image(changed, writes=True)

    def lacking_variants(self) -> Sequence[str]:
        """The names of those of VARIANTS that the account lacks, or has otherwise."""
        there = self._variants()
        return [one.name for one in VARIANTS if one.name not in there or not _same(there[one.name], one)]

    def flexible_variants(self) -> bool:
        """Whether pictures can be had in any size."""
        result = self._call("GET", "/v1/config")
        if not isinstance(result, dict) or not isinstance(result.get("flexible_variants"), bool):
            raise CloudflareError("Cloudflare's answer has no flexible_variants.", status=200)
        return bool(result["flexible_variants"])

    def ensure_variants(self) -> None:
        """Make those of VARIANTS that the account lacks; one that differs is set right."""
        there = self._variants()
        for variant in VARIANTS:
            body = {"options": _options(variant), "neverRequireSignedURLs": False}
            if variant.name not in there:
                self._create_variant(variant, body)
            elif not _same(there[variant.name], variant):
                self._call("PATCH", f"/v1/variants/{_segment(variant.name)}", json=body)

    def check(self) -> None:
        """Raise when the account cannot be used with these credentials; cheap."""
        self._call("GET", "/v1/stats", timeout=_SMALL_TIMEOUT)

    def check_may_write(self) -> None:
        """Raise when these credentials may only read. Changes nothing: it deletes an image that nobody has, and whether
        we may is asked before whether there is one."""
        try:
            self._call("DELETE", f"/v1/{uuid.uuid4()}", timeout=_SMALL_TIMEOUT)
        except CloudflareError as error:
            if error.account == "refused":
                said = f"The token may only read; it needs the permission Cloudflare Images: Edit. {error.detail}"
                raise CloudflareError(said, status=error.status, account="refused") from None
            if error.upstream_code != 5404:
                raise

    def close(self) -> None:
        """Close idle connections."""
        self._http.close()

    def _variants(self) -> dict[str, Any]:
        result = self._call("GET", "/v1/variants")
        variants = result.get("variants") if isinstance(result, dict) else None
        if not isinstance(variants, dict):
            raise CloudflareError("Cloudflare's answer has no variants.", status=200, retryable=True)
        return variants

    def _create_variant(self, variant: Variant, body: dict[str, Any]) -> None:
        try:
            self._call("POST", "/v1/variants", json={"id": variant.name, **body})
        except CloudflareError as error:
            if error.status != 409:  # another server made it at the same moment
                raise

    def _pages(self, query: dict[str, str]) -> Iterator[RemoteImage]:
        token: str | None = None
        seen: set[str] = set()
        while True:
            images, token = self._page(query, token)
            yield from images
            if not token:
                return
            if token in seen:
                raise CloudflareError("Cloudflare's list goes in circles.", status=200, retryable=True)
            seen.add(token)

    def _page(self, query: dict[str, str], token: str | None) -> tuple[Sequence[RemoteImage], str | None]:
        page = {"per_page": str(self._page_size)} | query | ({"continuation_token": token} if token else {})
        result = self._bulk("GET", "/v2", params=page)
        images = result.get("images") if isinstance(result, dict) else None
        if not isinstance(images, list):
            raise CloudflareError("Cloudflare's answer has no images.", status=200, retryable=True)
        return [wire.image(item, writes=False) for item in images], result.get("continuation_token") or None

    def _batch_token(self) -> Any:
        return self._call("GET", "/v1/batch_token", timeout=_SMALL_TIMEOUT)

    def _bulk(self, method: str, path: str, **content: Any) -> Any:
        """What the batch host can do, too: over it when there is one that lets us in."""
        token = self._batch.get() if self._batch else None
        if self._batch is None or token is None:
            return self._call(method, path, **content)
        try:
            return self._send(method, self._batch_base + path, token, self._timeout, content)
        except CloudflareError as error:
            if error.account != "refused":  # refused: nothing was done, and it says nothing about our own token
                raise
            self._batch.refused(token)
        return self._call(method, path, **content)

    def _call(self, method: str, path: str, *, timeout: httpx.Timeout | None = None, **content: Any) -> Any:
        """The `result` of one request with the account's own token; every fault is CloudflareError."""
        if self._pace is not None and timeout is None:  # a short question keeps nobody waiting, and comes seldom
            self._pace()
        return self._send(method, self._base + path, self._token, timeout or self._timeout, content)

    def _send(self, method: str, url: str, token: str, timeout: httpx.Timeout, content: dict[str, Any]) -> Any:
        writes = method != "GET"
        headers = {"Authorization": f"Bearer {token}"}
        try:
            response = self._http.request(method, url, headers=headers, timeout=timeout, **content)
        except httpx.HTTPError as error:
            sent = not isinstance(error, _NOT_SENT)
            raise CloudflareError(
                f"Cloudflare did not answer ({type(error).__name__}).", retryable=True, ambiguous=writes and sent
            ) from None
        headers = {name.lower(): value for name, value in response.headers.items()}
        return wire.result(response.status_code, headers, response.content, writes=writes)


def _segment(image_id: str) -> str:
    """An id as one path segment: `/` as %2F, and nothing that means a folder."""
    encoded = quote(image_id, safe="")
    if encoded in ("", ".", ".."):
        raise CloudflareError("This is not an image id.", status=404, upstream_code=5404)
    return encoded


def _options(variant: Variant) -> dict[str, Any]:
    return {"fit": "scale-down", "width": variant.width, "height": variant.height, "metadata": "none"}


def _same(given: Any, variant: Variant) -> bool:
    options = given.get("options") if isinstance(given, dict) else None
    return isinstance(options, dict) and all(options.get(k) == v for k, v in _options(variant).items())
