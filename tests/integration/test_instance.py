"""A database and an object store that do not belong together are noticed before a server takes uploads."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from images_app.bootstrap import World
from images_app.core import instance, learnt
from images_app.errors import SettingsError
from tests.integration.conftest import made_world
from tests.support.engines import Engines
from tests.support.server import RunningServer


@pytest.fixture
def other(tmp_path: Path, engines: Engines) -> Iterator[World]:
    """A second world that has been used."""
    with made_world(tmp_path / "other", engines) as world:
        instance.require_same(world.database, world.objects)
        yield world


def test_the_first_start_marks_both_and_the_next_ones_find_it(world: World) -> None:
    assert instance.known(world.database) is None
    for _ in range(2):
        instance.require_same(world.database, world.objects)
    with world.objects.open(instance.MARKER) as marker:
        assert marker.read().decode() == instance.known(world.database)


def test_many_first_starts_at_once_agree(world: World) -> None:
    with ThreadPoolExecutor(4) as pool:
        starts = [pool.submit(instance.require_same, world.database, world.objects) for _ in range(4)]
        assert [start.result() for start in starts] == [None] * 4


def test_a_first_start_that_was_killed_half_way_is_gone_on_with(world: World) -> None:
    with world.database.write() as session:
        learnt.learn(session, "instance", "an id that the store does not have yet")
    instance.require_same(world.database, world.objects)
    world.objects.delete(instance.MARKER)
    with pytest.raises(SettingsError):
        instance.require_same(world.database, world.objects)


def test_an_empty_store_and_one_of_another_database_are_refused_until_adopted(world: World, other: World) -> None:
    with pytest.raises(SettingsError, match="this one is new") as refused:
        instance.require_same(world.database, other.objects)
    assert instance.known(world.database) is None  # only looked
    instance.require_same(world.database, world.objects)
    with pytest.raises(SettingsError, match="another database than this one"):
        instance.require_same(world.database, other.objects)
    world.objects.delete(instance.MARKER)
    with pytest.raises(SettingsError, match="empty or another one") as refused:
        instance.require_same(world.database, world.objects)
    assert "aeontel doctor --adopt-store" in str(refused.value)
    instance.adopt(world.database, other.objects)
    instance.require_same(world.database, other.objects)
    with pytest.raises(SettingsError):
        instance.require_same(other.database, other.objects)


def test_a_server_without_its_objects_does_not_start_and_says_why_in_one_line(tmp_path: Path) -> None:
    server = RunningServer(tmp_path / "data")
    with server:
        pass
    shutil.rmtree(server.data_dir / "objects")
    refused = server.aeontel("serve", "--headless")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "IMAGES_DATA_DIR" in refused.stderr
    assert server.aeontel("doctor", "--no-cloudflare").returncode == 1  # it would delete by what it does not see
    assert server.aeontel("doctor", "--adopt-store").returncode == 0
    with server, server.client() as http:
        assert http.get("/api/me").status_code == 200


def test_data_that_must_be_there_is_not_made_anew(tmp_path: Path) -> None:
    server = RunningServer(tmp_path / "data", require_data="true")
    refused = server.aeontel("serve", "--headless")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "IMAGES_REQUIRE_DATA" in refused.stderr
    assert not server.data_dir.exists()
    server.use(require_data="false")
    with server:
        pass
    server.use(require_data="true")
    with server, server.client() as http:
        assert http.get("/api/me").status_code == 200
