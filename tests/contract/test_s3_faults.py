"""What an S3 service and the way to it can do to us. A real server, and a front with faults in it before that."""

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import botocore.auth
import httpx
import pytest

from images_app.core.attempt import Outcome, Work, perform
from images_app.errors import ObjectMissing, StorageRefused, StorageUnavailable
from images_app.storage.base import LEFT_OVER_AFTER, ObjectStore
from images_app.storage.s3 import S3ObjectStore
from tests.support import seaweed
from tests.support.front import (
    Exchange,
    Fault,
    Front,
    cut_after,
    drip,
    falsify,
    ignore_range,
    lose,
    refuse,
    say,
    shorten,
)
from tests.support.pipeline import wait_for
from tests.support.seaweed import Weed

MIB = 1024 * 1024
DATA = bytes(range(251)) * 4000  # about 1 MB
PORTAL = b"<html><body>Please sign in to this network</body></html>"


@pytest.fixture
def weed() -> Weed:
    return seaweed.shared()


@pytest.fixture
def front(weed: Weed) -> Iterator[Front]:
    with Front(weed.endpoint) as running:
        yield running


@pytest.fixture
def store(weed: Weed, front: Front) -> Iterator[S3ObjectStore]:
    """Behind the front."""
    with weed.store(endpoint=front.url) as made:
        yield made


def put(store: ObjectStore, key: str, data: bytes = DATA, content_type: str = "image/png") -> None:
    writer = store.create(key, content_type)
    for start in range(0, len(data), MIB):
        writer.write(data[start : start + MIB])
    writer.commit()


def got(store: ObjectStore, key: str) -> bytes:
    with store.open(key) as file:
        return file.read()


def write_and_commit(store: ObjectStore) -> None:
    writer = store.create("a/new", "image/png")
    try:
        writer.write(DATA)
        writer.commit()
    finally:
        writer.abort()


CALLS: dict[str, Callable[[ObjectStore], object]] = {
    "create": write_and_commit,
    "open": lambda store: store.open("a/b"),
    "stat": lambda store: store.stat("a/b"),
    "delete": lambda store: store.delete("a/c"),
    "list": lambda store: list(store.list("")),
    "check": lambda store: store.check(),
    "sweep": lambda store: store.sweep(),
}
calls = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())


@calls
def test_an_answer_that_is_lost_is_not_noticed(
    store: S3ObjectStore, front: Front, call: Callable[[ObjectStore], object]
) -> None:
    put(store, "a/b")
    front.next(".*", lose)
    call(store)


@pytest.mark.parametrize(
    "fault",
    [refuse(500, "InternalError"), refuse(503, "SlowDown"), refuse(429, "TooManyRequests"), say(502, PORTAL)],
    ids=["500", "503", "429", "html"],
)
def test_a_fault_that_passes_is_not_noticed(store: S3ObjectStore, front: Front, fault: Fault) -> None:
    front.next(".*", fault)
    put(store, "a/b")
    front.next(".*", fault)
    assert got(store, "a/b") == DATA


@calls
def test_a_fault_that_stays_is_an_error_that_may_be_tried_again(
    store: S3ObjectStore, front: Front, call: Callable[[ObjectStore], object]
) -> None:
    put(store, "a/b")
    front.next(".*", *[refuse(500, "InternalError")] * 20)
    with pytest.raises(StorageUnavailable, match=r"(InternalError|500) \(500\) at") as raised:
        call(store)
    assert not isinstance(raised.value, StorageRefused)


