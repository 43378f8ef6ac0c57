"""The pause when many attempts, or many who end it, come at the same moment."""

import threading
from collections.abc import Callable

import pytest

from images_app.bootstrap import World
from images_app.core import pause
from images_app.jobs import sweeps
from images_app.models import File
from tests.integration.pausing import (
    FULL,
    PAUSES,
    begun,
    deeds,
    is_parked,
    seen,
    settled,
    tried,
    uploader,
    wait_until_probe,
)


@pytest.fixture
def upload(world: World) -> Callable[[], File]:
    return uploader(world)


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
