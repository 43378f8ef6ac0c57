"""What the client makes of refusals that are about the account, of answers that break off, and of the batch host."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from images_app.cloudflare.base import RemoteImage
from images_app.cloudflare.batch import BatchTokens
from images_app.cloudflare.client import HttpCloudflareImages
from images_app.errors import CloudflareError
from tests.support import photos
from tests.support.emulator import ACCOUNT_HASH, ACCOUNT_ID, TOKEN, Origin, Page, RunningEmulator

ENVELOPE = '{"result":null,"success":false,"errors":[{"code":%d,"message":"x"}],"messages":[]}'
DIRECT, BATCH = f"/accounts/{ACCOUNT_ID}/images/v1", "/images/v1"


@pytest.fixture
def server() -> Iterator[Origin]:
    """A Cloudflare whose every answer is set by the test."""
    with Origin() as server:
        yield server


@pytest.fixture
def local(tmp_path: Path, origin: Origin) -> Iterator[RunningEmulator]:
    """A local Cloudflare of this test's own, whose faults bother nobody else."""
    origin.pages["/objects/p.jpg"] = Page(photos.photo_jpeg(80, 60))
    with RunningEmulator(tmp_path / "local", fetch_bases=(f"{origin.url}/objects/",)) as running:
        yield running


@pytest.fixture
def client(local: RunningEmulator) -> Iterator[HttpCloudflareImages]:
    with_batch = HttpCloudflareImages(local.api_base, ACCOUNT_ID, TOKEN, batch_base=f"{local.url}/cloudflare/batch")
    yield with_batch
    with_batch.close()


def create(client: HttpCloudflareImages, url: str, name: str = "fil_1") -> RemoteImage:
    return client.create_from_url(url, metadata={"fileId": name}, creator="wsp_1", require_signed_urls=False)


def suffer(local: RunningEmulator, *faults: dict[str, Any]) -> None:
    local.http.put(f"{local.url}/cloudflare/control/faults", json={"faults": list(faults)}).raise_for_status()


def calls(local: RunningEmulator) -> list[str]:
    """Method and kind of host of each call, oldest first."""
    made = local.http.get(f"{local.url}/cloudflare/control/calls").json()["result"]["calls"]
    return [
        f"{call['method']} {'batch' if call['path'].startswith('/cloudflare/batch/') else call['operation']}"
        for call in reversed(made)
        if "/control/" not in call["path"] and call["operation"] != "stats"
    ]


@pytest.mark.parametrize(
    ("status", "body", "account"),
    [
        (403, ENVELOPE % 5453, "full"),
        (400, "ERROR 5453: The account has reached a service limit", "full"),
        (429, ENVELOPE % 9422, "full"),
        (400, ENVELOPE % 9422, None),  # the picture cannot be decoded
        (401, ENVELOPE % 10000, "refused"),
        (401, "", "refused"),
        (403, ENVELOPE % 10000, "refused"),
        (403, ENVELOPE % 9109, "refused"),
        (403, ENVELOPE % 5403, "refused"),
        (400, ENVELOPE % 7003, "refused"),
        (404, ENVELOPE % 7003, "refused"),
        (403, "<html>blocked</html>", None),  # by whoever is on the way
        (429, ENVELOPE % 971, None),
        (429, ENVELOPE % 10000, None),
        (500, ENVELOPE % 10000, None),
        (502, "<html>bad gateway</html>", None),
        (404, ENVELOPE % 5404, None),
        (415, ENVELOPE % 5455, None),
    ],
)
def test_a_refusal_of_the_account_is_told_from_one_of_the_picture(
    server: Origin, status: int, body: str, account: str | None
) -> None:
    client = HttpCloudflareImages(server.url, ACCOUNT_ID, TOKEN)
    server.pages[DIRECT] = Page(body.encode(), "application/json", status)
    with pytest.raises(CloudflareError) as caught:
        create(client, "http://o/x")
    client.close()
    assert caught.value.account == account
    assert not (account and caught.value.ambiguous)


