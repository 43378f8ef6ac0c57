"""What can happen while an object is written to a bucket: it is there once and whole, or not at all."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from images_app.errors import StorageUnavailable
from images_app.storage.base import LEFT_OVER_AFTER
from images_app.storage.s3 import S3ObjectStore
from tests.contract.storing import DATA, MIB, got, left_in, put
from tests.support.front import Exchange, Front, lose, refuse
from tests.support.seaweed import Weed


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
