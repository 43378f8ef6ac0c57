"""What an S3 service and the way to it can answer. A real server, and a front with faults in it before that."""

from collections.abc import Callable

import pytest

from images_app.errors import StorageRefused, StorageUnavailable
from images_app.storage.base import ObjectStore
from images_app.storage.s3 import S3ObjectStore
from tests.contract.storing import CALLS, DATA, PORTAL, got, put
from tests.support.front import Fault, Front, lose, refuse, say

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
