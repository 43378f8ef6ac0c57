"""What has been in the trash for long enough leaves for good, against the real server."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, update

from images_app.core import trash
from images_app.jobs import sweeps
from images_app.models import File, now
from tests.support.engines import Engines
from tests.support.gate import CREATE, FIND, Hold, refuse
from tests.support.photos import pdf, photo_jpeg
from tests.support.pipeline import Pipeline, pipeline_on, wait_for

_DAYS = 7


@pytest.fixture
def pipeline(engines: Engines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    # The server's own sweep of the trash, which comes some time after its start, finds nothing that is due.
    with pipeline_on(engines, tmp_path_factory.mktemp("trash") / "data", trash_days=365) as running:
        yield running


def throw_away(pipeline: Pipeline, file_id: str, *, ago: timedelta) -> None:
    pipeline.http.delete(f"/api/files/{file_id}").raise_for_status()
    with pipeline.beside.database.write() as session:
        session.exec(update(File).where(col(File.id) == file_id).values(trashed_at=now() - ago))


def empty(pipeline: Pipeline) -> int:
    return sweeps.empty_trash(pipeline.beside.database, pipeline.beside.queue, _DAYS)


def totals(pipeline: Pipeline) -> dict[str, Any]:
    (workspace,) = pipeline.http.get("/api/workspaces").json()["data"]
    return {name: workspace[name] for name in ("files", "trash", "bytes")}


def keys(pipeline: Pipeline) -> list[str]:
    return [found.key for found in pipeline.beside.objects.list("ws-")]


def test_what_is_due_goes_with_its_bytes_and_everything_else_stays(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeps, "_PURGE_BATCH", 2)
    kept = photo_jpeg(320, 240, seed=1)
    stays, fresh = pipeline.upload(kept, "stays.jpg"), pipeline.upload(kept, "fresh.jpg")
    due = [pipeline.upload(photo_jpeg(320, 240, seed=2)), *(pipeline.upload(pdf(), "d.pdf", "x/y") for _ in range(2))]
    for file_id in (stays, fresh, due[0]):
        pipeline.wait_for_state(file_id, "done")
    for file_id in due:
        throw_away(pipeline, file_id, ago=timedelta(days=8))
    throw_away(pipeline, fresh, ago=timedelta(days=6))
    assert totals(pipeline)["trash"] == 4
    assert empty(pipeline) == 3
    assert totals(pipeline) == {"files": 1, "trash": 1, "bytes": 2 * len(kept)}
    wait_for(lambda: len(keys(pipeline)) == 2)
    assert all(stays in key or fresh in key for key in keys(pipeline))
    listed = pipeline.http.get("/api/files?trash=1").json()
    assert [file["id"] for file in listed["data"]] == [fresh]
    assert listed["pageInfo"]["total"] == 1
    for file_id in due:
        assert pipeline.http.post(f"/api/files/{file_id}/restore").status_code == 404
    assert pipeline.http.post(f"/api/files/{fresh}/restore").status_code == 200
    assert pipeline.event_types(due[0])[-1] == "file.purged"
    wait_for(lambda: pipeline.remote(due[0]) == [])
    assert empty(pipeline) == 0


def test_an_image_that_came_after_its_file_was_purged_does_not_stay_at_cloudflare(pipeline: Pipeline) -> None:
    hold = Hold(after=True)
    pipeline.gate.next(CREATE, hold)
    file_id = pipeline.upload()
    hold.wait()
    pipeline.http.delete(f"/api/files/{file_id}").raise_for_status()
    with pipeline.beside.database.write() as session:
        file = session.get_one(File, file_id)
        file.trashed_at = now() - timedelta(minutes=5)
        pipeline.gate.next(FIND, refuse(503))
        trash.purge(session, pipeline.beside.queue, [file])
    hold.release()
    wait_for(lambda: not pipeline.remote(file_id))
    wait_for(lambda: keys(pipeline) == [])
