"""The server's keys: files of its own, or one secret for several servers, which notice when theirs differ."""

from dataclasses import asdict
from pathlib import Path

import pytest

from images_app import keys
from images_app.bootstrap import World
from images_app.errors import SettingsError
from tests.support.postgres import Postgres
from tests.support.server import RunningServer

SECRET = "correct horse battery staple, and a few more"


def test_keys_are_made_once_and_kept_for_their_owner_only(tmp_path: Path) -> None:
    made = keys.load(tmp_path / "keys", "")
    assert keys.load(tmp_path / "keys", "") == made
    assert keys.load(tmp_path / "others", "") != made
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "keys").iterdir()} == {0o600}


def test_one_secret_makes_the_same_keys_everywhere_and_no_file(tmp_path: Path) -> None:
    here, there = keys.load(tmp_path / "a", SECRET), keys.load(tmp_path / "b", SECRET)
    assert here == there
    assert keys.load(tmp_path / "a", SECRET + ".") != here
    assert len(set(asdict(here).values())) == len(asdict(here))
    assert not any(SECRET in key for key in asdict(here).values())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.production
def test_a_server_with_other_keys_is_refused_until_they_are_adopted(world: World, tmp_path: Path) -> None:
    shared, other = keys.load(tmp_path, SECRET), keys.load(tmp_path / "keys", "")
    keys.require_shared(world.database, shared)
    keys.require_shared(world.database, shared)
    with pytest.raises(SettingsError, match="IMAGES_SECRET_KEY"):
        keys.require_shared(world.database, other)
    keys.adopt(world.database, other)
    keys.require_shared(world.database, other)
    with pytest.raises(SettingsError):
        keys.require_shared(world.database, shared)


@pytest.mark.embedded
def test_lost_keys_lock_nobody_out_of_a_database_of_one_server(world: World, tmp_path: Path) -> None:
    keys.require_shared(world.database, keys.load(tmp_path / "first", ""))
    keys.require_shared(world.database, keys.load(tmp_path / "second", ""))


def test_the_command_says_it_in_one_line(postgres: Postgres, tmp_path: Path) -> None:
    with postgres.database() as url:
        first = RunningServer(tmp_path / "a", database_url=url, secret_key=SECRET)
        assert first.aeontel("keys", "adopt").returncode == 0
        refused = RunningServer(tmp_path / "b", database_url=url).aeontel("serve", "--headless")
        assert refused.returncode == 1
        assert refused.stderr.startswith("This server's keys are not those of the other servers")
        assert refused.stderr.count("\n") == 1


def test_a_secret_that_can_be_guessed_is_refused_and_not_repeated(tmp_path: Path) -> None:
    refused = RunningServer(tmp_path, secret_key="too-short-to-keep").aeontel("keys", "adopt")
    assert (refused.returncode, "IMAGES_SECRET_KEY" in refused.stderr) == (1, True)
    assert "too-short-to-keep" not in refused.stderr + refused.stdout


def test_the_password_of_an_address_that_cannot_work_is_not_repeated(tmp_path: Path) -> None:
    refused = RunningServer(tmp_path, database_url="mysql://ada:hunter2@host/images").aeontel("keys", "adopt")
    assert (refused.returncode, "IMAGES_DATABASE_URL" in refused.stderr) == (1, True)
    assert "hunter2" not in refused.stderr + refused.stdout


def test_a_database_that_is_away_is_named_in_one_line(postgres: Postgres, tmp_path: Path) -> None:
    url = postgres.url("there_is_none")
    refused = RunningServer(tmp_path, database_url=url).aeontel("migrate")
    assert refused.returncode == 1
    assert "there_is_none" in refused.stderr
    assert "Traceback" not in refused.stderr
