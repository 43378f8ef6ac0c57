"""A way to the S3 server with faults in it: an HTTP proxy that can refuse, lose, cut, slow down or falsify what passes.

The signature of a request covers the name of the host, and the server believes the `Host` header: so what is signed
for the front is accepted behind it.
"""

import re
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import urlsplit

_WITHIN_S = 30
_HOP_BY_HOP = ("connection", "transfer-encoding", "keep-alive")


@dataclass(frozen=True)
class Answer:
    """What came back from the server, or what is said in its place."""

    status: int
    headers: dict[str, str]
    body: bytes = b""


class Exchange:
    """One request, the way on to the server, and the way back to the client."""

    def __init__(self, request: BaseHTTPRequestHandler, upstream: str, stopped: threading.Event) -> None:
        self._request = request
        self._upstream = urlsplit(upstream)
        self._body = request.rfile.read(int(request.headers.get("content-length") or 0))
        self.stopped = stopped
        """Set when the front closes: nothing may last longer."""

    def forward(self) -> Answer:
        """Let the server do it."""
        assert self._upstream.hostname
        connection = HTTPConnection(self._upstream.hostname, self._upstream.port, timeout=_WITHIN_S)
        try:
            headers = {k: v for k, v in self._request.headers.items() if k.lower() not in _HOP_BY_HOP}
            connection.request(self._request.command, self._request.path, self._body or None, headers)
            response = connection.getresponse()
            kept = {k.lower(): v for k, v in response.getheaders() if k.lower() not in _HOP_BY_HOP}
            return Answer(response.status, kept, response.read())
        finally:
            connection.close()

    def send_head(self, answer: Answer) -> None:
        """Status and headers; `content-length` is the body's unless the answer has another."""
        self._request.send_response(answer.status)
        for name, value in {"content-length": str(len(answer.body)), **answer.headers}.items():
            self._request.send_header(name, value)
        self._request.end_headers()

    def send_body(self, data: bytes) -> None:
        if self._request.command != "HEAD":
            self._request.wfile.write(data)

    def send(self, answer: Answer) -> None:
        """All of it."""
        self.send_head(answer)
        self.send_body(answer.body)

    def cut(self) -> None:
        """End the connection."""
        self._request.wfile.flush()
        self._request.close_connection = True


Fault = Callable[[Exchange], None]


def refuse(status: int, code: str) -> Fault:
    """An error of the service, without asking it."""
    body = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>said the front</Message></Error>'
    return lambda exchange: exchange.send(Answer(status, {"content-type": "application/xml"}, body.encode()))


def say(status: int, body: bytes, content_type: str = "text/html") -> Fault:
    """What a proxy on the way says, or a stranger at the address."""
    return lambda exchange: exchange.send(Answer(status, {"content-type": content_type}, body))


def lose(exchange: Exchange) -> None:
    """Let the server do it, and lose its answer."""
    exchange.forward()
    exchange.cut()


def cut_after(count: int) -> Fault:
    """Announce the whole body, and end the connection after so many bytes of it."""

    def fault(exchange: Exchange) -> None:
        answer = exchange.forward()
        exchange.send_head(answer)
        exchange.send_body(answer.body[:count])
        exchange.cut()

    return fault


def shorten(count: int) -> Fault:
    """Announce and send only so many bytes, as if they were all."""

    def fault(exchange: Exchange) -> None:
        answer = exchange.forward()
        headers = {**answer.headers, "content-length": str(count)}
        exchange.send(replace(answer, headers=headers, body=answer.body[:count]))

    return fault


def falsify(exchange: Exchange) -> None:
    """Other bytes of the same number."""
    answer = exchange.forward()
    exchange.send(replace(answer, body=bytes(byte ^ 1 for byte in answer.body)))


def ignore_range(exchange: Exchange) -> None:
    """The whole object from its beginning, whatever was asked for."""
    answer = exchange.forward()
    exchange.send(Answer(200, {name: answer.headers[name] for name in ("etag", "last-modified")}, answer.body))


def drip(pause_s: float) -> Fault:
    """One byte at a time."""

    def fault(exchange: Exchange) -> None:
        answer = exchange.forward()
        exchange.send_head(answer)
        for byte in answer.body:
            exchange.send_body(bytes([byte]))
            if exchange.stopped.wait(pause_s):
                break
        exchange.cut()

    return fault


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # with five, the sixth who comes at once is let in a second later

    def handle_error(self, *_: object) -> None:
        """Say nothing: clients that lost their patience end in an error."""


class Front:
    """The proxy before `upstream`; faults are used up in order by the requests that match them, then all passes."""

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self._faults: dict[str, deque[Fault]] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self.seen: list[str] = []
        """Method, path and query of every request."""
        front = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                front._handle(self)

            do_GET = do_POST = do_DELETE = do_PUT = do_HEAD = handle_any  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self._http = _Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})

    def next(self, pattern: str, *faults: Fault) -> None:
        """For the next requests whose `METHOD path?query` matches."""
        with self._lock:
            self._faults.setdefault(pattern, deque()).extend(faults)

    def forget(self) -> None:
        """From now on everything passes."""
        with self._lock:
            self._faults.clear()

    def count(self, pattern: str) -> int:
        """How many requests of that kind came so far."""
        return sum(1 for line in list(self.seen) if re.fullmatch(pattern, line))

    def _fault(self, line: str) -> Fault:
        with self._lock:
            self.seen.append(line)
            for pattern, faults in self._faults.items():
                if faults and re.fullmatch(pattern, line):
                    return faults.popleft()
        return lambda exchange: exchange.send(exchange.forward())

    def _handle(self, request: BaseHTTPRequestHandler) -> None:
        try:
            exchange = Exchange(request, self.upstream, self._stopped)
            self._fault(f"{request.command} {request.path}")(exchange)
        except (OSError, HTTPException):
            request.close_connection = True  # one of the two ends has gone

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()
