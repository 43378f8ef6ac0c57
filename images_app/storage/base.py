"""What the product asks of an object store. Adapters: `disk` (embedded), `s3`."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Literal, Protocol, runtime_checkable

Reach = Literal["public", "internal"]
"""Who will follow a presigned URL: a browser, or Cloudflare (the local one calls the server itself)."""


@dataclass(frozen=True)
class ObjectInfo:
    """What the store knows of an object; `size` in bytes."""

    key: str
    size: int
    content_type: str
    modified_at: datetime


class ObjectWriter(Protocol):
    """An object on its way in. Nothing is visible under its key before `commit` returns; then it is durable."""

    def write(self, data: bytes) -> None:
        """Append bytes."""

    def commit(self) -> None:
        """Make the object visible and durable."""

    def abort(self) -> None:
        """Forget it; safe after a failure at any point, and after `commit` without effect."""


class ObjectStore(Protocol):
    """Immutable objects under server-made keys (`bucket/…`, at most 1,024 bytes, no empty or dot segments)."""

    def create(self, key: str, content_type: str) -> ObjectWriter:
        """Begin an object; the caller ends it with `commit` or `abort`."""

    def open(self, key: str) -> BinaryIO:
        """The bytes, as a readable file. Raises ObjectMissing."""

    def stat(self, key: str) -> ObjectInfo:
        """Raises ObjectMissing."""

    def delete(self, key: str) -> None:
        """Remove it; no error when it is not there."""

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Every object whose key begins with `prefix`, in key order."""

    def presign_get(self, key: str, *, expires_in: int, reach: Reach, download_name: str | None = None) -> str:
        """An absolute URL that answers GET with the object for `expires_in` seconds.

        The store answers with the object's own content type; `download_name` makes it an attachment of that name.
        """

    def check(self) -> None:
        """Raise when the store cannot be used; cheap enough for a readiness probe."""


@dataclass(frozen=True)
class Grant:
    """What a presigned URL gives its bearer: one object, as the file that holds it."""

    path: Path
    info: ObjectInfo
    download_name: str | None


@runtime_checkable
class ServesPresigned(Protocol):
    """A store whose presigned URLs are answered by this server."""

    def resolve(self, token: str, name: str) -> Grant:
        """What the URL `/objects/{name}?token=…` gives. Raises InvalidPresignedUrl or ObjectMissing."""
