"""A PostgreSQL that is restarted, crashes and is away for a while, under an API that goes on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import made_world, served_api
from tests.integration.gallery import Gallery, problem
from tests.support.engines import Production
from tests.support.postgres import Postgres, binaries
from tests.support.redis import Redis


@pytest.fixture
def own() -> Iterator[Postgres]:
    """A PostgreSQL that nobody else uses."""
    found = binaries()
    if found is None:
        pytest.skip("PostgreSQL is not on this machine: neither in /usr/lib/postgresql nor on the PATH.")
    with Postgres(found) as running:
        yield running


@pytest.fixture
def gallery(own: Postgres, lasting_redis: Redis, tmp_path: Path) -> Iterator[Gallery]:
    with made_world(tmp_path, Production(own, lasting_redis)) as world, served_api(world) as api:
        yield Gallery.of(api)


def upload(gallery: Gallery, key: str) -> int:
    return gallery.client.post(
        "/api/files",
        data={"workspaceId": gallery.workspace.id},
        files={"file": ("notes.txt", b"some bytes", "text/plain")},
        headers={"Idempotency-Key": key},
    ).status_code


def total(gallery: Gallery) -> int:
    answer = gallery.client.get("/api/files")
    assert answer.status_code == 200, answer.text
    return int(answer.json()["pageInfo"]["total"])


@pytest.mark.parametrize("crashes", [False, True], ids=["restarted", "crashed"])
def test_nobody_notices_a_database_that_is_back_already(own: Postgres, gallery: Gallery, crashes: bool) -> None:
    assert upload(gallery, "a") == 201
    assert total(gallery) == 1
    own.kill() if crashes else own.stop()
    own.start()
    assert total(gallery) == 1
    assert (upload(gallery, "a"), upload(gallery, "b")) == (200, 201)
    assert total(gallery) == 2


def test_while_the_database_is_away_everybody_is_told_to_come_back(own: Postgres, gallery: Gallery) -> None:
    own.stop()
    for answer in (gallery.client.get("/api/files"), gallery.client.get("/api/events")):
        assert problem(answer) == (503, "database_unavailable")
        assert answer.headers["retry-after"] == "5"
        assert "127.0.0.1" not in answer.text
    assert gallery.client.get("/api/health/live").status_code == 200
    assert upload(gallery, "a") == 503
    own.start()
    assert upload(gallery, "a") == 201
    assert total(gallery) == 1
