"""Answers to requests whose body is not wanted: the connection goes on, or the answer says that it does not."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from images_app import bodies
from tests.integration.conftest import Api

A_LOT = 3 * 1024 * 1024
"""More than a body of the API may have."""


class Connection:
    """One to the server, by hand."""

    def __init__(self, line: socket.socket) -> None:
        self.line = line
        self._answers = line.makefile("rb")

    def send(self, *lines: str, body: bytes = b"") -> None:
        self.line.sendall("\r\n".join([*lines, "Host: here", "", ""]).encode() + body)

    def answer(self) -> tuple[int, dict[str, str]]:
        """The status and the headers of the next one, which has a length."""
        status = int(self._answers.readline().split()[1])
        headers = {}
        while line := self._answers.readline().strip():
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        self._answers.read(int(headers["content-length"]))
        return status, headers

    def goes_on(self) -> bool:
        """Whether the next request is answered, too."""
        self.send("GET /api/health/live HTTP/1.1")
        return self.answer()[0] == 200

    def has_ended(self) -> bool:
        return self._answers.read(1) == b""


@pytest.fixture
def connection(api: Api) -> Iterator[Connection]:
    with _connected(api) as connection:
        yield connection


@contextmanager
def _connected(api: Api) -> Iterator[Connection]:
    host, port = api.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as line:
        yield Connection(line)


@pytest.mark.parametrize("path", ["/api/tokens", "/api/files"])
def test_a_connection_goes_on_after_a_body_that_was_refused_and_came_whole(
    connection: Connection, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for patience in ("_IDLE_S", "_MOST_S"):  # or a machine that stands still would be a client that sends nothing more
        monkeypatch.setattr(bodies, patience, 20.0)
    for _ in range(3):
        connection.send(f"POST {path} HTTP/1.1", f"Content-Length: {A_LOT}", body=b" " * A_LOT)
        status, headers = connection.answer()
        assert status == (413 if path == "/api/tokens" else 401)
        assert "connection" not in headers
    assert connection.goes_on()


def test_an_answer_whose_request_has_not_come_whole_says_that_the_connection_ends(connection: Connection) -> None:
    connection.send("POST /api/files HTTP/1.1", f"Content-Length: {A_LOT}", body=b" " * 1000)
    status, headers = connection.answer()
    assert (status, headers["connection"]) == (401, "close")
    assert connection.has_ended()


def test_who_waits_for_a_word_before_sending_is_refused_at_once(connection: Connection) -> None:
    connection.send("POST /api/files HTTP/1.1", f"Content-Length: {A_LOT}", "Expect: 100-continue")
    status, headers = connection.answer()
    assert (status, headers["connection"]) == (401, "close")
    assert connection.has_ended()


def test_a_body_where_none_is_wanted_does_no_harm(connection: Connection) -> None:
    connection.send("GET /api/health/live HTTP/1.1", "Transfer-Encoding: chunked", body=b"3\r\nabc\r\n0\r\n\r\n")
    status, headers = connection.answer()
    assert status == 200
    assert "connection" not in headers
    assert connection.goes_on()
