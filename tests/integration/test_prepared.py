"""Statements that are handed to the driver: what they find, tell and fail with is what SQLAlchemy's own way would."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta

import pytest
from sqlalchemy import Column, MetaData, String, Table, bindparam, select, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from images_app import migrations
from images_app.core import sessions, tokens
from images_app.database import Database
from images_app.errors import DatabaseUnavailable
from images_app.models import Event, File, Image, Token, User, now, table
from images_app.models import Session as SignIn
from images_app.prepared import Prepared
from tests.support.readings import VIEWERS, furnish, statements

TABLES = [table(model) for model in (File, Image, Event, Token, SignIn, User)]
USERS = Prepared(select(table(User).c.id))
BY_EMAIL = Prepared(select(table(User).c.id).where(table(User).c.email == bindparam("email")))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with ExitStack() as opened:
        url = f"sqlite:///{tmp_path_factory.mktemp('prepared') / 'test.db'}"
        if request.param == "postgresql":
            url = opened.enter_context(request.getfixturevalue("postgres").database())
        migrations.upgrade(url)
        database = Database(url)
        opened.callback(database.close)
        with database.write() as session:
            furnish(session)
            _fill(session)
        yield database


def _fill(session: Session) -> None:
    """Values of every type; of most columns there are nulls, too."""
    user = session.get_one(User, VIEWERS["one"].user_id)
    tokens.create(session, user, name="a", scopes=["read"], expires_at=now() + timedelta(days=1))
    sessions.open(session, user)
    image = session.scalars(select(Image)).first()
    assert image is not None
    image.exif, image.taken_at, image.is_private = {"Make": "Ü", "FNumber": 2.8}, now(), True


@pytest.mark.parametrize("of", TABLES, ids=lambda of: of.name)
def test_it_finds_the_values_that_sqlalchemy_finds(database: Database, of: Table) -> None:
    query = select(*of.columns).order_by(*of.primary_key)
    with database.read() as session:
        expected = [tuple(row) for row in session.execute(query)]
        assert expected
        assert Prepared(query).all(session, {}) == expected
        assert Prepared(query).first(session, {}) == expected[0]


def test_a_parameter_is_given_as_its_column_keeps_it(database: Database) -> None:
    expires_at = table(SignIn).c.expires_at
    until = select(expires_at).where(expires_at <= bindparam("at")).order_by(expires_at)
    with database.read() as session:
        at = session.scalars(select(expires_at).order_by(expires_at)).first()
        assert at is not None
        assert Prepared(until).first(session, {"at": at}) == (at,)
        assert Prepared(until).first(session, {"at": at - timedelta(milliseconds=1)}) is None


def test_it_sees_what_its_own_transaction_has_written(database: Database) -> None:
    with database.write() as session:
        session.add(User(email="new@example.com"))
        session.flush()
        assert BY_EMAIL.first(session, {"email": "new@example.com"})
        session.rollback()
    with database.read() as session:
        assert BY_EMAIL.first(session, {"email": "new@example.com"}) is None


def test_whoever_listens_to_the_engine_hears_it(database: Database) -> None:
    with database.read() as session, statements(database.engine) as heard:
        BY_EMAIL.all(session, {"email": "nobody@example.com"})
    assert any("email" in sql and "nobody@example.com" in str(given) for sql, given in heard)


def test_a_fault_is_told_as_sqlalchemy_tells_it(database: Database) -> None:
    nowhere = Table("nowhere", MetaData(), Column("id", String))
    with database.read() as session, pytest.raises(DBAPIError, match="nowhere") as told:
        Prepared(select(nowhere)).all(session, {})
    with database.read() as session, pytest.raises(type(told.value), match="nowhere"):
        session.execute(select(nowhere))
    with database.read() as session:
        assert USERS.all(session, {})


def test_a_connection_that_is_cut_is_told_and_not_used_again(database: Database) -> None:
    if database.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no connection that somebody could cut.")
    with pytest.raises(DatabaseUnavailable):
        _ask_over_a_cut_connection(database)
    with database.read() as session:
        assert USERS.all(session, {})


def _ask_over_a_cut_connection(database: Database) -> None:
    with database.read() as session:
        own = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with database.write() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": own})
        USERS.all(session, {})
