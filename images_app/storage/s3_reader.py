"""An object of a bucket as a file: streamed, picked up again where the connection broke, and never for ever."""

import io
import logging
import re
import time
from typing import Any, BinaryIO, cast

from images_app.errors import StorageUnavailable
from images_app.storage.s3_faults import SERVICE_FAULTS, translated, translation

log = logging.getLogger(__name__)

_BUFFER_BYTES = 256 * 1024
_MOST_BREAKS = 5
_LEAST_BYTES_PER_S = 8 * 1024
"""Over all the time that was spent waiting, once patience has come to its end."""
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")


def opened(client: Any, bucket: str, key: str, *, patience_s: float) -> BinaryIO:
    """The object as a readable file that can seek. Raises ObjectMissing, StorageRefused, StorageUnavailable."""
    return cast(BinaryIO, io.BufferedReader(S3Reader(client, bucket, key, patience_s), _BUFFER_BYTES))


class S3Reader(io.RawIOBase):
    """The bytes of one version of an object. Reading raises StorageUnavailable; ObjectMissing when it was deleted."""

    def __init__(self, client: Any, bucket: str, key: str, patience_s: float) -> None:
        self._client = client
        self._place = {"Bucket": bucket, "Key": key}
        self._patience_s = patience_s
        self._waited_s = 0.0
        self._received = 0
        self._breaks = 0
        self._position = 0
        self._stream: Any = None
        self._stream_position = 0
        with translated("open"):
            answer = self._client.get_object(**self._place)
            self._size: int = answer["ContentLength"]
            self._etag: str = answer["ETag"]
        self._take(answer, 0)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise ValueError("a position before the beginning")
        self._position = start + offset
        return self._position

    def readinto(self, target: Any) -> int:
        """As many bytes as are there, at least one before the end."""
        most = min(len(target), self._size - self._position)
        if most <= 0:
            return 0
        while True:
            began = time.monotonic()
            try:
                data = self._at_position().read1(most)
            except SERVICE_FAULTS as error:
                self._drop()
                self._count_break(error)
                continue
            finally:
                self._waited_s += time.monotonic() - began
            if not data:
                self._drop()
                self._count_break(EOFError())
                continue
            self._advance(len(data))
            target[: len(data)] = data
            return len(data)

    def _advance(self, count: int) -> None:
        self._position += count
        self._stream_position += count
        self._received += count
        if self._waited_s > self._patience_s and self._received < self._waited_s * _LEAST_BYTES_PER_S:
            self._drop()
            raise StorageUnavailable(f"{self._received} bytes in {self._waited_s:.0f} s at read")

    def _count_break(self, error: Exception) -> None:
        self._breaks += 1
        if self._breaks > _MOST_BREAKS:
            raise translation("read", error) from None
        log.info("reading %s broke off at byte %d (%s)", self._place["Key"], self._position, type(error).__name__)

    def _at_position(self) -> Any:
        """The stream of bytes from where we are."""
        if self._stream is None or self._stream_position != self._position:
            self._drop()
            with translated("read"):
                # If-Match: what follows must be of the same version.
                answer = self._client.get_object(**self._place, Range=f"bytes={self._position}-", IfMatch=self._etag)
            self._take(answer, self._position)
            found = _CONTENT_RANGE.fullmatch(answer.get("ContentRange", ""))
            if found is None or (int(found[1]), int(found[2])) != (self._position, self._size):
                self._drop()
                raise StorageUnavailable("another range than the one that was asked for at read")
        return self._stream

    def _take(self, answer: dict[str, Any], position: int) -> None:
        # The stream below botocore's, which can only wait until all the bytes that were asked for are there.
        self._stream = answer["Body"]._raw_stream
        self._stream_position = position

    def _drop(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def close(self) -> None:
        self._drop()
        super().close()
