"""`aeontel doctor` against a real server: what does not fit is found, set right, and not found again."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlmodel import col, select, update

from images_app import ids
from images_app.core.instance import MARKER
from images_app.models import Counter as Total
from images_app.models import File, Image
from tests.support.engines import Engines
from tests.support.gate import CREATE, refuse
from tests.support.photos import photo_jpeg
from tests.support.pipeline import Pipeline, pipeline_on, wait_for

NOW = ("--grace-hours", "0")


@pytest.fixture
def pipeline(tmp_path: Path, engines: Engines) -> Iterator[Pipeline]:
    with pipeline_on(engines, tmp_path / "data") as running:
        yield running


def doctor(pipeline: Pipeline, *arguments: str, code: int | None = None) -> Any:
    """What it says as JSON."""
    result = pipeline.server.aeontel("doctor", "--json", *arguments)
    assert result.stdout, result.stderr
    if code is not None:
        assert result.returncode == code, result.stdout + result.stderr
    return json.loads(result.stdout)


def found(said: Any) -> Counter[tuple[str, str]]:
    return Counter((finding["kind"], finding["subject"]) for finding in said["findings"])


def put(pipeline: Pipeline, key: str, data: bytes = b"some bytes") -> None:
    writer = pipeline.beside.objects.create(key, "text/plain")
    writer.write(data)
    writer.commit()


def has(pipeline: Pipeline, key: str) -> bool:
    return any(entry.key == key for entry in pipeline.beside.objects.list(key))


def row(pipeline: Pipeline, file_id: str) -> File:
    with pipeline.beside.database.read() as session:
        return session.get_one(File, file_id)


def cf_id(pipeline: Pipeline, file_id: str) -> str:
    with pipeline.beside.database.read() as session:
        return session.exec(select(Image.cf_image_id).where(Image.file_id == file_id)).one()


def text(pipeline: Pipeline) -> str:
    return pipeline.upload(b"plain words", "notes.txt", "text/plain")


def test_a_server_where_everything_fits_is_clean(pipeline: Pipeline) -> None:
    pipeline.wait_for_state(pipeline.upload(), "done")
    text(pipeline)
    said = doctor(pipeline, *NOW, code=0)
    assert said["findings"] == []
    assert said["left"] == {}
    assert (said["seen"]["files"], said["seen"]["objects"], said["seen"]["images"]) == (2, 2, 1)
    assert [check["name"] for check in said["checks"] if check["problem"]] == []
    assert pipeline.server.aeontel("doctor").returncode == 0
    keys = [entry.key for entry in pipeline.beside.objects.list("")]
    assert [key for key in keys if not key.startswith("ws-")] == [MARKER]


def test_whatever_does_not_fit_is_found_set_right_and_not_found_again(pipeline: Pipeline) -> None:
    cloudflare, objects = pipeline.beside.cloudflare, pipeline.beside.objects
    gone, twice, bare = (pipeline.upload(photo_jpeg(320, 240, seed=n)) for n in range(3))
    for file_id in (gone, twice, bare):
        pipeline.wait_for_state(file_id, "done")
    pipeline.gate.next(CREATE, refuse(400, 5455))
    unclaimed = pipeline.upload(photo_jpeg(320, 240, seed=9))
    pipeline.wait_for_state(unclaimed, "failed")
    lost, short = text(pipeline), text(pipeline)
    nobody = ids.new("fil")
    bucket = row(pipeline, lost).object_key.split("/")[0]
    # Of `bare`, not of `twice`: tidying up after a file ends its second image, too, and might come before the doctor.
    orphan, derived, foreign = f"{bucket}/{nobody}/x.txt", f"{bucket}/derived/{bare}/1.jpg", "elsewhere/file.txt"

    before = cf_id(pipeline, gone)
    cloudflare.delete(before)
    copy = pipeline.copy_again(twice)
    late = pipeline.copy_again(unclaimed)
    stranger = pipeline.plant({"fileId": nobody}, creator=pipeline.workspace_id)
    theirs = pipeline.plant({"fileId": nobody}, creator="somebody else")
    for file_id in (lost, bare):
        objects.delete(row(pipeline, file_id).object_key)
    put(pipeline, row(pipeline, short).object_key, b"other")
    for key in (orphan, derived, foreign):
        put(pipeline, key)

    expected = {
        ("gone", before),
        ("duplicate", copy),
        ("unclaimed", late),
        ("unknown_image", stranger),
        ("missing_bytes", lost),
        ("missing_bytes", bare),
        ("wrong_size", short),
        ("unknown_object", orphan),
        ("old_derivative", derived),
    }
    said = doctor(pipeline, *NOW, code=1)
    assert set(found(said)) == expected
    assert said["left"]["foreign images"] == 1
    assert said["left"]["foreign objects"] == 1
    assert cf_id(pipeline, gone) == before  # only looked
    young = {kind for kind, _ in found(doctor(pipeline, code=1))}
    assert not young & {"unknown_image", "duplicate", "unknown_object", "old_derivative"}

    said = doctor(pipeline, *NOW, "--apply", code=1)  # the bytes of a picture that is still shown are not to be had
    assert said["applied"]["done"] == len(expected) - 1
    assert said["open"] == 1
    for file_id in (gone, unclaimed):
        pipeline.wait_for_state(file_id, "done")
    assert cf_id(pipeline, gone) != before
    assert cf_id(pipeline, unclaimed) == late
    wait_for(lambda: not has(pipeline, orphan) and not has(pipeline, derived))
    wait_for(lambda: len(pipeline.remote(twice)) == 1)
    wait_for(lambda: [image["id"] for image in pipeline.remote(nobody)] == [theirs])
    assert has(pipeline, foreign)
    for file_id, code in ((lost, "object_missing"), (short, "object_damaged")):
        assert pipeline.file(file_id)["error"]["code"] == code

    rest = doctor(pipeline, *NOW, "--apply")
    assert {finding["action"] for finding in rest["findings"]} == {"report"}
    assert {finding["subject"] for finding in rest["findings"]} == {lost, short, bare}
    assert rest["applied"] == {}

    for file_id in (lost, short):
        put(pipeline, row(pipeline, file_id).object_key, b"plain words")
    put(pipeline, row(pipeline, bare).object_key, photo_jpeg(320, 240, seed=2))
    assert set(found(doctor(pipeline, *NOW, "--apply", code=0))) == {("bytes_back", lost), ("bytes_back", short)}
    assert {pipeline.file(file_id)["status"] for file_id in (lost, short, bare)} == {"ready"}
    assert doctor(pipeline, *NOW, code=0)["findings"] == []
    assert doctor_recount(pipeline) == 0


def doctor_recount(pipeline: Pipeline, *arguments: str) -> int:
    result = pipeline.server.aeontel("doctor", "--recount", "--json", *arguments)
    return int(json.loads(result.stdout)["totals"])


def test_no_more_than_the_limit_is_done_and_the_next_run_goes_on(pipeline: Pipeline) -> None:
    bucket = row(pipeline, text(pipeline)).object_key.split("/")[0]
    keys = [f"{bucket}/{ids.new('fil')}/x.txt" for _ in range(5)]
    for key in keys:
        put(pipeline, key)
    said = doctor(pipeline, *NOW, "--apply", "--limit", "2", code=1)
    assert (said["applied"], said["open"]) == ({"done": 2}, 3)
    said = doctor(pipeline, *NOW, "--apply", "--resume", code=0)
    assert [finding["outcome"] for finding in said["findings"]] == ["done"] * 5
    assert (said["applied"], said["open"]) == ({"done": 3}, 0)
    wait_for(lambda: not any(has(pipeline, key) for key in keys))


def test_a_large_share_is_somebodys_decision(pipeline: Pipeline) -> None:
    bucket = row(pipeline, text(pipeline)).object_key.split("/")[0]
    keys = [f"{bucket}/{ids.new('fil')}/x.txt" for _ in range(25)]
    for key in keys:
        put(pipeline, key)
    refused = pipeline.server.aeontel("doctor", *NOW, "--apply")
    assert refused.returncode == 1
    assert "--yes" in refused.stderr
    assert all(has(pipeline, key) for key in keys)
    doctor(pipeline, *NOW, "--apply", "--yes", code=0)
    wait_for(lambda: not any(has(pipeline, key) for key in keys))


def test_totals_that_are_wrong_are_counted_anew(pipeline: Pipeline) -> None:
    text(pipeline)
    assert doctor_recount(pipeline) == 0
    with pipeline.beside.database.write() as session:
        wrong = col(Total.workspace_id) == pipeline.workspace_id, col(Total.name).in_(("files", "bytes"))
        session.exec(update(Total).where(*wrong).values(n=7_000))
    assert doctor_recount(pipeline) == 2
    assert doctor_recount(pipeline) == 2  # only looked
    assert doctor_recount(pipeline, "--apply") == 2
    assert doctor_recount(pipeline) == 0
    assert pipeline.http.get("/api/files").json()["pageInfo"]["total"] == 1


def test_privacy_follows_the_setting_also_after_a_run_that_was_killed(pipeline: Pipeline) -> None:
    first, second = (pipeline.upload(photo_jpeg(320, 240, seed=n)) for n in range(2))
    for file_id in (first, second):
        pipeline.wait_for_state(file_id, "done")
    events = len(pipeline.events(first))
    pipeline.server.use(url_signing="cloudflare")
    assert json.loads(pipeline.server.aeontel("doctor", "--resign", "--json").stdout)["left"] == 2
    # Killed between Cloudflare's answer and our commit: the row has an id that is gone.
    pipeline.beside.cloudflare.set_private(cf_id(pipeline, first), True)
    (at_cloudflare,) = pipeline.remote(first)
    assert at_cloudflare["id"] != cf_id(pipeline, first)
    said = json.loads(pipeline.server.aeontel("doctor", "--resign", "--json", "--apply").stdout)
    assert (said["changed"], said["left"]) == (2, 0)
    assert cf_id(pipeline, first) == at_cloudflare["id"]
    with pipeline.beside.database.read() as session:
        assert set(session.exec(select(Image.is_private))) == {True}
    url = pipeline.image(second)["url"]
    assert httpx.get(url, timeout=30).status_code == 200
    assert httpx.get(url.partition("?")[0], timeout=30).status_code == 403
    assert doctor(pipeline, *NOW, code=0)["findings"] == []

    # The comparison finds such a row, too, and one that says the wrong thing.
    pipeline.beside.cloudflare.set_private(cf_id(pipeline, first), False)
    with pipeline.beside.database.write() as session:
        session.exec(update(Image).where(col(Image.file_id) == second).values(is_private=False))
    said = doctor(pipeline, *NOW, "--apply", code=0)
    assert {finding["kind"] for finding in said["findings"]} == {"moved", "privacy"}
    assert doctor(pipeline, *NOW, code=0)["findings"] == []
    assert len(pipeline.events(first)) == events