@calls
def test_a_right_that_was_taken_away_is_a_refusal(
    store: S3ObjectStore, front: Front, call: Callable[[ObjectStore], object]
) -> None:
    put(store, "a/b")
    front.next(".*", *[refuse(403, "AccessDenied")] * 5)
    with pytest.raises(StorageRefused):
        call(store)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (refuse(401, "Unauthorized"), StorageRefused),  # R2: unknown access key
        (refuse(400, "InvalidArgument"), StorageRefused),  # R2: a key that is none
        (refuse(301, "PermanentRedirect"), StorageRefused),  # AWS: another region
        (refuse(404, "NoSuchBucket"), StorageRefused),
        (refuse(400, "BadDigest"), StorageUnavailable),
        (refuse(400, "<script>alert(1)</script>"), StorageUnavailable),
        (refuse(400, "x" * 10_000), StorageUnavailable),
        (say(404, PORTAL), StorageUnavailable),
        (say(200, PORTAL), StorageUnavailable),
        (say(200, b"", "application/xml"), StorageUnavailable),
        (say(200, b"<?xml version='1.0'?><a>", "application/xml"), StorageUnavailable),
    ],
)
def test_what_strangers_and_other_services_say_is_an_error_of_one_short_line(
    store: S3ObjectStore, front: Front, fault: Fault, kind: type[StorageUnavailable]
) -> None:
    front.next("GET .*list-type=2.*", *[fault] * 5)
    with pytest.raises(StorageUnavailable) as raised:
        list(store.list("a/"))
    assert type(raised.value) is kind
    assert len(str(raised.value)) < 200
    assert "\n" not in str(raised.value)
    assert "<" not in str(raised.value)


def test_a_stranger_at_the_address_is_never_taken_for_the_service(store: S3ObjectStore, front: Front) -> None:
    for name in ("create", "open", "stat", "list", "check"):
        front.next(".*", *[say(200, PORTAL)] * 5)
        with pytest.raises(StorageUnavailable):
            CALLS[name](store)
        front.forget()


def test_an_object_that_somebody_else_deleted_is_missing(store: S3ObjectStore, weed: Weed) -> None:
    put(store, "a/b")
    url = store.presign_get("a/b", expires_in=60, reach="public")
    weed.client().delete_object(Bucket=store._bucket, Key="a/b")
    for call in (store.open, store.stat):
        with pytest.raises(ObjectMissing):
            call("a/b")
    assert httpx.get(url).status_code == 404


def test_an_object_that_is_deleted_while_it_is_read_is_missing(store: S3ObjectStore, front: Front) -> None:
    put(store, "a/b")
    front.next("GET .*", cut_after(300_000))
    with store.open("a/b") as file:
        file.read(100_000)
        store.delete("a/b")
        with pytest.raises(ObjectMissing):
            file.read()


def test_an_object_that_changes_while_it_is_read_is_no_mixture(store: S3ObjectStore, front: Front) -> None:
    put(store, "a/b")
    front.next("GET .*", cut_after(300_000))
    with store.open("a/b") as file:
        file.read(100_000)
        put(store, "a/b", DATA[::-1])
        with pytest.raises(StorageUnavailable, match="PreconditionFailed"):
            file.read()


def test_a_body_that_breaks_off_is_read_on_where_it_broke(store: S3ObjectStore, front: Front) -> None:
    put(store, "a/b")
    front.next("GET .*", cut_after(1), cut_after(300_000), cut_after(0))
    assert got(store, "a/b") == DATA
    assert front.count("GET .*/a/b") == 4


def test_a_body_that_breaks_off_again_and_again_is_given_up(store: S3ObjectStore, front: Front) -> None:
    put(store, "a/b")
    front.next("GET .*", *[cut_after(1000)] * 20)
    with pytest.raises(StorageUnavailable, match="at read"):
        got(store, "a/b")
    assert front.count("GET .*/a/b") < 10


def test_another_range_than_the_one_that_was_asked_for_is_not_taken(store: S3ObjectStore, front: Front) -> None:
    put(store, "a/b")
    front.next("GET .*", cut_after(1000), ignore_range)
    with pytest.raises(StorageUnavailable, match="another range"):
        got(store, "a/b")


def test_a_body_that_comes_in_drops_is_given_up(weed: Weed, front: Front) -> None:
    with weed.store(endpoint=front.url, patience_s=0.2) as store:
        put(store, "a/b")
        front.next("GET .*", drip(0.01))
        with pytest.raises(StorageUnavailable, match=r"\d+ bytes in \d+ s at read"):
            got(store, "a/b")


