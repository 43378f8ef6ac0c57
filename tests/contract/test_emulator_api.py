"""The API of the local Cloudflare Images: its envelope, fields, limits and codes."""

import json
import re

import httpx
import pytest

from tests.support import photos
from tests.support.emulator import ACCOUNT_HASH, ACCOUNT_ID, TOKEN
from tests.support.http import anybody
from tests.support.pixels import decoded

JPEG = photos.quadrants()
FILE = {"file": ("a.jpg", JPEG, "image/jpeg")}


def refused(answer: httpx.Response, status: int, code: int, text: str = "") -> None:
    body = answer.json()
    assert (answer.status_code, body["errors"][0]["code"]) == (status, code), answer.text
    assert (body["success"], body["result"], body["messages"]) == (False, None, [])
    assert text in body["errors"][0]["message"]


def test_an_uploaded_image_has_every_field(emulator):
    answer = emulator.upload(JPEG, name="C:\\dir/é.jpg", metadata='{"a":{"b":1}}', creator="me")
    body = answer.json()
    assert (body["success"], body["errors"], body["messages"]) == (True, [], [])
    image = body["result"]
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", image["id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", image["uploaded"])
    assert (image["filename"], image["meta"], image["creator"]) == ("é.jpg", {"a": {"b": 1}}, "me")
    assert image["requireSignedURLs"] is False
    assert f"{emulator.url}/imagedelivery/{ACCOUNT_HASH}/{image['id']}/public" in image["variants"]
    assert emulator.http.get(f"{emulator.account}/v1/{image['id']}").json()["result"] == image
    blob = emulator.http.get(f"{emulator.account}/v1/{image['id']}/blob")
    assert (blob.content, blob.headers["content-type"]) == (JPEG, "image/jpeg")


@pytest.mark.parametrize(
    "fields",
    [
        {"metadata": '{"k":"v","n":{"z":"1"}}'},
        {"metadata.k": "v", "metadata.n.z": "1"},
        {"metadata[k]": "v", "metadata[n][z]": "1"},
    ],
)
def test_metadata_in_each_form_that_is_sent(emulator, fields):
    assert emulator.upload(JPEG, **fields).json()["result"]["meta"] == {"k": "v", "n": {"z": "1"}}


@pytest.mark.parametrize(
    ("fields", "code", "text"),
    [
        ({"metadata": "[1]"}, 5400, "object"),
        ({"metadata": "{"}, 5400, "JSON"),
        ({"metadata": '{"a":NaN}'}, 5400, "JSON"),
        ({"metadata": '{"a":1e999}'}, 5400, "JSON"),
        ({"metadata": '{"a":"\\ud800"}'}, 5400, "JSON"),
        ({"metadata": "[" * 9000}, 5400, "JSON"),
        ({"metadata": json.dumps({"a": "x" * 1024})}, 5400, "1024 bytes"),
        ({"metadata": "{}", "metadata.a": "1"}, 5400, "two forms"),
        ({"metadata.a": "1", "metadata.a.b": "1"}, 5400, "contradict"),
        ({"creator": "x" * 1025}, 5400, "creator"),
        ({"creator": "a\x00b"}, 5400, "creator"),
        ({"requireSignedURLs": "yes"}, 5400, "requireSignedURLs"),
        ({"surprise": "1"}, 5400, "surprise"),
        ({"url": "http://127.0.0.1/x"}, 5400, "exactly one"),
        ({"id": "x", "requireSignedURLs": "true"}, 5400, "custom ID and cannot be set to private"),
        ({"id": ""}, 5411, "1 to 1024"),
        ({"id": "x" * 1025}, 5411, "1 to 1024"),
        ({"id": "/a"}, 5411, "slash"),
        ({"id": "a/"}, 5411, "slash"),
        ({"id": "a//b"}, 5411, "segments"),
        ({"id": "a/../b"}, 5411, "segments"),
        ({"id": "a\x00b"}, 5411, "control"),
        ({"id": "0f9a1c1e-5d3b-4b52-9b3a-2f1d9a7b8c6d"}, 5411, "UUID"),
        ({"id": "a.exe"}, 5411, "extension"),
    ],
)
def test_bad_fields_are_refused(emulator, fields, code, text):
    refused(emulator.upload(JPEG, **fields), 400, code, text)


