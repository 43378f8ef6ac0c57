"""`POST /api/files` more than once: the same request again, with its key, and many at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlmodel import update

from images_app.models import IdempotencyKey, now
from tests.integration.gallery import Gallery, problem
from tests.integration.uploading import (
    A_LOT,
    Slow,
    kept,
    nothing_happened,
    part,
    under_way,
    upload,
    wait_until_under_way,
)
from tests.support.library import counted


def test_the_same_key_with_the_same_file_is_one_file(gallery: Gallery) -> None:
    key = {"Idempotency-Key": "3f0c 1b"}
    first = upload(gallery, **key)
    again = upload(gallery, **key)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]
    assert counted(gallery.api.world, gallery.workspace, ["files", "event:file.ready"]) == {
        "files": 1,
        "event:file.ready": 1,
    }
    assert (len(kept(gallery)), under_way(gallery)) == (1, [])


def test_the_same_key_with_anything_else_is_a_conflict(gallery: Gallery) -> None:
    other = gallery.api.workspace(gallery.ada, "Other")
    key = {"Idempotency-Key": "key"}
    first = upload(gallery, **key).json()
    for answer in (
        upload(gallery, b"other bytes", **key),
        upload(gallery, name="other.txt", **key),
        upload(gallery, workspace_id=other.id, **key),
    ):
        assert problem(answer) == (422, "idempotency_conflict")
    assert upload(gallery, **key).json() == first
    assert (len(kept(gallery)), under_way(gallery)) == (1, [])
    editor = gallery.as_member("editor")
    assert upload(gallery, client=editor, **key).status_code == 201, "a key belongs to one user"


def test_a_key_is_kept_for_a_day(gallery: Gallery) -> None:
    key = {"Idempotency-Key": "key"}
    first = upload(gallery, **key).json()
    with gallery.api.world.database.write() as session:
        session.exec(update(IdempotencyKey).values(created_at=now() - timedelta(hours=23)))
    assert upload(gallery, **key).json() == first
    with gallery.api.world.database.write() as session:
        session.exec(update(IdempotencyKey).values(created_at=now() - timedelta(hours=25)))
    fresh = upload(gallery, b"other bytes", **key)
    assert (fresh.status_code, fresh.json()["id"] != first["id"]) == (201, True)
    assert upload(gallery, b"other bytes", **key).json() == fresh.json()


def test_simultaneous_uploads_with_one_key_make_one_file(gallery: Gallery) -> None:
    data = b"x" * 600_000
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: upload(gallery, data, **{"Idempotency-Key": "key"}), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert (len(kept(gallery)), under_way(gallery)) == (1, [])


@pytest.mark.parametrize(("end", "status"), [(b"", 200), (b"!", 422)])
def test_a_key_whose_first_request_is_still_under_way_belongs_to_the_one_that_ends_first(
    gallery: Gallery, end: bytes, status: int
) -> None:
    data = b"x" * A_LOT
    slow = Slow(gallery, key="key")
    slow.send(part("workspaceId", gallery.workspace.id.encode()))
    slow.send(part("file", data, '; filename="notes.txt"')[:-2])
    wait_until_under_way(gallery)
    second = upload(gallery, data, **{"Idempotency-Key": "key"})
    assert second.status_code == 201
    if end:
        slow.send(end)
    got, text = slow.end()
    assert got == status, text
    assert (second.json()["id"] in text) == (status == 200)
    assert counted(gallery.api.world, gallery.workspace, ["files"]) == {"files": 1}
    assert (len(kept(gallery)), under_way(gallery)) == (1, [])


@pytest.mark.parametrize("key", ["", "k" * 256, "tab\there"])
def test_a_key_that_cannot_be_one_is_refused(gallery: Gallery, key: str) -> None:
    assert problem(upload(gallery, **{"Idempotency-Key": key})) == (400, "invalid_parameter")
    assert nothing_happened(gallery)


def test_many_uploads_at_once_all_arrive(gallery: Gallery) -> None:
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda n: upload(gallery, b"%d" % n * 50_000, f"{n}.txt"), range(48)))
    assert {answer.status_code for answer in answers} == {201}
    totals = counted(gallery.api.world, gallery.workspace, ["files", "bytes", "event:file.ready"])
    assert totals == {"files": 48, "bytes": sum(answer.json()["size"] for answer in answers), "event:file.ready": 48}
    seqs = [event["seq"] for event in gallery.client.get("/api/events").json()["data"]]
    assert seqs == list(range(seqs[0], seqs[0] + 48))
