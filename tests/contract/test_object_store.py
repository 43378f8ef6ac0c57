"""What every ObjectStore keeps to. The fixture `store` is the list of adapters."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from images_app.errors import InvalidParameter, ObjectMissing
from images_app.storage.base import ObjectStore
from images_app.storage.disk import DiskObjectStore
from tests.support import seaweed


@pytest.fixture(params=["disk", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ObjectStore]:
    if request.param == "s3":
        with seaweed.shared().store() as made:
            yield made
        return
    yield DiskObjectStore(
        tmp_path / "objects",
        signing_key="k" * 48,
        public_url="http://localhost:3000",
        internal_url="http://127.0.0.1:3000",
    )


def put(store: ObjectStore, key: str, data: bytes = b"data", content_type: str = "image/png") -> None:
    writer = store.create(key, content_type)
    writer.write(data)
    writer.commit()


def keys(store: ObjectStore, prefix: str = "") -> list[str]:
    return sorted(entry.key for entry in store.list(prefix))


def test_what_was_written_piece_by_piece_is_read_back_with_size_type_and_time(store: ObjectStore) -> None:
    writer = store.create("ws-1/fil_1/photo.png", "image/png")
    for piece in (b"one ", b"", b"two ", b"three"):
        writer.write(piece)
    writer.commit()

    with store.open("ws-1/fil_1/photo.png") as file:
        assert file.read() == b"one two three"
    info = store.stat("ws-1/fil_1/photo.png")
    assert (info.key, info.size, info.content_type) == ("ws-1/fil_1/photo.png", 13, "image/png")
    assert abs(info.modified_at - datetime.now(UTC)) < timedelta(minutes=5)


def test_an_opened_object_can_be_read_from_any_position(store: ObjectStore) -> None:
    put(store, "a/b", b"0123456789")
    with store.open("a/b") as file:
        file.seek(4)
        assert file.read(3) == b"456"
        file.seek(-2, 2)
        assert file.read() == b"89"


def test_an_object_may_be_empty(store: ObjectStore) -> None:
    put(store, "a/empty", b"")
    assert store.stat("a/empty").size == 0
    with store.open("a/empty") as file:
        assert file.read() == b""


def test_nothing_is_visible_before_commit(store: ObjectStore) -> None:
    writer = store.create("a/b", "image/png")
    writer.write(b"x" * 100_000)
    assert keys(store) == []
    with pytest.raises(ObjectMissing):
        store.stat("a/b")
    with pytest.raises(ObjectMissing):
        store.open("a/b")
    writer.commit()
    assert keys(store) == ["a/b"]


def test_an_aborted_object_never_appears(store: ObjectStore) -> None:
    writer = store.create("a/b", "image/png")
    writer.write(b"half")
    writer.abort()
    writer.abort()
    assert keys(store) == []


def test_abort_after_commit_changes_nothing(store: ObjectStore) -> None:
    writer = store.create("a/b", "image/png")
    writer.write(b"whole")
    writer.commit()
    writer.abort()
    with store.open("a/b") as file:
        assert file.read() == b"whole"


def test_the_same_key_written_again_is_replaced_whole(store: ObjectStore) -> None:
    put(store, "a/b", b"a longer first one", "image/png")
    put(store, "a/b", b"second", "image/webp")
    with store.open("a/b") as file:
        assert file.read() == b"second"
    assert store.stat("a/b").content_type == "image/webp"
    assert keys(store) == ["a/b"]


def test_an_aborted_rewrite_leaves_the_object_as_it_was(store: ObjectStore) -> None:
    put(store, "a/b", b"first")
    writer = store.create("a/b", "image/webp")
    writer.write(b"second")
    writer.abort()
    with store.open("a/b") as file:
        assert file.read() == b"first"
    assert store.stat("a/b").content_type == "image/png"


def test_a_deleted_object_is_gone_and_deleting_again_is_no_error(store: ObjectStore) -> None:
    put(store, "a/b/c")
    put(store, "a/b/d")
    store.delete("a/b/c")
    store.delete("a/b/c")
    store.delete("never/was")
    with pytest.raises(ObjectMissing):
        store.open("a/b/c")
    assert keys(store) == ["a/b/d"]


def test_a_key_can_be_used_again_after_its_deletion(store: ObjectStore) -> None:
    put(store, "a/b/c", b"first")
    store.delete("a/b/c")
    put(store, "a/b/c", b"second")
    with store.open("a/b/c") as file:
        assert file.read() == b"second"


def test_a_part_of_a_key_is_not_an_object(store: ObjectStore) -> None:
    put(store, "a/b/c")
    for missing in ("a", "a/b", "a/b/c/d", "a/b/cc"):
        with pytest.raises(ObjectMissing):
            store.stat(missing)
        with pytest.raises(ObjectMissing):
            store.open(missing)
        store.delete(missing)
    assert keys(store) == ["a/b/c"]


def test_each_object_is_listed_once_with_its_size_and_time(store: ObjectStore) -> None:
    written = ["ws-1/b", "ws-1/a/z", "ws-1/a-b", "ws-1/a.png", "ws-2/é", "ws-2/z", "ws-10/x", "ws-1/a/0", "ws-1/B"]
    for key in written:
        put(store, key, key.encode())
    listed = list(store.list(""))
    assert sorted(entry.key for entry in listed) == sorted(written)
    assert all(entry.size == len(entry.key.encode()) for entry in listed)
    assert all(abs(entry.modified_at - datetime.now(UTC)) < timedelta(minutes=5) for entry in listed)


def test_a_prefix_need_not_end_at_a_slash(store: ObjectStore) -> None:
    for key in ("ws-1/a/one", "ws-1/ab/two", "ws-1/b", "ws-10/a"):
        put(store, key)
    assert keys(store, "ws-1/") == ["ws-1/a/one", "ws-1/ab/two", "ws-1/b"]
    assert keys(store, "ws-1") == ["ws-1/a/one", "ws-1/ab/two", "ws-1/b", "ws-10/a"]
    assert keys(store, "ws-1/a") == ["ws-1/a/one", "ws-1/ab/two"]
    assert keys(store, "ws-1/a/one") == ["ws-1/a/one"]
    assert keys(store, "nothing/here") == []


def test_a_list_is_in_byte_order_and_begins_after_a_key(store: ObjectStore) -> None:
    written = ["a/b0", "a/b/1", "a/b/2", "a/B", "b/c/d/1", "b/é", "c"]
    for key in written:
        put(store, key)
    expected = sorted(written, key=str.encode)
    assert [entry.key for entry in store.list("")] == expected
    for after in ("a/A0", "a/b/1", "a/b0", "b/c0", "zzz"):
        rest = [key for key in expected if key.encode() > after.encode()]
        assert [entry.key for entry in store.list("", after=after)] == rest
    assert [entry.key for entry in store.list("a/b", after="a/b/1")] == ["a/b/2", "a/b0"]


def test_a_list_is_read_lazily_and_survives_deletions_on_the_way(store: ObjectStore) -> None:
    for number in range(20):
        put(store, f"a/{number:02}")
    seen = []
    for info in store.list("a/"):
        seen.append(info.key)
        store.delete(info.key)
    assert sorted(seen) == [f"a/{number:02}" for number in range(20)]


@pytest.mark.parametrize(
    "key",
    [
        *("", "/", "/etc/passwd", "a/", "a//b", ".", "..", "../a", "a/../b", "a/..", "./a", "a/./b"),
        *("a\\b", "a/b\x00", "a\nb", "a/\x7f", "\ud800", "x" * 256, "/".join(["segment"] * 200)),
    ],
)
def test_a_key_that_is_no_plain_path_is_refused_everywhere(store: ObjectStore, key: str) -> None:
    with pytest.raises(InvalidParameter):
        store.create(key, "image/png")
    with pytest.raises(InvalidParameter):
        store.open(key)
    with pytest.raises(InvalidParameter):
        store.stat(key)
    with pytest.raises(InvalidParameter):
        store.delete(key)
    with pytest.raises(InvalidParameter):
        store.presign_get(key, expires_in=60, reach="public")


@pytest.mark.parametrize(
    "key", ["a b/%2e%2e/c", "ws-1/naïve 写真.jpg", "a/..b/c..", "CON/aux", "-rf", "a/" + "é" * 127]
)
def test_an_odd_but_harmless_key_works(store: ObjectStore, key: str) -> None:
    put(store, key, b"odd")
    with store.open(key) as file:
        assert file.read() == b"odd"
    assert keys(store) == [key]


@pytest.mark.parametrize(
    "content_type", ["", "image", "image/png\r\nX-Evil: 1", "image/png; a=\x00", "i" * 200 + "/png"]
)
def test_a_content_type_that_would_break_a_header_is_refused(store: ObjectStore, content_type: str) -> None:
    with pytest.raises(InvalidParameter):
        store.create("a/b", content_type)
    assert keys(store) == []


def test_a_content_type_with_parameters_is_kept(store: ObjectStore) -> None:
    put(store, "a/b", content_type="text/plain; charset=utf-8")
    assert store.stat("a/b").content_type == "text/plain; charset=utf-8"


def test_presigned_urls_begin_with_the_base_of_their_reach_and_end_like_the_key(store: ObjectStore) -> None:
    for reach in ("public", "internal"):
        url = store.presign_get("a/b c.png", expires_in=60, reach=reach)
        assert url.startswith(store.presigned_base(reach))
        assert urlsplit(url).path.endswith("/b%20c.png")


@pytest.mark.parametrize("seconds", [0, -1, 7 * 24 * 3600 + 1])
def test_a_presigned_url_lives_between_a_second_and_a_week(store: ObjectStore, seconds: int) -> None:
    with pytest.raises(ValueError, match="expires_in"):
        store.presign_get("a/b", expires_in=seconds, reach="public")


def test_a_working_store_passes_its_check_and_keeps_nothing_of_it(store: ObjectStore) -> None:
    store.check()
    assert keys(store) == []


def test_a_sweep_leaves_what_is_stored_and_what_is_still_being_written(store: ObjectStore) -> None:
    put(store, "a/whole")
    writer = store.create("a/coming", "image/png")
    writer.write(b"x" * (9 * 1024 * 1024))  # for S3 more than one part
    assert store.sweep() == 0
    writer.commit()
    assert keys(store) == ["a/coming", "a/whole"]
