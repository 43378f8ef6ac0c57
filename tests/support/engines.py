"""What a world is built on: the engines of the embedded default, or those of production as real servers."""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from dbos import DBOS

from images_app import migrations
from tests.support import seaweed
from tests.support.postgres import Postgres
from tests.support.redis import Redis


class Engines(Protocol):
    """A place for the data of many worlds, one after another and side by side."""

    name: str

    def place(self, folder: Path) -> AbstractContextManager[dict[str, object]]:
        """The settings of a world with tables and nobody in it, whose data directory is `folder`; it is there, and
        what lies outside of it goes with this block."""


class Embedded:
    """SQLite and objects on disk, both in the data directory."""

    name = "embedded"

    def __init__(self, folder: Path) -> None:
        self._migrated = folder / "aeontel.db"
        migrations.upgrade(f"sqlite:///{self._migrated}")

    @contextmanager
    def place(self, folder: Path) -> Iterator[dict[str, object]]:
        folder.mkdir(parents=True)
        shutil.copy(self._migrated, folder / self._migrated.name)
        yield {"data_dir": folder}


class Production:
    """PostgreSQL, objects in a bucket, and Redis."""

    name = "production"

    def __init__(self, postgres: Postgres, redis: Redis) -> None:
        self.postgres = postgres
        self.redis = redis
        self._migrated = postgres.create()
        url = postgres.url(self._migrated)
        migrations.upgrade(url)
        DBOS.migrate(url)

    @contextmanager
    def place(self, folder: Path) -> Iterator[dict[str, object]]:
        folder.mkdir(parents=True)
        with (
            self.postgres.database(self._migrated) as url,
            seaweed.shared().settings() as bucket,
            self.redis.database() as redis,
        ):
            # Of all servers of this place: what one signs, another checks.
            keys = {"secret_key": secrets.token_hex(32)}
            yield {"data_dir": folder, "database_url": url, "redis_url": redis, **keys, **bucket}
