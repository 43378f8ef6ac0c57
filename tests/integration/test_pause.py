"""Provisioning as a whole stands still when Cloudflare refuses us as a whole: no file fails for it, and nothing is
tried in vain more often than needed."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import col, select, update

from images_app.bootstrap import World
from images_app.core import files, learnt, pause, workspaces
from images_app.core.attempt import Outcome, Work, begin
from images_app.core.learnt import ACCOUNT_HASH, Recollection
from images_app.core.media.base import MediaInfo
from images_app.core.settle import settle
from images_app.jobs import sweeps
from images_app.jobs.queue import DurableQueue
from images_app.models import Event, File, Image, LearntFact, ProvisioningPause, User, Workspace, now
from tests.integration.conftest import Api
from tests.support.library import add_file, viewer_of

INFO = MediaInfo("image/jpeg", 40, 30, None, None, None)
FULL = Outcome("retry", code="cloudflare_5453", message="Full.", is_patient=True, stops="full")
REVOKED = Outcome("retry", code="cloudflare_9109", message="Revoked.", is_patient=True, stops="refused")
NO_ANSWER = Outcome("retry", code="cloudflare_no_answer", message="No answer.", looked=True)
DAMAGED = Outcome("failed", code="image_damaged", message="Damaged.", retryable=False)
MOST = 3


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
def upload(world: World, owner: User, workspace: Workspace) -> Callable[[], File]:
    return lambda: add_file(world, owner, workspace, "a.jpg", b"\xff\xd8\xff", mime="image/jpeg")


def seen(world: World, file: File) -> File:
    with world.database.read() as session:
        return session.get_one(File, file.id)


def begun(world: World, file: File) -> Work | None:
    """Begin the attempt that is due."""
    at = seen(world, file)
    with world.database.write() as session:
        return begin(session, file.id, at.run, at.attempt)


def settled(world: World, file: File, outcome: Outcome) -> bool:
    at = seen(world, file)
    with world.database.write() as session:
        return settle(session, world.queue, file.id, at.run, at.attempt, outcome, max_attempts=MOST)


def tried(world: World, file: File, outcome: Outcome) -> None:
    """A whole attempt, which must be allowed to begin and to commit."""
    assert begun(world, file) is not None
    assert settled(world, file, outcome)


def done(file: File, **more: str) -> Outcome:
    return Outcome("done", cf_image_id=f"cf-{file.id}", info=INFO, **more)  # type: ignore[arg-type]


def paused(world: World) -> ProvisioningPause | None:
    with world.database.read() as session:
        return pause.current(session)


def wait_until_probe(world: World) -> None:
    """As if the time until the next probe were over."""
    with world.database.write() as session:
        session.exec(update(ProvisioningPause).values(next_probe_at=now() - timedelta(seconds=1)))


def is_parked(world: World, file: File) -> bool:
    at = seen(world, file)
    return at.provisioning_state == "waiting" and at.next_attempt_at is None


def enqueued(world: World) -> set[str]:
    assert isinstance(world.queue, DurableQueue)
    return {workflow.workflow_id for workflow in world.queue.client().list_workflows()}


def deeds(world: World, *types: str) -> list[tuple[str, str | None]]:
    with world.database.read() as session:
        found = session.exec(select(Event).where(col(Event.type).in_(types)).order_by(col(Event.seq))).all()
        return [(event.type, event.actor_id) for event in found]


PAUSES = ("provisioning.paused", "provisioning.resumed")


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


def test_nothing_is_tried_before_it_is_time_and_then_one_file(world: World, upload: Callable[[], File]) -> None:
    oldest, other = upload(), upload()
    tried(world, oldest, FULL)
    assert begun(world, other) is None
    assert sweeps.go_on(world.database, world.queue) == 0
    wait_until_probe(world)
    assert sweeps.go_on(world.database, world.queue) == 1
    assert sweeps.go_on(world.database, world.queue) == 0
    assert f"provision:{oldest.id}:1:2" in enqueued(world)
    assert is_parked(world, other)
    assert begun(world, other) is None
    assert begun(world, oldest) is not None


def test_a_probe_that_is_refused_waits_twice_as_long_for_the_next(world: World, upload: Callable[[], File]) -> None:
    file = upload()
    tried(world, file, FULL)
    for probes in range(1, 9):
        wait_until_probe(world)
        sweeps.go_on(world.database, world.queue)
        tried(world, file, REVOKED if probes == 8 else FULL)
        found = paused(world)
        assert found is not None
        assert (found.probes, found.probe_file_id) == (probes, None)
        longest = min(pause.LAST_PROBE_S, pause.FIRST_PROBE_S * 2**probes)
        assert longest * 0.7 < (found.next_probe_at - now()).total_seconds() <= longest
    assert found.reason == "refused"
    assert seen(world, file).status == "ready"
    assert deeds(world, *PAUSES) == [("provisioning.paused", None)]


def test_the_image_of_a_probe_ends_the_pause_and_every_parked_file_goes_on(
    world: World, upload: Callable[[], File], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pause, "BATCH", 2)
    uploads = [upload() for _ in range(6)]
    tried(world, uploads[0], FULL)
    for file in uploads[1:]:
        assert begun(world, file) is None
    wait_until_probe(world)
    sweeps.go_on(world.database, world.queue)
    tried(world, uploads[0], done(uploads[0]))
    assert paused(world) is None
    assert [is_parked(world, file) for file in uploads[1:]] == [False, False, True, True, True]
    assert sweeps.go_on(world.database, world.queue) == 3
    for file in uploads[1:]:
        tried(world, file, done(file))
    assert deeds(world, *PAUSES) == [("provisioning.paused", None), ("provisioning.resumed", None)]


def test_a_newcomer_is_the_probe_when_one_is_due_and_only_one(world: World, upload: Callable[[], File]) -> None:
    refused = upload()
    tried(world, refused, FULL)
    wait_until_probe(world)
    newcomer, next_one = upload(), upload()
    assert begun(world, newcomer) is not None
    assert begun(world, next_one) is None
    assert sweeps.go_on(world.database, world.queue) == 0
    assert settled(world, newcomer, done(newcomer))
    assert paused(world) is None
    tried(world, next_one, done(next_one))


def test_a_probe_that_fails_for_its_own_sake_lets_another_file_try_at_once(
    world: World, upload: Callable[[], File]
) -> None:
    broken, good = upload(), upload()
    tried(world, broken, FULL)
    assert begun(world, good) is None
    wait_until_probe(world)
    sweeps.go_on(world.database, world.queue)
    tried(world, broken, DAMAGED)
    assert seen(world, broken).status == "error"
    assert paused(world) is not None
    assert sweeps.go_on(world.database, world.queue) == 1
    tried(world, good, done(good))
    assert paused(world) is None


def test_a_probe_without_answer_is_repeated_by_its_file_alone(world: World, upload: Callable[[], File]) -> None:
    file, other = upload(), upload()
    tried(world, file, FULL)
    assert begun(world, other) is None
    wait_until_probe(world)
    sweeps.go_on(world.database, world.queue)
    tried(world, file, NO_ANSWER)
    assert begun(world, other) is None
    tried(world, file, done(file))
    assert paused(world) is None


def test_a_probe_that_went_to_the_trash_holds_up_the_others_for_a_while_only(
    world: World, owner: User, upload: Callable[[], File]
) -> None:
    gone, other = upload(), upload()
    tried(world, gone, FULL)
    assert begun(world, other) is None
    wait_until_probe(world)
    sweeps.go_on(world.database, world.queue)
    with world.database.write() as session:
        files.trash(session, world.queue, viewer_of(owner), gone.id)
    assert sweeps.go_on(world.database, world.queue) == 0
    wait_until_probe(world)
    assert sweeps.go_on(world.database, world.queue) == 1
    tried(world, other, done(other))
    assert paused(world) is None


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


def test_a_parked_file_can_go_to_the_trash_and_come_back(world: World, owner: User, upload: Callable[[], File]) -> None:
    file = upload()
    tried(world, file, FULL)
    with world.database.write() as session:
        files.trash(session, world.queue, viewer_of(owner), file.id)
    with world.database.write() as session:
        assert pause.release(session, world.queue) == 0
        files.restore(session, world.queue, viewer_of(owner), file.id)
    assert begun(world, file) is None
    with world.database.write() as session:
        assert pause.resume(session, world.queue, actor_id=owner.id)
    tried(world, file, done(file))
    assert deeds(world, *PAUSES) == [("provisioning.paused", None), ("provisioning.resumed", owner.id)]


def test_many_who_are_refused_at_once_make_one_pause_and_park_all(world: World, upload: Callable[[], File]) -> None:
    uploads = [upload() for _ in range(8)]
    for file in uploads:
        assert begun(world, file) is not None
    together(lambda file: settled(world, file, FULL), uploads)
    assert all(is_parked(world, file) for file in uploads)
    assert deeds(world, *PAUSES) == [("provisioning.paused", None)]


def test_of_many_who_could_be_the_probe_one_is(world: World, upload: Callable[[], File]) -> None:
    uploads = [upload() for _ in range(8)]
    tried(world, uploads[0], FULL)
    wait_until_probe(world)
    works = together(lambda file: begun(world, file), uploads[1:])
    assert sum(work is not None for work in works) == 1


def test_of_many_who_end_the_pause_one_does_and_every_file_is_released_once(
    world: World, upload: Callable[[], File]
) -> None:
    uploads = [upload() for _ in range(20)]
    tried(world, uploads[0], FULL)
    for file in uploads[1:]:
        assert begun(world, file) is None

    def resume(_: int) -> bool:
        with world.database.write() as session:
            return pause.resume(session, world.queue, actor_id=None)

    assert sorted(together(resume, range(6))) == [False] * 5 + [True]
    together(lambda _: sweeps.go_on(world.database, world.queue), range(4))
    assert [(f.attempt, f.spared) for f in (seen(world, file) for file in uploads)] == [(2, 1)] * 20


def together(act, things):  # type: ignore[no-untyped-def]
    """What `act` answers for each of `things`, all at the same time."""
    gate, answers = threading.Barrier(len(things)), {}

    def run(place, thing):  # type: ignore[no-untyped-def]
        gate.wait()
        answers[place] = act(thing)

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(things)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [answers[place] for place in range(len(things))]


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


def test_the_account_hash_is_kept_with_the_image_that_told_it(world: World, upload: Callable[[], File]) -> None:
    known = Recollection(world.database, ACCOUNT_HASH, clock=iter(range(0, 10_000, 100)).__next__)
    assert known() is None
    for account_hash in ("hash", "hash", "another"):
        file = upload()
        tried(world, file, done(file, account_hash=account_hash))
        assert known() == account_hash
    with world.database.read() as session:
        assert len(session.exec(select(LearntFact)).all()) == 1
        assert len(session.exec(select(Image)).all()) == 3


def test_a_fact_is_asked_for_again_after_a_while_only(world: World, owner: User) -> None:
    ticks = [0.0]
    known = Recollection(world.database, ACCOUNT_HASH, clock=lambda: ticks[0])

    def learn(value: str) -> None:
        with world.database.write() as session:
            learnt.learn(session, ACCOUNT_HASH, value)

    assert known() is None
    learn("a")
    assert known() is None
    ticks[0] += 1
    assert known() == "a"
    learn("b")
    assert known() == "a"
    ticks[0] += 60
    assert known() == "b"
