"""The object store's one long list, cut into buckets, and what an object's key says of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from images_app import ids
from images_app.core.instance import MARKER
from images_app.storage.base import ObjectEntry, ObjectStore

PROBES = "aeontel/probe-"
"""Keys of objects that `checks` writes for a moment."""
_BUCKET = "ws-"


@dataclass(frozen=True)
class Place:
    """Where an object belongs by its key `bucket/file/name` or `bucket/derived/file/name`."""

    kind: Literal["original", "derivative", "foreign"]
    file_id: str = ""


_FOREIGN = Place("foreign")


def place_of(key: str) -> Place:
    """Only what has the form of our own keys may ever be deleted."""
    bucket, *parts = key.split("/")
    is_derived = len(parts) == 3 and parts[0] == "derived"
    if not is_derived and len(parts) != 2:
        return _FOREIGN
    file_id = parts[1] if is_derived else parts[0]
    if not ids.is_id(file_id, "fil") or not ids.is_id("wsp_" + bucket.removeprefix(_BUCKET), "wsp"):
        return _FOREIGN
    return Place("derivative" if is_derived else "original", file_id)


class Shelves:
    """The objects after `after`, bucket by bucket. Buckets must be asked for in ascending order."""

    def __init__(self, store: ObjectStore, after: str) -> None:
        self._entries = (
            entry for entry in store.list("", after=after) if entry.key != MARKER and not entry.key.startswith(PROBES)
        )
        self._next = next(self._entries, None)

    def before(self, bucket: str | None) -> Iterator[ObjectEntry]:
        """What comes before a bucket and belongs to none that was asked for; None: whatever is left."""
        while self._next is not None and (bucket is None or self._next.key.encode() < f"{bucket}/".encode()):
            yield self._take()

    def of(self, bucket: str) -> Iterator[ObjectEntry]:
        """What is in a bucket."""
        while self._next is not None and self._next.key.startswith(f"{bucket}/"):
            yield self._take()

    def _take(self) -> ObjectEntry:
        assert self._next is not None
        entry, self._next = self._next, next(self._entries, None)
        return entry
