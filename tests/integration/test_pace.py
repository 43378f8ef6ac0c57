"""Calls to Cloudflare at a steady pace over all who share the database."""

from concurrent.futures import ThreadPoolExecutor

from sqlmodel import col, update

from images_app.bootstrap import World
from images_app.core.pace import Pace
from images_app.models import Turn

STEP_S = 1000.0
"""So long that the time which the test itself takes is nothing beside it."""


def test_everybody_who_asks_gets_a_turn_of_his_own_one_step_after_the_other(world: World) -> None:
    def asker(_: int) -> list[float]:
        pace = Pace(world.database, 1 / STEP_S)
        return [pace.take() for _ in range(10)]

    with ThreadPoolExecutor(4) as askers:
        waits = sorted(wait for taken in askers.map(asker, range(4)) for wait in taken)
    assert [round(wait / STEP_S) for wait in waits] == list(range(40))


def test_time_in_which_nobody_called_is_not_made_up_for(world: World) -> None:
    pace = Pace(world.database, 1 / STEP_S)
    pace.take()
    with world.database.write() as session:
        session.exec(update(Turn).values(next_at=col(Turn.next_at) - 10 * STEP_S))
    assert [round(pace.take() / STEP_S) for _ in range(3)] == [0, 1, 2]


def test_a_turn_that_has_come_is_not_waited_for(world: World) -> None:
    Pace(world.database, 1000.0).wait()
    Pace(world.database, 1 / STEP_S).wait()
