"""Objects as plain files: the embedded store.

    <root>/data/<key>      the bytes
    <root>/types/<key>     the content type
    <root>/incoming/       objects on their way in

An object is visible when its file in `data` is. Its type is made durable before that, so an object never lacks one.
Everything lands by rename within one file system, and file and directory are synced before `commit` returns.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from images_app.errors import ObjectMissing, StorageUnavailable
from images_app.storage.base import LEFT_OVER_AFTER, Grant, ObjectEntry, ObjectInfo, Reach
from images_app.storage.presign import Presigner
from images_app.storage.rules import check_content_type, check_key, disposition, last_segment


class DiskObjectStore:
    """An ObjectStore in a directory, which serves its presigned URLs through this server's `/objects`."""

    def __init__(self, root: Path, *, signing_key: str, public_url: str, internal_url: str) -> None:
        self._data = root / "data"
        self._types = root / "types"
        self._incoming = root / "incoming"
        self._presigner = Presigner(signing_key)
        self._bases: dict[Reach, str] = {"public": public_url, "internal": internal_url}
        for directory in (self._data, self._types, self._incoming):
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)

    def create(self, key: str, content_type: str) -> "DiskWriter":
        """Begin an object; the caller ends it with `commit` or `abort`."""
        check_key(key)
        check_content_type(content_type)
        draft = self._incoming / secrets.token_hex(16)
        with _told("create"):
            return DiskWriter(draft, self._data / key, self._types / key, content_type)

    def open(self, key: str) -> BinaryIO:
        """The bytes, as a readable file. Raises ObjectMissing."""
        try:
            return open(self.path(key), "rb")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise ObjectMissing from None

    def path(self, key: str) -> Path:
        """The file that holds the bytes, whether or not it is there."""
        check_key(key)
        return self._data / key

    def stat(self, key: str) -> ObjectInfo:
        """Raises ObjectMissing."""
        entry = self._entry(key)
        try:
            content_type = (self._types / key).read_text()
        except (FileNotFoundError, NotADirectoryError):
            raise ObjectMissing from None
        return ObjectInfo(entry.key, entry.size, entry.modified_at, content_type)

    def _entry(self, key: str) -> ObjectEntry:
        path = self.path(key)
        try:
            found = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            raise ObjectMissing from None
        if not path.is_file():
            raise ObjectMissing
        return ObjectEntry(key, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))

    def delete(self, key: str) -> None:
        """Remove it; no error when it is not there."""
        for root, path in ((self._data, self.path(key)), (self._types, self._types / key)):
            try:
                path.unlink()
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                continue
            _sync_directory(path.parent)
            _prune(path.parent, root)

    def list(self, prefix: str, *, after: str = "") -> Iterator[ObjectEntry]:
        """Every object whose key begins with `prefix` and lies after `after`, in byte order of the keys."""
        folder, _, start = prefix.rpartition("/")
        if folder:
            check_key(folder)
        for key in _keys(self._data / folder, f"{folder}/" if folder else "", start):
            if key.encode() <= after.encode():
                continue
            try:
                yield self._entry(key)
            except ObjectMissing:
                continue  # deleted while we were walking

    def presign_get(self, key: str, *, expires_in: int, reach: Reach, download_name: str | None = None) -> str:
        """An absolute URL; its path ends like the key, because Cloudflare names an image by that."""
        check_key(key)
        token = self._presigner.sign(key, expires_in=expires_in, download_name=download_name)
        return f"{self.presigned_base(reach)}{quote(last_segment(key), safe='')}?token={token}"

    def presigned_base(self, reach: Reach) -> str:
        """What every presigned URL of that reach begins with."""
        return f"{self._bases[reach]}/objects/"

    def resolve(self, token: str, name: str) -> Grant:
        """What a presigned URL with this last path segment gives. Raises InvalidPresignedUrl or ObjectMissing."""
        claim = self._presigner.verify(token)
        if last_segment(claim.key) != name:
            raise self._presigner.refusal()
        info = self.stat(claim.key)
        return Grant(self.path(claim.key), info, disposition(claim.key, info.content_type, claim.download_name))

    def check(self) -> None:
        """Raise OSError when nothing can be written."""
        probe = self._incoming / f"check-{secrets.token_hex(8)}"
        probe.touch()
        probe.unlink()

    def sweep(self, at: datetime | None = None) -> int:
        """Remove what writers left that were killed; a younger one may belong to another process."""
        before = ((at or datetime.now(UTC)) - LEFT_OVER_AFTER).timestamp()
        removed = 0
        for left in self._incoming.iterdir():
            with suppress(FileNotFoundError):
                if left.stat().st_mtime < before:
                    left.unlink()
                    removed += 1
        return removed


