"""What lets somebody see a private image: Cloudflare's `exp` and `sig`, or a `token` of the edge in front of it."""

import hashlib
import hmac
import json
import re
import time
from collections.abc import Iterable, Mapping
from typing import Any

import jwt

_ALGORITHM = "HS256"
_MAX_QUERY = 4096
"""Longer ones are refused unread; ours have some 300 characters."""


def sign(path: str, query: str, key: str) -> str:
    """HMAC-SHA256 over `path?query` with the key's text as it is, in lower-case hex."""
    return hmac.new(key.encode(), f"{path}?{query}".encode(), hashlib.sha256).hexdigest()


def expiry(
    path: str,
    query: str,
    names: tuple[str, str, str],
    *,
    keys: Iterable[str],
    jwt_keys: Mapping[str, str],
    now: float | None = None,
) -> int | None:
    """Until when (Unix seconds) this query lets its bearer see the picture, or None when it does not.

    `path` and `query` are raw, the path without the mount point; `names` are the account hash, image id and variant
    name that the path was found to mean. Both forms at once are refused: nobody could say which one counts.
    """
    if len(query) > _MAX_QUERY:
        return None
    if any(part.partition("=")[0] == "token" for part in query.split("&")):
        return token_expiry(query, names, jwt_keys, now=now)
    return valid(path, query, keys, now=now)


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
    return _if_ahead(int(expiries[0]), now) if any(good) else None


def token_expiry(
    query: str, names: tuple[str, str, str], keys: Mapping[str, str], *, now: float | None = None
) -> int | None:
    """The expiry when the query is one good token for exactly this account, image and variant, else None.

    HS256 and nothing else, with the key that `kid` names; `aud`, `sub` and `var` are text and equal to the names;
    `exp` is ahead, and `nbf` and `iat`, where given, are not. There is no leeway: one clock signs and checks.
    """
    claims = _claims(query.removeprefix("token="), keys)
    if claims is None or (claims.get("aud"), claims.get("sub"), claims.get("var")) != names:
        return None
    if any(not _is_number(claims[name]) or claims[name] > _clock(now) for name in ("nbf", "iat") if name in claims):
        return None
    return _if_ahead(claims["exp"], now) if type(claims.get("exp")) is int else None


def _claims(token: str, keys: Mapping[str, str]) -> dict[str, Any] | None:
    """What a token with a good signature says, its times unread."""
    try:
        header = jwt.get_unverified_header(token)
        if not header.keys() <= {"alg", "kid", "typ"}:
            return None
        key = keys.get(header.get("kid", ""))
        if key is None or not _is_canonical(token):
            return None
        claims = json.loads(jwt.PyJWS().decode(token, key, algorithms=[_ALGORITHM]))
    except (jwt.PyJWTError, ValueError, RecursionError):
        return None
    return claims if isinstance(claims, dict) else None


def _is_canonical(token: str) -> bool:
    """Whether the signature is written as it would be: base64 has several spellings of the same bytes."""
    signature = token.rpartition(".")[2].encode()
    return jwt.utils.base64url_encode(jwt.utils.base64url_decode(signature)) == signature


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _clock(now: float | None) -> float:
    return time.time() if now is None else now


def _if_ahead(expires: int, now: float | None) -> int | None:
    return expires if expires > _clock(now) else None
