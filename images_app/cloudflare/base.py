"""What the product asks of Cloudflare Images. One adapter (`client`) serves the real one and the local one."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote


@dataclass(frozen=True)
class RemoteImage:
    """An image as Cloudflare's API describes it."""

    id: str
    filename: str = ""
    meta: dict[str, object] = field(default_factory=dict)
    creator: str | None = None
    require_signed_urls: bool = False
    uploaded: str = ""
    """RFC 3339."""
    variants: tuple[str, ...] = ()
    """The delivery URL of each named variant."""

    @property
    def account_hash(self) -> str | None:
        """The account's part of delivery URLs, which no operation of the API tells by itself."""
        place = re.escape(f"/{quote(self.id, safe='/')}/")
        found = (re.search(rf"/([A-Za-z0-9_-]{{1,64}}){place}[^/]+$", url) for url in self.variants)
        return next((match[1] for match in found if match), None)


@dataclass(frozen=True)
class Variant:
    """A named variant: a size in pixels that pictures are scaled down to; metadata is always left out."""

    name: str
    width: int
    height: int


VARIANTS = (
    Variant("thumb", 160, 160),  # rows of tables and panels
    Variant("grid", 1600, 480),  # gallery tiles at double density
    Variant("full", 2560, 2560),  # the viewer
)
"""What the product needs besides Cloudflare's own `public`."""


class CloudflareImages(Protocol):
    """Every call is synchronous and raises CloudflareError."""

    @property
    def account(self) -> str:
        """Which account at which Cloudflare this is; no secret, and the same on every server."""

    def create_from_url(
        self, url: str, *, metadata: dict[str, str], creator: str, require_signed_urls: bool
    ) -> RemoteImage:
        """Let Cloudflare pull the bytes. Not idempotent: after an ambiguous error, `find` before calling again."""

    def find(self, file_id: str) -> list[RemoteImage]:
        """Every image whose `meta.fileId` is this file, oldest first."""

    def get(self, image_id: str) -> RemoteImage:
        """One image; CloudflareError with status 404 when there is none."""

    def delete(self, image_id: str) -> None:
        """Delete it; no error when it is not there."""

    def list(self, *, creator: str | None = None) -> Iterator[RemoteImage]:
        """Every image, newest first, page by page as it is consumed."""

    def list_page(self, token: str | None) -> "tuple[Sequence[RemoteImage], str | None]":
        """Some images, oldest first, and the token with which the list goes on (None: at the end). `token`: such a
        one, or None for the beginning."""

    def set_private(self, image_id: str, private: bool) -> RemoteImage:
        """Change requireSignedURLs, which gives the image another id. 404 when there is no image of the old one."""

    def lacking_variants(self) -> "Sequence[str]":
        """The names of those of VARIANTS that the account lacks, or has otherwise."""

    def flexible_variants(self) -> bool:
        """Whether pictures can be had in any size (`width=400`): a switch of the account."""

    def ensure_variants(self) -> None:
        """Make those of VARIANTS that the account lacks."""

    def check(self) -> None:
        """Raise when the account cannot be used with these credentials; cheap."""

    def check_may_write(self) -> None:
        """Raise when these credentials may only read. Changes nothing."""

    def close(self) -> None:
        """Return connections."""
