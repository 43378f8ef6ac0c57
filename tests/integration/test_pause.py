"""Provisioning as a whole stands still when Cloudflare refuses us as a whole: no file fails for it, and nothing is
tried in vain more often than needed."""

from collections.abc import Callable

import pytest
from sqlmodel import update

from images_app.bootstrap import World
from images_app.core import files, pause
from images_app.core.attempt import Outcome
from images_app.jobs import sweeps
from images_app.jobs.queue import DurableQueue
from images_app.models import File, ProvisioningPause, now
from tests.integration.conftest import Api
from tests.integration.pausing import (
    FULL,
    NO_ANSWER,
    PAUSES,
    begun,
    deeds,
    done,
    enqueued,
    is_parked,
    owner_of,
    paused,
    seen,
    settled,
    tried,
    uploader,
    wait_until_probe,
)
from tests.support.library import add_file


@pytest.fixture
def upload(world: World) -> Callable[[], File]:
    return uploader(world)


def test_the_first_refusal_parks_its_file_and_whatever_comes_next_is_not_even_begun(
    world: World, upload: Callable[[], File]
) -> None:
    first, second = upload(), upload()
    tried(world, first, FULL)
    assert begun(world, second) is None
    for file in (first, second):
        assert is_parked(world, file)
        assert seen(world, file).status == "ready"
    found = paused(world)
    assert found is not None
    assert (found.reason, found.code, found.message, found.probes) == ("full", "cloudflare_5453", "Full.", 0)
    assert 40 < (found.next_probe_at - now()).total_seconds() <= pause.FIRST_PROBE_S
    assert enqueued(world) == {f"provision:{file.id}:1:1" for file in (first, second)}
    assert deeds(world, *PAUSES) == [("provisioning.paused", None)]
    assert deeds(world, "image.provision_retrying", "image.provision_failed") == [("image.provision_retrying", None)]


def test_attempts_that_were_under_way_park_their_files_in_the_same_pause(
    world: World, upload: Callable[[], File]
) -> None:
    uploads = [upload() for _ in range(3)]
    for file in uploads:
        assert begun(world, file) is not None
    for file in uploads:
        assert settled(world, file, FULL)
    assert all(is_parked(world, file) for file in uploads)
    found = paused(world)
    assert found is not None
    assert found.probes == 0
    assert deeds(world, *PAUSES) == [("provisioning.paused", None)]


def test_an_image_of_an_attempt_from_before_is_kept_and_ends_nothing(world: World, upload: Callable[[], File]) -> None:
    late, refused = upload(), upload()
    assert begun(world, late) is not None
    tried(world, refused, FULL)
    assert settled(world, late, done(late))
    assert seen(world, late).provisioning_state == "done"
    assert paused(world) is not None


def test_a_pause_uses_up_no_attempts_of_a_file(world: World, upload: Callable[[], File]) -> None:
    file = upload()
    for _ in range(2):
        tried(world, file, NO_ANSWER)
    for _ in range(5):
        tried(world, file, FULL)
        wait_until_probe(world)
        sweeps.go_on(world.database, world.queue)
    tried(world, file, Outcome("retry", code="cloudflare_http_429", message="Slow.", is_patient=True))
    assert seen(world, file).provisioning_state == "waiting"
    tried(world, file, NO_ANSWER)
    assert seen(world, file).provisioning_state == "failed"


def test_only_a_file_that_was_tried_is_looked_for(world: World, upload: Callable[[], File]) -> None:
    refused, parked = upload(), upload()
    tried(world, refused, FULL)
    assert begun(world, parked) is None
    with world.database.write() as session:
        assert pause.resume(session, world.queue, actor_id=None)
    for file, looks in ((refused, True), (parked, False)):
        work = begun(world, file)
        assert work is not None
        assert work.look_first == looks


def test_the_sweep_leaves_parked_files_to_the_end_of_the_pause(world: World, upload: Callable[[], File]) -> None:
    assert isinstance(world.queue, DurableQueue)
    file = upload()
    tried(world, file, FULL)
    client = world.queue.client()
    client.delete_workflows([f"provision:{file.id}:1:1"])
    assert sweeps.reconcile(world.database, world.queue, client) == 0
    with world.database.write() as session:
        session.exec(update(ProvisioningPause).values(next_probe_at=now()))
        pause.resume(session, world.queue, actor_id=None)
    assert sweeps.reconcile(world.database, world.queue, client) == 0
    assert seen(world, file).run == 1
    assert enqueued(world) == {f"provision:{file.id}:1:2"}


def test_a_parked_file_can_go_to_the_trash_and_come_back(world: World, upload: Callable[[], File]) -> None:
    file = upload()
    owner = owner_of(world, file)
    tried(world, file, FULL)
    with world.database.write() as session:
        files.trash(session, world.queue, owner, file.id)
    with world.database.write() as session:
        assert pause.release(session, world.queue) == 0
        files.restore(session, world.queue, owner, file.id)
    assert begun(world, file) is None
    with world.database.write() as session:
        assert pause.resume(session, world.queue, actor_id=owner.user_id)
    tried(world, file, done(file))
    assert deeds(world, *PAUSES) == [("provisioning.paused", None), ("provisioning.resumed", owner.user_id)]


def test_members_see_the_pause_and_an_admin_ends_it(api: Api) -> None:
    api.world.queue.prepare(1)  # type: ignore[attr-defined]
    member, admin = api.user(), api.user("root@example.com", is_admin=True)
    file = add_file(api.world, member, api.workspace(member), "a.jpg", b"\xff\xd8\xff", mime="image/jpeg")
    client, root = api.browser(member), api.browser(admin)
    assert client.get("/api/provisioning").json() == {"state": "running", "pause": None}
    assert root.delete("/api/provisioning/pause").status_code == 404
    tried(api.world, file, FULL)
    shown = client.get("/api/provisioning").json()
    assert shown["state"] == "paused"
    assert shown["pause"].items() >= {"reason": "full", "code": "cloudflare_5453", "message": "Full."}.items()
    assert shown["pause"]["since"] < shown["pause"]["nextProbeAt"]
    assert client.get(f"/api/files/{file.id}").json()["provisioning"] == {
        "state": "waiting", "attempt": 1, "nextAttemptAt": None,
    }  # fmt: skip
    assert client.delete("/api/provisioning/pause").status_code == 403
    assert root.delete("/api/provisioning/pause").json() == {"success": True}
    assert client.get("/api/provisioning").json()["state"] == "running"
    tried(api.world, file, done(file))
    log = root.get("/api/events", params={"audit": "1", "type": ",".join(PAUSES)}).json()["data"]
    assert [event["actorId"] for event in log] == [None, admin.id]
    assert log[0]["data"] == {"reason": "full", "code": "cloudflare_5453", "message": "Full.", "fileId": file.id}
