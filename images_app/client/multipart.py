"""A file on its way out, as `multipart/form-data` (RFC 7578): streamed from the disk block by block, with its length
known beforehand, and from the start again when it has to be repeated."""

import secrets
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from images_app.client.errors import InvalidArgument

_BLOCK = 256 * 1024
Progress = Callable[[int], None]
"""Told how many bytes of the file have been handed to the network; from 0 again when the upload is repeated."""


class Form:
    """The body of an upload. `source` is a path, or the bytes themselves (with a `name`)."""

    def __init__(
        self, source: Path | bytes, *, workspace_id: str, name: str | None = None, progress: Progress | None = None
    ) -> None:
        if name is None and isinstance(source, bytes):
            raise InvalidArgument("Bytes need a name.")
        self._source = source
        self._progress = progress
        self.name = name if name is not None else Path(str(source)).name
        self.size = len(source) if isinstance(source, bytes) else source.stat().st_size
        boundary = secrets.token_hex(16)
        self._head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="workspaceId"\r\n\r\n{workspace_id}\r\n'
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{_quoted(self.name)}"\r\n'
            f"Content-Type: {_mime(self.name)}\r\n\r\n"
        ).encode("utf-8", "replace")
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self.headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(self._head) + self.size + len(self._tail)),
        }

    def chunks(self) -> Iterator[bytes]:
        """The whole body. Raises InvalidArgument when the file has become another one meanwhile, OSError."""
        yield self._head
        sent = 0
        with self._open() as file:
            self._tell(0)
            while block := file.read(_BLOCK):
                sent += len(block)
                if sent > self.size:
                    break
                yield block
                self._tell(sent)
        if sent != self.size:
            raise InvalidArgument(f"{self.name} changed while it was being sent.")
        yield self._tail

    def _open(self) -> BinaryIO:
        return BytesIO(self._source) if isinstance(self._source, bytes) else self._source.open("rb")

    def _tell(self, sent: int) -> None:
        if self._progress is not None:
            self._progress(sent)


def _quoted(name: str) -> str:
    """As browsers write it (WHATWG HTML, multipart/form-data encoding)."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _mime(name: str) -> str:
    """What the name promises; the server looks at the bytes."""
    import mimetypes  # reads the system's tables: only when something is sent

    return mimetypes.guess_type(name)[0] or "application/octet-stream"
