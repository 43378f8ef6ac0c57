"""Direct upload: a one-time URL that needs no credentials."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.support import photos
from tests.support.http import anybody
from tests.support.pixels import decoded

JPEG = photos.quadrants()
FILE = {"file": ("phone.jpg", JPEG, "image/jpeg")}


def created(emulator, **fields):
    parts = {name: (None, value) for name, value in fields.items()} or {"metadata": (None, "{}")}
    answer = emulator.http.post(f"{emulator.account}/v2/direct_upload", files=parts)
    assert answer.status_code == 200, answer.text
    return answer.json()["result"]


def code(answer: httpx.Response) -> int:
    return answer.json()["errors"][0]["code"]


def test_a_draft_becomes_an_image_once(emulator):
    draft = created(emulator, metadata='{"a":1}', creator="me", requireSignedURLs="false")
    assert draft["uploadURL"].startswith(f"{emulator.url}/cloudflare/upload/")
    path = f"{emulator.account}/v1/{draft['id']}"
    waiting = emulator.http.get(path).json()["result"]
    assert (waiting["draft"], waiting["meta"], waiting["creator"]) == (True, {"a": 1}, "me")
    listed = emulator.http.get(f"{emulator.account}/v2?creator=me&per_page=10000").json()["result"]["images"]
    assert draft["id"] not in {image["id"] for image in listed}
    assert emulator.deliver(draft["id"], "public").headers["cf-images"] == "err=9404"
    answer = anybody.post(draft["uploadURL"], files=FILE)
    image = answer.json()["result"]
    assert answer.headers["access-control-allow-origin"] == "*"
    assert (image["id"], image["filename"], image["meta"]) == (draft["id"], "phone.jpg", {"a": 1})
    assert "draft" not in emulator.http.get(path).json()["result"]
    assert decoded(emulator.deliver(draft["id"], "public")).size == (120, 80)
    assert code(anybody.post(draft["uploadURL"], files=FILE)) == 5409


def test_of_many_uploads_at_once_one_is_taken(emulator):
    url = created(emulator)["uploadURL"]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: anybody.post(url, files=FILE), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7


def test_a_refused_file_leaves_the_draft_open(emulator):
    url = created(emulator)["uploadURL"]
    assert code(anybody.post(url, files={"file": ("a.jpg", b"text", "text/plain")})) == 5455
    assert code(anybody.post(url, files={"file": ("a.jpg", photos.corrupt_jpeg(), "image/jpeg")})) == 9422
    assert code(anybody.post(url, files=FILE, data={"id": "mine"})) == 5400
    assert code(anybody.post(url, files={"url": (None, "http://127.0.0.1/")})) == 5400
    assert code(anybody.get(url)) == 7001
    assert anybody.post(url, files=FILE).status_code == 200


def test_a_custom_id_is_taken_while_it_waits_and_free_when_deleted(emulator):
    draft = created(emulator, id="drafts/one")
    assert draft["uploadURL"].endswith("/drafts/one")
    assert code(emulator.upload(JPEG, id="drafts/one")) == 5409
    assert emulator.http.delete(f"{emulator.account}/v1/drafts%2Fone").json()["success"]
    assert code(anybody.post(draft["uploadURL"], files=FILE)) == 5404
    assert emulator.upload(JPEG, id="drafts/one").status_code == 200


def test_browsers_may_upload_from_anywhere(emulator):
    answer = anybody.options(
        created(emulator)["uploadURL"], headers={"Origin": "http://app", "Access-Control-Request-Method": "POST"}
    )
    assert (answer.status_code, answer.headers["access-control-allow-methods"]) == (204, "POST")


@pytest.mark.parametrize(("minutes", "good"), [(1, False), (3, True), (359, True), (361, False)])
def test_expiry_has_bounds(emulator, minutes, good):
    at = (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")
    answer = emulator.http.post(f"{emulator.account}/v2/direct_upload", files={"expiry": (None, at)})
    assert answer.json()["success"] is good
    assert good or code(answer) == 5400


@pytest.mark.parametrize(
    "fields",
    [
        {"expiry": "soon"},
        {"expiry": "2026-99-99T99:99:99Z"},
        {"surprise": "1"},
        {"id": "x", "requireSignedURLs": "true"},
    ],
)
def test_bad_drafts_are_refused(emulator, fields):
    parts = {name: (None, value) for name, value in fields.items()}
    assert code(emulator.http.post(f"{emulator.account}/v2/direct_upload", files=parts)) == 5400


def test_an_unknown_place_takes_nothing(emulator):
    url = created(emulator)["uploadURL"]
    assert code(anybody.post(url + "x", files=FILE)) == 5404
    assert code(anybody.post(url.replace("/upload/", "/upload/x"), files=FILE)) == 5404
