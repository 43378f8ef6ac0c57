"""The server killed with SIGKILL at each step of the pipeline, and started again."""

import fcntl
from pathlib import Path

import pytest

from images_app.jobs import sweeps
from images_app.jobs.queue import DurableQueue
from tests.support.engines import Engines
from tests.support.gate import CREATE, Hold
from tests.support.photos import photo_jpeg
from tests.support.pipeline import Pipeline, pipeline_on, wait_for

CREATED = ["file.ready", "image.provision_requested", "image.created"]


def assert_nothing_lost_or_doubled(pipeline: Pipeline, files: list[str]) -> None:
    for file_id in files:
        pipeline.wait_for_state(file_id, "done")
    wait_for(lambda: at_rest(pipeline))
    assert sorted(image["fileId"] for image in pipeline.images()) == sorted(files)
    assert pipeline.http.get("/api/images").json()["pageInfo"]["total"] == len(files)
    for file_id in files:
        assert [image["id"] for image in pipeline.remote(file_id)] == [pipeline.image(file_id)["cfImageId"]]
        assert pipeline.event_types(file_id) == CREATED


def at_rest(pipeline: Pipeline) -> bool:
    """No attempt is enqueued or being executed."""
    assert isinstance(pipeline.beside.queue, DurableQueue)
    live = pipeline.beside.queue.client().list_workflows(status=["ENQUEUED", "PENDING"])
    return not live


@pytest.mark.parametrize("after", [False, True], ids=["before the copy", "after the copy before the commit"])
def test_a_kill_around_the_copy_leaves_one_image(engines: Engines, tmp_path: Path, after: bool) -> None:
    with pipeline_on(engines, tmp_path / "data", alone=True) as pipeline:
        hold = Hold(after=after)
        pipeline.gate.next(CREATE, hold)
        file_id = pipeline.upload()
        hold.wait()
        pipeline.server.kill()
        hold.drop()
        pipeline.server.start()
        assert len(pipeline.remote(file_id)) >= int(after)
        assert_nothing_lost_or_doubled(pipeline, [file_id])
        assert pipeline.gate.count(CREATE) == (1 if after else 2)


def test_a_kill_right_after_the_commit_leaves_one_image(engines: Engines, tmp_path: Path) -> None:
    with pipeline_on(engines, tmp_path / "data", alone=True) as pipeline:
        file_id = pipeline.upload()
        wait_for(lambda: pipeline.image(file_id))
        pipeline.server.kill()
        pipeline.server.start()
        assert_nothing_lost_or_doubled(pipeline, [file_id])
        assert pipeline.gate.count(CREATE) == 1


def test_a_kill_right_after_the_upload_was_answered_loses_nothing(engines: Engines, tmp_path: Path) -> None:
    with pipeline_on(engines, tmp_path / "data", alone=True) as pipeline:
        file_id = pipeline.upload()
        pipeline.server.kill()
        pipeline.server.start()
        assert_nothing_lost_or_doubled(pipeline, [file_id])


def test_kills_in_the_middle_of_many_files_lose_and_double_nothing(engines: Engines, tmp_path: Path) -> None:
    with pipeline_on(engines, tmp_path / "data", alone=True) as pipeline:
        data = photo_jpeg(320, 240)
        files: list[str] = []
        for after in (True, False, True):
            hold = Hold(after=after)
            pipeline.gate.next(CREATE, hold)  # before the uploads: a fast machine has soon done them all
            files += [pipeline.upload(data) for _ in range(8)]
            hold.wait()
            pipeline.server.kill()
            hold.drop()
            pipeline.server.start()
        assert_nothing_lost_or_doubled(pipeline, files)


def test_an_ended_server_takes_up_its_work_when_it_starts_again(engines: Engines, tmp_path: Path) -> None:
    with pipeline_on(engines, tmp_path / "data", alone=True) as pipeline:
        hold = Hold(after=False)
        pipeline.gate.next(CREATE, hold)
        file_id = pipeline.upload()
        hold.wait()
        assert pipeline.server.stop() == 0
        hold.drop()
        pipeline.server.start()
        assert_nothing_lost_or_doubled(pipeline, [file_id])


def test_a_server_waits_until_it_is_the_only_one_that_works(engines: Engines, tmp_path: Path) -> None:
    with pipeline_on(engines, tmp_path / "data", alone=True) as pipeline:
        pipeline.server.stop()
        with (tmp_path / "data" / "jobs.lock").open("w") as other:
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            pipeline.server.start()
            file_id = pipeline.upload()
            assert pipeline.server.stop() == 0
            pipeline.server.start()
            assert pipeline.state(file_id) == "pending"
            assert pipeline.gate.count(CREATE) == 0
        assert_nothing_lost_or_doubled(pipeline, [file_id])


def test_ended_workflows_are_forgotten_and_nothing_begins_again(engines: Engines, tmp_path: Path) -> None:
    with pipeline_on(engines, tmp_path / "data", alone=True) as pipeline:
        file_id = pipeline.upload()
        pipeline.wait_for_state(file_id, "done")
        wait_for(lambda: at_rest(pipeline))
        world = pipeline.beside
        assert isinstance(world.queue, DurableQueue)
        client = world.queue.client()
        assert sweeps.forget(world.database, client) == 0
        later = sweeps.now() + sweeps.KEEP_WORKFLOWS * 2
        assert sweeps.forget(world.database, client, later) == 1
        assert client.list_workflows() == []
        assert sweeps.reconcile(world.database, world.queue, client) == 0
        assert_nothing_lost_or_doubled(pipeline, [file_id])
