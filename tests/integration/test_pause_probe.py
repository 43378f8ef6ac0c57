"""While provisioning is paused one file is tried now and then: when, which one, and what its fate says."""

from collections.abc import Callable

import pytest

from images_app.bootstrap import World
from images_app.core import files, pause
from images_app.jobs import sweeps
from images_app.models import File, now
from tests.integration.pausing import (
    DAMAGED,
    FULL,
    NO_ANSWER,
    PAUSES,
    REVOKED,
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


@pytest.fixture
def upload(world: World) -> Callable[[], File]:
    return uploader(world)


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
    world: World, upload: Callable[[], File]
) -> None:
    gone, other = upload(), upload()
    tried(world, gone, FULL)
    assert begun(world, other) is None
    wait_until_probe(world)
    sweeps.go_on(world.database, world.queue)
    with world.database.write() as session:
        files.trash(session, world.queue, owner_of(world, gone), gone.id)
    assert sweeps.go_on(world.database, world.queue) == 0
    wait_until_probe(world)
    assert sweeps.go_on(world.database, world.queue) == 1
    tried(world, other, done(other))
    assert paused(world) is None
