"""What SQLite's planner makes of every list: it seeks an index at any depth, and sorts and counts nothing."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from sqlmodel import Session, SQLModel

from images_app.core.paging import Window
from images_app.database import Database
from tests.support.readings import READINGS, VIEWERS, furnish, statements

CASES = [(name, who) for name, reading in READINGS.items() for who in reading.viewers]
_SCAN = re.compile(r"SCAN (?!CONSTANT|\()")
"""Of a table; not of a constant, nor of what another step has found."""


BOUNDED = ("tokens", "events of a file", "events of a file and types", "history of a file")
"""What one person or one file has, a thousand rows at most: these are counted."""


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('plans') / 'test.db'}")
    SQLModel.metadata.create_all(database.engine)
    with database.write() as session:
        furnish(session)
    yield database
    database.close()


def plan(session: Session, statement: str, given: Any) -> list[str]:
    """The steps that SQLite would take."""
    return [row[3] for row in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)]


@pytest.mark.parametrize(("name", "who"), CASES)
@pytest.mark.parametrize("direction", ["first", "after", "before"])
def test_every_list_seeks_an_index_at_any_depth(database: Database, name: str, who: str, direction: str) -> None:
    reading = READINGS[name]
    with database.read() as session:
        read = reading.begin(session, VIEWERS[who])
        first = read(Window(2))
        assert first.items
        window = Window(2) if direction == "first" else Window(2, **{direction: first.end_cursor})
        with statements(database.engine) as sent:
            read(window)
        plans = [(statement, plan(session, statement, given)) for statement, given in sent]
    assert plans
    for statement, steps in plans:
        assert not any("TEMP B-TREE" in step for step in steps), (statement, steps)
        # The first page of everything has no place to seek to: it is a walk along an index that LIMIT ends.
        is_walk = direction == "first" and who == "admin" and "LIMIT" in statement
        assert is_walk or not any(_SCAN.search(step) for step in steps), (statement, steps)


@pytest.mark.parametrize(("name", "who"), CASES)
def test_the_total_is_exact_and_counts_nothing_without_a_bound(database: Database, name: str, who: str) -> None:
    with database.read() as session:
        read = READINGS[name].begin(session, VIEWERS[who])
        with statements(database.engine) as sent:
            page = read(Window())
        counted = [statement for statement, _ in sent if "count(" in statement.lower()]
        assert not counted or name in BOUNDED, counted
        total, items = page.total, len(page.items)
        while page.has_next:
            page = read(Window(after=page.end_cursor))
            items += len(page.items)
    assert total == items
