"""Crash tests: everything dies, stalls or lies while people upload; at the end nothing is lost and nothing doubled.

Every storm has a seed, which it prints. `make storm ROUNDS=20` lets more of them rage, `SEED=…` the same one again.
"""

import json
import os
import random
import secrets
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlmodel import col, select

from images_app import bootstrap, keys, migrations
from images_app.bootstrap import World
from images_app.core import instance
from images_app.doctor import totals
from images_app.jobs.queue import DurableQueue
from images_app.models import File, RemoteDeletion
from images_app.settings import load
from tests.support import seaweed
from tests.support.alone import serving
from tests.support.pipeline import wait_for
from tests.support.postgres import Postgres, binaries
from tests.support.redis import Redis
from tests.support.redis import binary as redis_server
from tests.support.seaweed import Weed
from tests.support.server import RunningServer
from tests.support.storm import Disaster, Follower, Machines, Picture, Switches, Uploads, pictures, rage

ROUNDS = range(int(os.environ.get("STORM_ROUNDS") or 1))
FAULTY = 0.2
"""The share of calls to Cloudflare that fail in one way or another."""
CALM_WITHIN_S = 180.0
"""More than two sweeps, which take up what nobody else does."""
REQUESTED = ["file.ready", "image.provision_requested"]


@pytest.fixture(params=ROUNDS, ids=lambda number: f"round {number + 1}")
def chance(request: pytest.FixtureRequest) -> random.Random:
    """What a storm throws its dice with."""
    given = os.environ.get("STORM_SEED")
    seed = secrets.randbelow(10**9) if not given else int(given) + int(request.param)
    print(f"STORM_SEED={seed}")
    return random.Random(seed)


@dataclass
class Site:
    """Servers, and all that can be asked about what they have done."""

    servers: Sequence[RunningServer]
    world: World
    """The same database, objects and Cloudflare, seen from this process."""
    token: str
    cloudflare: str
    """The account's images, over the API."""
    cloudflare_token: str
    switches: Switches

    @property
    def queue(self) -> DurableQueue:
        assert isinstance(self.world.queue, DurableQueue)
        return self.world.queue

    def everything(self, route: str) -> list[Any]:
        """All pages of a list, over REST; its total agrees."""
        found: list[Any] = []
        with self.servers[0].client(self.token) as http:
            while True:
                after = {} if not found else {"after": page["pageInfo"]["endCursor"]}  # noqa: F821
                page = http.get(route, params={"limit": "100", **after}).raise_for_status().json()
                found += page["data"]
                if not page["pageInfo"]["hasNextPage"]:
                    assert page["pageInfo"]["total"] == len(found)
                    return found

    def at_cloudflare(self) -> dict[str, str]:
        """Every image of the account, and the file it is of."""
        headers = {"Authorization": f"Bearer {self.cloudflare_token}"}
        answer = httpx.get(f"{self.cloudflare}/v2", params={"per_page": "10000"}, headers=headers, timeout=30)
        return {image["id"]: image["meta"]["fileId"] for image in answer.raise_for_status().json()["result"]["images"]}

    def objects(self) -> tuple[set[str], set[str]]:
        """Keys in the object store that belong to no file, and keys of files that are not there."""
        stored = {entry.key for entry in self.world.objects.list("")} - {instance.MARKER}
        with self.world.database.read() as session:
            named = set(session.exec(select(File.object_key)).all())
        return stored - named, named - stored

    def come_to_rest(self) -> None:
        """Until nothing is due any more, now or later. What waits for some time to pass does not wait in vain."""
        wait_for(self._rests, within=CALM_WITHIN_S)

    def _rests(self) -> bool:
        client = self.queue.client()
        for waiting in client.list_workflows(status=["DELAYED"], load_input=False, load_output=False):
            client.set_workflow_delay(waiting.workflow_id, delay_seconds=0)
        with self.world.database.read() as session:
            unfinished = session.exec(select(File.id).where(col(File.provisioning_state) != "done").limit(1)).first()
            doomed = session.exec(select(RemoteDeletion.cf_image_id).limit(1)).first()
        live = client.list_workflows(status=["DELAYED", "ENQUEUED", "PENDING"], limit=1)
        return not (unfinished or doomed or live)


def assert_nothing_lost_or_doubled(site: Site, sent: Sequence[Picture], uploads: Uploads, follower: Follower) -> None:
    site.come_to_rest()
    files = {file["id"]: file for file in site.everything("/api/files")}
    assert {key: files[file_id]["sha256"] for key, file_id in uploads.accepted.items()} == {
        picture.key: picture.sha256 for picture in sent
    }
    assert len(files) == len(sent), "a key has made one file"
    images = site.everything("/api/images")
    assert sorted(image["fileId"] for image in images) == sorted(files)
    assert site.at_cloudflare() == {image["cfImageId"]: image["fileId"] for image in images}
    assert_events(site, set(files), follower)
    assert totals.recount(site.world.database, apply=False) == {}


def assert_events(site: Site, files: set[str], follower: Follower) -> None:
    """In order, none missing, none twice; and whoever followed them has seen the same."""
    events = site.everything("/api/events")
    seqs = [event["seq"] for event in events]
    assert seqs == sorted(set(seqs))
    assert len({event["id"] for event in events}) == len(events)
    by_file = defaultdict(list)
    for event in events:
        by_file[event["fileId"]].append(event)
    assert set(by_file) == files
    for history in by_file.values():
        types = [event["type"] for event in history]
        assert types[:2] == REQUESTED
        assert types[-1] == "image.created"
        assert set(types[2:-1]) <= {"image.provision_retrying"}
        for one, next_one in pairwise(history[2:-1]):
            a_new_run = one["data"]["code"] == "interrupted"
            assert a_new_run or one["data"]["attempt"] < next_one["data"]["attempt"]
    wait_for(lambda: follower.last >= seqs[-1])
    assert follower.seen == [(event["seq"], event["id"]) for event in events]
    assert all(follower.connections.get(server.url, 0) > 0 for server in site.servers)


