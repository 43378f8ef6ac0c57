"""A load balancer inside a client: each request goes to the next of several servers, as the first was addressed."""

from itertools import cycle

import httpx


class Balanced(httpx.HTTPTransport):
    """Sends what is for one of these ports of this machine to each of them in turn; all else where it belongs.

    The Host header stays that of the address that was asked for, as behind any balancer. Safe for many threads.
    """

    def __init__(self, ports: list[int], **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]
        self._ports = ports
        self._turns = cycle(ports)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "127.0.0.1" and request.url.port in self._ports:
            url = request.url.copy_with(port=next(self._turns))
            request = httpx.Request(
                request.method, url, headers=request.headers, stream=request.stream, extensions=request.extensions
            )
        return super().handle_request(request)
