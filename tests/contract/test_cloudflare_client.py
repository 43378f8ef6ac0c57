"""The client against the local Cloudflare Images over real HTTP, and against a server that misbehaves."""

import contextlib
import logging
import socket
import threading
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from images_app.cloudflare.base import VARIANTS
from images_app.cloudflare.client import HttpCloudflareImages
from images_app.cloudflare.delivery import Delivery
from images_app.errors import CloudflareError
from tests.support import photos
from tests.support.emulator import ACCOUNT_HASH, ACCOUNT_ID, TOKEN, Origin, Page, RunningEmulator

SECRET = "token=very-secret-presigned"


@pytest.fixture(scope="module")
def client(emulator):
    client = HttpCloudflareImages(emulator.api_base, ACCOUNT_ID, TOKEN)
    yield client
    client.close()


def create(client, origin, name, *, creator="wsp_1", meta=None, private=False, data=None):
    origin.pages[f"/objects/{name}.jpg"] = Page(data or photos.photo_jpeg(400, 300))
    return client.create_from_url(
        f"{origin.url}/objects/{name}.jpg?{SECRET}",
        metadata=meta or {"fileId": name},
        creator=creator,
        require_signed_urls=private,
    )


def test_an_image_is_created_found_read_and_deleted(client, origin, emulator):
    image = create(client, origin, "fil_life", meta={"fileId": "fil_life", "workspaceId": "wsp_1"})
    assert image.meta == {"fileId": "fil_life", "workspaceId": "wsp_1"}
    assert (image.creator, image.filename, image.require_signed_urls) == ("wsp_1", "fil_life.jpg", False)
    assert Delivery(f"{emulator.url}/imagedelivery", lambda: ACCOUNT_HASH).url(image.id) in image.variants
    assert client.get(image.id) == image
    assert client.find("fil_life") == [image]
    client.delete(image.id)
    assert client.find("fil_life") == []
    with pytest.raises(CloudflareError) as caught:
        client.get(image.id)
    assert (caught.value.status, caught.value.upstream_code, caught.value.retryable) == (404, 5404, False)


def test_another_privacy_is_another_id(client, origin):
    image = create(client, origin, "fil_privacy")
    changed = client.set_private(image.id, True)
    assert (changed.require_signed_urls, changed.meta, changed.id == image.id) == (True, image.meta, False)
    assert client.find("fil_privacy") == [changed]
    assert client.set_private(changed.id, True) == changed
    with pytest.raises(CloudflareError) as caught:
        client.set_private(image.id, True)
    assert caught.value.upstream_code == 5404


def test_the_whole_list_is_read_page_by_page_oldest_first(client, origin, emulator):
    made = [create(client, origin, f"fil_page_{number}").id for number in range(12)]
    small, listed, token = HttpCloudflareImages(emulator.api_base, ACCOUNT_ID, TOKEN, page_size=10), [], None
    while True:
        images, token = small.list_page(token)
        assert len(images) <= 10
        listed += [image.id for image in images]
        if token is None:
            break
    small.close()
    assert listed[-12:] == made
    assert listed == [image.id for image in client.list()][::-1]


def test_switch_and_variants_of_the_account_are_told(client, emulator):
    client.ensure_variants()
    assert client.lacking_variants() == []
    emulator.http.delete(f"{emulator.account}/v1/variants/grid").raise_for_status()
    options = {"fit": "cover", "width": 1, "height": 1, "metadata": "none"}
    emulator.http.patch(f"{emulator.account}/v1/variants/thumb", json={"options": options}).raise_for_status()
    assert client.lacking_variants() == ["thumb", "grid"]
    client.ensure_variants()
    assert client.lacking_variants() == []
    for is_on in (False, True):
        emulator.http.patch(f"{emulator.account}/v1/config", json={"flexible_variants": is_on}).raise_for_status()
        assert client.flexible_variants() is is_on


def test_deleting_twice_is_no_error(client, origin):
    image = create(client, origin, "fil_twice")
    client.delete(image.id)
    client.delete(image.id)


def test_copies_of_one_file_are_all_found_oldest_first(client, origin):
    made = [create(client, origin, "fil_copies").id for _ in range(3)]
    assert [image.id for image in client.find("fil_copies")] == made


def test_the_list_is_newest_first_page_by_page_and_by_creator(client, origin, emulator):
    made = [create(client, origin, f"fil_list{n}", creator="wsp_list").id for n in range(23)]
    by_tens = HttpCloudflareImages(emulator.api_base, ACCOUNT_ID, TOKEN, page_size=10)
    listed = by_tens.list(creator="wsp_list")
    assert next(listed).id == made[-1]
    client.delete(made[0])
    assert [image.id for image in listed] == made[-2:0:-1]
    by_tens.close()


