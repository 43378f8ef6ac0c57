"""A server with IMAGES_CLOUDFLARE=remote: the same code, and a Cloudflare in another process that it knows only by its
settings."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest

from images_app.emulator.config import EmulatorConfig
from tests.support.emulator import ACCOUNT_HASH, ACCOUNT_ID, TOKEN, RunningEmulator
from tests.support.photos import photo_jpeg
from tests.support.pipeline import wait_for
from tests.support.server import RunningServer

KEY = "a signing key, as text"
READ_TOKEN = EmulatorConfig(Path(), ACCOUNT_ID, ACCOUNT_HASH, TOKEN, "").read_token


def settings_of(cloudflare: RunningEmulator) -> dict[str, object]:
    return {
        "cloudflare": "remote",
        "cloudflare_api_base": cloudflare.api_base,
        "cloudflare_account_id": ACCOUNT_ID,
        "cloudflare_api_token": TOKEN,
        "cloudflare_batch_base": f"{cloudflare.url}/cloudflare/batch",
        "delivery_base": f"{cloudflare.url}/imagedelivery",
        "provision_rate": 0,
    }


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    """Not started yet."""
    made = RunningServer(tmp_path / "data")
    yield made
    if not made.has_ended:
        made.stop()


@pytest.fixture
def cloudflare(tmp_path: Path, server: RunningServer) -> Iterator[RunningEmulator]:
    """Not started either: on the address that the server's settings name."""
    reaches = (f"http://localhost:{server.port}/objects/",)
    made = RunningEmulator(tmp_path / "cloudflare", fetch_bases=reaches, signing_key=KEY)
    server.use(**settings_of(made))
    with made.http:
        yield made
        if made.is_running:
            made.kill()


def suffer(cloudflare: RunningEmulator, *faults: dict[str, Any]) -> None:
    place = f"{cloudflare.url}/cloudflare/control/faults"
    cloudflare.http.put(place, json={"faults": list(faults)}).raise_for_status()


def hosts(cloudflare: RunningEmulator) -> set[str]:
    """`batch` and `api`: which of them creates went to."""
    made = cloudflare.http.get(f"{cloudflare.url}/cloudflare/control/calls").json()["result"]["calls"]
    paths = [call["path"] for call in made if call["operation"] == "create"]
    return {"batch" if path.startswith("/cloudflare/batch/") else "api" for path in paths}


def stored(cloudflare: RunningEmulator) -> int:
    return int(cloudflare.http.get(f"{cloudflare.account}/v1/stats").json()["result"]["count"]["current"])


def upload(client: httpx.Client) -> str:
    """The id of a new file."""
    workspace = client.get("/api/me").json()["workspaces"][0]["id"]
    part = {"file": ("photo.jpg", photo_jpeg(320, 240), "image/jpeg")}
    answer = client.post("/api/files", data={"workspaceId": workspace}, files=part)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def file(client: httpx.Client, file_id: str) -> Any:
    return client.get(f"/api/files/{file_id}").raise_for_status().json()


def image(client: httpx.Client, file_id: str) -> Any:
    """The image of a file, once it is there."""

    def look() -> Any:
        answer = client.get(f"/api/images/{file_id}", params={"include": "variants"})
        return answer.json() if answer.status_code == 200 else None

    return wait_for(look)


def is_parked(client: httpx.Client, file_id: str) -> bool:
    shown = file(client, file_id)["provisioning"]
    return bool(shown["state"] == "waiting" and shown["nextAttemptAt"] is None)


def test_pictures_are_provisioned_there_and_the_account_hash_is_learnt_for_good(
    server: RunningServer, cloudflare: RunningEmulator
) -> None:
    cloudflare.start()
    server.start()
    with server.client() as client:
        # The first check may take longer than it is waited for, on a busy machine.
        wait_for(lambda: client.get("/api/health/ready").json()["checks"]["cloudflare"] == "ok")
        made = image(client, upload(client))
        expected = f"{cloudflare.delivery}/{made['cfImageId']}/"
        assert {name: url.removeprefix(expected) for name, url in made["variants"].items()} == {
            name: name for name in ("public", "thumb", "grid", "full")
        }
        for url in made["variants"].values():
            assert httpx.get(url, timeout=30).headers["content-type"].startswith("image/")
        for path in ("/cloudflare/client/v4/accounts", f"/imagedelivery/{ACCOUNT_HASH}/x/public", "/cdn-cgi/trace"):
            assert client.get(path).status_code == 404
        assert hosts(cloudflare) == {"api"}
    server.stop()
    server.use(cloudflare_batch="true")
    server.start()
    with server.client() as client:
        assert client.get(f"/api/images/{made['id']}").json()["url"] == f"{expected}public"
        image(client, upload(client))
        assert hosts(cloudflare) == {"api", "batch"}
        assert client.delete(f"/api/images/{made['id']}").status_code == 200
        wait_for(lambda: stored(cloudflare) == 1)


