"""Facts that are learnt once and kept; the account hash is one of each account."""

from collections.abc import Callable

import pytest
from sqlmodel import select

from images_app.bootstrap import World
from images_app.core import learnt
from images_app.core.learnt import Recollection, account_hash_of
from images_app.models import File, Image, LearntFact
from tests.integration.pausing import done, tried, uploader

HERE, THERE = "https://api.cloudflare.example/accounts/1/images", "http://127.0.0.1/accounts/1/images"


@pytest.fixture
def upload(world: World) -> Callable[[], File]:
    return uploader(world)


def test_the_account_hash_is_kept_with_the_image_that_told_it(world: World, upload: Callable[[], File]) -> None:
    known = Recollection(world.database, account_hash_of(HERE), clock=iter(range(0, 10_000, 100)).__next__)
    assert known() is None
    for account_hash in ("hash", "hash", "another"):
        file = upload()
        tried(world, file, done(file, account=HERE, account_hash=account_hash))
        assert known() == account_hash
    with world.database.read() as session:
        assert len(session.exec(select(LearntFact)).all()) == 1
        assert len(session.exec(select(Image)).all()) == 3


def test_what_one_account_is_called_says_nothing_about_another(world: World, upload: Callable[[], File]) -> None:
    for account, account_hash in ((HERE, "here"), (THERE, "there")):
        known = Recollection(world.database, account_hash_of(account))
        assert known() is None
        file = upload()
        tried(world, file, done(file, account=account, account_hash=account_hash))
    with world.database.read() as session:
        assert [learnt.known(session, account_hash_of(each)) for each in (HERE, THERE)] == ["here", "there"]


def test_a_fact_is_asked_for_again_after_a_while_only(world: World) -> None:
    ticks = [0.0]
    known = Recollection(world.database, "fact", clock=lambda: ticks[0])

    def learn(value: str) -> None:
        with world.database.write() as session:
            learnt.learn(session, "fact", value)

    assert known() is None
    learn("a")
    assert known() is None
    ticks[0] += 1
    assert known() == "a"
    learn("b")
    assert known() == "a"
    ticks[0] += 60
    assert known() == "b"
