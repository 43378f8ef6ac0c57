"""Several servers as in production: one PostgreSQL, one S3, and one Cloudflare that they reach through a gate."""

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from images_app import bootstrap, migrations
from images_app.bootstrap import World
from images_app.jobs.queue import DurableQueue
from images_app.settings import load
from tests.support.emulator import SIGNING_KEY, RunningEmulator
from tests.support.gate import Gate
from tests.support.pipeline import Pipeline, remote_cloudflare, wait_for
from tests.support.postgres import Postgres
from tests.support.seaweed import Weed
from tests.support.server import RunningServer


@dataclass
class Cluster:
    """The servers in the order of their slots, as long as none is started again."""

    members: list[Pipeline]
    """Each server, and the pipeline as seen through it."""
    gate: Gate
    beside: World
    """The same database and objects, seen from this process."""
    postgres: Postgres
    settings: dict[str, Any] = field(repr=False)

    def workflow(self, file_id: str, run: int = 1, attempt: int = 1) -> Any:
        """What the durable engine knows of an attempt."""
        (found,) = self.client.list_workflows(workflow_ids=[f"provision:{file_id}:{run}:{attempt}"])
        return found

    @property
    def queue(self) -> DurableQueue:
        assert isinstance(self.beside.queue, DurableQueue)
        return self.beside.queue

    @property
    def client(self) -> Any:
        """The durable engine from outside."""
        return self.queue.client()

    def whole(self) -> None:
        """Start whoever does not run, one after the other, so that their slots are in order."""
        for number, member in enumerate(self.members, 1):
            if member.server.has_ended:
                member.server.start()
            wait_for(lambda number=number: self.slots() >= number)  # type: ignore[misc]

    def slots(self) -> int:
        """How many processes hold a slot."""
        locks = "FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = x'41454F4E'::int AND objid > 0"
        here = "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        return int(self._ask(f"SELECT count(*) {locks} {here}")[0])

    def cut(self, number: int) -> None:
        """End the connection that holds this slot, as a broken network does; the process lives on."""
        self._ask(
            "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_locks WHERE locktype = 'advisory' AND granted"
            " AND classid = x'41454F4E'::int AND objid = %s"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            number,
        )

    def _ask(self, query: str, *values: object) -> Any:
        with psycopg.connect(self.settings["database_url"], autocommit=True) as connection:
            return connection.execute(query.encode(), values).fetchone()


@contextmanager
def running_cluster(
    folder: Path, postgres: Postgres, weed: Weed, *, servers: int = 2, **settings: object
) -> Iterator[Cluster]:
    """Start the servers, each with a data directory of its own; without any, a test brings its own workers."""
    with ExitStack() as opened:
        url = opened.enter_context(postgres.database())
        objects = opened.enter_context(weed.settings())
        reach = (f"{weed.endpoint}/",)
        emulator = RunningEmulator(folder / "cloudflare", fetch_bases=reach, signing_key=SIGNING_KEY)
        opened.enter_context(emulator)
        gate = opened.enter_context(Gate())
        shared: dict[str, Any] = {
            "database_url": url,
            "secret_key": secrets.token_hex(32),
            **objects,
            **remote_cloudflare(gate, emulator),
            "log_level": "info",
            **settings,
        }
        migrations.upgrade(url)
        beside = bootstrap.build(load(data_dir=folder / "beside", _env_file=None, **shared))
        opened.callback(beside.close)
        running = [RunningServer(folder / f"server-{n}", **shared) for n in range(1, servers + 1)]
        cluster = Cluster([], gate, beside, postgres, shared)
        cluster.queue.prepare(1)
        token = ""
        for server in running:
            opened.enter_context(server)
            token = token or server.token()
            http = opened.enter_context(server.client(token))
            cluster.members.append(Pipeline(server, gate, http, beside))
            cluster.whole()
        yield cluster
