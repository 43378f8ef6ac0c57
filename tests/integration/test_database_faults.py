"""A database that is busy, or that can only be read: uploads wait or are told to come again, and nothing is lost."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, text

from images_app.database import Database
from tests.integration.gallery import Gallery, problem
from tests.integration.uploading import kept, upload
from tests.support.postgres import Postgres

BUSY_S = 5.0
"""How long somebody else holds the lock."""


@contextmanager
def held(database: Database) -> Iterator[None]:
    """Somebody else has the lock that every upload needs."""
    with database.write() as session:
        is_sqlite = database.engine.dialect.name == "sqlite"  # whose writers are one at a time from their beginning on
        session.execute(text("SELECT 1" if is_sqlite else "LOCK TABLE file IN EXCLUSIVE MODE"))
        yield


def test_an_upload_waits_for_a_database_that_is_busy_for_seconds(gallery: Gallery) -> None:
    other = Database(gallery.api.world.settings.database_url)
    try:
        with ThreadPoolExecutor(1) as threads:
            with held(other):
                answer = threads.submit(upload, gallery)
                time.sleep(BUSY_S)
                assert not answer.done()
            assert answer.result().status_code == 201
    finally:
        other.close()


@contextmanager
def reading_only(database: Database, postgres: Callable[[], Postgres]) -> Iterator[None]:
    """Nothing can be written meanwhile, over connections that are there and over new ones."""
    if database.engine.dialect.name == "postgresql":
        with postgres().failed_over():
            yield
        return

    def switch(wanted: str) -> Callable[[Any, Any, Any], None]:
        return lambda connection, _record, _proxy: connection.execute(f"PRAGMA query_only = {wanted}")

    off, on = switch("ON"), switch("OFF")
    event.listen(database.engine, "checkout", off)
    yield
    event.remove(database.engine, "checkout", off)
    event.listen(database.engine, "checkout", on)


def test_a_database_that_can_only_be_read_is_read_and_takes_uploads_again_later(
    gallery: Gallery, request: pytest.FixtureRequest
) -> None:
    first = upload(gallery).json()
    before = kept(gallery)
    with reading_only(gallery.api.world.database, lambda: request.getfixturevalue("postgres")):
        answer = upload(gallery)
        assert problem(answer) == (503, "database_unavailable")
        assert answer.headers["retry-after"] == "5"
        assert kept(gallery) == before
        assert gallery.client.get("/api/files").json()["data"] == [first]
    assert upload(gallery).status_code == 201
