"""Nobody sends more requests than their bucket holds, and nobody is held up by others."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from redis.asyncio import Redis as AsyncRedis

from images_app import shared
from images_app.api.buckets import Buckets, SharedBuckets
from images_app.models import User
from images_app.shared import Shared
from tests.integration.conftest import Api
from tests.integration.gallery import problem
from tests.support.redis import Redis

FEW = pytest.mark.parametrize("options", [{"rate_limit_per_token": 3, "rate_limit_per_address": 1}])
"""One request more comes back every 20 and 60 seconds."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def patience(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that stands still for a moment does not seem to be without Redis, but to who takes it away."""
    if "without_redis" not in request.node.name and "redis_is_away" not in request.node.name:
        monkeypatch.setattr(shared, "_PATIENCE_S", 20.0)


@pytest.fixture
def ada(api: Api) -> User:
    return api.user()


def left(answer: httpx.Response) -> tuple[str, int]:
    """Which bucket, and how many requests are left in it."""
    name, remaining, _ = answer.headers["ratelimit"].split(";")
    assert answer.headers["ratelimit-policy"].startswith(f"{name};q=")
    return name.strip('"'), int(remaining.removeprefix("r="))


async def allowed(buckets: Buckets, key: str = "a", times: int = 1) -> list[bool]:
    return [(await buckets.take(key)).is_allowed for _ in range(times)]


@pytest.mark.anyio
async def test_a_bucket_refills_within_a_minute_and_holds_no_more_than_its_most() -> None:
    at = 0.0
    bucket = Buckets("token", 60, clock=lambda: at)
    assert await allowed(bucket, times=61) == [True] * 60 + [False]
    assert await allowed(bucket, "b") == [True]
    at = 0.5
    assert await allowed(bucket) == [False]
    at = 1.0
    assert await allowed(bucket, times=2) == [True, False]
    at = 1000.0
    assert (await bucket.take("a")).left == 59
    told = (await bucket.take("a")).headers()
    assert told == {"RateLimit-Policy": '"token";q=60;w=60', "RateLimit": '"token";r=58;t=2'}


@asynccontextmanager
async def two_servers(redis: Redis, most: int) -> AsyncIterator[tuple[SharedBuckets, SharedBuckets]]:
    """The same buckets as two servers have them, neither of which waits before it asks Redis again."""
    servers = Shared(redis.url, pause_s=0), Shared(redis.url, pause_s=0)
    yield SharedBuckets("token", most, servers[0]), SharedBuckets("token", most, servers[1])
    for server in servers:
        await server.close()


@pytest.mark.anyio
async def test_servers_that_share_a_redis_share_the_buckets(redis: Redis) -> None:
    async with two_servers(redis, 6) as (one, other):
        assert not await other.knows("a")
        assert await allowed(one, times=4) == [True] * 4
        assert await other.knows("a")
        assert await allowed(other, times=3) == [True, True, False]
        assert await allowed(one) == [False]
        assert (await one.take("a")).headers()["RateLimit"].startswith('"token";r=0;')
        assert (await other.take("a", -1)).left >= 1
        assert await allowed(one) == [True]
        with redis.client() as client:
            (key,) = client.keys("*")
            assert 0 < client.pttl(key) <= 60_000
        await one.forget("a")
        with redis.client() as client:
            assert client.keys("*") == []


@pytest.mark.anyio
async def test_without_redis_each_server_goes_on_with_what_it_saw(redis: Redis) -> None:
    async with two_servers(redis, 4) as (one, other):
        assert await allowed(one, times=3) == [True] * 3
        for lose in (redis.pause, redis.kill):
            lose()
            assert await other.knows("a") is False
        assert await allowed(one, times=2) == [True, False]
        assert await allowed(other, times=5) == [True] * 4 + [False]
        redis.start()
        assert await allowed(other, times=5) == [True] * 4 + [False]  # it is new, and knows of nobody
        assert await allowed(one) == [False]


