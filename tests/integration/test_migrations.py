"""Migrations on the real engines."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlmodel import SQLModel, select

from alembic import command
from images_app import migrations
from images_app.database import Database, make_engine
from images_app.models import BIG, ID, UtcDateTime, Workspace
from tests.support.postgres import Postgres

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/a.db"
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    with postgres.database() as made:
        yield made


def config(url: str) -> Config:
    own = Config(ROOT / "alembic.ini")
    own.attributes["url"] = url
    return own


def test_a_migrated_database_has_exactly_the_tables_of_the_models(url: str) -> None:
    migrations.upgrade(url)
    command.check(config(url))  # raises when autogenerate would change anything


def test_the_newest_migration_is_the_one_that_a_start_looks_for() -> None:
    assert ScriptDirectory.from_config(config("")).get_current_head() == migrations.NEWEST


def test_migrating_twice_changes_nothing_and_keeps_rows(url: str) -> None:
    migrations.upgrade(url)
    database = Database(url)
    with database.write() as session:
        session.add(Workspace(name="Photos", bucket="photos"))
    migrations.upgrade(url)
    with database.read() as session:
        assert session.exec(select(Workspace.name)).all() == ["Photos"]
    database.close()


def test_tables_of_the_durable_engine_are_left_alone(url: str) -> None:
    migrations.upgrade(url)
    engine = make_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE workflow_status (id VARCHAR)"))
    engine.dispose()
    command.check(config(url))


def test_going_down_and_up_again_works(url: str) -> None:
    migrations.upgrade(url)
    command.downgrade(config(url), "base")
    migrations.upgrade(url)
    command.check(config(url))


def test_many_servers_that_start_at_once_migrate_once(url: str) -> None:
    migrate = "import sys; from images_app import migrations; migrations.upgrade(sys.argv[1])"
    servers = [subprocess.Popen([sys.executable, "-c", migrate, url], cwd=ROOT) for _ in range(4)]
    assert [server.wait(120) for server in servers] == [0] * 4
    command.check(config(url))


def test_times_numbers_and_ids_have_the_types_that_postgresql_needs(postgres: Postgres) -> None:
    with postgres.database() as url:
        migrations.upgrade(url)
        engine = make_engine(url)
        found: dict[str, Any] = {
            f"{table}.{column['name']}": column["type"]
            for table in inspect(engine).get_table_names()
            for column in inspect(engine).get_columns(table)
        }
        engine.dispose()
    columns = [(str(column), column.type) for table in SQLModel.metadata.tables.values() for column in table.columns]
    times = [name for name, kind in columns if isinstance(kind, UtcDateTime)]
    assert times
    assert [name for name in times if not found[name].timezone] == []
    ids = [name for name, kind in columns if kind is ID]
    assert ids
    assert [name for name in ids if found[name].collation != "C"] == []
    numbers = [name for name, kind in columns if kind is BIG]
    assert {"event.seq", "file.size", "counter.n"} <= set(numbers)
    assert [name for name in numbers if str(found[name]) != "BIGINT"] == []
