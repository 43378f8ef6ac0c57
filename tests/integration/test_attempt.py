"""Who may commit the outcome of an attempt: the rows decide, whatever workers believe."""

import pytest
from sqlmodel import select

from images_app import ids
from images_app.bootstrap import World
from images_app.core import files, provisioning, workspaces
from images_app.core.attempt import Outcome, Work, begin
from images_app.core.media.base import MediaInfo
from images_app.core.settle import settle
from images_app.errors import NotRetryable
from images_app.jobs import sweeps
from images_app.jobs.queue import DurableQueue
from images_app.models import Event, File, Image, RemoteDeletion, User, Workspace, now
from tests.support.library import add_file, counted, viewer_of

INFO = MediaInfo("image/jpeg", 40, 30, {"Make": "A"}, now(), "hash")
TOTALS = ("files", "files:ready", "files:error", "images")


@pytest.fixture
def owner(world: World) -> User:
    world.queue.prepare(1)  # type: ignore[attr-defined]
    with world.database.write() as session:
        user = User(email="ada@example.com")
        session.add(user)
        return user


@pytest.fixture
def workspace(world: World, owner: User) -> Workspace:
    with world.database.write() as session:
        return workspaces.create(session, owner.id, "Photos")


@pytest.fixture
def file(world: World, owner: User, workspace: Workspace) -> File:
    return add_file(world, owner, workspace, "a.jpg", b"\xff\xd8\xff", mime="image/jpeg")


def begun(world: World, file: File, run: int = 1, attempt: int = 1) -> Work | None:
    with world.database.write() as session:
        return begin(session, file.id, run, attempt)


def settled(world: World, file: File, outcome: Outcome, run: int = 1, attempt: int = 1, most: int = 3) -> bool:
    with world.database.write() as session:
        return settle(session, world.queue, file.id, run, attempt, outcome, max_attempts=most)


def done(cf_image_id: str) -> Outcome:
    return Outcome("done", cf_image_id=cf_image_id, info=INFO)


def current(world: World, file: File) -> File:
    with world.database.read() as session:
        return session.get_one(File, file.id)


def image_of(world: World, file: File) -> Image | None:
    with world.database.read() as session:
        return session.exec(select(Image).where(Image.file_id == file.id)).first()


def doomed(world: World) -> set[str]:
    with world.database.read() as session:
        return set(session.exec(select(RemoteDeletion.cf_image_id)).all())


def types(world: World, file: File) -> list[str]:
    with world.database.read() as session:
        return list(session.exec(select(Event.type).where(Event.file_id == file.id).order_by(Event.seq)).all())  # type: ignore[arg-type]


def workflows(world: World) -> set[str]:
    assert isinstance(world.queue, DurableQueue)
    return {workflow.workflow_id for workflow in world.queue.client().list_workflows()}


def test_a_first_try_does_not_look_and_a_second_does(world: World, file: File) -> None:
    first = begun(world, file)
    again = begun(world, file)
    assert first is not None
    assert again is not None
    assert (first.look_first, again.look_first) == (False, True)


@pytest.mark.parametrize(("run", "attempt"), [(1, 2), (2, 1), (0, 1)])
def test_work_of_another_run_or_attempt_is_stale(world: World, file: File, run: int, attempt: int) -> None:
    assert begun(world, file, run, attempt) is None
    assert current(world, file).provisioning_state == "pending"


def test_work_of_an_unknown_file_is_stale(world: World, owner: User) -> None:
    with world.database.write() as session:
        assert begin(session, ids.new("fil"), 1, 1) is None


def test_an_outcome_is_committed_once_however_often_it_is_settled(
    world: World, file: File, workspace: Workspace
) -> None:
    begun(world, file)
    assert settled(world, file, done("cf-1")) is True
    assert settled(world, file, done("cf-1")) is False
    image = image_of(world, file)
    assert image is not None
    assert (image.id, image.cf_image_id, image.width, image.exif) == (ids.image_of(file.id), "cf-1", 40, {"Make": "A"})
    assert types(world, file).count("image.created") == 1
    assert counted(world, workspace, TOTALS) == {"files": 1, "files:ready": 1, "files:error": 0, "images": 1}
    assert doomed(world) == set()


def test_of_two_workers_with_the_same_attempt_the_slower_one_cleans_up_its_copy(world: World, file: File) -> None:
    begun(world, file)
    begun(world, file)
    assert settled(world, file, done("cf-1")) is True
    assert settled(world, file, done("cf-2")) is False
    image = image_of(world, file)
    assert image is not None
    assert image.cf_image_id == "cf-1"
    assert doomed(world) == {"cf-2"}


def test_an_image_that_comes_after_its_run_was_replaced_is_left_for_the_new_run_to_find(
    world: World, file: File
) -> None:
    begun(world, file)
    with world.database.write() as session:
        row = session.get_one(File, file.id)
        assert provisioning.start_run(session, world.queue, row, states=provisioning.IN_PROGRESS, only=(1, 1))
    assert settled(world, file, done("cf-1")) is False
    assert doomed(world) == set()
    work = begun(world, file, run=2)
    assert work is not None
    assert work.look_first
    assert settled(world, file, done("cf-1"), run=2) is True


def test_an_image_that_is_about_to_be_deleted_is_never_adopted(world: World, owner: User, file: File) -> None:
    begun(world, file)
    settled(world, file, done("cf-1"))
    with world.database.write() as session:
        row = session.get_one(File, file.id)
        assert provisioning.withdraw(session, world.queue, row, state="removed") == ids.image_of(file.id)
    with world.database.write() as session:
        provisioning.request(session, world.queue, session.get_one(File, file.id), actor_id=owner.id)
    work = begun(world, file, run=3)
    assert work is not None
    assert work.doomed == {"cf-1"}


