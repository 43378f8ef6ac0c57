"""Presigned URLs of a store that has no signer of its own: a JWT that binds method, key and expiry."""

import time
from dataclasses import dataclass

import jwt

from images_app.errors import InvalidPresignedUrl
from images_app.storage.rules import check_expiry

_AUDIENCE = "objects"
_ALGORITHM = "HS256"


@dataclass(frozen=True)
class Claim:
    """What a token allows: GET (and HEAD) of one object."""

    key: str
    download_name: str | None


class Presigner:
    """Signs and checks with one key that serves nothing else."""

    def __init__(self, signing_key: str) -> None:
        self._signing_key = signing_key

    def sign(self, key: str, *, expires_in: int, download_name: str | None) -> str:
        """A token that is good for `expires_in` seconds. Raises ValueError outside 1 s to 7 days."""
        check_expiry(expires_in)
        claims = {"aud": _AUDIENCE, "method": "GET", "key": key, "exp": int(time.time()) + expires_in}
        if download_name is not None:
            claims["name"] = download_name
        return jwt.encode(claims, self._signing_key, _ALGORITHM)

    def verify(self, token: str) -> Claim:
        """What the token allows. Raises InvalidPresignedUrl."""
        try:
            claims = jwt.decode(
                token,
                self._signing_key,
                algorithms=[_ALGORITHM],
                audience=_AUDIENCE,
                options={"require": ["exp", "aud", "method", "key"]},
            )
        except (jwt.InvalidTokenError, ValueError):
            raise self.refusal() from None
        if claims["method"] != "GET" or not isinstance(claims["key"], str):
            raise self.refusal()
        return Claim(claims["key"], claims.get("name"))

    def refusal(self) -> InvalidPresignedUrl:
        """The one error for everything that is wrong with a URL."""
        return InvalidPresignedUrl("This link is not valid, or not any more.")
