"""What PostgreSQL reads for every list, measured: a bounded number of rows at any depth of tables with many.

Its planner chooses by the number of rows and by what ANALYZE found, so there are many, and it ran. The server counts
what it really reads, with a plan made for the values at hand and with the one plan for all that it turns to when a
statement is prepared.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session, SQLModel

from images_app import migrations
from images_app.core.paging import Window
from images_app.database import Database
from tests.support.postgres import Postgres
from tests.support.readings import HOME, READINGS, VIEWERS, furnish

CASES = [(name, who) for name, reading in READINGS.items() for who in reading.viewers]
EACH = 120
"""Copies of every file, image and event."""
PEOPLE = 20_000
MANY = ("file", "image", "event", "user", "membership")
MOST_ROWS = 6_000
"""Of one table: what a page takes, for each of 120 workspaces and two types. Those tables have several times more."""


@pytest.fixture(scope="module")
def database(postgres: Postgres) -> Iterator[Database]:
    with postgres.database() as url:
        migrations.upgrade(url)
        database = Database(url)
        with database.write() as session:
            furnish(session)
        with database.write() as session:
            _multiply(session)
        with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text("ANALYZE"))
        yield database
        database.close()


def _multiply(session: Session) -> None:
    """Copies of what there is, spread evenly among it."""
    near = "left({0}, 14) || substr(md5({0} || n), 1, 16)"
    for change in (f"seq * -{EACH + 1}", "-seq"):
        session.execute(text(f"UPDATE event SET seq = {change}"))  # noqa: S608
    for table, changed in (
        ("file", {"id": near}),
        ("image", {"id": near, "file_id": near, "cf_image_id": "{0} || '-' || n"}),
        ("event", {"id": near, "seq": "{0} + n"}),
    ):
        columns = [column.name for column in SQLModel.metadata.tables[table].columns]
        values = ", ".join(changed.get(column, "{0}").format(column) for column in columns)
        source = f"{table}, generate_series(1, {EACH}) n"
        session.execute(text(f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {source}"))  # noqa: S608
    people = f"SELECT 'usr_00' || substr(md5(n::text), 1, 24) AS id FROM generate_series(1, {PEOPLE}) n"  # noqa: S608
    user = '"user" (id, email, is_admin, created_at) SELECT id, id, false, now()'
    session.execute(text(f"INSERT INTO {user} FROM ({people}) p"))
    member = f"membership (workspace_id, user_id, role, created_at) SELECT '{HOME}', id, 'viewer', now()"
    session.execute(text(f"INSERT INTO {member} FROM ({people}) p"))


def _rows_read(session: Session) -> dict[str, int]:
    """By table, in this transaction so far. Of those with few rows the planner may well read all."""
    query = "SELECT relname, coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables"
    return {table: rows for table, rows in session.execute(text(query)) if table in MANY}


@pytest.mark.parametrize("plans", ["for the values", "for any values"])
@pytest.mark.parametrize(("name", "who"), CASES)
def test_every_list_reads_a_bounded_number_of_rows(database: Database, name: str, who: str, plans: str) -> None:
    reading = READINGS[name]
    with database.read() as session:
        read = reading.begin(session, VIEWERS[who])
        deep = read(Window(20)).end_cursor
        driver: Any = session.connection().connection.driver_connection
        driver.prepare_threshold = None if plans == "for the values" else 0
        mode = "force_custom_plan" if plans == "for the values" else "force_generic_plan"
        session.execute(text(f"SET LOCAL plan_cache_mode = {mode}"))
        for window in (Window(20), Window(20, after=deep), Window(20, before=deep)):
            before = _rows_read(session)
            read(window)
            after = _rows_read(session)
            touched = {table: after[table] - before.get(table, 0) for table in after}
            assert max(touched.values()) <= MOST_ROWS, (window, touched)