def test_a_private_image_says_so(client, origin):
    assert create(client, origin, "fil_private", private=True).require_signed_urls


def test_variants_are_ensured_and_set_right(client, emulator):
    client.ensure_variants()
    path = f"{emulator.account}/v1/variants/grid"
    emulator.http.patch(path, json={"options": {"fit": "crop", "width": 5, "height": 5, "metadata": "keep"}})
    emulator.http.delete(f"{emulator.account}/v1/variants/thumb")
    client.ensure_variants()
    there = emulator.http.get(f"{emulator.account}/v1/variants").json()["result"]["variants"]
    for variant in VARIANTS:
        expected = {"fit": "scale-down", "width": variant.width, "height": variant.height, "metadata": "none"}
        assert there[variant.name]["options"] == expected


def test_check_passes_with_good_credentials_only(client, emulator):
    client.check()
    for account, token, status in ((ACCOUNT_ID, "wrong", 403), ("f" * 32, TOKEN, 403), ("nobody", TOKEN, 404)):
        bad = HttpCloudflareImages(emulator.api_base, account, token)
        with pytest.raises(CloudflareError) as caught:
            bad.check()
        bad.close()
        assert (caught.value.status, caught.value.retryable) == (status, False)


@pytest.mark.parametrize("image_id", ["../../keys", "a/b", "ä %", "%2e%2e", "..", ".", ""])
def test_ids_cannot_leave_their_place_in_the_path(client, image_id):
    with pytest.raises(CloudflareError) as caught:
        client.get(image_id)
    assert caught.value.upstream_code == 5404


def test_refusals_are_told_apart(client, origin):
    for name, page, code, status, retryable in (
        ("gone", Page(b"", "text/plain", 404), 5454, 400, True),
        ("text", Page(b"hello", "text/plain"), 5455, 415, False),
        ("tiff", Page(photos.tiff(), "image/jpeg"), 5455, 415, False),
        ("broken", Page(photos.corrupt_jpeg()), 9422, 400, False),
        ("large", Page(b"\xff\xd8\xff" + bytes(10 * 1024 * 1024)), 5413, 413, False),
    ):
        origin.pages[f"/objects/{name}"] = page
        with pytest.raises(CloudflareError) as caught:
            client.create_from_url(
                f"{origin.url}/objects/{name}?{SECRET}", metadata={}, creator="w", require_signed_urls=False
            )
        error = caught.value
        assert (error.upstream_code, error.status, error.retryable, error.ambiguous) == (code, status, retryable, False)
        assert SECRET not in error.detail


def test_the_presigned_query_is_never_logged(client, origin, caplog):
    caplog.set_level(logging.DEBUG)
    create(client, origin, "fil_quiet")
    assert SECRET not in caplog.text


ENVELOPE = '{"result":%s,"success":%s,"errors":[%s],"messages":[]}'
IN_TEN_SECONDS = format(datetime.now(UTC) + timedelta(seconds=10), "%a, %d %b %Y %H:%M:%S GMT")


@pytest.fixture(scope="module")
def misbehaving():
    """A Cloudflare whose every answer is set by the test, and a client of it."""
    with Origin() as server:
        client = HttpCloudflareImages(server.url, ACCOUNT_ID, TOKEN)
        yield server, client
        client.close()


