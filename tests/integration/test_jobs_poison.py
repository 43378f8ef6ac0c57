"""A file that takes its process with it, each time: it is parked, and everything else goes on."""

import time
from pathlib import Path

from images_app.bootstrap import World
from images_app.core import files, users, workspaces
from images_app.core.attempt import begin
from images_app.core.settle import MOST_LOST
from images_app.jobs import sweeps
from images_app.jobs.queue import DurableQueue
from images_app.jobs.workflows import MOST_RECOVERIES
from images_app.models import File
from tests.integration.conftest import Api
from tests.support import seaweed
from tests.support.cluster import running_cluster
from tests.support.gate import CREATE, Forward
from tests.support.library import add_file, counted, viewer_of
from tests.support.photos import photo_jpeg
from tests.support.pipeline import wait_for
from tests.support.postgres import Postgres
from tests.support.worker import RunningWorker

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


def test_poison_is_parked_after_a_bounded_number_of_deaths_and_the_others_get_through(
    tmp_path: Path, postgres: Postgres
) -> None:
    seaweed.require()
    with (
        running_cluster(tmp_path, postgres, seaweed.shared(), servers=0) as cluster,
        RunningWorker(tmp_path / "worker", cluster.settings) as worker,
    ):
        world, deaths = cluster.beside, 0

        def die(_forward: Forward) -> None:
            nonlocal deaths
            deaths += 1
            worker.kill()

        with world.database.write() as session:
            owner = users.create(session, "ada@example.com", None)
            workspace = workspaces.create(session, owner.id, "Photos")

        def upload() -> str:
            return add_file(world, owner, workspace, "photo.jpg", photo_jpeg(320, 240), mime="image/jpeg").id

        def state(file_id: str) -> str:
            with world.database.read() as session:
                return session.get_one(File, file_id).provisioning_state

        cluster.gate.next(CREATE, die)  # of the only file there is; from then on each attempt looks it up first
        poison = upload()
        cluster.gate.next(rf"GET .*/images/v2\?.*{poison}.*", *[die] * MOST_DEATHS)
        wait_for(lambda: worker.has_ended)
        others = [upload() for _ in range(3)]
        while state(poison) != "failed":
            if worker.has_ended:
                worker.start()
            sweeps.reconcile(world.database, cluster.queue, cluster.client)  # more often than it comes by itself
            time.sleep(0.1)
        assert deaths == MOST_DEATHS

        wait_for(lambda: {state(file_id) for file_id in others} == {"done"})
        cluster.gate.forget()
        with world.database.write() as session:
            assert files.retry(session, cluster.queue, viewer_of(owner), poison).error_code is None
        wait_for(lambda: state(poison) == "done")