def assert_only_bytes_of_broken_uploads_are_left(site: Site) -> None:
    """A server that dies between an object and its row leaves an object that nobody owns, which `doctor` deletes when
    it is a day old; here at once. Nothing else does not fit."""
    unowned, missing = site.objects()
    assert missing == set()
    assert not any("/derived/" in key for key in unowned)
    said = site.servers[0].aeontel("doctor", "--json", "--apply", "--grace-hours", "0", "--yes")
    assert said.returncode == 0, said.stdout + said.stderr
    report = json.loads(said.stdout)
    assert [check for check in report["checks"] if check["problem"]] == []
    assert {(found["kind"], found["subject"]) for found in report["findings"]} == {
        ("unknown_object", key) for key in unowned
    }
    site.come_to_rest()
    assert site.objects() == (set(), set())


def storm(site: Site, chance: random.Random, count: int, kills: int, others: Sequence[Disaster]) -> None:
    """Uploads, and disasters in any order while they go on; then calm, and a look at what is there."""
    with site.servers[0].client(site.token) as http:
        workspace_id = http.get("/api/me").json()["workspaces"][0]["id"]
    sent = pictures(count, chance)
    site.switches.storm(FAULTY)
    with (
        Machines(site.servers, chance) as machines,
        Follower(site.servers, site.token, chance) as follower,
        Uploads(site.servers, site.token, workspace_id, sent, chance) as uploads,
    ):
        disasters = [machines.kill_one] * kills + list(others)
        chance.shuffle(disasters)
        rage(uploads, count, disasters, chance)
        machines.whole()
        assert machines.kills == kills
        wait_for(site.switches.struck)  # a fast machine has taken all files before it has asked for one image
        site.switches.calm()
        assert_nothing_lost_or_doubled(site, sent, uploads, follower)
        assert_only_bytes_of_broken_uploads_are_left(site)


@contextmanager
def production(folder: Path, postgres: Postgres, weed: Weed, redis: Redis) -> Iterator[Site]:
    """Two servers, and a local Cloudflare Images by itself that they take for the real one."""
    with ExitStack() as opened:
        url = opened.enter_context(postgres.database())
        bucket = opened.enter_context(weed.settings())
        account = opened.enter_context(serving(folder / "cloudflare", "--allow-fetch", f"{weed.endpoint}/"))
        shared: dict[str, Any] = {
            "database_url": url,
            "redis_url": redis.url,
            "secret_key": secrets.token_hex(32),
            **bucket,
            "cloudflare": "remote",
            "cloudflare_api_base": account.shown["apiBase"],
            "cloudflare_account_id": account.shown["accountId"],
            "cloudflare_api_token": account.shown["apiToken"],
            "delivery_base": account.shown["deliveryBase"],
            "provision_rate": 0,
            "log_level": "info",
        }
        migrations.upgrade(url)
        world = bootstrap.build(load(data_dir=folder / "beside", _env_file=None, **shared))
        opened.callback(world.close)
        servers = [RunningServer(folder / f"server-{number}", **shared) for number in (1, 2)]
        with ThreadPoolExecutor(len(servers)) as starting:
            list(starting.map(opened.enter_context, servers))
        switches = Switches(account.shown["apiBase"], account.shown["apiToken"])
        opened.callback(switches.close)
        yield Site(servers, world, servers[0].token(), account.images, account.shown["apiToken"], switches)


@contextmanager
def embedded(folder: Path) -> Iterator[Site]:
    """One server with everything inside it."""
    with ExitStack() as opened:
        server = opened.enter_context(RunningServer(folder, log_level="info"))
        world = bootstrap.build(load(data_dir=folder, port=server.port, _env_file=None))
        opened.callback(world.close)
        own = keys.load(folder / "keys", "")
        api_base = f"{server.url}/cloudflare/client/v4"
        switches = Switches(api_base, own.cloudflare_api_token)
        opened.callback(switches.close)
        account = f"{api_base}/accounts/{own.cloudflare_account_id}/images"
        yield Site([server], world, server.token(), account, own.cloudflare_api_token, switches)


def stalled(weed: Weed, seconds: float) -> None:
    weed.stall()
    time.sleep(seconds)
    weed.resume()


def test_a_storm_over_two_servers_loses_and_doubles_nothing(tmp_path: Path, chance: random.Random) -> None:
    found, redis_found = binaries(), redis_server()
    if found is None:
        pytest.skip("PostgreSQL is not on this machine: neither in /usr/lib/postgresql nor on the PATH.")
    if redis_found is None:
        pytest.skip("Redis is not on this machine: no redis-server on the PATH.")
    with Postgres(found) as postgres, Redis(redis_found) as redis, Weed(seaweed.require()) as weed:

        def database_crashes() -> None:
            postgres.kill()
            postgres.start()

        turns = iter((redis.stop, redis.start))  # away for as long as it takes until the second comes up
        others: list[Disaster] = [
            postgres.restart,
            database_crashes,
            *[lambda: stalled(weed, chance.uniform(0.5, 2))] * 2,
            *[lambda: next(turns)()] * 2,
        ]
        with production(tmp_path, postgres, weed, redis) as site:
            storm(site, chance, count=300, kills=10, others=others)


def test_a_storm_over_one_embedded_server_loses_and_doubles_nothing(tmp_path: Path, chance: random.Random) -> None:
    with embedded(tmp_path / "data") as site:
        storm(site, chance, count=60, kills=5, others=())
