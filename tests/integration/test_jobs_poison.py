"""A file that takes its process with it, each time: it is parked, and everything else goes on."""

from contextlib import suppress
from pathlib import Path

import httpx

from images_app.bootstrap import World
from images_app.core import files
from images_app.core.attempt import begin
from images_app.core.settle import MOST_LOST
from images_app.jobs import sweeps
from images_app.jobs.queue import DurableQueue
from images_app.jobs.workflows import MOST_RECOVERIES
from images_app.models import File
from tests.integration.conftest import Api
from tests.support.gate import CREATE, Forward, Hold
from tests.support.library import add_file, counted, viewer_of
from tests.support.pipeline import Pipeline, running_pipeline, wait_for

MOST_DEATHS = (MOST_RECOVERIES + 1) * (MOST_LOST + 1)


def vanish(world: World, file_id: str) -> None:
    """Begin the attempt that is due, and lose its workflow."""
    assert isinstance(world.queue, DurableQueue)
    with world.database.write() as session:
        file = session.get_one(File, file_id)
        assert begin(session, file_id, file.run, file.attempt) is not None
    world.queue.client().delete_workflows([f"provision:{file_id}:{file.run}:{file.attempt}"])


def test_a_file_whose_workers_vanish_is_given_up_and_can_be_retried_by_hand(api: Api) -> None:
    world = api.world
    assert isinstance(world.queue, DurableQueue)
    world.queue.prepare(1)
    client = world.queue.client()
    owner = api.user()
    workspace = api.workspace(owner)
    file = add_file(world, owner, workspace, "photo.jpg", b"\xff\xd8\xff some picture", mime="image/jpeg")
    for _ in range(MOST_LOST):
        vanish(world, file.id)
        assert sweeps.reconcile(world.database, world.queue, client) == 1
    vanish(world, file.id)
    assert sweeps.reconcile(world.database, world.queue, client) == 0

    shown = api.browser(owner).get(f"/api/files/{file.id}").json()
    assert shown["status"] == "error"
    assert shown["error"]["code"] == "interrupted"
    assert shown["error"]["retryable"] is True
    assert shown["provisioning"]["state"] == "failed"
    assert counted(world, workspace, ("files:ready", "files:error")) == {"files:ready": 0, "files:error": 1}
    assert sweeps.reconcile(world.database, world.queue, client) == 0

    with world.database.write() as session:
        assert files.retry(session, world.queue, viewer_of(owner), file.id).lost == 0
    vanish(world, file.id)
    assert sweeps.reconcile(world.database, world.queue, client) == 1, "counted from the beginning again"


def test_poison_is_parked_after_a_bounded_number_of_deaths_and_the_others_get_through(tmp_path: Path) -> None:
    with running_pipeline(tmp_path / "data") as pipeline:
        deaths = 0

        def die(_forward: Forward) -> None:
            nonlocal deaths
            deaths += 1
            pipeline.server.kill()

        hold = Hold(after=False)
        pipeline.gate.next(CREATE, hold)
        poison = pipeline.upload(name="poison.jpg")
        hold.wait()
        pipeline.gate.next(r"GET /objects/poison\.jpg\?.*", *[die] * (MOST_DEATHS + 1))
        hold.release()
        wait_for(lambda: pipeline.server.has_ended)
        pipeline.server.start()
        others = [pipeline.upload() for _ in range(3)]
        while not is_given_up(pipeline, poison):
            pipeline.server.start()
        assert deaths == MOST_DEATHS

        for file_id in others:
            pipeline.wait_for_state(file_id, "done")
        assert pipeline.file(poison)["error"]["code"] == "interrupted"
        pipeline.gate.forget()
        pipeline.http.post(f"/api/files/{poison}/retry").raise_for_status()
        pipeline.wait_for_state(poison, "done")
        assert pipeline.event_types(poison).count("image.provision_failed") == 1
        assert pipeline.event_types(poison)[-1] == "image.created"


def is_given_up(pipeline: Pipeline, file_id: str) -> bool:
    """True when it is; False when the server has died first. The sweep comes by more often than by itself."""
    world = pipeline.beside
    assert isinstance(world.queue, DurableQueue)
    client = world.queue.client()

    def look() -> str | None:
        sweeps.reconcile(world.database, world.queue, client)
        with suppress(httpx.TransportError):
            if pipeline.state(file_id) == "failed":
                return "failed"
        return "dead" if pipeline.server.has_ended else None

    return wait_for(look, within=120) == "failed"
