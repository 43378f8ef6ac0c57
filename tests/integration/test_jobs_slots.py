"""Who is who among the processes that work."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from images_app.jobs import slots
from images_app.jobs.slots import DatabaseSlot, Slot, SlotLost
from tests.support.postgres import Postgres

NEVER = threading.Event()


class Takers:
    """Processes as far as slots go: each has a connection of its own."""

    def __init__(self, url: str, opened: ExitStack) -> None:
        self.url = url
        self._opened = opened

    def take(self) -> DatabaseSlot:
        slot = slots.take(self.url, Path("unused"), NEVER)
        assert isinstance(slot, DatabaseSlot)
        self._opened.callback(slot.release)
        return slot

    def cut(self) -> None:
        """End every connection that holds a slot, as a restart of the database or a broken network does."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE application_name = 'aeontel slot' AND datname = current_database()"
            )


@pytest.fixture
def takers(postgres: Postgres) -> Iterator[Takers]:
    with postgres.database() as url, ExitStack() as opened:
        yield Takers(url, opened)


def holds(slot: Slot, for_s: float = 2.5) -> bool:
    """Whether it is still held after so long, in which the database was asked a few times."""
    stopping = threading.Event()
    timer = threading.Timer(for_s, stopping.set)
    timer.start()
    try:
        slot.hold(stopping)
    except SlotLost:
        return False
    finally:
        timer.cancel()
    return True


def test_each_takes_the_lowest_free_slot(takers: Takers) -> None:
    first, second, third = takers.take(), takers.take(), takers.take()
    assert [first.number, second.number, third.number] == [1, 2, 3]
    second.release()
    assert takers.take().number == 2
    assert takers.take().number == 4


def test_the_slot_of_the_living_is_not_lent(takers: Takers) -> None:
    first, second = takers.take(), takers.take()
    for slot in (first, second):
        for number in (1, 2):
            with slot.borrow(number) as is_dead:
                assert not is_dead


def test_the_slot_of_the_dead_is_lent_to_one_at_a_time_and_comes_back(takers: Takers) -> None:
    first, second, third = takers.take(), takers.take(), takers.take()
    third.release()
    with first.borrow(3) as is_dead:
        assert is_dead
        with second.borrow(3) as is_dead_too:
            assert not is_dead_too
        assert takers.take().number == 4, "nobody begins under a name whose work is being taken over"
    assert takers.take().number == 3


def test_one_leads_until_it_ends(takers: Takers) -> None:
    first, second = takers.take(), takers.take()
    assert first.leads()
    assert not second.leads()
    assert first.leads()
    first.release()
    assert second.leads()


def test_a_lost_connection_is_noticed_and_the_slot_is_free_again(takers: Takers) -> None:
    slot = takers.take()
    assert holds(slot)
    takers.cut()
    assert not holds(slot, for_s=60)
    assert takers.take().number == 1


def test_whoever_lost_the_slot_while_borrowing_says_so(takers: Takers) -> None:
    slot = takers.take()
    borrowing = slot.borrow(7)
    assert borrowing.__enter__()
    takers.cut()
    with pytest.raises(SlotLost):
        borrowing.__exit__(None, None, None)
    with pytest.raises(SlotLost):
        slot.leads()
    assert not holds(slot, for_s=60)


def test_whoever_is_frozen_loses_the_slot(takers: Takers) -> None:
    frozen = DatabaseSlot.take(takers.url, silence_s=1)
    assert frozen.number == 1
    while (other := takers.take()).number != 1:
        other.release()  # or a fast machine would have as many connections as the database takes
    with pytest.raises(SlotLost):
        frozen.leads()


def test_with_sqlite_one_works_and_the_next_waits(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/aeontel.db"
    slot = slots.take(url, tmp_path, NEVER)
    assert slot is not None
    assert slot.number == 1
    assert slot.leads()
    stopping = threading.Event()
    stopping.set()
    assert slots.take(url, tmp_path, stopping) is None
    taken: list[Slot | None] = []
    waiter = threading.Thread(target=lambda: taken.append(slots.take(url, tmp_path, threading.Event())))
    waiter.start()
    slot.release()
    waiter.join(30)
    assert taken[0] is not None
    taken[0].release()


@pytest.mark.parametrize("name", ["", "local", "server", "server-0", "server-01", "server-1x", "server-10000", None])
def test_a_name_that_is_no_slot_has_no_number(name: str | None) -> None:
    assert slots.number_of(name) is None


def test_names_and_numbers_belong_together() -> None:
    assert [slots.number_of(slots.name_of(number)) for number in (1, 2, 999)] == [1, 2, 999]
