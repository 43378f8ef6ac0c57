"""Cloudflare's signed delivery URLs: `exp` and `sig` over path and query."""

import hashlib
import hmac
import re
import time
from collections.abc import Iterable


def sign(path: str, query: str, key: str) -> str:
    """HMAC-SHA256 over `path?query` with the key's text as it is, in lower-case hex."""
    return hmac.new(key.encode(), f"{path}?{query}".encode(), hashlib.sha256).hexdigest()


def valid(path: str, query: str, keys: Iterable[str], *, now: float | None = None) -> int | None:
    """The expiry (Unix seconds) when the query's signature is good for this path, else None.

    `path` and `query` are raw, the path without host and mount point: `/<account hash>/<image id>/<variant>`. What
    was signed is the query without `sig`. One `exp` and one `sig` must be there, and the time must not be over. Any
    key of the account will do; all are tried, in constant time each.
    """
    pairs = query.split("&") if query else []
    signatures = [p[4:] for p in pairs if p.startswith("sig=")]
    expiries = [p[4:] for p in pairs if p.startswith("exp=")]
    if len(signatures) != 1 or len(expiries) != 1 or not re.fullmatch(r"[0-9]{1,12}", expiries[0]):
        return None
    signed = "&".join(p for p in pairs if not p.startswith("sig="))
    given = signatures[0].encode()
    good = [hmac.compare_digest(given, sign(path, signed, key).encode()) for key in keys]
    expiry = int(expiries[0])
    return expiry if any(good) and expiry > (time.time() if now is None else now) else None