def test_a_custom_id_is_a_path_of_its_own(emulator):
    name = "Länder/50%/a b.jpg"
    image = emulator.upload(JPEG, id=name).json()["result"]
    assert image["id"] == name
    assert f"{ACCOUNT_HASH}/L%C3%A4nder/50%25/a%20b.jpg/public" in image["variants"][0]
    assert anybody.get(image["variants"][0]).status_code == 200
    refused(emulator.upload(JPEG, id=name), 409, 5409, "already exists")
    path = f"{emulator.account}/v1/L%C3%A4nder%2F50%25%2Fa%20b.jpg"
    assert emulator.http.get(path).json()["result"] == image
    refused(emulator.http.patch(path, json={"requireSignedURLs": True}), 400, 5400, "custom ID")
    assert emulator.http.delete(path).json()["result"] == {}
    refused(emulator.http.get(path), 404, 5404)


@pytest.mark.parametrize(
    ("data", "type", "status", "code"),
    [
        (photos.photo_jpeg(64, 48), "image/jpeg", 200, None),
        (photos.png(64, 48), "image/png", 200, None),
        (photos.webp(64, 48), "image/webp", 200, None),
        (photos.animation(frames=3), "image/gif", 200, None),
        (photos.animation(frames=3, format="WEBP"), "image/webp", 200, None),
        (photos.svg(), "image/svg+xml", 200, None),
        (photos.hostile_svg(), "image/svg+xml; charset=utf-8", 200, None),
        (photos.png(64, 48), "image/jpeg", 200, None),
        (JPEG, "application/octet-stream", 415, 5455),
        (JPEG, "", 415, 5455),
        (photos.heic(64, 48), "image/heic", 415, 5455),
        (photos.heic(64, 48), "image/jpeg", 415, 5455),
        (photos.avif(64, 48), "image/jpeg", 415, 5455),
        (photos.tiff(64, 48), "image/jpeg", 415, 5455),
        (photos.bmp(64, 48), "image/png", 415, 5455),
        (b"<html></html>", "image/jpeg", 400, 9422),
        (b"", "image/jpeg", 400, 5400),
        (photos.corrupt_jpeg(), "image/jpeg", 400, 9422),
        (photos.truncated(photos.png(64, 48), 0.5), "image/png", 400, 9422),
        (b"<svg><g>", "image/svg+xml", 400, 9422),
        (photos.png(12_001, 1), "image/png", 400, 5400),
        (photos.gif_of(200, 1000, 1000), "image/gif", 400, 5443),
    ],
)
def test_type_and_bytes_are_judged(emulator, data, type, status, code):
    answer = emulator.upload(data, type=type)
    if code is None:
        assert answer.status_code == 200, answer.text
    else:
        refused(answer, status, code)


def test_the_size_limit_is_exact(emulator):
    padding = 10 * 1024 * 1024 - len(JPEG)
    assert emulator.upload(JPEG + bytes(padding)).status_code == 200
    refused(emulator.upload(JPEG + bytes(padding + 1)), 413, 5413, "10 MB")


@pytest.mark.parametrize(
    ("body", "type", "status", "code"),
    [
        (JPEG, "image/jpeg", 415, 5415),
        (b"{}", "application/json", 415, 5415),
        (b"", "multipart/form-data", 415, 5415),
        (b"nonsense", "multipart/form-data; boundary=b", 400, 5400),
        (b'--b\r\nContent-Disposition: form-data; name="id"\r\n\r\nx', "multipart/form-data; boundary=b", 400, 5450),
        (
            b'--b\r\nContent-Disposition: form-data; name="other"; filename="x"\r\n\r\nx\r\n--b--',
            "multipart/form-data; boundary=b",
            400,
            5400,
        ),
        (
            b'--b\r\nContent-Disposition: form-data; name="id"\r\n\r\n' + b"x" * 20_000 + b"\r\n--b--",
            "multipart/form-data; boundary=b",
            400,
            5400,
        ),
    ],
)
def test_only_whole_forms_are_taken(emulator, body, type, status, code):
    answer = emulator.http.post(f"{emulator.account}/v1", content=body, headers={"Content-Type": type})
    refused(answer, status, code)


