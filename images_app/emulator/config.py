"""What one local Cloudflare Images is made of."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

MAX_FILE_BYTES = 10 * 1024 * 1024
"""Cloudflare says "10 MB"; its own importers take it as MiB, and so do we."""
MAX_SIDE = 12_000
MAX_PIXELS = 100_000_000
"""Area of a still image, or the sum over the frames of an animation."""


@dataclass(frozen=True)
class EmulatorConfig:
    """One account: its identity, where it keeps things, and how much it may use."""

    data_dir: Path
    account_id: str
    account_hash: str
    api_token: str
    public_delivery_base: str
    """Goes into `variants`, e.g. `http://localhost:3000/imagedelivery`; no trailing slash."""
    signing_key: str = ""
    """Value of the signing key `default`, given to it once (and again when it has changed); random when empty."""
    jwt_keys: Mapping[str, str] = field(default_factory=dict)
    """Secrets by `kid`. With them a private image is shown for a `?token=` too, as by a Worker before Cloudflare."""
    public_upload_base: str = ""
    """Goes into `uploadURL`; `/cloudflare/upload` on the origin of `public_delivery_base` when empty."""
    fetch_bases: tuple[str, ...] = ()
    """URL prefixes (scheme, host, port, path) that copy-from-URL may reach. Nothing else is ever requested."""
    flexible_variants: bool = True
    """The account's switch until it is changed over the API. Cloudflare starts with it off."""
    allowance: int | None = None
    """How many images the account may have; None: as many as there is room for."""
    page: bool = False
    """Whether `/` is a page for people; only for the emulator by itself."""
    batch_calls_per_second: int = 200
    """Of one batch token."""
    upload_idle_seconds: float = 15.0
    """How long an upload may send nothing."""
    pixel_processes: int = 2
    pixel_cache_bytes: int = 2 * 1024**3
    pixel_memory_bytes: int = 2 * 1024**3
    """Address space of one pixel child."""
    pixel_seconds: float = 30.0
    """Processor time that one job may take; twice that on the clock."""
    fetch_answer_seconds: float = 6.5
    """Until the origin is connected, and until its first byte."""
    fetch_total_seconds: float = 30.0
    fetch_redirects: int = 3

    @property
    def read_token(self) -> str:
        """The account's second token, which has "Images Read" only; it follows from the first."""
        return hmac.new(self.api_token.encode(), b"Images Read", hashlib.sha256).hexdigest()[:40]

    @property
    def upload_base(self) -> str:
        """Where direct uploads go."""
        parts = urlsplit(self.public_delivery_base)
        return self.public_upload_base or f"{parts.scheme}://{parts.netloc}/cloudflare/upload"
