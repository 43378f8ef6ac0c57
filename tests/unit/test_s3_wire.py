"""What goes to an S3 service, as R2 wants it. Over https, which no server of the tests speaks: there boto3 differs."""

import base64
import hashlib
import io
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from images_app.storage.s3 import S3ObjectStore
from images_app.storage.s3_writer import part_bytes

MIB = 1024 * 1024
SECRET = "do-not-tell-anybody-0123456789"


class Raw(io.BytesIO):
    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.getvalue()


class Wire:
    """Takes every request just before it would be sent, and answers what the service would."""

    def __init__(self, store: S3ObjectStore) -> None:
        self.requests: list[AWSPreparedRequest] = []
        store._client.meta.events.register("before-send.s3", self._take)

    def _take(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        self.requests.append(request)
        begun = b"<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>"
        completed = b"<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>"
        is_complete = request.method == "POST" and "uploadId=" in request.url
        body = begun if request.url.endswith("?uploads") else completed if is_complete else b""
        return AWSResponse(request.url, 200, {"ETag": '"e"', "Content-Length": "0"}, Raw(body))

    def header(self, name: str, at: int = -1) -> str | None:
        value = self.requests[at].headers.get(name)
        return value.decode() if isinstance(value, bytes) else value


@pytest.fixture
def store() -> S3ObjectStore:
    return made()


def made(**changes: Any) -> S3ObjectStore:
    about: dict[str, Any] = {
        "endpoint": "https://account.r2.cloudflarestorage.com",
        "region": "auto",
        "bucket": "photos",
        "access_key_id": "AKID",
        "secret_access_key": SECRET,
        "largest": 1024**3,
    }
    return S3ObjectStore(**{**about, **changes})


def write(store: S3ObjectStore, size: int, key: str = "ws/fil/a.png", content_type: str = "image/png") -> None:
    writer = store.create(key, content_type)
    for start in range(0, size, MIB):
        writer.write(b"x" * min(MIB, size - start))
    writer.commit()


def test_a_body_is_sent_plainly_with_its_length_and_md5_and_without_waiting(store: S3ObjectStore) -> None:
    wire = Wire(store)
    write(store, 10)
    (sent,) = wire.requests
    assert (sent.method, sent.url) == ("PUT", "https://account.r2.cloudflarestorage.com/photos/ws/fil/a.png")
    for refused_by_r2 in ("Content-Encoding", "Transfer-Encoding", "X-Amz-Trailer", "x-amz-checksum-crc32", "Expect"):
        assert wire.header(refused_by_r2) is None, refused_by_r2
    assert wire.header("Content-Length") == "10"
    assert wire.header("Content-MD5") == base64.b64encode(hashlib.md5(b"x" * 10).digest()).decode()  # noqa: S324
    assert wire.header("X-Amz-Content-SHA256") == "UNSIGNED-PAYLOAD"  # TLS and the MD5 protect it
    assert re.match(
        r"AWS4-HMAC-SHA256 Credential=AKID/\d{8}/auto/s3/aws4_request, ", wire.header("Authorization") or ""
    )


def test_all_parts_but_the_last_have_one_size(store: S3ObjectStore) -> None:
    wire = Wire(store)
    write(store, 20 * MIB + 7)
    begin, *parts, complete = wire.requests
    assert begin.url.endswith("?uploads")
    assert [wire.header("Content-Length", at) for at in (1, 2, 3)] == [str(8 * MIB), str(8 * MIB), str(4 * MIB + 7)]
    assert [parse_qs(urlsplit(part.url).query)["partNumber"] for part in parts] == [["1"], ["2"], ["3"]]
    for at in range(len(wire.requests)):
        for refused_by_r2 in ("Content-Encoding", "Transfer-Encoding", "X-Amz-Trailer", "Expect"):
            assert wire.header(refused_by_r2, at) is None
    assert urlsplit(complete.url).query == "uploadId=u1"


@pytest.mark.parametrize(
    ("size", "requests"), [(0, 1), (1, 1), (8 * MIB - 1, 1), (8 * MIB, 1), (8 * MIB + 1, 4), (16 * MIB, 4)]
)
def test_what_fits_into_one_part_is_one_request(store: S3ObjectStore, size: int, requests: int) -> None:
    wire = Wire(store)
    write(store, size)
    assert len(wire.requests) == requests


@pytest.mark.parametrize("largest", [1, 1024**3, 80 * 1024**3, 5 * 1024**4])
def test_the_largest_file_has_no_more_than_ten_thousand_parts(largest: int) -> None:
    size = part_bytes(largest)
    assert -(-largest // size) <= 10_000
    assert 8 * MIB <= size <= 5 * 1024 * MIB
    assert size % MIB == 0


def test_nothing_is_asked_about_checksums_when_reading(store: S3ObjectStore) -> None:
    wire = Wire(store)
    store.open("a/b").close()
    assert wire.header("x-amz-checksum-mode") is None


def test_a_presigned_url_is_of_the_service_and_binds_name_time_and_host(store: S3ObjectStore) -> None:
    url = store.presign_get("ws/fil/a b.png", expires_in=300, reach="public", download_name='naïve "写真".png')
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert (parts.scheme, parts.netloc, parts.path) == (
        "https",
        "account.r2.cloudflarestorage.com",
        "/photos/ws/fil/a%20b.png",
    )
    assert query["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256"
    assert query["X-Amz-Expires"] == "300"
    assert query["X-Amz-SignedHeaders"] == "host"
    assert query["response-content-disposition"] == (
        "attachment; filename=\"na_ve ____.png\"; filename*=UTF-8''na%C3%AFve%20%22%E5%86%99%E7%9C%9F%22.png"
    )
    assert SECRET not in url
    assert url.startswith(store.presigned_base("internal"))


@pytest.mark.parametrize(
    ("content_type", "begins"),
    [
        ("image/png", "inline;"),
        ("image/jpeg", "inline;"),
        ("image/svg+xml", "attachment;"),
        ("text/html; charset=utf-8", "attachment;"),
        ("application/pdf", "attachment;"),
        ("application/octet-stream", "attachment;"),
    ],
)
@pytest.mark.parametrize("size", [10, 9 * MIB])
def test_what_is_no_raster_image_is_stored_as_an_attachment(
    store: S3ObjectStore, content_type: str, begins: str, size: int
) -> None:
    wire = Wire(store)
    write(store, size, content_type=content_type)
    assert wire.header("Content-Type", 0) == content_type
    assert (wire.header("Content-Disposition", 0) or "").startswith(begins)


def test_aws_itself_is_addressed_by_its_region() -> None:
    store = made(endpoint="", region="eu-central-1")
    assert store.presigned_base("public") == "https://s3.eu-central-1.amazonaws.com/photos/"


def test_nothing_but_our_settings_decides_where_objects_go(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_PROFILE": "of-another-tool",
        "AWS_ACCESS_KEY_ID": "of-another-tool",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
        "AWS_REGION": "us-west-1",
        "HTTPS_PROXY": "http://127.0.0.1:1",
        "AWS_CONFIG_FILE": "/nonexistent/config",
    }.items():
        monkeypatch.setenv(name, value)
    url = made().presign_get("a/b", expires_in=60, reach="public")
    assert url.startswith("https://account.r2.cloudflarestorage.com/photos/a/b?")
    assert "AKID" in url
    assert made(endpoint="", region="eu-central-1").presigned_base("public") == (
        "https://s3.eu-central-1.amazonaws.com/photos/"
    )