@pytest.mark.parametrize(("kind", "account"), [("full", "full"), ("revoked", "refused")])
def test_the_local_cloudflare_can_be_full_or_revoke_the_token(
    local: RunningEmulator, client: HttpCloudflareImages, origin: Origin, kind: str, account: str
) -> None:
    suffer(local, {"kind": kind})
    with pytest.raises(CloudflareError) as caught:
        create(client, f"{origin.url}/objects/p.jpg")
    assert (caught.value.status, caught.value.account) == (403, account)
    suffer(local)
    assert client.find("fil_1") == []


def test_an_account_with_an_allowance_is_full_until_something_is_deleted(tmp_path: Path) -> None:
    with RunningEmulator(tmp_path, allowance=1) as local:
        kept = local.uploaded(photos.quadrants())
        refused = local.upload(photos.quadrants())
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (403, 5453)
        count = local.http.get(f"{local.account}/v1/stats").json()["result"]["count"]
        assert count == {"current": 1, "allowed": 1}
        local.http.delete(f"{local.account}/v1/{kept}").raise_for_status()
        assert local.upload(photos.quadrants()).status_code == 200


@pytest.mark.parametrize("kind", ["cut", "lose"])
def test_an_answer_that_breaks_off_after_success_is_ambiguous_and_the_image_is_found(
    local: RunningEmulator, client: HttpCloudflareImages, origin: Origin, kind: str
) -> None:
    suffer(local, {"kind": kind, "operation": "create", "times": 1})
    with pytest.raises(CloudflareError) as caught:
        create(client, f"{origin.url}/objects/p.jpg")
    assert (caught.value.retryable, caught.value.ambiguous) == (True, True)
    assert len(client.find("fil_1")) == 1


def test_a_stall_ends_with_the_time_out(local: RunningEmulator, origin: Origin) -> None:
    impatient = HttpCloudflareImages(local.api_base, ACCOUNT_ID, TOKEN, timeout=httpx.Timeout(0.3))
    suffer(local, {"kind": "hang", "operation": "create", "seconds": 300})
    with pytest.raises(CloudflareError) as caught:
        create(impatient, f"{origin.url}/objects/p.jpg")
    impatient.close()
    assert (caught.value.status, caught.value.ambiguous) == (None, True)


def test_the_account_hash_is_learnt_from_an_answer(client: HttpCloudflareImages, origin: Origin) -> None:
    image = create(client, f"{origin.url}/objects/p.jpg")
    assert image.account_hash == ACCOUNT_HASH
    assert client.get(image.id).account_hash == client.find("fil_1")[0].account_hash == ACCOUNT_HASH


@pytest.mark.parametrize(
    ("image_id", "urls", "expected"),
    [
        ("x", ("https://imagedelivery.net/hash-1_A/x/public",), "hash-1_A"),
        ("x", ("https://images.example.com/cdn-cgi/imagedelivery/hash/x/public",), "hash"),
        ("a/b 50%", ("https://imagedelivery.net/hash/a/b%2050%25/public",), "hash"),
        ("x", ("odd", "https://imagedelivery.net/hash/y/public", "https://imagedelivery.net/hash/x/thumb"), "hash"),
        ("x", ("https://imagedelivery.net/ha%2Fsh/x/public",), None),
        ("x", (f"https://imagedelivery.net/{'h' * 65}/x/public",), None),
        (".*", ("https://imagedelivery.net/hash/xx/public",), None),
        ("x", (), None),
    ],
)
def test_only_what_looks_like_an_account_hash_is_one(image_id: str, urls: tuple[str, ...], expected: str) -> None:
    assert RemoteImage(image_id, variants=urls).account_hash == expected


