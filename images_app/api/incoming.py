"""One upload while it arrives: its parts, where its bytes go, and the file that it becomes."""

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from images_app import ids
from images_app.api.multipart import Event, PartBegin, PartBytes
from images_app.bootstrap import World
from images_app.core import access, files, idempotency, quota
from images_app.core.access import Viewer
from images_app.core.files import NewFile
from images_app.core.media import sniff
from images_app.core.names import display_name, key_name
from images_app.errors import (
    EmptyFile,
    FieldError,
    FileTooLarge,
    InvalidParameter,
    MissingPart,
    NotFound,
    StorageUnavailable,
)
from images_app.models import File, Workspace
from images_app.storage.base import ObjectWriter

_BLOCK = 512 * 1024
"""Bytes in memory before a worker thread writes them."""
_MAX_WORKSPACE_ID = 64
_PARTS = ("workspaceId", "file")


class Incoming:
    """Takes the events of a multipart body. `close` leaves nothing behind unless `finish` succeeded.

    `who` tells whose upload it is as the database has it at that moment: rights can end while the bytes arrive.
    `limit` is in bytes; `key` the Idempotency-Key; `announced` how many bytes the file has at least, 0 when unknown.
    """

    def __init__(
        self, world: World, who: Callable[[Session], Viewer], limit: int, key: str | None, announced: int
    ) -> None:
        self.size = 0
        self._is_too_large = False
        self._key_given = key
        self._announced = announced
        self._world = world
        self._who = who
        self._limit = limit
        self._file_id = ids.new("fil")
        self._seen: set[str] = set()
        self._part = ""
        self._workspace_text = bytearray()
        self._workspace: Workspace | None = None
        self._name = ""
        self._declared: str | None = None
        self._mime = ""
        self._is_image = False
        self._sha256 = hashlib.sha256()
        self._block = bytearray()
        self._spool: BinaryIO | None = None
        self._writer: ObjectWriter | None = None
        self._key = ""

    async def take(self, event: Event) -> None:
        """One event. Raises whatever is wrong with the upload as soon as it can be known."""
        match event:
            case PartBegin():
                self._begin(event)
            case PartBytes(data) if self._part == "file":
                await self._take_bytes(data)
            case PartBytes(data):
                self._workspace_text += data
                if len(self._workspace_text) > _MAX_WORKSPACE_ID:
                    raise NotFound
            case _:
                await run_in_threadpool(self._end_file if self._part == "file" else self._end_workspace)

    def _begin(self, part: PartBegin) -> None:
        if part.name not in _PARTS or part.name in self._seen:
            detail = "This part came twice." if part.name in _PARTS else f"The parts are {' and '.join(_PARTS)}."
            raise InvalidParameter(detail, (FieldError(f"/{part.name[:100]}", detail),))
        self._seen.add(part.name)
        self._part = part.name
        if part.name == "file":
            self._name = display_name(part.filename)
            self._declared = part.content_type

    async def _take_bytes(self, data: bytes) -> None:
        self.size += len(data)
        if self.size > self._limit:
            if not self._is_too_large:
                self._is_too_large = True
                await run_in_threadpool(self.close)
            return  # the rest is only counted, to say how large the file is
        self._block += data
        if len(self._block) >= _BLOCK:
            await run_in_threadpool(self._flush)

    def _flush(self) -> None:
        """Pass the block on: to the object store, or into the temporary file while the workspace is not known."""
        block = bytes(self._block)
        self._block.clear()
        if self._writer is None and self._spool is None:
            head = block[: sniff.HEAD]
            self._mime = sniff.mime_of(head, self._declared, self._name)
            self._is_image = self._mime.startswith("image/") or sniff.claims_image(self._declared, self._name)
            if self._workspace is not None:
                self._writer = self._open(self._workspace)
            else:
                # Nameless: the system removes it with the process, however that ends.
                with _on_disk():
                    self._spool = tempfile.TemporaryFile(dir=self._world.settings.data_dir)  # noqa: SIM115
        self._sha256.update(block)
        if self._writer is not None:
            self._writer.write(block)
        elif self._spool is not None:
            with _on_disk():
                self._spool.write(block)

    def _open(self, workspace: Workspace) -> ObjectWriter:
        self._key = f"{workspace.bucket}/{self._file_id}/{key_name(self._name, self._mime)}"
        return self._world.objects.create(self._key, self._mime)

    def _end_file(self) -> None:
        if self.size > self._limit:
            raise FileTooLarge(self._limit, self.size)
        if self.size == 0:
            raise EmptyFile("The file has no bytes.")
        if self._block:
            self._flush()

    def _end_workspace(self) -> None:
        """The workspace is known: check the right to write there, then let waiting bytes through."""
        try:
            workspace_id = self._workspace_text.decode("ascii").strip()
        except UnicodeDecodeError:
            raise NotFound from None
        with self._world.database.read() as session:
            viewer = self._who(session)
            access.require(session, viewer, workspace_id, "write")
            workspace = session.get_one(Workspace, workspace_id)
            # What is repeated takes no more room; `register` looks again at the end.
            if self._key_given is None or not idempotency.is_used(session, viewer, self._key_given):
                least = max(self._announced, self.size)
                quota.require_room(session, workspace, self._world.quota, bytes=least, files=1)
            self._workspace = workspace
        if self._spool is not None:
            self._writer = self._open(self._workspace)
            with _on_disk():
                self._spool.seek(0)  # writes what is still in memory
            while block := self._spool.read(_BLOCK):
                self._writer.write(block)
            self._spool.close()

    def finish(self) -> tuple[File, bool]:
        """Make the object durable and register it: the file, and whether it is new.

        Raises MissingPart, IdempotencyConflict, and what `files.register` raises.
        """
        for part in _PARTS:
            if part not in self._seen:
                raise MissingPart(f"The part '{part}' is missing.", (FieldError(f"/{part}", "is missing"),))
        assert self._workspace is not None
        assert self._writer is not None
        new = NewFile(
            id=self._file_id,
            workspace_id=self._workspace.id,
            name=self._name,
            mime=self._mime,
            size=self.size,
            sha256=self._sha256.hexdigest(),
            object_key=self._key,
            is_image=self._is_image,
        )
        if self._key_given is not None:
            with self._world.database.read() as session:
                first = files.replay(session, self._who(session), new, self._key_given)
            if first is not None:
                return first, False
        self._writer.commit()
        return self._register(new)

    def _register(self, new: NewFile) -> tuple[File, bool]:
        is_needed = False
        try:
            with self._world.database.write() as session:
                file = files.register(
                    session,
                    self._world.queue,
                    self._who(session),
                    new,
                    idempotency_key=self._key_given,
                    quota=self._world.quota,
                )
            is_needed = file.id == new.id  # after the commit, which can fail, too
        finally:
            if not is_needed:
                self._discard(new)
        return file, is_needed

    def _discard(self, new: NewFile) -> None:
        """Delete the object, unless the file exists after all: a commit can succeed and still be reported as lost."""
        with self._world.database.read() as session:
            if session.get(File, new.id) is not None:
                return
        self._world.objects.delete(new.object_key)

    def close(self) -> None:
        """Forget whatever is not a file yet; again without effect."""
        self._block.clear()
        if self._spool is not None:
            with suppress(OSError):  # what did not fit on the disk does not fit now
                self._spool.close()
        if self._writer is not None:
            self._writer.abort()


@contextmanager
def _on_disk() -> Iterator[None]:
    """Raise StorageUnavailable when the temporary file finds no room."""
    try:
        yield
    except OSError as error:
        raise StorageUnavailable(f"{error.strerror} at the temporary file of an upload") from error
