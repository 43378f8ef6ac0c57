"""A way in with a keeper: an HTTP proxy before the server that can refuse, delay or lose what passes.

`IMAGES_INTERNAL_URL` names it, so the pipeline's calls to the local Cloudflare (and the local Cloudflare's pull of the
bytes) go through it, while the test speaks to the server directly.
"""

import re
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

CREATE = r"POST /cloudflare/client/v4/accounts/[^/]+/images/v1"
FIND = r"GET /cloudflare/client/v4/accounts/[^/]+/images/v2\?.*meta\.fileId.*"
_WITHIN_S = 60


@dataclass(frozen=True)
class Answer:
    """What came back from the server, or what the gate says in its place."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


Forward = Callable[[], Answer]
Rule = Callable[[Forward], Answer | None]
"""Given the way to the server: the answer, or None to cut the connection."""


def refuse(status: int, code: int = 1000, message: str = "refused by the gate", **headers: str) -> Rule:
    """Answer an error of Cloudflare's form without asking the server."""
    body = f'{{"success":false,"errors":[{{"code":{code},"message":"{message}"}}],"messages":[],"result":null}}'
    return lambda _forward: Answer(status, body.encode(), {"content-type": "application/json", **headers})


def lose(forward: Forward) -> None:
    """Let the server do it, and lose its answer."""
    forward()


class Hold:
    """Stops a request, before the server gets it or before its answer comes back, until the test lets it go on."""

    def __init__(self, *, after: bool) -> None:
        self._after = after
        self._arrived = threading.Event()
        self._released = threading.Event()
        self._is_dropped = False

    def __call__(self, forward: Forward) -> Answer | None:
        answer = forward() if self._after else None
        self._arrived.set()
        assert self._released.wait(_WITHIN_S), "nobody released the request"
        return None if self._is_dropped else answer or forward()

    def wait(self) -> None:
        """Until the request is held."""
        assert self._arrived.wait(_WITHIN_S), "the request did not come"

    def release(self) -> None:
        """Let it go on."""
        self._released.set()

    def drop(self) -> None:
        """Cut the connection instead: the request was sent by somebody who is dead."""
        self._is_dropped = True
        self._released.set()


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # with five, the sixth who comes at once is let in a second later

    def handle_error(self, *_: object) -> None:
        """Say nothing: connections of a killed server end in an error."""


class Gate:
    """The proxy; rules are used up in order by the requests that match them, then everything passes."""

    def __init__(self) -> None:
        self.server_port = 0
        """Where requests go; set it before the first."""
        self._rules: dict[str, deque[Rule]] = {}
        self._lock = threading.Lock()
        self.seen: list[str] = []
        """Method and path of every request."""
        self.moments: list[float] = []
        """When each of them came, in seconds of the monotonic clock."""
        gate = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                gate._handle(self)

            do_GET = do_POST = do_DELETE = do_PATCH = do_PUT = do_HEAD = handle_any  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self._http = _Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})

    def next(self, pattern: str, *rules: Rule) -> None:
        """Apply these rules to the next requests whose `METHOD path` matches."""
        with self._lock:
            self._rules.setdefault(pattern, deque()).extend(rules)

    def forget(self) -> None:
        """Let everything pass that no rule has met yet."""
        with self._lock:
            self._rules.clear()

    def count(self, pattern: str) -> int:
        """How many requests of that kind came so far."""
        return sum(1 for line in list(self.seen) if re.fullmatch(pattern, line))

    def _rule(self, line: str) -> Rule:
        with self._lock:
            self.seen.append(line)
            self.moments.append(time.monotonic())
            for pattern, rules in self._rules.items():
                if rules and re.fullmatch(pattern, line):
                    return rules.popleft()
        return lambda forward: forward()

    def _handle(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("content-length") or 0))
        try:
            answer = self._rule(f"{request.command} {request.path}")(lambda: self._forward(request, body))
            if answer is None:
                request.close_connection = True
                return
            request.send_response(answer.status)
            for name, value in {**answer.headers, "content-length": str(len(answer.body))}.items():
                request.send_header(name, value)
            request.end_headers()
            request.wfile.write(answer.body)
        except (OSError, HTTPException):
            request.close_connection = True  # one of the two ends was killed: that is what the gate is for

    def _forward(self, request: BaseHTTPRequestHandler, body: bytes) -> Answer:
        connection = HTTPConnection("127.0.0.1", self.server_port, timeout=_WITHIN_S)
        try:
            hop_by_hop = ("connection", "transfer-encoding", "content-length")
            headers = {k: v for k, v in request.headers.items() if k.lower() not in hop_by_hop}
            connection.request(request.command, request.path, body or None, headers)
            response = connection.getresponse()
            kept = {k: v for k, v in response.getheaders() if k.lower() not in hop_by_hop}
            return Answer(response.status, response.read(), kept)
        finally:
            connection.close()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()
