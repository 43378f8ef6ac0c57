"""Delivery URLs, derived at read time from the account hash and an image's id."""

from urllib.parse import quote, urlsplit


class Delivery:
    """`<base>/<account hash>/<image id>/<variant>`; `base` is `https://imagedelivery.net` or our own."""

    def __init__(self, base: str, account_hash: str) -> None:
        self._place = f"{base.rstrip('/')}/{quote(account_hash, safe='')}"

    @property
    def origin(self) -> str:
        """Scheme, host and port that pictures come from, for a Content-Security-Policy."""
        parts = urlsplit(self._place)
        return f"{parts.scheme}://{parts.netloc}"

    def url(self, image_id: str, variant: str = "public", *, private: bool = False) -> str:
        """The URL of a named variant; sub-paths of a custom id stay paths, `%` becomes `%25`.

        A private image needs a signature, and this composition has no key to make one: ValueError, rather than a
        link that answers 403.
        """
        if private:
            raise ValueError("no key to sign the URL of a private image")
        return f"{self._place}/{quote(image_id, safe='/')}/{quote(variant, safe='')}"
