"""From an upload to an image at Cloudflare, with everything that goes wrong on the way, against the real server."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from images_app.jobs import sweeps
from images_app.jobs.queue import DurableQueue
from images_app.models import File, RemoteDeletion, now
from tests.support.engines import Engines
from tests.support.gate import CREATE, FIND, Answer, Forward, Hold, lose, refuse
from tests.support.photos import corrupt_jpeg, photo_jpeg, tiff
from tests.support.pipeline import Pipeline, pipeline_on, wait_for

REQUESTED = ["file.ready", "image.provision_requested"]
CREATED = [*REQUESTED, "image.created"]


@pytest.fixture(scope="module")
def pipeline(engines: Engines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """Two attempts are all there are, so that giving up does not take long."""
    with pipeline_on(engines, tmp_path_factory.mktemp("pipeline") / "data", provision_attempts=2) as running:
        yield running


def assert_one_image(pipeline: Pipeline, file_id: str) -> None:
    """In the gallery and at Cloudflare the same one, and nothing besides."""
    image = pipeline.image(file_id)
    assert [remote["id"] for remote in pipeline.remote(file_id)] == [image["cfImageId"]]
    assert pipeline.event_types(file_id).count("image.created") == 1
    file = pipeline.file(file_id)
    assert (file["status"], file["error"], file["imageId"]) == ("ready", None, image["id"])


def test_an_image_file_becomes_an_image(pipeline: Pipeline) -> None:
    file_id = pipeline.upload(photo_jpeg(320, 240, orientation=6))
    pipeline.wait_for_state(file_id, "done")
    assert_one_image(pipeline, file_id)
    assert pipeline.event_types(file_id) == CREATED
    image = pipeline.image(file_id)
    assert (image["width"], image["height"]) == (320, 240)
    remote = pipeline.remote(file_id)[0]
    assert remote["meta"] == {"fileId": file_id, "workspaceId": pipeline.workspace_id}
    assert remote["creator"] == pipeline.workspace_id


def test_a_file_that_is_no_image_is_left_alone(pipeline: Pipeline) -> None:
    file_id = pipeline.upload(b"just words", "notes.txt", "text/plain")
    assert pipeline.state(file_id) == "none"
    assert pipeline.event_types(file_id) == ["file.ready"]


def test_what_cloudflare_would_refuse_goes_there_as_a_derivative_that_is_not_kept(pipeline: Pipeline) -> None:
    file_id = pipeline.upload(tiff(), "scan.tif", "image/tiff")
    pipeline.wait_for_state(file_id, "done")
    assert_one_image(pipeline, file_id)
    assert [o for o in pipeline.beside.objects.list("") if "/derived/" in o.key] == []


def test_a_broken_image_fails_at_once_and_for_good(pipeline: Pipeline) -> None:
    file_id = pipeline.upload(corrupt_jpeg())
    pipeline.wait_for_state(file_id, "failed")
    file = pipeline.file(file_id)
    assert file["status"] == "error"
    assert (file["error"]["code"], file["error"]["retryable"]) == ("image_damaged", False)
    last = pipeline.events(file_id)[-1]
    assert last["type"] == "image.provision_failed"
    assert last["data"] == {**file["error"], "attempts": 1}
    assert pipeline.http.post(f"/api/files/{file_id}/retry").status_code == 409
    assert pipeline.http.get(f"/api/files/{file_id}/content", follow_redirects=True).content == corrupt_jpeg()


def test_the_time_that_cloudflare_asks_for_is_respected(pipeline: Pipeline) -> None:
    refused: list[datetime] = []

    def later(forward: Forward) -> Answer | None:
        refused.append(now())
        return refuse(429, 10000, **{"retry-after": "3"})(forward)

    pipeline.gate.next(CREATE, later)
    file_id = pipeline.upload()
    pipeline.wait_for_state(file_id, "waiting", "done")
    pipeline.wait_for_state(file_id, "done")
    assert_one_image(pipeline, file_id)
    kinds = pipeline.event_types(file_id)
    assert kinds == [*REQUESTED, "image.provision_retrying", "image.created"]
    retrying, created = pipeline.events(file_id)[2:]
    assert (retrying["data"]["code"], retrying["data"]["attempt"]) == ("cloudflare_10000", 1)
    due = datetime.fromisoformat(retrying["data"]["nextAttemptAt"])
    assert due - refused[0] >= timedelta(seconds=2.999), "told in whole milliseconds"
    assert datetime.fromisoformat(created["createdAt"]) >= due


def test_a_fault_of_cloudflare_is_tried_again(pipeline: Pipeline) -> None:
    pipeline.gate.next(CREATE, refuse(500, 5500))
    file_id = pipeline.upload()
    pipeline.wait_for_state(file_id, "done")
    assert_one_image(pipeline, file_id)
    assert pipeline.event_types(file_id) == [*REQUESTED, "image.provision_retrying", "image.created"]


def test_too_many_faults_are_shown_and_a_retry_by_hand_helps(pipeline: Pipeline) -> None:
    pipeline.gate.next(CREATE, refuse(500, 5500), refuse(500, 5500))
    file_id = pipeline.upload()
    pipeline.wait_for_state(file_id, "failed")
    file = pipeline.file(file_id)
    assert (file["status"], file["error"]["code"], file["error"]["retryable"]) == ("error", "cloudflare_5500", True)
    assert pipeline.events(file_id)[-1]["data"]["attempts"] == 2
    assert pipeline.http.post(f"/api/files/{file_id}/retry").status_code == 202
    pipeline.wait_for_state(file_id, "done")
    assert_one_image(pipeline, file_id)
    assert pipeline.event_types(file_id) == [
        *REQUESTED,
        "image.provision_retrying",
        "image.provision_failed",
        "image.provision_requested",
        "image.created",
    ]
    assert pipeline.http.post(f"/api/files/{file_id}/retry").status_code == 409


def test_a_refusal_of_the_picture_is_final(pipeline: Pipeline) -> None:
    pipeline.gate.next(CREATE, refuse(415, 5455, "Uploaded image must be https://example.com/a?token=secret"))
    file_id = pipeline.upload()
    pipeline.wait_for_state(file_id, "failed")
    error = pipeline.file(file_id)["error"]
    assert (error["code"], error["retryable"]) == ("cloudflare_5455", False)
    assert "secret" not in str(pipeline.events(file_id))
    assert "secret" not in pipeline.server.log


def test_wrong_credentials_pause_provisioning_instead_of_failing_files(pipeline: Pipeline) -> None:
    pipeline.gate.next(CREATE, refuse(401, 10000), refuse(403, 9109), refuse(401, 10000))
    file_id = pipeline.upload()
    for refusals in (1, 2, 3):  # more than there are attempts
        wait_for(lambda n=refusals: pipeline.event_types(file_id).count("image.provision_retrying") == n)  # type: ignore[misc]
        assert pipeline.http.delete("/api/provisioning/pause").status_code == 200
    pipeline.wait_for_state(file_id, "done")
    assert_one_image(pipeline, file_id)


def test_an_answer_that_got_lost_leaves_one_image(pipeline: Pipeline) -> None:
    pipeline.gate.next(CREATE, lose)
    file_id = pipeline.upload()
    pipeline.wait_for_state(file_id, "done")
    assert_one_image(pipeline, file_id)


def test_an_answer_that_got_lost_leaves_one_image_also_when_looking_fails_first(pipeline: Pipeline) -> None:
    pipeline.gate.next(CREATE, lose)
    pipeline.gate.next(FIND, refuse(500, 5500))
    before = pipeline.gate.count(CREATE)
    file_id = pipeline.upload()
    pipeline.wait_for_state(file_id, "done")
    assert_one_image(pipeline, file_id)
    assert pipeline.gate.count(CREATE) == before + 1


@pytest.mark.parametrize("after", [False, True], ids=["before the copy", "after the copy"])
def test_a_file_trashed_while_it_is_copied_leaves_nothing_at_cloudflare(pipeline: Pipeline, after: bool) -> None:
    hold = Hold(after=after)
    pipeline.gate.next(CREATE, hold)
    file_id = pipeline.upload()
    hold.wait()
    assert pipeline.http.delete(f"/api/files/{file_id}").status_code == 200
    assert len(pipeline.remote(file_id)) == int(after)
    hold.release()
    wait_for(lambda: pipeline.gate.count(r"DELETE /.*/images/v1/.*") and not pipeline.remote(file_id))
    assert pipeline.image(file_id) is None
    assert pipeline.event_types(file_id) == [*REQUESTED, "file.deleted"]


def test_a_file_trashed_and_restored_while_it_is_copied_ends_with_one_image(pipeline: Pipeline) -> None:
    hold = Hold(after=True)
    pipeline.gate.next(CREATE, hold)
    file_id = pipeline.upload()
    hold.wait()
    pipeline.http.delete(f"/api/files/{file_id}").raise_for_status()
    pipeline.http.post(f"/api/files/{file_id}/restore").raise_for_status()
    pipeline.wait_for_state(file_id, "done")
    hold.release()
    wait_for(lambda: len(pipeline.remote(file_id)) == 1)
    assert_one_image(pipeline, file_id)


def test_removing_an_image_removes_it_at_cloudflare_however_often_that_must_be_tried(pipeline: Pipeline) -> None:
    file_id = pipeline.upload()
    pipeline.wait_for_state(file_id, "done")
    remote_id = pipeline.image(file_id)["cfImageId"]
    pipeline.gate.next(rf"DELETE /.*/images/v1/{remote_id}", refuse(500), refuse(429, **{"retry-after": "1"}))
    image_id = pipeline.image(file_id)["id"]
    assert pipeline.http.delete(f"/api/images/{image_id}").status_code == 200
    wait_for(lambda: not pipeline.remote(file_id))
    assert pipeline.state(file_id) == "removed"
    wait_for(lambda: deletion(pipeline, remote_id) is None)


def deletion(pipeline: Pipeline, cf_image_id: str) -> RemoteDeletion | None:
    with pipeline.beside.database.read() as session:
        return session.get(RemoteDeletion, cf_image_id)


def test_copies_that_nobody_committed_are_swept_away(pipeline: Pipeline) -> None:
    file_id = pipeline.upload()
    pipeline.wait_for_state(file_id, "done")
    strays = {pipeline.copy_again(file_id), pipeline.copy_again(file_id)}
    assert strays < {image["id"] for image in pipeline.remote(file_id)}
    pipeline.gate.next(FIND, refuse(503))
    with pipeline.beside.database.write() as session:
        pipeline.beside.queue.tidy(session, file_id, 1, 1)
    wait_for(lambda: len(pipeline.remote(file_id)) == 1)
    assert_one_image(pipeline, file_id)


def test_copies_of_a_file_without_image_are_swept_away_but_not_while_one_is_due(pipeline: Pipeline) -> None:
    pipeline.gate.next(CREATE, refuse(429, **{"retry-after": "600"}))
    file_id = pipeline.upload()
    pipeline.wait_for_state(file_id, "waiting")
    stray = pipeline.copy_again(file_id)
    with pipeline.beside.database.write() as session:
        pipeline.beside.queue.tidy(session, file_id, 1, 1)
    wait_for(lambda: ended(pipeline, f"tidy:{file_id}:1:1"))
    assert [image["id"] for image in pipeline.remote(file_id)] == [stray]
    pipeline.http.delete(f"/api/files/{file_id}").raise_for_status()
    with pipeline.beside.database.write() as session:
        pipeline.beside.queue.tidy(session, file_id, 1, 2)
    wait_for(lambda: not pipeline.remote(file_id))


def ended(pipeline: Pipeline, workflow_id: str) -> bool:
    assert isinstance(pipeline.beside.queue, DurableQueue)
    found = pipeline.beside.queue.client().list_workflows(workflow_ids=[workflow_id])
    return [workflow.status for workflow in found] == ["SUCCESS"]


def test_work_whose_workflow_is_gone_begins_again(pipeline: Pipeline) -> None:
    pipeline.gate.next(CREATE, refuse(429, **{"retry-after": "600"}))
    file_id = pipeline.upload()
    pipeline.wait_for_state(file_id, "waiting")
    world = pipeline.beside
    assert isinstance(world.queue, DurableQueue)
    client = world.queue.client()
    assert sweeps.reconcile(world.database, world.queue, client) == 0
    client.delete_workflows([f"provision:{file_id}:1:2"])
    sweeps.reconcile(world.database, world.queue, client)  # or the server's own sweep, if it comes just now
    with world.database.read() as session:
        assert session.get_one(File, file_id).run == 2
    pipeline.wait_for_state(file_id, "done")
    assert_one_image(pipeline, file_id)
    assert pipeline.event_types(file_id) == [*REQUESTED, "image.provision_retrying", "image.created"]
    assert sweeps.reconcile(world.database, world.queue, client) == 0


def test_a_pile_of_files_becomes_as_many_images_in_the_order_of_their_upload(pipeline: Pipeline) -> None:
    before = len(pipeline.gate.seen)
    data = photo_jpeg(96, 64)
    files = [pipeline.upload(data) for _ in range(60)]
    for file_id in files:
        pipeline.wait_for_state(file_id, "done")
    newest = [image["fileId"] for image in pipeline.images()][: len(files)]
    assert newest == files[::-1]
    creates = [line for line in pipeline.gate.seen[before:] if line.startswith("POST")]
    assert len(creates) == len(files)
