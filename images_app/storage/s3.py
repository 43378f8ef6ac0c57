"""Objects in a bucket of an S3 service: Cloudflare R2, AWS, or any other that speaks the protocol.

- A key is written once, by whoever made it up (it holds a fresh random id), so a PUT that is sent again after a lost
  answer writes the same bytes to the same place. `If-None-Match` would turn that into a refusal of our own object.
- What R2 does not have is not used: checksum trailers, `Expect: 100-continue`, parts of unequal size, POST forms.
- The environment and the files of other AWS tools on the machine are not read: `settings.py` is the only reader.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any, BinaryIO

from botocore.config import Config
from botocore.handlers import add_expect_header
from botocore.session import Session

from images_app.errors import ObjectMissing
from images_app.storage.base import LEFT_OVER_AFTER, ObjectEntry, ObjectInfo, Reach
from images_app.storage.rules import check_content_type, check_expiry, check_key, disposition
from images_app.storage.s3_faults import translated
from images_app.storage.s3_reader import opened
from images_app.storage.s3_writer import Destination, S3Writer, part_bytes

_CONNECT_S = 10.0
"""To connect; also for each block of 16 KiB that is sent."""
_ANSWER_S = 15.0
"""Until the first byte of an answer, and between any two."""
_TRIES = 3
_CONNECTIONS = 64
"""The server's 40 threads, and the jobs."""
_PROBE = "is-the-bucket-there"
_NOT_READ = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
"""botocore's variables, each (key in a file, environment variable, default, conversion)."""


class S3ObjectStore:
    """An ObjectStore in one bucket, which is this program's alone. Safe for many threads.

    `endpoint`: empty for AWS. `largest`: bytes of the largest object there will be. `answer_s`: how long any one
    answer may stay away; `patience_s`: how long an object may come in drops before reading it is given up.
    """

    def __init__(
        self,
        *,
        endpoint: str,
        region: str,
        bucket: str,
        access_key_id: str,
        secret_access_key: str,
        largest: int,
        answer_s: float = _ANSWER_S,
        patience_s: float = 30.0,
    ) -> None:
        self._bucket = bucket
        self._patience_s = patience_s
        self._part_bytes = part_bytes(largest)
        self._client = _client(endpoint, region, access_key_id, secret_access_key, answer_s)

    def create(self, key: str, content_type: str) -> S3Writer:
        """Begin an object; the caller ends it with `commit` or `abort`."""
        check_key(key)
        check_content_type(content_type)
        # Kept with the object, so that it holds for every URL of it.
        headers = {"ContentType": content_type, "ContentDisposition": disposition(key, content_type, None)}
        return S3Writer(Destination(self._client, self._bucket, key, headers), self._part_bytes)

    def open(self, key: str) -> BinaryIO:
        """The bytes, as a readable file that can seek. Raises ObjectMissing."""
        check_key(key)
        return opened(self._client, self._bucket, key, patience_s=self._patience_s)

    def stat(self, key: str) -> ObjectInfo:
        """Raises ObjectMissing."""
        check_key(key)
        try:
            with translated("stat"):
                found = self._client.head_object(Bucket=self._bucket, Key=key)
                return ObjectInfo(key, found["ContentLength"], found["LastModified"], found["ContentType"])
        except ObjectMissing:
            self.check()  # HEAD has no body to say that it is the bucket that is missing
            raise

    def delete(self, key: str) -> None:
        """Remove it; no error when it is not there."""
        check_key(key)
        with translated("delete"):
            self._client.delete_object(Bucket=self._bucket, Key=key)

    def list(self, prefix: str, *, after: str = "") -> Iterator[ObjectEntry]:
        """Every object whose key begins with `prefix` and lies after `after`, page by page."""
        where = {"Bucket": self._bucket, "Prefix": prefix} | ({"StartAfter": after} if after else {})
        pages = iter(self._client.get_paginator("list_objects_v2").paginate(**where))
        while True:
            with translated("list"):
                page = next(pages, None)
                if page is None:
                    return
                page["IsTruncated"]  # else it is no page, and must not look like an empty bucket
                found = page.get("Contents", ())
                entries = [ObjectEntry(one["Key"], one["Size"], one["LastModified"]) for one in found]
            yield from entries

    def presign_get(self, key: str, *, expires_in: int, reach: Reach, download_name: str | None = None) -> str:
        """An absolute URL at the service itself; the same for everybody who follows it."""
        check_key(key)
        check_expiry(expires_in)
        wanted = {"Bucket": self._bucket, "Key": key}
        if download_name is not None:
            wanted["ResponseContentDisposition"] = disposition(key, "", download_name)
        return str(self._client.generate_presigned_url("get_object", Params=wanted, ExpiresIn=expires_in))

    def presigned_base(self, reach: Reach) -> str:
        """What every presigned URL begins with."""
        return f"{self._client.meta.endpoint_url.rstrip('/')}/{self._bucket}/"

    def check(self) -> None:
        """Raise StorageRefused or StorageUnavailable unless the bucket can be read with our credentials.

        By a GET of an object that is not there: it needs no right but to read, and a fault of it has a name in its
        body, which a HEAD of the bucket has not.
        """
        try:
            with translated("check"):
                found = self._client.get_object(Bucket=self._bucket, Key=_PROBE)
                found["Body"].close()
                found["ETag"]  # else it is no object, and no bucket
        except ObjectMissing:
            return

    def sweep(self, at: datetime | None = None) -> int:
        """End the multipart uploads of writers that were killed: their parts are paid for."""
        before = (at or datetime.now(UTC)) - LEFT_OVER_AFTER
        ended = 0
        with translated("sweep"):
            for page in self._client.get_paginator("list_multipart_uploads").paginate(Bucket=self._bucket):
                for upload in page.get("Uploads", ()):
                    if upload["Initiated"] < before:
                        self._client.abort_multipart_upload(
                            Bucket=self._bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                        )
                        ended += 1
        return ended


@cache
def _session() -> Session:
    """What botocore reads from its own files, once for every store of this process."""
    return Session(session_vars=_NOT_READ)


def _client(endpoint: str, region: str, access_key_id: str, secret_access_key: str, answer_s: float) -> Any:
    client: Any = _session().create_client(
        "s3",
        endpoint_url=endpoint or None,
        region_name=region,
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            # boto3's own default is a checksum in a trailer of a chunked body, which R2 refuses.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            connect_timeout=_CONNECT_S,
            read_timeout=answer_s,
            retries={"mode": "standard", "total_max_attempts": _TRIES},
            max_pool_connections=_CONNECTIONS,
            tcp_keepalive=True,
            proxies={},
            ignore_configured_endpoint_urls=True,
        ),
    )
    # R2 never answers it: each upload would first wait for a second.
    client.meta.events.unregister("before-call.s3", add_expect_header)
    return client