class DiskWriter:
    """An object on its way in: a draft of its own until `commit` moves it to its place."""

    def __init__(self, draft: Path, place: Path, type_place: Path, content_type: str) -> None:
        self._draft = draft
        self._place = place
        self._type_place = type_place
        self._content_type = content_type
        self._file = open(draft, "xb")  # noqa: SIM115 (closed by commit or abort)

    def write(self, data: bytes) -> None:
        """Append bytes."""
        with _told("write"):
            self._file.write(data)

    def commit(self) -> None:
        """Make the object visible and durable."""
        with _told("commit"):
            self._commit()

    def _commit(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        type_draft = self._draft.with_suffix(".type")
        with open(type_draft, "x") as file:
            file.write(self._content_type)
            file.flush()
            os.fsync(file.fileno())
        _move(type_draft, self._type_place)
        _move(self._draft, self._place)

    def abort(self) -> None:
        """Forget it; safe after a failure at any point, and after `commit` without effect."""
        with suppress(OSError):  # what did not fit on the disk does not fit now
            self._file.close()
        self._draft.unlink(missing_ok=True)
        self._draft.with_suffix(".type").unlink(missing_ok=True)


@contextmanager
def _told(call: str) -> Iterator[None]:
    """Raise StorageUnavailable for a disk that is full, read-only or broken; `call` names what was tried."""
    try:
        yield
    except OSError as error:
        raise StorageUnavailable(f"{error.strerror or type(error).__name__} at {call}") from error


def _move(draft: Path, place: Path) -> None:
    """Rename into place, durably. A deletion may prune the empty directory under our hands: then make it again."""
    made: list[Path] = []
    while True:
        try:
            made += _make_directories(place.parent)
            os.replace(draft, place)
            break
        except (FileNotFoundError, FileExistsError):  # pathlib raises the latter for a directory that has just gone
            if not draft.exists():
                raise
    for directory in {place.parent, *(directory.parent for directory in made)}:
        _sync_directory(directory)


def _make_directories(directory: Path) -> list[Path]:
    """Make what is missing; what was made."""
    missing = []
    while not directory.exists():
        missing.append(directory)
        directory = directory.parent
    if missing:
        missing[0].mkdir(parents=True, exist_ok=True)
    return missing


def _sync_directory(directory: Path) -> None:
    """Make names in a directory durable; one that is gone has nothing to keep."""
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _prune(directory: Path, root: Path) -> None:
    """Remove directories that became empty, up to the store's own."""
    while directory != root:
        try:
            directory.rmdir()
        except OSError:
            return
        directory = directory.parent


def _keys(directory: Path, before: str, start: str) -> Iterator[str]:
    """Keys under a directory in byte order of the whole key: a directory sorts as its name and a slash.

    Of one directory all names are in memory, and nothing but names: there may be a million. Text sorts as its UTF-8.
    """
    try:
        with os.scandir(directory) as found:
            names = [name for entry in found if entry.name.startswith(start) and (name := _name(entry))]
    except (FileNotFoundError, NotADirectoryError):
        return
    names.sort()
    for name in names:
        if name.endswith("/"):
            yield from _keys(directory / name, before + name, "")
        else:
            yield before + name


def _name(entry: "os.DirEntry[str]") -> str:
    """With a slash when it is a directory; empty when it is neither that nor a file."""
    if entry.is_dir(follow_symlinks=False):
        return f"{entry.name}/"
    return entry.name if entry.is_file(follow_symlinks=False) else ""
