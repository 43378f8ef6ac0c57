"""Objects for tests of a bucket."""

from collections.abc import Callable

from images_app.storage.base import ObjectStore
from images_app.storage.s3 import S3ObjectStore

MIB = 1024 * 1024
DATA = bytes(range(251)) * 4000  # about 1 MB
PORTAL = b"<html><body>Please sign in to this network</body></html>"


def put(store: ObjectStore, key: str, data: bytes = DATA, content_type: str = "image/png") -> None:
    writer = store.create(key, content_type)
    for start in range(0, len(data), MIB):
        writer.write(data[start : start + MIB])
    writer.commit()


def got(store: ObjectStore, key: str) -> bytes:
    with store.open(key) as file:
        return file.read()


def write_and_commit(store: ObjectStore) -> None:
    writer = store.create("a/new", "image/png")
    try:
        writer.write(DATA)
        writer.commit()
    finally:
        writer.abort()


CALLS: dict[str, Callable[[ObjectStore], object]] = {
    "create": write_and_commit,
    "open": lambda store: store.open("a/b"),
    "stat": lambda store: store.stat("a/b"),
    "delete": lambda store: store.delete("a/c"),
    "list": lambda store: list(store.list("")),
    "check": lambda store: store.check(),
    "sweep": lambda store: store.sweep(),
}


def left_in(store: S3ObjectStore) -> tuple[list[str], list[str]]:
    """Objects, and multipart uploads that have not ended."""
    begun = store._client.list_multipart_uploads(Bucket=store._bucket).get("Uploads", [])
    return [entry.key for entry in store.list("")], [upload["Key"] for upload in begun]
