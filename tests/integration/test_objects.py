"""Stored objects under presigned URLs: exactly the bytes, and never as a page of ours."""

import logging
from urllib.parse import urlsplit

import httpx
import pytest

from tests.integration.conftest import Api

pytestmark = pytest.mark.embedded
"""A bucket serves its own presigned URLs: what they give is in `tests/contract/test_s3_urls.py`."""

DATA = bytes(range(256)) * 2048


def put(api: Api, key: str, content_type: str = "image/png", data: bytes = DATA) -> None:
    writer = api.world.objects.create(key, content_type)
    writer.write(data)
    writer.commit()


def url(api: Api, key: str, download_name: str | None = None) -> str:
    return api.world.objects.presign_get(key, expires_in=60, reach="internal", download_name=download_name)


@pytest.fixture
def client(api: Api) -> httpx.Client:
    return api.client()


def test_a_presigned_url_gives_the_bytes_as_they_were_stored(api: Api, client: httpx.Client) -> None:
    put(api, "ws-1/fil_1/my photo.png")
    answer = client.get(url(api, "ws-1/fil_1/my photo.png"))
    assert answer.status_code == 200
    assert answer.content == DATA
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-length"] == str(len(DATA))
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-disposition"].startswith("inline;")
    assert answer.headers["cache-control"] == "private, max-age=300"


def test_head_tells_the_same_without_the_bytes(api: Api, client: httpx.Client) -> None:
    put(api, "a/b.png")
    address = url(api, "a/b.png")
    got, asked = client.get(address), client.head(address)
    assert asked.content == b""
    for name in ("content-length", "content-type", "etag", "content-disposition"):
        assert asked.headers[name] == got.headers[name]


def test_an_empty_object_is_an_empty_answer(api: Api, client: httpx.Client) -> None:
    put(api, "a/empty", data=b"")
    answer = client.get(url(api, "a/empty"))
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-99", 0, 99),
        ("bytes=100-", 100, len(DATA) - 1),
        ("bytes=-5", len(DATA) - 5, len(DATA) - 1),
        ("bytes=70000-200000", 70000, 200000),
        (f"bytes=0-{10**17}", 0, len(DATA) - 1),
        (f"bytes=-{10**17}", 0, len(DATA) - 1),
    ],
)
def test_one_range_is_answered_with_just_these_bytes(
    api: Api, client: httpx.Client, asked: str, first: int, last: int
) -> None:
    put(api, "a/b")
    answer = client.get(url(api, "a/b"), headers={"Range": asked})
    assert answer.status_code == 206
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(DATA)}"
    assert answer.content == DATA[first : last + 1]


@pytest.mark.parametrize("asked", [f"bytes={len(DATA)}-", "bytes=99999999-999999999", "bytes=-0"])
def test_a_range_outside_the_object_is_refused_with_its_size(api: Api, client: httpx.Client, asked: str) -> None:
    put(api, "a/b")
    answer = client.get(url(api, "a/b"), headers={"Range": asked})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(DATA)}"
    assert answer.json()["code"] == "range_not_satisfiable"


@pytest.mark.parametrize(
    "asked", ["bytes=5-2", "bytes=", "bytes=a-b", "bytes=0-1,3-4", "lines=0-1", "0-1", "bytes=" + "9" * 30 + "-"]
)
def test_a_range_that_we_do_not_serve_is_ignored(api: Api, client: httpx.Client, asked: str) -> None:
    put(api, "a/b")
    answer = client.get(url(api, "a/b"), headers={"Range": asked})
    assert (answer.status_code, len(answer.content)) == (200, len(DATA))


def test_a_range_for_another_version_gives_the_whole_object(api: Api, client: httpx.Client) -> None:
    put(api, "a/b")
    answer = client.get(url(api, "a/b"), headers={"Range": "bytes=0-1", "If-Range": '"older"'})
    assert answer.status_code == 200
    same = client.get(url(api, "a/b"), headers={"Range": "bytes=0-1", "If-Range": answer.headers["etag"]})
    assert same.status_code == 206