def attempted(store: ObjectStore, scratch: Path, sha256: str) -> Outcome:
    """The outcome of an attempt that never comes to Cloudflare or a decoder."""
    work = Work("fil_1", "wsp_1", "a/b", sha256, 1, 1, look_first=False)
    nobody: Any = None
    return perform(store, nobody, nobody, work, scratch=scratch)


@pytest.mark.parametrize("fault", [shorten(1000), falsify, say(200, PORTAL)], ids=["short", "false", "portal"])
def test_bytes_that_are_not_those_of_the_upload_never_become_a_picture(
    store: S3ObjectStore, front: Front, tmp_path: Path, fault: Fault
) -> None:
    put(store, "a/b")
    front.next("GET .*", fault)
    outcome = attempted(store, tmp_path, sha256="0" * 64)
    assert (outcome.kind, outcome.code in ("object_damaged", "storage_unavailable")) == ("retry", True)


def test_an_attempt_waits_for_a_store_that_is_away_and_does_not_use_the_run_up(
    store: S3ObjectStore, front: Front, tmp_path: Path
) -> None:
    front.next("GET .*", *[refuse(503, "SlowDown")] * 5)
    outcome = attempted(store, tmp_path, sha256="0" * 64)
    assert (outcome.kind, outcome.code, outcome.is_patient) == ("retry", "storage_unavailable", True)


def test_an_upload_whose_answer_is_lost_is_there_once_and_whole(store: S3ObjectStore, front: Front) -> None:
    front.next("PUT .*", lose)
    put(store, "a/small")
    front.next("PUT .*partNumber=2.*", lose)
    front.next(r"POST .*\?uploadId=.*", lose)
    put(store, "a/large", DATA * 12)
    assert got(store, "a/small") == DATA
    assert got(store, "a/large") == DATA * 12


def lose_and_forget(exchange: Exchange) -> None:
    """Complete the upload, and say what R2 says to whoever completes it again."""
    assert exchange.forward().status == 200
    refuse(404, "NoSuchUpload")(exchange)


def test_an_upload_that_was_completed_unheard_is_seen_to_be_there(store: S3ObjectStore, front: Front) -> None:
    front.next(r"POST .*\?uploadId=.*", lose_and_forget)
    put(store, "a/large", DATA * 12)
    assert got(store, "a/large") == DATA * 12


def test_an_upload_that_somebody_else_ended_is_not_taken_for_whole(store: S3ObjectStore, front: Front) -> None:
    front.next(r"POST .*\?uploadId=.*", refuse(404, "NoSuchUpload"))
    with pytest.raises(StorageUnavailable, match="NoSuchUpload"):
        put(store, "a/large", DATA * 12)


@pytest.mark.parametrize("times", [1, 12], ids=["small", "large"])
def test_a_commit_that_succeeded_unheard_is_undone_by_abort(store: S3ObjectStore, front: Front, times: int) -> None:
    writer = store.create("a/b", "image/png")
    for _ in range(times):
        writer.write(DATA)
    front.next("PUT .*/a/b" if times == 1 else r"POST .*\?uploadId=.*", lose, lose, lose)
    with pytest.raises(StorageUnavailable):
        writer.commit()
    writer.abort()
    assert left_in(store) == ([], [])


def left_in(store: S3ObjectStore) -> tuple[list[str], list[str]]:
    """Objects, and multipart uploads that have not ended."""
    begun = store._client.list_multipart_uploads(Bucket=store._bucket).get("Uploads", [])
    return [entry.key for entry in store.list("")], [upload["Key"] for upload in begun]


def test_abort_leaves_nothing_in_the_bucket(store: S3ObjectStore) -> None:
    writer = store.create("a/b", "image/png")
    writer.write(b"x" * (17 * MIB))
    assert left_in(store) == ([], ["a/b"])
    writer.abort()
    assert left_in(store) == ([], [])
    with pytest.raises(ValueError, match="ended"):
        writer.write(b"more")


