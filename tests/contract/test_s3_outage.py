"""An S3 server that stands still, goes away or dies."""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import BinaryIO, TypeVar

import pytest

from images_app.errors import StorageUnavailable
from tests.contract.storing import CALLS, DATA, MIB, got, left_in, put
from tests.support import seaweed
from tests.support.pipeline import wait_for
from tests.support.seaweed import Weed

T = TypeVar("T")


@pytest.fixture
def own_weed() -> Iterator[Weed]:
    """A server that a test may torment."""
    with Weed(seaweed.require()) as running:
        yield running


def insist(call: Callable[[], T]) -> T:
    """What it gives when it is called again and again: half a second may be too short for a server that works."""

    def once() -> T | None:
        with suppress(StorageUnavailable):
            return call()
        return None

    return wait_for(once)


def from_the_beginning(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read()


def test_a_server_that_says_nothing_or_is_gone_is_given_up_and_used_again_when_it_is_back(own_weed: Weed) -> None:
    with own_weed.store() as store, own_weed.store(answer_s=0.5, bucket=store._bucket) as impatient:
        put(store, "a/b")
        writer = store.create("a/large", "image/png")
        writer.write(b"x" * (9 * MIB))
        reading = insist(lambda: impatient.open("a/b"))
        reading.seek(500_000)
        own_weed.stall()
        for call in (CALLS["check"], CALLS["create"], lambda _: reading.read()):
            with pytest.raises(StorageUnavailable, match="ReadTimeoutError"):
                call(impatient)
        own_weed.resume()
        assert insist(lambda: from_the_beginning(reading)) == DATA
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
