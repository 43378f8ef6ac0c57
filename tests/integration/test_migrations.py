"""Migrations on a real SQLite file."""

import sqlite3
from pathlib import Path

from alembic.config import Config

from alembic import command
from images_app import migrations

ROOT = Path(__file__).resolve().parents[2]


def config(url: str) -> Config:
    own = Config(ROOT / "alembic.ini")
    own.attributes["url"] = url
    return own


def test_a_migrated_database_has_exactly_the_tables_of_the_models(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    migrations.upgrade(url)
    command.check(config(url))  # raises when autogenerate would change anything


def test_migrating_twice_changes_nothing_and_keeps_rows(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    migrations.upgrade(url)
    with sqlite3.connect(tmp_path / "a.db") as connection:
        connection.execute(
            "INSERT INTO workspace (id, name, bucket, created_at)"
            " VALUES ('wsp_1', 'Photos', 'photos', '2026-01-01 00:00:00')"
        )
    migrations.upgrade(url)
    with sqlite3.connect(tmp_path / "a.db") as connection:
        assert connection.execute("SELECT name FROM workspace").fetchall() == [("Photos",)]


def test_tables_of_the_durable_engine_in_the_same_file_are_left_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    migrations.upgrade(url)
    with sqlite3.connect(tmp_path / "a.db") as connection:
        connection.execute("CREATE TABLE workflow_status (id TEXT)")
    command.check(config(url))


def test_going_down_and_up_again_works(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    migrations.upgrade(url)
    command.downgrade(config(url), "base")
    migrations.upgrade(url)
    command.check(config(url))