def test_a_retry_waits_in_the_next_attempt(world: World, file: File) -> None:
    begun(world, file)
    assert settled(world, file, Outcome("retry", code="cloudflare_500", message="no", retry_after=30)) is True
    row = current(world, file)
    assert (row.provisioning_state, row.run, row.attempt, row.status) == ("waiting", 1, 2, "ready")
    assert row.next_attempt_at is not None
    assert (row.next_attempt_at - row.updated_at).total_seconds() > 29
    assert f"provision:{file.id}:1:2" in workflows(world)
    assert begun(world, file) is None


def test_the_last_attempt_gives_up_and_asking_again_starts_over(
    world: World, owner: User, file: File, workspace: Workspace
) -> None:
    begun(world, file)
    assert settled(world, file, Outcome("retry", code="x", message="no"), most=1) is True
    row = current(world, file)
    assert (row.provisioning_state, row.status, row.error_code, row.error_retryable) == ("failed", "error", "x", True)
    assert counted(world, workspace, TOTALS) == {"files": 1, "files:ready": 0, "files:error": 1, "images": 0}
    with world.database.write() as session:
        files.retry(session, world.queue, viewer_of(owner), file.id)
    row = current(world, file)
    assert (row.provisioning_state, row.run, row.attempt, row.status) == ("pending", 2, 1, "ready")
    assert row.error_code is None
    assert counted(world, workspace, TOTALS) == {"files": 1, "files:ready": 1, "files:error": 0, "images": 0}


def test_a_fault_that_is_not_the_files_does_not_use_its_attempts_up(world: World, file: File) -> None:
    begun(world, file)
    assert settled(world, file, Outcome("retry", code="cloudflare_http_429", message="no", is_patient=True), most=1)
    assert current(world, file).provisioning_state == "waiting"


def test_an_image_can_be_asked_for_only_when_none_is_there_or_due(world: World, owner: User, file: File) -> None:
    for prepare in (lambda: None, lambda: begun(world, file), lambda: settled(world, file, done("cf-1"))):
        prepare()
        with world.database.write() as session, pytest.raises(NotRetryable):
            provisioning.request(session, world.queue, session.get_one(File, file.id), actor_id=owner.id)
    assert current(world, file).run == 1


def test_a_transaction_that_is_rolled_back_enqueues_nothing(world: World, file: File) -> None:
    def fail_after_enqueueing() -> None:
        with world.database.write() as session:
            row = session.get_one(File, file.id)
            assert provisioning.start_run(session, world.queue, row, states=provisioning.IN_PROGRESS)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_after_enqueueing()
    assert workflows(world) == {f"provision:{file.id}:1:1"}


def test_trash_under_way_leaves_the_totals_true_and_looks_for_strays(
    world: World, owner: User, file: File, workspace: Workspace
) -> None:
    begun(world, file)
    with world.database.write() as session:
        files.trash(session, world.queue, viewer_of(owner), file.id)
    assert settled(world, file, done("cf-1")) is False
    assert doomed(world) == {"cf-1"}
    assert counted(world, workspace, TOTALS) == {"files": 0, "files:ready": 0, "files:error": 0, "images": 0}
    assert f"tidy:{file.id}:2:1" in workflows(world)


@pytest.mark.parametrize("state", ["none", "done", "failed", "removed"])
def test_the_sweep_leaves_alone_what_is_settled(world: World, file: File, state: str) -> None:
    assert isinstance(world.queue, DurableQueue)
    with world.database.write() as session:
        session.get_one(File, file.id).provisioning_state = state
    world.queue.client().delete_workflows([f"provision:{file.id}:1:1"])
    assert sweeps.reconcile(world.database, world.queue, world.queue.client()) == 0
    assert current(world, file).run == 1


@pytest.mark.parametrize("state", ["pending", "running", "waiting"])
def test_the_sweep_gives_a_new_run_to_what_nobody_works_on(world: World, file: File, state: str) -> None:
    assert isinstance(world.queue, DurableQueue)
    with world.database.write() as session:
        session.get_one(File, file.id).provisioning_state = state
    client = world.queue.client()
    assert sweeps.reconcile(world.database, world.queue, client) == 0
    client.delete_workflows([f"provision:{file.id}:1:1"])
    assert sweeps.reconcile(world.database, world.queue, client) == 1
    assert sweeps.reconcile(world.database, world.queue, client) == 0
    assert workflows(world) == {f"provision:{file.id}:2:1"}
    told = ["image.provision_retrying"] if state == "running" else []
    assert types(world, file) == ["file.ready", "image.provision_requested", *told]


def test_the_sweep_takes_work_from_a_worker_that_hangs(world: World, file: File) -> None:
    assert isinstance(world.queue, DurableQueue)
    begun(world, file)
    with world.database.write() as session:
        session.get_one(File, file.id).updated_at = now() - sweeps.STUCK_AFTER * 2
    assert sweeps.reconcile(world.database, world.queue, world.queue.client()) == 1
    assert current(world, file).run == 2


def test_the_sweep_enqueues_deletions_whose_workflow_is_gone(world: World, file: File) -> None:
    assert isinstance(world.queue, DurableQueue)
    with world.database.write() as session:
        provisioning.doom(session, world.queue, "cf-9", file_id=file.id, workspace_id=file.workspace_id)
    client = world.queue.client()
    assert sweeps.enqueue_deletions(world.database, world.queue, client) == 0
    client.delete_workflows(["delete:cf-9:1"])
    assert sweeps.enqueue_deletions(world.database, world.queue, client) == 1
    assert "delete:cf-9:2" in workflows(world)
