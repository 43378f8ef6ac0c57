"""What can happen to an object while it is read from a bucket, and to a picture that is made of it."""

from pathlib import Path
from typing import Any

import pytest

from images_app.core.attempt import Outcome, Work, perform
from images_app.errors import ObjectMissing, StorageUnavailable
from images_app.storage.base import ObjectStore
from images_app.storage.s3 import S3ObjectStore
from tests.contract.storing import DATA, PORTAL, got, put
from tests.support.front import Fault, Front, cut_after, drip, falsify, ignore_range, refuse, say, shorten
from tests.support.http import anybody
from tests.support.seaweed import Weed


def test_an_object_that_somebody_else_deleted_is_missing(store: S3ObjectStore, weed: Weed) -> None:
    put(store, "a/b")
    url = store.presign_get("a/b", expires_in=60, reach="public")
    weed.client().delete_object(Bucket=store._bucket, Key="a/b")
    for call in (store.open, store.stat):
        with pytest.raises(ObjectMissing):
            call("a/b")
    assert anybody.get(url).status_code == 404


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
