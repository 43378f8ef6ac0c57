"""What the product asks of an object store. Adapters: `disk` (embedded), `s3`."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Literal, Protocol, runtime_checkable

Reach = Literal["public", "internal"]
"""Who will follow a presigned URL: a browser, or Cloudflare (the local one calls the server itself)."""


LEFT_OVER_AFTER = timedelta(days=1)
"""A writer that began longer ago was killed: nobody uploads for a day."""


@dataclass(frozen=True)
class ObjectEntry:
    """An object as it is listed; `size` in bytes."""

    key: str
    size: int
    modified_at: datetime


@dataclass(frozen=True)
class ObjectInfo(ObjectEntry):
    """All that the store knows of an object."""

    content_type: str


class ObjectWriter(Protocol):
    """An object on its way in. Nothing is visible under its key before `commit` returns; then it is durable."""

    def write(self, data: bytes) -> None:
        """Append bytes."""

    def commit(self) -> None:
        """Make the object visible and durable."""

    def abort(self) -> None:
        """Forget it; safe after a failure at any point, and after `commit` without effect."""


class ObjectStore(Protocol):
    """Immutable objects under server-made keys (`bucket/…`, at most 1,024 bytes, no empty or dot segments).

    Every call may raise StorageUnavailable (or, on disk, OSError where nothing is written): it may be tried again.
    """

    def create(self, key: str, content_type: str) -> ObjectWriter:
        """Begin an object; the caller ends it with `commit` or `abort`."""

    def open(self, key: str) -> BinaryIO:
        """The bytes, as a readable file that can seek. Raises ObjectMissing."""

    def stat(self, key: str) -> ObjectInfo:
        """Raises ObjectMissing."""

    def delete(self, key: str) -> None:
        """Remove it; no error when it is not there."""

    def list(self, prefix: str, *, after: str = "") -> Iterator[ObjectEntry]:
        """Every object whose key begins with `prefix` and lies after `after`, once each, in byte order of the keys.

        Some services put `a/b` before `a-b`: the order only holds among keys that differ in a segment of one length.
        """

    def presign_get(self, key: str, *, expires_in: int, reach: Reach, download_name: str | None = None) -> str:
        """An absolute URL that answers GET with the object for `expires_in` seconds.

        The store answers with the object's own content type. What is no raster image is an attachment in any case;
        `download_name` makes everything one, of that name. Raises ValueError unless it is 1 s to 7 days.
        """

    def presigned_base(self, reach: Reach) -> str:
        """What every presigned URL of that reach begins with; ends in a slash."""

    def check(self) -> None:
        """Raise when the store cannot be used; cheap enough for a readiness probe."""

    def sweep(self, at: datetime | None = None) -> int:
        """Remove what writers left behind that were killed, if it is LEFT_OVER_AFTER old at that time; how many."""


@dataclass(frozen=True)
class Grant:
    """What a presigned URL gives its bearer: one object, as the file that holds it."""

    path: Path
    info: ObjectInfo
    disposition: str
    """The header `Content-Disposition`."""


@runtime_checkable
class ServesPresigned(Protocol):
    """A store whose presigned URLs are answered by this server."""

    def resolve(self, token: str, name: str) -> Grant:
        """What the URL `/objects/{name}?token=…` gives. Raises InvalidPresignedUrl or ObjectMissing."""
