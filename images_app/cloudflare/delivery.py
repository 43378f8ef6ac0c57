"""Delivery URLs, derived at read time from the account hash, an image's id and, for a private image, a key."""

import hashlib
import hmac
import re
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol
from urllib.parse import quote, urlsplit

import jwt


class Picture(NamedTuple):
    """One named variant of one image of one account: what a delivery URL names."""

    account_hash: str
    image_id: str
    variant: str

    @property
    def path(self) -> str:
        """As it stands in the URL after the base: sub-paths of a custom id stay paths, `%` becomes `%25`."""
        before, after = _around("", self.account_hash, self.variant)
        return f"{before}{quote(self.image_id)}{after}"


@lru_cache(64)
def _around(base: str, account_hash: str, variant: str) -> tuple[str, str]:
    """What stands before and after the image's id in a URL."""
    return f"{base}/{quote(account_hash, safe='')}/", f"/{quote(variant, safe='')}"


# Nearly every id stays as it is; `quote` would take longer to find that out than all else of an image in a list.
_UNCHANGED = re.compile(r"[0-9A-Za-z_-]*").fullmatch


class Signature(Protocol):
    """How a URL shows that whoever has it may see one variant of one image until it expires."""

    def query(self, picture: Picture, expires: int) -> str:
        """The query of the URL; `expires` is in Unix seconds."""


class CloudflareSignature:
    """`exp` and `sig`, which Cloudflare checks itself.

    The text of one of the account's signing keys, as it is, is the key of an HMAC-SHA256 over path and query; see
    "Serve private images" in Cloudflare's documentation.
    """

    def __init__(self, signing_key: str) -> None:
        self._key = signing_key.encode()

    def query(self, picture: Picture, expires: int) -> str:
        query = f"exp={expires}"
        return f"{query}&sig={hmac.new(self._key, f'{picture.path}?{query}'.encode(), hashlib.sha256).hexdigest()}"


class TokenSignature:
    """`token`: a JSON Web Token (HS256) that names one variant of one image of one account.

    Cloudflare knows nothing of it: the local delivery checks it, or a Worker in front of the real one. It says
    nothing that changes within a window, so that the URL stays the same and caches.
    """

    def __init__(self, secret: str, *, key_id: str) -> None:
        self._secret = secret
        self._header = {"kid": key_id}

    def query(self, picture: Picture, expires: int) -> str:
        claims = {"aud": picture.account_hash, "sub": picture.image_id, "var": picture.variant, "exp": expires}
        return f"token={jwt.encode(claims, self._secret, 'HS256', headers=self._header)}"


class Delivery:
    """`<base>/<account hash>/<image id>/<variant>`; `base` is `https://imagedelivery.net` or our own. The account hash
    is asked for with every URL, because the real Cloudflare tells it only with the first image.

    The URL of a private image is valid for at most `validity_s` seconds and at least half of that: it expires at the
    end of the next window of half that length, so that within a window it is the same for everybody and caches.
    """

    def __init__(
        self, base: str, account_hash: Callable[[], str], *, signature: Signature | None = None, validity_s: int = 3600
    ) -> None:
        self._base = base.rstrip("/")
        self._account_hash = account_hash
        self._signature = signature
        self._window_s = max(1, validity_s // 2)

    @property
    def origin(self) -> str:
        """Scheme, host and port that pictures come from, for a Content-Security-Policy."""
        parts = urlsplit(self._base)
        return f"{parts.scheme}://{parts.netloc}"

    def urls(self, image_ids: Sequence[str], variant: str = "public") -> list[str]:
        """The URLs of this variant of public images."""
        before, after = _around(self._base, self._account_hash(), variant)
        if not _UNCHANGED("".join(image_ids)):
            image_ids = [quote(image_id) for image_id in image_ids]
        return [f"{before}{image_id}{after}" for image_id in image_ids]

    def url(self, image_id: str, variant: str = "public", *, private: bool = False, now: float | None = None) -> str:
        """The URL of a named variant.

        `now` in Unix seconds is the clock unless given. ValueError for a private image when there is no key: better
        than a link that answers 403.
        """
        if not private:
            return self.urls((image_id,), variant)[0]
        picture = Picture(self._account_hash(), image_id, variant)
        if self._signature is None:
            raise ValueError("no key to sign the URL of a private image")
        windows = int(time.time() if now is None else now) // self._window_s
        return f"{self._base}{picture.path}?{self._signature.query(picture, (windows + 2) * self._window_s)}"
