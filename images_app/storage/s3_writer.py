"""An object on its way into a bucket: one PUT when it is small, else parts of one size. Memory: one part."""

import base64
import hashlib
import io
import logging
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from images_app.storage.s3_faults import SERVICE_FAULTS, code_of, translated, translation

log = logging.getLogger(__name__)

_MIB = 1024 * 1024
_LEAST_PART_BYTES = 8 * _MIB
"""The service's own least is 5 MiB."""
_MOST_PARTS = 10_000


def part_bytes(largest: int) -> int:
    """The size of a part with which an object of `largest` bytes has no more parts than it may, in whole MiB."""
    needed = -(-largest // _MOST_PARTS)
    return max(_LEAST_PART_BYTES, -(-needed // _MIB) * _MIB)


@dataclass(frozen=True)
class Destination:
    """Where an object goes, and the headers that it shall have."""

    client: Any
    bucket: str
    key: str
    headers: dict[str, str]

    @property
    def place(self) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": self.key}


class S3Writer:
    """Implements ObjectWriter. All parts but the last have one size, as R2 demands."""

    def __init__(self, to: Destination, part_bytes: int) -> None:
        self._to = to
        self._part_bytes = part_bytes
        self._part = _Part()
        self._size = 0
        self._upload_id: str | None = None
        self._sent: list[dict[str, Any]] = []
        self._may_exist = False
        self._has_ended = False

    def write(self, data: bytes) -> None:
        """Append bytes; when a part is full, send it."""
        if self._has_ended:
            raise ValueError("the object has ended")
        rest = memoryview(data)
        while rest:
            if self._part.size == self._part_bytes:
                self._send_part()
            room = self._part_bytes - self._part.size
            self._part.add(rest[:room])
            rest = rest[room:]
        self._size += len(data)

    def _send_part(self) -> None:
        with translated("write"):
            if self._upload_id is None:
                begun = self._to.client.create_multipart_upload(**self._to.place, **self._to.headers)
                self._upload_id = begun["UploadId"]
            number = len(self._sent) + 1
            answer = self._to.client.upload_part(
                **self._to.place, UploadId=self._upload_id, PartNumber=number, **self._part.body()
            )
        self._sent.append({"PartNumber": number, "ETag": answer["ETag"]})
        self._part = _Part()

    def commit(self) -> None:
        """Make the object visible and durable. When this fails it may be there all the same: then `abort`."""
        if self._upload_id is not None:
            self._send_part()
        self._may_exist = True
        if self._upload_id is None:
            with translated("commit"):
                self._to.client.put_object(**self._to.place, **self._to.headers, **self._part.body())["ETag"]
        else:
            self._complete(self._upload_id)
        self._has_ended = True
        self._part = _Part()

    def _complete(self, upload_id: str) -> None:
        try:
            self._to.client.complete_multipart_upload(
                **self._to.place, UploadId=upload_id, MultipartUpload={"Parts": self._sent}
            )["ETag"]  # whoever answers without one has no object
        except SERVICE_FAULTS as error:
            # The answer to a first try may have been lost: then the second finds no upload, but the object.
            if not (isinstance(error, ClientError) and code_of(error) == "NoSuchUpload" and self._is_there()):
                raise translation("commit", error) from None

    def _is_there(self) -> bool:
        try:
            return bool(self._to.client.head_object(**self._to.place)["ContentLength"] == self._size)
        except SERVICE_FAULTS:
            return False

    def abort(self) -> None:
        """Forget it; safe after a failure at any point, and after `commit` without effect.

        Never raises: what the service does not let us clean up now, a sweep finds later.
        """
        if self._has_ended:
            return
        self._has_ended = True
        self._part = _Part()
        try:
            if self._upload_id is not None:
                self._to.client.abort_multipart_upload(**self._to.place, UploadId=self._upload_id)
        except SERVICE_FAULTS as error:
            self._report(error)
        try:
            if self._may_exist:
                self._to.client.delete_object(**self._to.place)
        except SERVICE_FAULTS as error:
            self._report(error)

    def _report(self, error: Exception) -> None:
        if not (isinstance(error, ClientError) and code_of(error) == "NoSuchUpload"):
            log.warning("%s is left behind half-written: %s", self._to.key, translation("abort", error))


class _Part:
    """Bytes that wait to be sent, and their MD5, by which the service knows that it got them whole."""

    def __init__(self) -> None:
        self.size = 0
        self._bytes = io.BytesIO()
        self._md5 = hashlib.md5(usedforsecurity=False)

    def add(self, data: memoryview) -> None:
        self._bytes.write(data)
        self._md5.update(data)
        self.size += len(data)

    def body(self) -> dict[str, Any]:
        # A file rather than bytes: it is sent in blocks, and the time-out is for each of them.
        self._bytes.seek(0)
        return {"Body": self._bytes, "ContentMD5": base64.b64encode(self._md5.digest()).decode()}