def test_the_batch_host_does_what_it_can_and_the_rest_goes_the_ordinary_way(
    local: RunningEmulator, client: HttpCloudflareImages, origin: Origin
) -> None:
    image = create(client, f"{origin.url}/objects/p.jpg")
    assert client.find("fil_1") == [client.get(image.id)] == list(client.list(creator="wsp_1"))
    client.delete(image.id)
    client.delete(image.id)
    client.ensure_variants()
    seen = calls(local)
    assert seen[:2] == ["GET batch-token", "POST batch"]
    assert seen.count("GET batch-token") == 1
    assert {call for call in seen if "batch" not in call} == {"GET variants", "POST variants"}
    assert seen.count("DELETE batch") == 2


def test_without_a_batch_token_everything_goes_the_ordinary_way(
    local: RunningEmulator, client: HttpCloudflareImages, origin: Origin
) -> None:
    suffer(local, {"kind": "error", "operation": "batch-token"})
    create(client, f"{origin.url}/objects/p.jpg")
    assert len(client.find("fil_1")) == 1
    assert calls(local) == ["GET batch-token", "POST create", "GET list"]


def test_a_batch_token_that_is_refused_costs_one_call(server: Origin) -> None:
    token = b'{"result":{"token":"short-lived","expiresAt":"2100-01-01T00:00:00Z"},"success":true}'
    image = b'{"result":{"id":"made"},"success":true}'
    server.pages[f"{DIRECT}/batch_token"] = Page(token, "application/json")
    server.pages[BATCH] = Page((ENVELOPE % 9109).encode(), "application/json", 403)
    server.pages[DIRECT] = Page(image, "application/json")
    client = HttpCloudflareImages(server.url, ACCOUNT_ID, TOKEN, batch_base=server.url)
    for _ in range(2):
        assert create(client, "http://o/x").id == "made"
    client.close()
    assert server.seen == [f"{DIRECT}/batch_token", BATCH, DIRECT, DIRECT]
    assert server.headers[BATCH]["Authorization"] == "Bearer short-lived"
    assert server.headers[DIRECT]["Authorization"] == f"Bearer {TOKEN}"


def test_a_refusal_of_the_picture_by_the_batch_host_is_final(server: Origin) -> None:
    token = b'{"result":{"token":"short-lived","expiresAt":"2100-01-01T00:00:00Z"},"success":true}'
    server.pages[f"{DIRECT}/batch_token"] = Page(token, "application/json")
    server.pages[BATCH] = Page((ENVELOPE % 5455).encode(), "application/json", 415)
    client = HttpCloudflareImages(server.url, ACCOUNT_ID, TOKEN, batch_base=server.url)
    with pytest.raises(CloudflareError) as caught:
        create(client, "http://o/x")
    client.close()
    assert caught.value.upstream_code == 5455
    assert DIRECT not in server.seen


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def test_a_batch_token_is_renewed_before_it_expires_and_asked_for_again_after_a_while() -> None:
    clock, fetched = Clock(), []
    answers: list[Any] = [
        {"token": "a", "expiresAt": "2027-01-15T09:00:00Z"},  # in an hour
        {"token": "b", "expiresAt": "nonsense"},
        {"token": ""},
        {"token": "c", "expiresAt": "2100-01-01T00:00:00Z"},
    ]

    def fetch() -> Any:
        fetched.append(clock.now)
        return answers[len(fetched) - 1]

    tokens = BatchTokens(fetch, clock=clock)
    assert [tokens.get(), tokens.get()] == ["a", "a"]
    clock.now += 3539
    assert tokens.get() == "a"
    clock.now += 1
    assert [tokens.get(), tokens.get()] == ["b", "b"]  # an expiry that cannot be read: used for a moment all the same
    clock.now += 30
    assert [tokens.get(), tokens.get()] == [None, None]
    clock.now += 60
    assert tokens.get() == "c"
    tokens.refused("b")  # somebody's late answer about an older one
    assert tokens.get() == "c"
    tokens.refused("c")
    assert tokens.get() is None
    assert len(fetched) == 4
