"""Delivery URLs, derived at read time from the account hash, an image's id and, for a private image, a key."""

import hashlib
import hmac
import time
from typing import Protocol
from urllib.parse import quote, urlsplit

import jwt


class Signature(Protocol):
    """How a URL shows that whoever has it may see one variant of one image until it expires."""

    def query(self, path: str, image_id: str, variant: str, expires: int) -> str:
        """The query of the URL. `path` is encoded and begins with the account hash; `expires` is in Unix seconds."""


class CloudflareSignature:
    """`exp` and `sig`, which Cloudflare checks itself.

    The text of one of the account's signing keys, as it is, is the key of an HMAC-SHA256 over path and query; see
    "Serve private images" in Cloudflare's documentation.
    """

    def __init__(self, signing_key: str) -> None:
        self._key = signing_key.encode()

    def query(self, path: str, image_id: str, variant: str, expires: int) -> str:
        query = f"exp={expires}"
        return f"{query}&sig={hmac.new(self._key, f'{path}?{query}'.encode(), hashlib.sha256).hexdigest()}"


class TokenSignature:
    """`token`: a JSON Web Token (HS256) that names one variant of one image of one account.

    Cloudflare knows nothing of it: the local delivery checks it, or a Worker in front of the real one. It says
    nothing that changes within a window, so that the URL stays the same and caches.
    """

    def __init__(self, secret: str, *, key_id: str, account_hash: str) -> None:
        self._secret = secret
        self._header = {"kid": key_id}
        self._audience = account_hash

    def query(self, path: str, image_id: str, variant: str, expires: int) -> str:
        claims = {"aud": self._audience, "sub": image_id, "var": variant, "exp": expires}
        return f"token={jwt.encode(claims, self._secret, 'HS256', headers=self._header)}"


class Delivery:
    """`<base>/<account hash>/<image id>/<variant>`; `base` is `https://imagedelivery.net` or our own.

    The URL of a private image is valid for at most `validity_s` seconds and at least half of that: it expires at the
    end of the next window of half that length, so that within a window it is the same for everybody and caches.
    """

    def __init__(
        self, base: str, account_hash: str, *, signature: Signature | None = None, validity_s: int = 3600
    ) -> None:
        self._base = base.rstrip("/")
        self._account = f"/{quote(account_hash, safe='')}"
        self._signature = signature
        self._window_s = max(1, validity_s // 2)

    @property
    def origin(self) -> str:
        """Scheme, host and port that pictures come from, for a Content-Security-Policy."""
        parts = urlsplit(self._base)
        return f"{parts.scheme}://{parts.netloc}"

    def url(self, image_id: str, variant: str = "public", *, private: bool = False, now: float | None = None) -> str:
        """The URL of a named variant; sub-paths of a custom id stay paths, `%` becomes `%25`.

        `now` in Unix seconds is the clock unless given. ValueError for a private image when there is no key: better
        than a link that answers 403.
        """
        path = f"{self._account}/{quote(image_id, safe='/')}/{quote(variant, safe='')}"
        if not private:
            return f"{self._base}{path}"
        if self._signature is None:
            raise ValueError("no key to sign the URL of a private image")
        windows = int(time.time() if now is None else now) // self._window_s
        return f"{self._base}{path}?{self._signature.query(path, image_id, variant, (windows + 2) * self._window_s)}"