def test_who_is_let_in(emulator):
    stats = f"{emulator.account}/v1/stats"
    for headers, code in (
        ({}, 10000),
        ({"Authorization": "Basic eDp5"}, 10000),
        ({"Authorization": "Bearer"}, 9109),
        ({"Authorization": f"Bearer {TOKEN}x"}, 9109),
        ({"Authorization": "Bearer ä".encode("latin-1")}, 9109),
        ({"X-Auth-Key": TOKEN}, 10000),
        ({"X-Auth-Email": "me@example.com", "X-Auth-Key": "wrong"}, 10000),
    ):
        refused(anybody.get(stats, headers=headers), 403 if code == 9109 else 401, code)
    for headers in (
        {"Authorization": f"bearer {TOKEN}"},
        {"X-Auth-Email": "me@example.com", "X-Auth-Key": TOKEN},
    ):
        assert anybody.get(stats, headers=headers).json()["success"]
    refused(emulator.http.get(stats.replace(ACCOUNT_ID, "f" * 32)), 403, 5403)
    refused(emulator.http.get(stats.replace(ACCOUNT_ID, "me")), 404, 7003)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "nothing", 404, 7003),
        ("GET", "v1/a/b/c", 404, 7003),
        ("PUT", "v1/stats", 405, 7001),
        ("GET", "v1/nobody", 404, 5404),
        ("GET", "v1/nobody/blob", 404, 5404),
        ("DELETE", "v1/nobody", 404, 5404),
        ("GET", "v1/variants/nobody", 404, 5401),
        ("DELETE", "v1/keys/nobody", 404, 5404),
        ("GET", "v1?per_page=9", 400, 5400),
        ("GET", "v1?page=0", 400, 5400),
        ("GET", "v2?per_page=10001", 400, 5400),
        ("GET", "v2?sort_order=up", 400, 5400),
        ("GET", "v2?continuation_token=garbage", 400, 5400),
        ("GET", "v2?continuation_token=" + "%C3%A4" * 9, 400, 5400),
        ("GET", "v2?meta.a[like]=1", 400, 5400),
        ("GET", "v2?surprise=1", 400, 5400),
    ],
)
def test_what_is_not_there_is_refused(emulator, method, path, status, code):
    refused(emulator.http.request(method, f"{emulator.account}/{path}"), status, code)


def test_edit_replaces_and_a_change_of_access_gives_a_new_id(emulator):
    old = emulator.uploaded(JPEG, metadata='{"a":1}', creator="me")
    path = f"{emulator.account}/v1/"
    edited = emulator.http.patch(path + old, json={"metadata": {"b": 2}}).json()["result"]
    assert (edited["id"], edited["meta"], edited["creator"]) == (old, {"b": 2}, "me")
    private = emulator.http.patch(path + old, json={"requireSignedURLs": True}).json()["result"]
    assert private["id"] != old
    assert (private["requireSignedURLs"], private["meta"], private["uploaded"]) == (True, {"b": 2}, edited["uploaded"])
    refused(emulator.http.get(path + old), 404, 5404)
    for body in (
        {"metadata": 1},
        {"requireSignedURLs": "true"},
        {"creator": 5},
        {"creator": "\ud800"},
        {"id": "x"},
        [1],
    ):
        refused(emulator.http.patch(path + private["id"], content=json.dumps(body)), 400, 5400)


def test_both_lists_page_through_everything_once(emulator):
    made = [emulator.uploaded(JPEG, creator="lister", metadata=f'{{"n":{n}}}') for n in range(25)]
    v1 = f"{emulator.account}/v1?creator=lister&per_page=10&page="
    pages = [[i["id"] for i in emulator.http.get(f"{v1}{n}").json()["result"]["images"]] for n in (1, 2, 3, 4)]
    assert [image_id for page in pages for image_id in page] == made[::-1]
    assert [len(page) for page in pages] == [10, 10, 5, 0]
    for order, expected in (("asc", made), ("desc", made[::-1])):
        seen, token = [], ""
        while token is not None:
            query = {"creator": "lister", "per_page": "10", "sort_order": order, "continuation_token": token}
            result = emulator.http.get(f"{emulator.account}/v2", params=query).json()["result"]
            seen += [image["id"] for image in result["images"]]
            token = result["continuation_token"]
        assert seen == expected
    some = emulator.http.get(f"{emulator.account}/v2?creator=lister&meta.n[gte:number]=20&meta.n[lt:number]=22")
    assert [image["id"] for image in some.json()["result"]["images"]] == [made[21], made[20]]


def test_an_empty_creator_means_none(emulator):
    mine, nobodys = emulator.uploaded(JPEG, creator="me"), emulator.uploaded(JPEG)
    listed = emulator.http.get(f"{emulator.account}/v2?creator=&per_page=10000").json()["result"]["images"]
    ids = {image["id"] for image in listed}
    assert nobodys in ids
    assert mine not in ids