def test_abort_never_raises_and_a_sweep_ends_later_what_it_could_not(
    store: S3ObjectStore, front: Front, caplog: pytest.LogCaptureFixture
) -> None:
    writer = store.create("a/b", "image/png")
    writer.write(b"x" * (9 * MIB))
    front.next("DELETE .*", *[refuse(503, "SlowDown")] * 5)
    writer.abort()
    assert "a/b is left behind half-written" in caplog.text
    assert store.sweep() == 0  # it may still be somebody's
    assert left_in(store) == ([], ["a/b"])
    tomorrow = datetime.now(UTC) + LEFT_OVER_AFTER + timedelta(minutes=1)
    assert store.sweep(tomorrow) == 1
    assert left_in(store) == ([], [])


def test_a_store_without_the_right_secret_is_refused_everywhere_and_never_tells_it(
    weed: Weed, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "images_app")
    for changes in (
        {"secret_access_key": "not-the-secret-of-this-key"},
        {"access_key_id": "AKIDOFNOBODY"},
        {"bucket": "there-is-no-such-bucket"},
    ):
        with weed.store(**changes) as store:
            for name, call in CALLS.items():
                if (name, *changes) == ("delete", "bucket"):
                    continue  # this server says that it is gone, and it is
                with pytest.raises(StorageRefused) as raised:
                    call(store)
                for secret in ("not-the-secret", "AKIDOFNOBODY", weed.secret_access_key, "Signature="):
                    assert secret not in str(raised.value)
                    assert secret not in caplog.text


def test_a_clock_that_is_wrong_is_a_refusal_that_says_so(weed: Weed, monkeypatch: pytest.MonkeyPatch) -> None:
    real = botocore.auth.get_current_datetime
    with weed.store() as store, monkeypatch.context() as an_hour_ago:
        an_hour_ago.setattr(botocore.auth, "get_current_datetime", lambda *a: real(*a) - timedelta(hours=1))
        with pytest.raises(StorageRefused, match=r"RequestTimeTooSkewed \(403\)"):
            store.check()


def test_a_presigned_url_ends_when_it_was_said_to(weed: Weed) -> None:
    with weed.store() as store:
        put(store, "a/b.png")
        url = store.presign_get("a/b.png", expires_in=1, reach="public")
        refused = wait_for(lambda: answer if (answer := httpx.get(url)).status_code != 200 else None)
        assert refused.status_code in (400, 403)
        assert DATA[:16] not in refused.content


def test_a_presigned_url_gives_one_object_to_readers_and_nothing_else(weed: Weed) -> None:
    with weed.store() as store:
        put(store, "a/b.png")
        put(store, "a/c.png")
        url = store.presign_get("a/b.png", expires_in=60, reach="public")
        assert httpx.get(url).content == DATA
        assert httpx.get(url, headers={"Range": "bytes=0-15"}).content == DATA[:16]
        for method in ("PUT", "DELETE", "POST"):
            assert httpx.request(method, url, content=b"x").status_code >= 400
        for other in (
            url.replace("b.png", "c.png"),
            url.replace("X-Amz-Expires=60", "X-Amz-Expires=600000"),
            url + "&response-content-type=text/html",
            url[:-4] + "0000",
            url.partition("?")[0],
        ):
            assert httpx.get(other).status_code in (400, 401, 403), other
        assert got(store, "a/b.png") == DATA


@pytest.mark.parametrize(
    ("content_type", "begins"),
    [("image/png", "inline;"), ("image/svg+xml", "attachment;"), ("text/html", "attachment;")],
)
@pytest.mark.parametrize("times", [1, 12], ids=["small", "large"])
def test_what_is_no_raster_image_is_a_download_by_any_url(
    weed: Weed, content_type: str, begins: str, times: int
) -> None:
    with weed.store() as store:
        put(store, "a/x.bin", DATA * times, content_type)
        shown = httpx.get(store.presign_get("a/x.bin", expires_in=60, reach="public"))
        assert shown.headers["content-type"] == content_type
        assert shown.headers["content-disposition"].startswith(begins)