def test_a_server_that_leaves_the_local_one_forgets_what_that_was_called(
    server: RunningServer, cloudflare: RunningEmulator
) -> None:
    cloudflare.start()
    server.use(cloudflare="local", delivery_base="")
    server.start()
    with server.client() as client:
        old = image(client, upload(client))
    server.stop()
    server.use(**settings_of(cloudflare))
    server.start()
    with server.client() as client:

        def account(file_id: str) -> str:
            shown = urlsplit(client.get(f"/api/images/{file_id}").json()["url"])
            return shown.path.removeprefix("/imagedelivery/").partition("/")[0]

        assert account(old["fileId"]) == "account-hash-not-known-yet"
        image(client, upload(client))
        wait_for(lambda: account(old["fileId"]) == ACCOUNT_HASH)


def test_private_pictures_are_signed_with_the_accounts_key(server: RunningServer, cloudflare: RunningEmulator) -> None:
    cloudflare.start()
    server.use(url_signing="cloudflare", cloudflare_signing_key=KEY)
    server.start()
    with server.client() as client:
        url = image(client, upload(client))["url"]
        assert httpx.get(url, timeout=30).status_code == 200
        assert httpx.get(url.partition("?")[0], timeout=30).status_code == 403


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"cloudflare_api_token": "not-this-one"}, "403, 9109"),
        ({"cloudflare_account_id": "f" * 32}, "403, 5403"),
        ({"cloudflare_api_token": ""}, "IMAGES_CLOUDFLARE_API_TOKEN"),
        ({"cloudflare_api_token": READ_TOKEN}, "may only read; it needs the permission Cloudflare Images: Edit"),
    ],
)
def test_credentials_that_cannot_work_refuse_to_start_in_one_line(
    server: RunningServer, cloudflare: RunningEmulator, wrong: dict[str, str], said: str
) -> None:
    cloudflare.start()
    server.use(**wrong)
    result = server.aeontel("serve", "--headless")
    assert result.returncode == 1
    assert len(result.stderr.strip().splitlines()) == 1
    assert said in result.stderr
    assert str(wrong.get("cloudflare_api_token") or "not-this-one") not in result.stderr


def test_a_cloudflare_that_is_away_keeps_nobody_from_uploading(
    server: RunningServer, cloudflare: RunningEmulator
) -> None:
    server.start()
    assert "Starting all the same" in server.log
    with server.client() as client:
        file_id = upload(client)
        wait_for(lambda: file(client, file_id)["provisioning"]["state"] == "waiting")
        assert client.get("/api/provisioning").json()["state"] == "running"
        cloudflare.start()
        assert image(client, file_id)["url"].startswith(cloudflare.delivery)
        assert stored(cloudflare) == 1


def test_a_full_account_pauses_everything_and_fails_nothing(server: RunningServer, cloudflare: RunningEmulator) -> None:
    cloudflare.start()
    suffer(cloudflare, {"kind": "full", "operation": "create"})
    server.start()
    with server.client() as client:
        uploads = [upload(client) for _ in range(12)]
        wait_for(lambda: all(is_parked(client, file_id) for file_id in uploads))
        shown = client.get("/api/provisioning").json()["pause"]
        assert (shown["reason"], shown["code"]) == ("full", "cloudflare_5453")
        wait_for(lambda: client.get("/api/health/ready").status_code == 200)
    server.kill()
    server.start()
    with server.client() as client:
        uploads.append(upload(client))
        wait_for(lambda: is_parked(client, uploads[-1]))
        suffer(cloudflare)
        assert client.delete("/api/provisioning/pause").json() == {"success": True}
        for file_id in uploads:
            image(client, file_id)
        assert client.get("/api/provisioning").json() == {"state": "running", "pause": None}
        for kind, number in (("image.created", len(uploads)), ("image.provision_failed", 0)):
            assert client.get("/api/events", params={"type": kind}).json()["pageInfo"]["total"] == number
        assert stored(cloudflare) == len(uploads)


