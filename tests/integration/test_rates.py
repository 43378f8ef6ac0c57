"""Nobody sends more requests than their bucket holds, and nobody is held up by others."""

import httpx
import pytest

from images_app.api.rates import Buckets
from images_app.models import User
from tests.integration.conftest import Api
from tests.integration.gallery import problem

FEW = pytest.mark.parametrize("options", [{"rate_limit_per_token": 3, "rate_limit_per_address": 1}])
"""One request more comes back every 20 and 60 seconds."""


@pytest.fixture
def ada(api: Api) -> User:
    return api.user()


def left(answer: httpx.Response) -> tuple[str, int]:
    """Which bucket, and how many requests are left in it."""
    name, remaining, _ = answer.headers["ratelimit"].split(";")
    assert answer.headers["ratelimit-policy"].startswith(f"{name};q=")
    return name.strip('"'), int(remaining.removeprefix("r="))


def test_a_bucket_refills_within_a_minute_and_holds_no_more_than_its_most() -> None:
    at = 0.0
    bucket = Buckets("token", 60, clock=lambda: at)
    assert [bucket.take("a").is_allowed for _ in range(61)] == [True] * 60 + [False]
    assert bucket.take("b").is_allowed
    at = 0.5
    assert not bucket.take("a").is_allowed
    at = 1.0
    assert bucket.take("a").is_allowed
    assert not bucket.take("a").is_allowed
    at = 1000.0
    assert bucket.take("a").left == 59
    assert bucket.take("a").headers() == {"RateLimit-Policy": '"token";q=60;w=60', "RateLimit": '"token";r=58;t=2'}


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