@pytest.mark.parametrize(
    ("name", "plain", "exact"),
    [
        ('a"b;c.png', "a_b;c.png", "a%22b%3Bc.png"),
        ("naïve 写真.jpg", "na_ve __.jpg", "na%C3%AFve%20%E5%86%99%E7%9C%9F.jpg"),
        ("x\r\nSet-Cookie: a=b", "x__Set-Cookie: a=b", "x%0D%0ASet-Cookie%3A%20a%3Db"),
        ("..\\..\\x%00&response-content-type=text/html", None, None),
        ("\u202egnp.exe", "_gnp.exe", "%E2%80%AEgnp.exe"),
    ],
)
def test_a_hostile_name_stays_inside_its_quotes(weed: Weed, name: str, plain: str | None, exact: str | None) -> None:
    with weed.store() as store:
        put(store, "a/b.png")
        answer = httpx.get(store.presign_get("a/b.png", expires_in=60, reach="public", download_name=name))
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "image/png"
        assert answer.headers["content-disposition"].startswith("attachment; ")
        assert "set-cookie" not in answer.headers
        if plain is not None:
            assert answer.headers["content-disposition"] == (
                f"attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}"
            )


def test_many_threads_share_one_store(weed: Weed) -> None:
    with weed.store() as store:

        def work(number: int) -> bool:
            data = number.to_bytes(4, "big") * 1000
            put(store, f"a/{number}", data)
            return got(store, f"a/{number}") == data and store.stat(f"a/{number}").size == 4000

        with ThreadPoolExecutor(40) as threads:
            assert all(threads.map(work, range(200)))
        assert len(list(store.list("a/"))) == 200


def test_a_list_of_more_than_one_page_has_every_object_once(weed: Weed) -> None:
    with weed.store() as store:
        keys = [f"a/{number:04}" for number in range(1005)]
        with ThreadPoolExecutor(16) as threads:
            list(threads.map(lambda key: put(store, key, b"x"), keys))
        assert sorted(entry.key for entry in store.list("a/")) == keys


@pytest.fixture
def own_weed() -> Iterator[Weed]:
    """A server that a test may torment."""
    with Weed(seaweed.require()) as running:
        yield running


def test_a_server_that_says_nothing_or_is_gone_is_given_up_and_used_again_when_it_is_back(own_weed: Weed) -> None:
    with own_weed.store(answer_s=0.3) as store:
        put(store, "a/b")
        writer = store.create("a/large", "image/png")
        writer.write(b"x" * (9 * MIB))
        reading = store.open("a/b")
        reading.seek(500_000)
        own_weed.stall()
        for call in (CALLS["check"], CALLS["create"], lambda _: reading.read()):
            with pytest.raises(StorageUnavailable, match="ReadTimeoutError"):
                call(store)
        own_weed.resume()
        reading.seek(0)
        assert reading.read() == DATA
        writer.commit()

        own_weed.kill()
        for name in ("check", "create", "open"):
            with pytest.raises(StorageUnavailable, match="EndpointConnectionError"):
                CALLS[name](store)
        own_weed.start()
        store.check()
        assert got(store, "a/b") == DATA
        assert store.stat("a/large").size == 9 * MIB
        reading.close()


def test_a_server_that_dies_in_the_middle_of_an_upload_leaves_no_object(own_weed: Weed) -> None:
    with own_weed.store() as store:
        writer = store.create("a/b", "image/png")
        writer.write(b"x" * (17 * MIB))
        killing = threading.Thread(target=own_weed.kill)
        killing.start()
        try:
            writer.write(b"x" * (17 * MIB))
            writer.commit()
        except StorageUnavailable:
            killing.join()
            own_weed.start()  # in this thread: it ends with the one that started it
            writer.abort()
            assert left_in(store) == ([], [])
        else:
            killing.join()
            own_weed.start()
            assert store.stat("a/b").size == 34 * MIB
