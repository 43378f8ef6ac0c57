"""Who may do what: two tokens, the batch host, both forms of a refusal, and the page for people."""

import re
import time

import httpx
import pytest

from images_app.emulator import auth
from images_app.emulator.config import EmulatorConfig
from images_app.emulator.errors import ApiError
from tests.support import photos
from tests.support.emulator import ACCOUNT_HASH, ACCOUNT_ID, TOKEN, RunningEmulator
from tests.support.http import anybody

JPEG = photos.quadrants()
FILE = {"file": ("a.jpg", JPEG, "image/jpeg")}


def config(tmp_path, **changes) -> EmulatorConfig:
    return EmulatorConfig(tmp_path, ACCOUNT_ID, ACCOUNT_HASH, TOKEN, "http://127.0.0.1/imagedelivery", **changes)


def code(answer: httpx.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["errors"][0]["code"]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_the_second_token_reads_and_changes_nothing(emulator, tmp_path):
    reader = bearer(config(tmp_path).read_token)
    image_id = emulator.uploaded(JPEG)
    image, before = f"{emulator.account}/v1/{image_id}", emulator.http.get(f"{emulator.account}/v1/stats").json()
    for path in (
        "v1",
        "v2",
        "v1/stats",
        "v1/keys",
        "v1/variants",
        "v1/config",
        f"v1/{image_id}",
        f"v1/{image_id}/blob",
    ):
        assert anybody.get(f"{emulator.account}/{path}", headers=reader).status_code == 200
    for method, url, more in (
        ("POST", f"{emulator.account}/v1", {"files": FILE}),
        ("PATCH", image, {"json": {"creator": "x"}}),
        ("DELETE", image, {}),
        ("PUT", f"{emulator.account}/v1/keys/reader", {}),
        ("POST", f"{emulator.account}/v1/variants", {"json": {"id": "r", "options": {"width": 1}}}),
        ("PATCH", f"{emulator.account}/v1/config", {"json": {"browser_ttl": 3600}}),
        ("POST", f"{emulator.account}/v2/direct_upload", {"files": {"id": (None, "r")}}),
        ("GET", f"{emulator.account}/v1/batch_token", {}),
        ("PUT", f"{emulator.url}/cloudflare/control/faults", {"json": {"faults": []}}),
    ):
        assert code(anybody.request(method, url, headers=reader, **more)) == (403, 10000), (method, url)
    assert anybody.get(f"{emulator.url}/cloudflare/control/calls", headers=reader).status_code == 200
    assert emulator.http.get(f"{emulator.account}/v1/stats").json() == before


def test_the_batch_host_serves_without_an_account_in_the_path(emulator):
    result = emulator.http.get(f"{emulator.account}/v1/batch_token").json()["result"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", result["expiresAt"])
    host, headers = f"{emulator.url}/cloudflare/batch/images", bearer(result["token"])
    with httpx.Client(base_url=host, headers=headers, timeout=120) as batch:
        image_id = batch.post("/v1", files=FILE).json()["result"]["id"]
        assert batch.get(f"/v1/{image_id}").json()["result"]["id"] == image_id
        assert batch.patch(f"/v1/{image_id}", json={"creator": "batch"}).json()["result"]["creator"] == "batch"
        assert [i["id"] for i in batch.get("/v2?creator=batch").json()["result"]["images"]] == [image_id]
        assert "uploadURL" in batch.post("/v2/direct_upload", files={"metadata": (None, "{}")}).json()["result"]
        assert batch.delete(f"/v1/{image_id}").json()["success"]
        assert code(batch.get("/v1/keys")) == (404, 5404)  # no more than an id here
        assert code(batch.put("/v1/keys/x")) == (404, 7003)
        assert code(batch.get("/v1")) == (405, 7001)
    for headers in (bearer(TOKEN), bearer(result["token"][:-1] + "x"), bearer("..")):
        assert code(anybody.get(f"{emulator.url}/cloudflare/batch/images/v2", headers=headers)) == (403, 9109)
    assert code(anybody.get(f"{emulator.url}/cloudflare/batch/images/v2")) == (401, 10000)
    assert code(anybody.get(f"{emulator.account}/v2", headers=bearer(result["token"]))) == (403, 9109)


def test_a_batch_token_ends_and_cannot_be_made_longer(tmp_path, monkeypatch):
    from starlette.datastructures import Headers

    own = config(tmp_path)
    token, expires = auth.new_batch_token(own)
    assert auth.check_batch(Headers({"authorization": f"Bearer {token}"}), own) == token
    longer = token.replace(f"{expires:x}", f"{expires + 9:x}")
    with pytest.raises(ApiError) as caught:
        auth.check_batch(Headers({"authorization": f"Bearer {longer}"}), own)
    assert caught.value.code == 9109
    monkeypatch.setattr(time, "time", lambda: float(expires))
    with pytest.raises(ApiError) as caught:
        auth.check_batch(Headers({"authorization": f"Bearer {token}"}), own)
    assert caught.value.code == 9109


def test_a_batch_token_has_so_many_calls_a_second(monkeypatch):
    meter, now = auth.Meter(3), [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    for _ in range(3):
        meter.count("a")
    with pytest.raises(ApiError) as caught:
        meter.count("a")
    assert (caught.value.status, caught.value.retry_after) == (429, 1)
    meter.count("b")
    now[0] += 1
    meter.count("a")


@pytest.mark.parametrize("accept", ["text/plain", "text/plain;q=0.9, image/*"])
def test_a_refusal_is_text_for_who_accepts_only_that(emulator, accept):
    image_id = emulator.uploaded(JPEG, id=f"text/{len(accept)}")
    again = emulator.http.post(f"{emulator.account}/v1", files=FILE, data={"id": image_id}, headers={"Accept": accept})
    assert (again.status_code, again.text) == (409, "ERROR 5409: Resource already exists")
    draft = emulator.http.post(f"{emulator.account}/v2/direct_upload", files={"metadata": (None, "{}")}).json()[
        "result"
    ]
    assert anybody.post(draft["uploadURL"], files=FILE).status_code == 200
    assert anybody.post(draft["uploadURL"], files=FILE, headers={"Accept": accept}).text.startswith("ERROR 5409: ")


@pytest.mark.parametrize("accept", ["*/*", "application/json, text/plain, */*", "application/json", "image/*", ""])
def test_everybody_else_gets_the_envelope(emulator, accept):
    answer = emulator.http.get(f"{emulator.account}/v1/nobody", headers={"Accept": accept})
    assert code(answer) == (404, 5404)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    with RunningEmulator(tmp_path_factory.mktemp("page"), page=True) as emulator:
        yield emulator


def test_the_page_shows_what_there_is_and_no_secret(alone):
    public = alone.uploaded(JPEG, id="<b>&.jpg")
    private = alone.uploaded(JPEG, requireSignedURLs="true")
    key = alone.http.get(f"{alone.account}/v1/keys").json()["result"]["keys"][0]["value"]
    alone.deliver(private, "public?exp=1&sig=5ec2e75ec2e75ec2e7")
    draft = alone.http.post(f"{alone.account}/v2/direct_upload", files={"metadata": (None, "{}")}).json()["result"]
    anybody.post(draft["uploadURL"] + "x", files=FILE)
    answer = anybody.get(alone.url)
    assert answer.status_code == 200
    assert "<li><div>private</div>" in answer.text
    assert "&lt;b&gt;&amp;.jpg" in answer.text
    assert f"/{ACCOUNT_HASH}/%3Cb%3E%26.jpg/width=160,height=120" in answer.text
    assert "scale-down" in answer.text
    assert "default" in answer.text
    assert "images/v1/keys" in answer.text
    for secret in (TOKEN, key, "5ec2e75ec2e75ec2e7", draft["id"], "<b>"):
        assert secret not in answer.text
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; img-src 'self' data:; style-src 'sha256-")
    links = re.findall(r"(?:src|href)=(\S{15})", answer.text)
    assert links
    assert all(link.startswith(('"/imagedelivery', '"data:,"')) for link in links)
    assert public == "<b>&.jpg"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:8787"}, 200),
        ({"Host": "[::1]:8787"}, 200),
        ({"Host": "evil.example:8787"}, 401),
        ({"Host": "127.0.0.1.evil.example"}, 401),
        ({"Host": "evil.example", "Authorization": httpx.BasicAuth("me", TOKEN)._auth_header}, 200),
        ({"Host": "evil.example", "Authorization": f"Bearer {TOKEN}"}, 200),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Basic wrong"}, 401),
        ({"Authorization": httpx.BasicAuth("me", "wrong")._auth_header}, 401),
    ],
)
def test_the_page_is_for_this_machine_or_for_the_token(alone, headers, status):
    assert anybody.get(alone.url, headers=headers).status_code == status


def test_inside_a_server_there_is_no_page(emulator):
    assert anybody.get(emulator.url).status_code == 404
