"""What is special about the store on disk: presigned URLs that it answers itself, crashes, other writers."""

import base64
import json
import os
import threading
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from images_app.errors import InvalidPresignedUrl, ObjectMissing
from images_app.storage.disk import DiskObjectStore
from images_app.storage.presign import Presigner

KEY = "s" * 48


def make(root: Path, signing_key: str = KEY) -> DiskObjectStore:
    return DiskObjectStore(root, signing_key=signing_key, public_url="http://p", internal_url="http://i")


@pytest.fixture
def store(tmp_path: Path) -> DiskObjectStore:
    return make(tmp_path)


def put(store: DiskObjectStore, key: str, data: bytes = b"data") -> None:
    writer = store.create(key, "image/png")
    writer.write(data)
    writer.commit()


def token_of(url: str) -> str:
    return parse_qs(urlsplit(url).query)["token"][0]


def test_a_presigned_url_gives_its_object_and_nothing_else(store: DiskObjectStore) -> None:
    put(store, "a/photo.png", b"bytes")
    token = token_of(store.presign_get("a/photo.png", expires_in=60, reach="public", download_name="My photo.png"))
    grant = store.resolve(token, "photo.png")
    assert grant.path.read_bytes() == b"bytes"
    assert (grant.info.key, grant.info.content_type) == ("a/photo.png", "image/png")
    assert grant.disposition == "attachment; filename=\"My photo.png\"; filename*=UTF-8''My%20photo.png"
    with pytest.raises(InvalidPresignedUrl):
        store.resolve(token, "other.png")


def test_objects_are_listed_in_byte_order_of_their_keys(store: DiskObjectStore) -> None:
    written = ["ws-1/b", "ws-1/a/z", "ws-1/a-b", "ws-1/a.png", "ws-2/é", "ws-2/z", "ws-10/x", "ws-1/a/0", "ws-1/B"]
    for key in written:
        put(store, key)
    assert [entry.key for entry in store.list("")] == sorted(written, key=str.encode)


def test_presigned_urls_reach_the_server_by_the_way_that_was_asked_for(store: DiskObjectStore) -> None:
    assert store.presign_get("a/b.png", expires_in=60, reach="public").startswith("http://p/objects/b.png?")
    assert store.presign_get("a/b.png", expires_in=60, reach="internal").startswith("http://i/objects/b.png?")


def test_a_presigned_url_of_a_deleted_object_says_that_it_is_missing(store: DiskObjectStore) -> None:
    put(store, "a/b")
    token = token_of(store.presign_get("a/b", expires_in=60, reach="public"))
    store.delete("a/b")
    with pytest.raises(ObjectMissing):
        store.resolve(token, "b")


def claims(**changes: object) -> dict[str, object]:
    # A day: they are made when tests are collected, and must be refused for what is wrong with them.
    return {"aud": "objects", "method": "GET", "key": "a/b", "exp": int(time.time()) + 24 * 3600, **changes}


def without(name: str) -> dict[str, object]:
    return {k: v for k, v in claims().items() if k != name}


@pytest.mark.parametrize(
    "forged",
    [
        jwt.encode(claims(exp=int(time.time()) - 1), KEY, "HS256"),
        jwt.encode(claims(exp="soon"), KEY, "HS256"),
        jwt.encode(claims(aud="sessions"), KEY, "HS256"),
        jwt.encode(claims(method="PUT"), KEY, "HS256"),
        jwt.encode(claims(key=["a/b"]), KEY, "HS256"),
        jwt.encode(claims(), "another key, which is also long enough for HS256", "HS256"),
        jwt.encode(claims(), KEY * 2, "HS512"),
        jwt.encode(claims(), None, "none"),
        *(jwt.encode(without(name), KEY, "HS256") for name in ("exp", "aud", "method", "key")),
        *("", "x", "a.b.c", "….….…", "\x00"),
    ],
)
def test_a_forged_expired_or_foreign_token_is_refused(store: DiskObjectStore, forged: str) -> None:
    put(store, "a/b")
    with pytest.raises(InvalidPresignedUrl):
        store.resolve(forged, "b")


def test_a_token_that_was_changed_in_any_part_is_refused(store: DiskObjectStore) -> None:
    put(store, "a/b")
    put(store, "c/b")
    head, body, signature = token_of(store.presign_get("a/b", expires_in=60, reach="public")).split(".")
    other = json.loads(base64.urlsafe_b64decode(body + "=="))
    other["key"] = "c/b"
    swapped = base64.urlsafe_b64encode(json.dumps(other).encode()).decode().rstrip("=")
    for changed in (f"{head}.{swapped}.{signature}", f"{head}.{body}.{signature[:-4]}AAAA", f"{head}.{body}."):
        with pytest.raises(InvalidPresignedUrl):
            store.resolve(changed, "b")


def test_even_a_rightly_signed_key_cannot_leave_the_store(store: DiskObjectStore, tmp_path: Path) -> None:
    (tmp_path / "data" / "secret").write_text("outside of every bucket is still inside the store")
    token = Presigner(KEY).sign("../types/x", expires_in=60, download_name=None)
    with pytest.raises(Exception, match="plain path"):
        store.resolve(token, "x")


def test_what_a_killed_writer_left_is_swept_once_it_is_old(store: DiskObjectStore, tmp_path: Path) -> None:
    old = store.create("a/old", "image/png")
    (draft,) = (tmp_path / "incoming").iterdir()
    young = store.create("a/young", "image/png")
    two_days_ago = time.time() - 2 * 24 * 3600
    os.utime(draft, (two_days_ago, two_days_ago))
    assert (store.sweep(), store.sweep()) == (1, 0)
    (stays,) = (tmp_path / "incoming").iterdir()
    assert stays != draft
    old.abort()
    young.commit()


def test_a_killed_commit_leaves_no_object_and_the_next_one_succeeds(tmp_path: Path) -> None:
    """The type is in place, the bytes are not: the moment between the two renames."""
    store = make(tmp_path)
    (tmp_path / "types" / "a").mkdir()
    (tmp_path / "types" / "a" / "b").write_text("image/webp")
    assert list(store.list("")) == []
    with pytest.raises(ObjectMissing):
        store.stat("a/b")
    put(store, "a/b")
    assert store.stat("a/b").content_type == "image/png"


def test_a_deletion_that_empties_a_directory_does_not_disturb_writers_into_it(store: DiskObjectStore) -> None:
    failures: list[BaseException] = []

    def churn(name: str) -> None:
        try:
            for _ in range(100):
                put(store, f"a/b/c/{name}")
                store.delete(f"a/b/c/{name}")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=churn, args=(str(number),)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert list(store.list("")) == []


def test_a_link_planted_in_the_store_is_not_listed(store: DiskObjectStore, tmp_path: Path) -> None:
    put(store, "a/b")
    (tmp_path / "data" / "a" / "link").symlink_to("/etc/hostname")
    assert [info.key for info in store.list("")] == ["a/b"]


def test_objects_are_for_the_owner_of_the_server_only(tmp_path: Path) -> None:
    make(tmp_path / "objects")
    for directory in ("data", "types", "incoming"):
        assert (tmp_path / "objects" / directory).stat().st_mode & 0o077 == 0