@pytest.mark.parametrize(
    ("status", "body", "headers", "code", "retry_after", "retryable", "ambiguous"),
    [
        (429, "", {"Retry-After": "7"}, None, 7.0, True, False),
        (429, ENVELOPE % ("null", "false", '{"code":971,"message":"slow"}'), {}, 971, None, True, False),
        (429, "", {"Retry-After": IN_TEN_SECONDS}, None, pytest.approx(10, abs=60), True, False),
        (429, "", {"Retry-After": "soon"}, None, None, True, False),
        (503, "busy", {"Retry-After": "1"}, None, 1.0, True, False),
        (500, ENVELOPE % ("null", "false", '{"code":5500,"message":"x"}'), {}, 5500, None, True, True),
        (502, "<html>bad gateway</html>", {}, None, None, True, True),
        (524, "", {}, None, None, True, True),
        (409, "ERROR 5409: Resource already exists", {}, 5409, None, False, False),
        (400, "ERROR 5454: fetch failed", {}, 5454, None, True, False),
        (408, ENVELOPE % ("null", "false", '{"code":5408,"message":"slow"}'), {}, 5408, None, True, False),
        (400, ENVELOPE % ("null", "false", '"odd", {"code":"5400"}'), {}, None, None, False, False),
        (302, "", {"Location": "http://127.0.0.1:9/"}, None, None, False, False),
        (200, ENVELOPE % ("null", "false", '{"code":5400,"message":"no"}'), {}, 5400, None, False, False),
        (200, ENVELOPE % ("null", "false", ""), {}, None, None, True, True),
        (200, ENVELOPE % ("null", "true", ""), {}, None, None, True, True),
        (200, ENVELOPE % ('{"id":7}', "true", ""), {}, None, None, True, True),
        (200, '{"result":{"id":"x"}}', {}, None, None, True, True),
        (200, '{"result":{"id":"x"', {}, None, None, True, True),
        (200, "", {}, None, None, True, True),
        (200, "[" * 100_000, {}, None, None, True, True),
    ],
)
def test_every_answer_to_a_create_means_something(
    misbehaving, status, body, headers, code, retry_after, retryable, ambiguous
):
    server, client = misbehaving
    server.pages[f"/accounts/{ACCOUNT_ID}/images/v1"] = Page(body.encode(), "application/json", status, headers)
    with pytest.raises(CloudflareError) as caught:
        client.create_from_url("http://o/x?" + SECRET, metadata={}, creator="w", require_signed_urls=False)
    error = caught.value
    assert error.status == status
    assert (error.upstream_code, error.retry_after) == (code, retry_after)
    assert (error.retryable, error.ambiguous) == (retryable, ambiguous)


def test_urls_in_an_upstream_message_lose_their_query(misbehaving):
    server, client = misbehaving
    message = f"cannot fetch http://o/x.jpg?{SECRET} today"
    body = ENVELOPE % ("null", "false", f'{{"code":5454,"message":"{message}"}}')
    server.pages[f"/accounts/{ACCOUNT_ID}/images/v1"] = Page(body.encode(), "application/json", 400)
    with pytest.raises(CloudflareError) as caught:
        client.create_from_url("http://o/x.jpg?" + SECRET, metadata={}, creator="w", require_signed_urls=False)
    assert "http://o/x.jpg?…" in caught.value.detail
    assert SECRET not in caught.value.detail


def test_no_connection_is_safe_to_repeat(misbehaving):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        client = HttpCloudflareImages(f"http://127.0.0.1:{unused.getsockname()[1]}", ACCOUNT_ID, TOKEN)
        with pytest.raises(CloudflareError) as caught:
            client.create_from_url("http://o/x", metadata={}, creator="w", require_signed_urls=False)
        client.close()
    assert (caught.value.status, caught.value.retryable, caught.value.ambiguous) == (None, True, False)


@pytest.mark.parametrize("ending", ["silence", "close"])
def test_an_answer_that_never_comes_is_ambiguous_for_a_write_only(ending):
    release = threading.Event()

    def accept(listener):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65536)
                    if ending == "silence":
                        release.wait(5)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept, args=(listener,), daemon=True)
        thread.start()
        timeout = httpx.Timeout(0.2)
        client = HttpCloudflareImages(
            f"http://127.0.0.1:{listener.getsockname()[1]}", ACCOUNT_ID, TOKEN, timeout=timeout
        )
        for call, ambiguous in (
            (lambda: client.create_from_url("http://o/x", metadata={}, creator="w", require_signed_urls=False), True),
            (client.check, False),
        ):
            with pytest.raises(CloudflareError) as caught:
                call()
            assert (caught.value.status, caught.value.retryable, caught.value.ambiguous) == (None, True, ambiguous)
        release.set()
        client.close()


def test_delete_believes_only_cloudflares_own_not_found(misbehaving):
    server, client = misbehaving
    server.pages[f"/accounts/{ACCOUNT_ID}/images/v1/x"] = Page(b"ERROR 5404: Image not found", "text/plain", 404)
    client.delete("x")
    server.pages[f"/accounts/{ACCOUNT_ID}/images/v1/x"] = Page(b"no such route", "text/plain", 404)
    with pytest.raises(CloudflareError):
        client.delete("x")


def test_a_list_that_goes_in_circles_ends(misbehaving):
    server, client = misbehaving
    body = ENVELOPE % ('{"images":[{"id":"a"}],"continuation_token":"again"}', "true", "")
    server.pages[f"/accounts/{ACCOUNT_ID}/images/v2"] = Page(body.encode(), "application/json")
    with pytest.raises(CloudflareError, match="circles"):
        list(client.list())


def test_many_threads_share_one_client(client, origin, emulator: RunningEmulator):
    image = create(client, origin, "fil_threads")
    seen = []
    threads = [threading.Thread(target=lambda: seen.append(client.get(image.id))) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [image] * 24