def test_a_revoked_token_pauses_and_resuming_too_early_pauses_again(
    server: RunningServer, cloudflare: RunningEmulator
) -> None:
    cloudflare.start()
    server.start()
    with server.client() as client:
        suffer(cloudflare, {"kind": "revoked"})
        file_id = upload(client)
        for _ in range(2):
            since = wait_for(lambda: client.get("/api/provisioning").json()["pause"])["since"]
            assert client.get("/api/provisioning").json()["pause"]["reason"] == "refused"
            assert client.delete("/api/provisioning/pause").status_code == 200
        wait_for(lambda: (client.get("/api/provisioning").json()["pause"] or {"since": since})["since"] > since)
        suffer(cloudflare)
        wait_for(lambda: is_parked(client, file_id))
        assert client.delete("/api/provisioning/pause").status_code == 200
        image(client, file_id)
        assert stored(cloudflare) == 1


def test_the_smoke_command_sends_one_picture_all_the_way_and_leaves_nothing(
    server: RunningServer, cloudflare: RunningEmulator
) -> None:
    cloudflare.start()
    server.start()
    for signing in ("none", "cloudflare"):
        server.use(url_signing=signing, cloudflare_signing_key=KEY)
        result = server.aeontel("cloudflare", "smoke")
        assert result.returncode == 0, result.stderr
        steps = [line.split("s  ", 1)[1] for line in result.stdout.splitlines() if line.startswith("ok ")]
        assert steps[:4] == [
            "credentials are taken",
            "an object is stored",
            "Cloudflare copies it from its presigned URL",
            "it is found by its metadata",
        ]
        assert ("it is delivered" in steps, "it is not delivered without a signature" in steps) == (
            True,
            signing == "cloudflare",
        )
        assert stored(cloudflare) == 0
        assert list((server.data_dir / "objects").rglob("*.png")) == []


def test_the_smoke_command_says_what_does_not_work(server: RunningServer, cloudflare: RunningEmulator) -> None:
    cloudflare.start()
    server.start()
    good = {
        "cloudflare_api_token": TOKEN,
        "internal_url": "",
        "cloudflare_account_hash": "",
        "url_signing": "none",
        "cloudflare_signing_key": "",
    }
    cases: list[tuple[dict[str, str], list[dict[str, Any]], str]] = [
        ({"cloudflare_api_token": "not-this-one"}, [], "credentials are taken: Cloudflare answered 403, 9109"),
        ({"internal_url": "http://127.0.0.1:9"}, [], "must be able to reach the object store"),
        ({}, [{"kind": "full", "operation": "create"}], "no room for another image"),
        ({"cloudflare_account_hash": "another"}, [], f"which is {ACCOUNT_HASH}"),
        ({"url_signing": "cloudflare", "cloudflare_signing_key": "wrong"}, [], "it is delivered"),
    ]
    for settings, faults, said in cases:
        suffer(cloudflare, *faults)
        server.use(**good | settings)
        result = server.aeontel("cloudflare", "smoke")
        assert (result.returncode, said in result.stderr) == (1, True), result.stderr
        assert len(result.stderr.strip().splitlines()) == 1
        assert "token=" not in result.stderr
        suffer(cloudflare)
        assert stored(cloudflare) == 0


def test_the_keys_for_the_worker_are_those_that_sign_tokens(server: RunningServer) -> None:
    server.use(url_signing="jwt")
    server.start()
    keys = json.loads(server.aeontel("cloudflare", "token-keys").stdout)
    with server.client() as client:
        token = parse_qs(urlsplit(image(client, upload(client))["url"]).query)["token"][0]
    claims = jwt.decode(token, keys[jwt.get_unverified_header(token)["kid"]], ["HS256"], options={"verify_aud": False})
    assert claims["var"] == "public"


def test_a_server_with_the_real_one_has_no_credentials_of_a_local_one(
    server: RunningServer, cloudflare: RunningEmulator
) -> None:
    result = server.aeontel("cloudflare", "credentials")
    assert (result.returncode, result.stdout) == (1, "")
    assert "IMAGES_CLOUDFLARE=remote" in result.stderr