def test_what_the_client_has_already_is_not_sent_again(api: Api, client: httpx.Client) -> None:
    put(api, "a/b")
    etag = client.get(url(api, "a/b")).headers["etag"]
    again = client.get(url(api, "a/b"), headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(url(api, "a/b"), headers={"If-None-Match": '"other"'}).status_code == 200


ACTIVE = ["text/html", "image/svg+xml", "application/pdf", "text/javascript", "application/octet-stream", "text/xml"]


@pytest.mark.parametrize("content_type", ACTIVE)
def test_what_is_no_raster_image_is_a_download_and_can_never_run(
    api: Api, client: httpx.Client, content_type: str
) -> None:
    put(api, "a/x.html", content_type, b"<script>alert(1)</script>")
    headers = client.get(url(api, "a/x.html")).headers
    assert headers["content-type"].startswith(content_type)
    assert headers["content-disposition"].startswith("attachment;")
    assert headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert headers["x-content-type-options"] == "nosniff"


def test_a_raster_image_is_shown_but_sandboxed_and_downloaded_when_asked_for(api: Api, client: httpx.Client) -> None:
    put(api, "a/b.png")
    shown = client.get(url(api, "a/b.png"))
    assert shown.headers["content-security-policy"] == "default-src 'none'; sandbox"
    asked = client.get(url(api, "a/b.png", "Holiday.png"))
    assert asked.headers["content-disposition"] == "attachment; filename=\"Holiday.png\"; filename*=UTF-8''Holiday.png"


@pytest.mark.parametrize(
    ("name", "plain", "exact"),
    [
        ('a"b;c.png', "a_b;c.png", "a%22b%3Bc.png"),
        ("naïve 写真.jpg", "na_ve __.jpg", "na%C3%AFve%20%E5%86%99%E7%9C%9F.jpg"),
        ("x\r\nSet-Cookie: a=b", "x__Set-Cookie: a=b", "x%0D%0ASet-Cookie%3A%20a%3Db"),
        ("..\\..\\x%00", ".._.._x_00", "..%5C..%5Cx%2500"),
        ("\u202egnp.exe", "_gnp.exe", "%E2%80%AEgnp.exe"),
    ],
)
def test_a_hostile_name_stays_inside_its_quotes(
    api: Api, client: httpx.Client, name: str, plain: str, exact: str
) -> None:
    put(api, "a/b.png")
    answer = client.get(url(api, "a/b.png", name))
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f"attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}"
    assert "set-cookie" not in answer.headers


def test_a_url_without_a_good_token_is_forbidden_and_says_nothing_else(api: Api, client: httpx.Client) -> None:
    put(api, "a/b.png")
    put(api, "a/c.png")
    good = urlsplit(url(api, "a/b.png"))
    for address in (
        "/objects/b.png",
        "/objects/b.png?token=",
        "/objects/b.png?token=x.y.z",
        f"/objects/b.png?{good.query}x",
        f"/objects/c.png?{good.query}",
        f"/objects/missing.png?{good.query}",
        f"/objects/..%2fb.png?{good.query}",
    ):
        answer = client.get(address)
        assert answer.status_code in (403, 404), address
        assert answer.headers["content-type"] == "application/problem+json"
        assert DATA[:16] not in answer.content
    assert client.get("/objects/c.png?" + good.query).json()["code"] == "invalid_presigned_url"


def test_a_deleted_object_is_not_found(api: Api, client: httpx.Client) -> None:
    put(api, "a/b.png")
    address = url(api, "a/b.png")
    api.world.objects.delete("a/b.png")
    answer = client.get(address)
    assert (answer.status_code, answer.json()["code"]) == (404, "object_missing")


def test_tokens_are_never_logged(api: Api, client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    put(api, "a/b.png")
    address = url(api, "a/b.png")
    token = urlsplit(address).query.removeprefix("token=")
    with caplog.at_level(logging.DEBUG, "images_app"):
        client.get(address)
        client.get(address.replace("b.png", "c.png"))
        api.world.objects.delete("a/b.png")
        client.get(address)
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("images_app")]
    assert not any(token in message for message in ours)
