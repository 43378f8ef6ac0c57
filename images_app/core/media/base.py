"""What the pipeline learns from a file's bytes."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True)
class MediaInfo:
    """An image, as people see it."""

    mime: str
    width: int
    height: int
    """Pixels as displayed: EXIF orientation applied."""
    exif: dict[str, Any] | None
    """Flat EXIF tag names to JSON scalars and arrays; no maker notes; at most 16 KB; None when broken or absent."""
    taken_at: datetime | None
    thumbhash: str | None
    """Base64."""


@dataclass(frozen=True)
class Prepared:
    """An image that Cloudflare will take: the original itself, or a derivative in a file of the caller's folder."""

    info: MediaInfo
    derivative: Path | None
    derivative_mime: str | None


class Media(Protocol):
    """Reads untrusted bytes in child processes with limits on pixels, time and memory."""

    def prepare(self, source: Path, folder: Path) -> Prepared:
        """Inspect `source`; where Cloudflare would refuse it, write an acceptable derivative into `folder`.

        Raises MediaError (never worth a retry) or MediaUnavailable (another try may succeed).
        """

    def close(self) -> None:
        """End the child processes."""
