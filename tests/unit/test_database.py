"""Reads: one snapshot each, nothing of the one before, and no file left open."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import NoResultFound
from sqlmodel import Session, SQLModel, select

from images_app.database import Database
from images_app.errors import DatabaseUnavailable
from images_app.models import User

READERS = 12


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    SQLModel.metadata.create_all(database.engine)
    yield database
    database.close()


def add(database: Database, email: str) -> None:
    with database.write() as session:
        session.add(User(email=email))


def emails(session: Session) -> list[str]:
    return sorted(user.email for user in session.exec(select(User)))


def open_files(folder: Path) -> list[str]:
    found = (link.resolve() for link in Path("/proc/self/fd").iterdir())
    return [path.name for path in found if folder in path.parents]


def test_a_read_sees_what_was_committed_before_it_and_nothing_after(database: Database) -> None:
    add(database, "one@example.com")
    for _ in range(3):  # each on what the one before has left
        with database.read() as session:
            assert emails(session) == ["one@example.com"]
    with database.read() as session:
        assert emails(session) == ["one@example.com"]
        add(database, "two@example.com")
        assert emails(session) == ["one@example.com"]
    with database.read() as session:
        assert emails(session) == ["one@example.com", "two@example.com"]


def test_a_read_knows_no_object_of_another_one(database: Database) -> None:
    add(database, "one@example.com")
    with database.read() as session:
        before = session.exec(select(User)).one()
    with database.write() as session:
        session.exec(select(User)).one().email = "new@example.com"
    with database.read() as session:
        after = session.exec(select(User)).one()
        assert (before.email, after.email) == ("one@example.com", "new@example.com")
        assert before is not after


def test_a_read_inside_another_has_a_snapshot_of_its_own(database: Database) -> None:
    with database.read() as outer:
        assert emails(outer) == []
        add(database, "one@example.com")
        with database.read() as inner:
            assert emails(inner) == ["one@example.com"]
        assert emails(outer) == []


def test_after_a_read_that_failed_comes_one_that_works(database: Database) -> None:
    add(database, "one@example.com")
    for _ in range(3):
        with pytest.raises(NoResultFound), database.read() as session:
            session.exec(select(User).where(User.email == "nobody@example.com")).one()
        with pytest.raises(Exception, match="no such table"), database.read() as session:
            session.execute(text("SELECT * FROM absent"))
        with database.read() as session:
            assert emails(session) == ["one@example.com"]


def test_readers_side_by_side_do_not_meet(database: Database) -> None:
    add(database, "one@example.com")

    def many(_: int) -> set[int]:
        seen = set()
        for _ in range(20):
            with database.read() as session:
                assert emails(session) == ["one@example.com"]
                seen.add(id(session.exec(select(User)).one()))
        return seen

    with ThreadPoolExecutor(READERS) as threads:
        assert all(threads.map(many, range(READERS)))


def test_closing_leaves_no_file_open_not_even_of_a_read_that_ends_later(database: Database, tmp_path: Path) -> None:
    with database.read() as session:
        assert emails(session) == []
    assert open_files(tmp_path)
    with database.read() as session:
        assert emails(session) == []
        database.close()
        assert emails(session) == []
    assert open_files(tmp_path) == []


def test_what_cannot_be_opened_is_not_available(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'missing' / 'test.db'}")
    with pytest.raises(DatabaseUnavailable), database.read():
        pytest.fail("there is no database")