@pytest.mark.anyio
async def test_while_redis_is_away_nobody_waits_for_it_again_and_again(redis: Redis) -> None:
    now = 100.0
    asked = 0
    shared = Shared(redis.url, clock=lambda: now, pause_s=5)

    async def ask() -> bytes | None:
        async def ping(client: AsyncRedis) -> bytes:
            nonlocal asked
            asked += 1
            return await client.echo("here")

        return await shared.ask(ping)

    assert await ask() == b"here"
    redis.kill()
    assert [await ask() for _ in range(9)] == [None] * 9
    assert asked == 2
    redis.start()
    assert await ask() is None
    now += 5
    assert [await ask() for _ in range(3)] == [b"here"] * 3
    await shared.close()


def test_by_default_everybody_is_told_and_nobody_notices(api: Api, ada: User) -> None:
    answer = api.client(api.token(ada)[1]).get("/api/me")
    assert answer.headers["ratelimit-policy"] == '"token";q=60000;w=60'
    assert left(answer) == ("token", 59999)
    assert left(api.client().get("/api/limits"))[0] == "address"


def refused(client: httpx.Client) -> httpx.Response:
    """The first answer that is a refusal; the bucket is empty then."""
    for _ in range(20):
        answer = client.get("/api/me")
        if answer.status_code == 429:
            return answer
    raise AssertionError("never refused")


@FEW
def test_a_token_that_asks_too_often_waits_and_another_does_not(api: Api, ada: User) -> None:
    busy, other = api.client(api.token(ada)[1]), api.client(api.token(ada)[1])
    answers = [busy.get("/api/me") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert left(answers[0]) == ("token", 2)
    answer = refused(busy)
    assert problem(answer) == (429, "rate_limited")
    assert 1 <= int(answer.headers["retry-after"]) <= 20
    assert left(answer) == ("token", 0)
    assert answer.json()["instance"] == answer.headers["x-request-id"]
    assert other.get("/api/me").status_code == 200


@FEW
def test_a_session_is_a_caller_of_its_own(api: Api, ada: User) -> None:
    one, two = api.browser(ada), api.browser(ada)
    refused(one)
    assert two.get("/api/me").status_code == 200


@FEW
def test_guessing_credentials_empties_the_bucket_of_the_address(api: Api, ada: User) -> None:
    known = api.client(api.token(ada)[1])
    assert known.get("/api/me").status_code == 200
    assert left(api.client("aeo_guess").get("/api/me")) == ("address", 0)
    assert left(refused(api.client("aeo_another"))) == ("address", 0)
    assert problem(api.client().get("/api/limits")) == (429, "rate_limited")
    assert known.get("/api/me").status_code == 200  # who was let in before is not held up


@FEW
def test_a_revoked_token_counts_for_its_address_again(api: Api, ada: User) -> None:
    row, secret = api.token(ada)
    client, browser = api.client(secret), api.browser(ada)
    assert left(client.get("/api/me"))[0] == "token"
    assert browser.delete(f"/api/tokens/{row.id}").status_code == 200
    assert left(client.get("/api/me"))[0] == "address"


@FEW
def test_whoever_watches_the_server_is_always_answered(api: Api) -> None:
    client = api.client()
    for _ in range(8):
        answer = client.get("/api/health/live")
        assert answer.status_code == 200
        assert "ratelimit" not in answer.headers


@pytest.mark.parametrize("options", [{"rate_limit_per_token": 0, "rate_limit_per_address": 0}])
def test_a_limit_of_zero_is_none(api: Api, ada: User) -> None:
    client = api.client(api.token(ada)[1])
    for answer in (client.get("/api/me"), api.client().get("/api/me"), api.client().get("/api/limits")):
        assert answer.status_code in (200, 401)
        assert "ratelimit" not in answer.headers
    assert client.get("/api/limits").json()["requestsPerMinute"] is None
