"""Behind a reverse proxy the client is who the proxy says; from anybody else such words are worth nothing."""

from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import httpx
import pytest
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from images_app.api.proxies import TrustedProxies
from images_app.core import throttle
from tests.integration.gallery import problem
from tests.support.ports import free_port
from tests.support.server import RunningServer
from tests.support.serving import serving

LOOPBACK = ("127.0.0.0/8", "10.0.0.0/8", "2001:db8:1::/48")


async def whoami(scope: Scope, receive: Receive, send: Send) -> None:
    asked = HTTPConnection(scope)
    assert asked.client is not None
    await PlainTextResponse(f"{asked.client.host} {asked.url.scheme}")(scope, receive, send)


@pytest.fixture(scope="module")
def behind() -> Iterator[httpx.Client]:
    """Asks an application that takes the word of peers on this machine."""
    app = TrustedProxies(whoami, [ip_network(text) for text in LOOPBACK])
    with serving(app, free_port()) as url, httpx.Client(base_url=url, timeout=30) as client:
        yield client


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ([], "127.0.0.1"),
        (["203.0.113.7"], "203.0.113.7"),
        (["203.0.113.7:4711"], "203.0.113.7"),
        (["2001:db8::7"], "2001:db8::7"),
        (["[2001:db8::7]:4711"], "2001:db8::7"),
        (["::ffff:203.0.113.7"], "203.0.113.7"),
        # What the client itself wrote stands to the left of what the proxy saw.
        (["198.51.100.1, 203.0.113.7"], "203.0.113.7"),
        (["198.51.100.1", "203.0.113.7"], "203.0.113.7"),
        (["127.0.0.1, 203.0.113.7"], "203.0.113.7"),
        # Proxies of ours in a row.
        (["203.0.113.7, 10.1.2.3"], "203.0.113.7"),
        (["198.51.100.1, 203.0.113.7, 10.1.2.3, 2001:db8:1::5"], "203.0.113.7"),
        (["10.9.9.9, 10.1.2.3"], "10.9.9.9"),
        # Nothing that can be trusted: the last of ours that can.
        (["unknown"], "127.0.0.1"),
        ([""], "127.0.0.1"),
        (["203.0.113.7, _hidden, 10.1.2.3"], "10.1.2.3"),
        (["203.0.113.7,"], "127.0.0.1"),
        (["203.0.113.7, 999.1.1.1"], "127.0.0.1"),
        (["fe80::1%25eth0, fe80::1%eth0"], "127.0.0.1"),
        (["203.0.113.7 <script>"], "127.0.0.1"),
        ([",".join(["198.51.100.1"] * 500)], "198.51.100.1"),
    ],
)
def test_the_client_is_the_first_from_the_right_that_is_no_proxy_of_ours(
    behind: httpx.Client, forwarded: list[str], client: str
) -> None:
    answer = behind.get("/", headers=[("X-Forwarded-For", value) for value in forwarded])
    assert answer.text == f"{client} http"


@pytest.mark.parametrize(
    ("told", "scheme"),
    [
        (["https"], "https"),
        (["HTTPS"], "https"),
        (["http"], "http"),
        (["https, http"], "http"),
        (["https", "http"], "http"),
        (["http, https"], "https"),
        (["javascript"], "http"),
        (["https\t;x"], "http"),
        ([""], "http"),
    ],
)
def test_the_scheme_is_the_nearest_proxys_word(behind: httpx.Client, told: list[str], scheme: str) -> None:
    answer = behind.get("/", headers=[("X-Forwarded-Proto", value) for value in told])
    assert answer.text == f"127.0.0.1 {scheme}"


@pytest.mark.parametrize("trusted", ["", "192.0.2.0/24"])
def test_a_peer_that_is_no_proxy_of_ours_is_not_believed(tmp_path: Path, trusted: str) -> None:
    with RunningServer(tmp_path / "data", trusted_proxies=trusted, rate_limit_per_address=2) as server:
        forged = [{"X-Forwarded-For": f"203.0.113.{n}", "X-Forwarded-Proto": "https"} for n in range(9)]
        answers = [httpx.get(f"{server.url}/api/limits", headers=headers, timeout=30) for headers in forged]
        assert problem(answers[-1]) == (429, "rate_limited")


def test_clients_of_one_proxy_have_a_limit_each_and_a_secure_cookie(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data", trusted_proxies="127.0.0.1", rate_limit_per_address=2) as server:

        def ask(client: str) -> httpx.Response:
            return httpx.get(
                f"{server.url}/api/limits", headers={"X-Forwarded-For": f"198.51.100.9, {client}"}, timeout=30
            )

        assert any(ask("203.0.113.1").status_code == 429 for _ in range(9))
        assert ask("203.0.113.2").status_code == 200
        signed_in = httpx.post(
            f"{server.url}/api/session",
            json={"email": "admin@example.com", "password": "correct horse battery staple"},
            headers={"X-Forwarded-For": "203.0.113.3", "X-Forwarded-Proto": "https"},
            timeout=30,
        )
        assert signed_in.status_code == 200
        assert "; secure" in signed_in.headers["set-cookie"].lower()


def test_guessing_is_throttled_by_the_clients_address_and_not_by_the_proxys(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data", trusted_proxies="127.0.0.1") as server:

        def guess(client: str) -> int:
            wrong = {"token": "wrong", "password": "long enough to be one"}
            return httpx.post(
                f"{server.url}/api/password", json=wrong, headers={"X-Forwarded-For": client}, timeout=30
            ).status_code

        found = [guess("8.8.8.8") for _ in range(throttle.FAILURES_PER_ADDRESS + 1)]
        assert found == [404] * throttle.FAILURES_PER_ADDRESS + [429]
        assert guess("9.9.9.9") == 404