def test_stats_count_every_image(emulator):
    def current():
        return emulator.http.get(f"{emulator.account}/v1/stats").json()["result"]["count"]["current"]

    before = current()
    image_id = emulator.uploaded(JPEG)
    assert current() == before + 1
    emulator.http.delete(f"{emulator.account}/v1/{image_id}")
    assert current() == before


def test_variants_are_made_changed_and_removed(emulator):
    path = f"{emulator.account}/v1/variants"
    options = {"fit": "cover", "width": 30, "height": 20, "metadata": "none"}
    made = emulator.http.post(path, json={"id": "hero", "options": options}).json()["result"]["variant"]
    assert made == {"id": "hero", "options": options, "neverRequireSignedURLs": False}
    assert emulator.http.get(f"{path}/hero").json()["result"]["variant"] == made
    assert emulator.http.get(path).json()["result"]["variants"]["hero"] == made
    refused(emulator.http.post(path, json={"id": "hero", "options": options}), 409, 5409)
    image_id = emulator.uploaded(JPEG)
    assert decoded(emulator.deliver(image_id, "hero")).size == (30, 20)
    changed = {"options": {**options, "width": 10, "height": 10}, "neverRequireSignedURLs": True}
    assert emulator.http.patch(f"{path}/hero", json=changed).json()["result"]["variant"] == {"id": "hero", **changed}
    assert decoded(emulator.deliver(image_id, "hero")).size == (10, 10)
    assert emulator.http.delete(f"{path}/hero").json()["result"] == {}
    assert emulator.deliver(image_id, "hero").text.startswith("ERROR 9425:")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"id": "a b", "options": {"width": 1}},
        {"id": "a=b", "options": {"width": 1}},
        {"id": "x" * 100, "options": {"width": 1}},
        {"id": "ok"},
        {"id": "ok", "options": {}},
        {"id": "ok", "options": {"width": 0}},
        {"id": "ok", "options": {"width": True}},
        {"id": "ok", "options": {"width": 1, "fit": "squash"}},
        {"id": "ok", "options": {"width": 1, "metadata": "all"}},
        {"id": "ok", "options": {"width": 1, "gravity": "left"}},
        {"id": "ok", "options": {"width": 1, "browser_ttl": 1}},
        {"id": "ok", "options": {"width": 1}, "neverRequireSignedURLs": "no"},
        {"id": "ok", "options": {"width": 1}, "more": 1},
    ],
)
def test_bad_variants_are_refused(emulator, body):
    refused(emulator.http.post(f"{emulator.account}/v1/variants", json=body), 400, 5400)


def test_keys_are_made_and_removed_and_always_all_shown(emulator):
    path = f"{emulator.account}/v1/keys"
    first = emulator.http.get(path).json()["result"]["keys"]
    assert first[0]["name"] == "default"
    both = emulator.http.put(f"{path}/second").json()["result"]["keys"]
    assert [key["name"] for key in both] == ["default", "second"]
    assert both[0]["value"] != both[1]["value"]
    refused(emulator.http.put(f"{path}/second"), 409, 5409)
    refused(emulator.http.put(f"{path}/{'x' * 21}"), 400, 5400)
    assert emulator.http.delete(f"{path}/second").json()["result"]["keys"] == first
    refused(emulator.http.delete(f"{path}/default"), 400, 5400)


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        ("bytes=0-9", 206, slice(0, 10)),
        ("bytes=10-", 206, slice(10, None)),
        ("bytes=-5", 206, slice(-5, None)),
        ("bytes=5-999999999", 206, slice(5, None)),
        ("bytes=999999999-", 416, slice(0, 0)),
        ("bytes=9-5", 200, slice(None)),
        ("bytes=-0", 416, slice(0, 0)),
        ("bytes=-", 200, slice(None)),
        ("bytes=0-1,3-4", 200, slice(None)),
        ("lines=1-2", 200, slice(None)),
    ],
)
def test_a_range_of_the_original(emulator, asked, status, part):
    path = f"{emulator.account}/v1/{emulator.uploaded(JPEG)}/blob"
    answer = emulator.http.get(path, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (status, JPEG[part])
    if status == 206:
        start, stop, _ = part.indices(len(JPEG))
        assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{len(JPEG)}"
    stale = emulator.http.get(path, headers={"Range": asked, "If-Range": '"other"'})
    assert (stale.status_code, stale.content) == (200, JPEG)
