"""What one server commits wakes the others: through the database within a second, through Redis at once."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from images_app.bootstrap import World
from images_app.core import users
from images_app.database import Database
from images_app.wakeups.local import LocalWakeups, Stamp
from images_app.wakeups.redis import RedisWakeups
from tests.support.redis import Redis

WITHIN_S = 30
NEVER_S = 3600.0
"""A look at the database that does not come within a test."""


class Bell:
    """Counts how often it was rung."""

    def __init__(self) -> None:
        self.count = 0
        self._rung = threading.Condition()

    def ring(self) -> None:
        with self._rung:
            self.count += 1
            self._rung.notify_all()

    def wait_for(self, more_than: int) -> None:
        with self._rung:
            assert self._rung.wait_for(lambda: self.count > more_than, WITHIN_S), "nobody rang"


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def another(world: World, opened: ExitStack) -> Callable[[], Database]:
    """The same database as another server has it."""

    def connect() -> Database:
        database = Database(world.settings.database_url)
        opened.callback(database.close)
        return database

    return connect


def commit(database: Database) -> None:
    with database.write() as session:
        users.create(session, f"{time.monotonic_ns()}@example.com", None)


def locally(database: Database, opened: ExitStack, every_s: float) -> LocalWakeups:
    made = LocalWakeups(database, every_s)
    opened.callback(made.close)
    return made


def over(redis: Redis, database: Database, opened: ExitStack, every_s: float = NEVER_S) -> RedisWakeups:
    made = RedisWakeups(database, redis.url, every_s)
    opened.callback(made.close)
    return made


def test_a_commit_of_this_process_rings_before_it_returns(world: World, opened: ExitStack) -> None:
    bell = Bell()
    locally(world.database, opened, NEVER_S).listen(bell.ring)
    commit(world.database)
    assert bell.count == 1


def test_nobody_is_rung_after_leaving(world: World, opened: ExitStack) -> None:
    bell = Bell()
    leave = locally(world.database, opened, NEVER_S).listen(bell.ring)
    leave()
    commit(world.database)
    assert bell.count == 0


def test_commits_of_others_are_seen_in_the_database(
    world: World, another: Callable[[], Database], opened: ExitStack
) -> None:
    bell, other = Bell(), another()
    locally(world.database, opened, 0.02).listen(bell.ring)
    bell.wait_for(0)  # the first look does not know what was before it
    for _ in range(3):
        before = bell.count
        commit(other)
        bell.wait_for(before)


def test_the_look_at_the_database_tells_a_commit_from_quiet(
    world: World, another: Callable[[], Database], opened: ExitStack
) -> None:
    stamp, other = Stamp(world.database.engine), another()
    opened.callback(stamp.close)
    quiet = stamp.read()
    assert stamp.read() == quiet
    with other.read() as session:
        users.find(session, "nobody@example.com")
    assert stamp.read() == quiet
    with other.write() as session:
        users.create(session, "ada@example.com", None)
        session.flush()
        under_way = stamp.read()
    assert stamp.read() not in (quiet, under_way)


def test_a_word_of_another_server_comes_through_redis(
    world: World, another: Callable[[], Database], redis: Redis, opened: ExitStack
) -> None:
    here, there = Bell(), Bell()
    other = another()
    over(redis, world.database, opened).listen(here.ring)
    over(redis, other, opened).listen(there.ring)
    for bell in (here, there):
        bell.wait_for(0)  # each rings once when it has begun to listen
    commit(other)
    here.wait_for(1)
    before = there.count
    commit(world.database)
    there.wait_for(before)


def test_without_redis_commits_go_on_and_the_database_tells(
    world: World, another: Callable[[], Database], redis: Redis, opened: ExitStack
) -> None:
    bell, other = Bell(), another()
    over(redis, world.database, opened, 0.02).listen(bell.ring)
    over(redis, other, opened)
    for lose in (redis.pause, redis.kill):
        lose()
        before = bell.count
        commit(other)  # does not wait for Redis, which would not answer before the end of this test
        bell.wait_for(before)


def test_a_redis_that_comes_back_is_used_again(
    world: World, another: Callable[[], Database], redis: Redis, opened: ExitStack
) -> None:
    bell, other = Bell(), another()
    over(redis, world.database, opened).listen(bell.ring)
    over(redis, other, opened)
    bell.wait_for(0)
    before = bell.count
    redis.restart()
    bell.wait_for(before)  # listens again, and rings for what may have been said meanwhile
    before = bell.count
    until = time.monotonic() + WITHIN_S
    while bell.count == before and time.monotonic() < until:
        commit(other)  # a word that is lost is not said again, so until the other is connected, too
        time.sleep(0.05)
    assert bell.count > before


def test_the_end_does_not_wait_for_a_redis_that_does_not_answer(world: World, redis: Redis) -> None:
    wakeups = RedisWakeups(world.database, redis.url)
    wakeups.listen(Bell().ring)
    commit(world.database)
    redis.pause()
    ended = threading.Thread(target=wakeups.close)
    ended.start()
    ended.join(WITHIN_S)
    assert not ended.is_alive()
