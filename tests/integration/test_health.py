"""Liveness, readiness and limits, without any credential."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from images_app.api.health import Readiness
from tests.integration.conftest import Api
from tests.support.pipeline import wait_for
from tests.support.server import RunningServer


def told(ask: Callable[[], httpx.Response]) -> httpx.Response:
    """The answer when every check has come back: on a busy machine the first ones may take longer than they are waited
    for."""
    return wait_for(lambda: None if "timeout" in (answer := ask()).text else answer)


def test_a_server_that_answers_is_alive(api: Api) -> None:
    assert api.client().get("/api/health/live").json() == {"status": "ok"}


def test_a_part_that_does_not_work_is_named_and_the_answer_is_503(api: Api) -> None:
    """Nobody serves Cloudflare's address here."""
    client = api.client()
    answer = told(lambda: client.get("/api/health/ready"))
    assert answer.status_code == 503
    assert answer.json() == {
        "status": "unavailable",
        "checks": {"database": "ok", "objects": "ok", "cloudflare": "failed"},
    }


def test_a_whole_server_is_ready(tmp_path: Path) -> None:
    with RunningServer(tmp_path) as server:
        answer = told(lambda: httpx.get(f"{server.url}/api/health/ready", timeout=30))
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "checks": {"database": "ok", "objects": "ok", "cloudflare": "ok"}}


def test_a_database_without_tables_is_not_ready(api: Api) -> None:
    with api.world.database.write() as session:
        session.execute(text('ALTER TABLE "user" RENAME TO nobody'))
    client = api.client()
    assert told(lambda: client.get("/api/health/ready")).json()["checks"]["database"] == "failed"


def test_limits_are_those_of_the_settings(api: Api) -> None:
    limits = api.client().get("/api/limits").json()
    assert limits["maxFileBytes"] == api.world.settings.max_file_bytes
    assert limits["maxPageSize"] == 100
    assert {"image/jpeg", "image/heic", "image/svg+xml"} <= set(limits["formats"])


class Clock:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Counted:
    """A check that counts its runs and does what it is told."""

    def __init__(self, act: Callable[[], None] = lambda: None) -> None:
        self.runs = 0
        self._act = act

    def __call__(self) -> None:
        self.runs += 1
        self._act()


def broken() -> None:
    raise sqlite3.OperationalError("disk I/O error")


async def test_a_good_outcome_is_trusted_for_as_long_as_its_check_is_dear() -> None:
    clock, dear, cheap = Clock(), Counted(), Counted()
    readiness = Readiness({"dear": dear, "cheap": cheap}, trust={"dear": 30.0}, clock=clock)
    for second in (0.0, 10.0, 29.0, 31.0):
        clock.now = second
        assert await readiness.outcomes() == {"dear": "ok", "cheap": "ok"}
    assert (dear.runs, cheap.runs) == (2, 4)


async def test_a_bad_outcome_is_trusted_no_longer_than_others() -> None:
    clock, dear = Clock(), Counted(broken)
    readiness = Readiness({"dear": dear}, trust={"dear": 30.0}, clock=clock)
    for second in (0.0, 10.0, 20.0):
        clock.now = second
        assert await readiness.outcomes() == {"dear": "failed"}
    assert dear.runs == 3


async def test_all_checks_in_order_means_ready() -> None:
    readiness = Readiness({"one": Counted(), "two": Counted()})
    assert await readiness.outcomes() == {"one": "ok", "two": "ok"}


async def test_one_broken_check_leaves_the_others_alone() -> None:
    readiness = Readiness({"one": Counted(broken), "two": Counted()})
    assert await readiness.outcomes() == {"one": "failed", "two": "ok"}


async def test_the_outcome_is_kept_for_two_seconds() -> None:
    check, clock = Counted(), Clock()
    readiness = Readiness({"one": check}, clock=clock)
    for clock.now in (0.0, 1.0, 1.9):
        await readiness.outcomes()
    assert check.runs == 1
    clock.now = 2.0
    await readiness.outcomes()
    assert check.runs == 2


async def test_a_hundred_callers_at_once_share_one_run() -> None:
    check = Counted()
    readiness = Readiness({"one": check}, keep=0)
    outcomes = await asyncio.gather(*(readiness.outcomes() for _ in range(100)))
    assert outcomes == [{"one": "ok"}] * 100
    assert check.runs == 1


async def test_a_caller_that_leaves_does_not_take_the_answer_from_the_others() -> None:
    go = threading.Event()
    readiness = Readiness({"one": Counted(lambda: None if go.wait(10) else broken())})
    leaving, staying = (asyncio.create_task(readiness.outcomes()) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    go.set()
    assert await staying == {"one": "ok"}


async def test_a_check_that_hangs_is_reported_and_not_started_again_until_it_is_back() -> None:
    go = threading.Event()
    check = Counted(lambda: None if go.wait(10) else broken())
    readiness = Readiness({"one": check, "two": Counted()}, limit=1, keep=0)
    for _ in range(3):
        assert await readiness.outcomes() == {"one": "timeout", "two": "ok"}
    assert check.runs == 1
    go.set()
    while (await readiness.outcomes())["one"] == "timeout":  # noqa: ASYNC110 (the check comes back in its thread)
        await asyncio.sleep(0.01)
    assert await readiness.outcomes() == {"one": "ok", "two": "ok"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


pytestmark = pytest.mark.anyio
