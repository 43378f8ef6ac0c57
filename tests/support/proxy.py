"""A reverse proxy before several servers: each connection goes to the next one that takes it.

It passes bytes and changes none, so websockets and streams need nothing of it. A test may say which server is first
for new connections, and may stop an upload in the middle.
"""

import asyncio
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle
from typing import Self

_BLOCK = 64 * 1024
_WITHIN_S = 30
_UPLOAD = b"POST /api/files "
WEBSOCKET = "GET /_event/"


@dataclass
class Held:
    """The next upload, stopped after so many of its bytes."""

    after: int
    arrived: threading.Event = field(default_factory=threading.Event)

    def wait(self) -> None:
        """Until the server has the beginning of the upload; it gets no more of it."""
        assert self.arrived.wait(_WITHIN_S), "no upload came"


class Proxy:
    """Enter it to start; `servers` are ports on this machine, set before the first request."""

    def __init__(self) -> None:
        self.servers: Sequence[int] = ()
        self.first: int | None = None
        """The port that new connections go to while it takes them; None: each in turn."""
        self.seen: list[tuple[str, int]] = []
        """Of each connection the first request (method and path without query), and the port it went to."""
        self._turns = cycle(range(1_000_000))
        self._held: Held | None = None
        self._never = asyncio.Event()  # kept, since nothing else keeps the tasks that wait for it
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self.url = ""

    def hold_next_upload(self, after: int) -> Held:
        """Stop the next upload after `after` bytes, for good: only a new connection gets further."""
        self._held = Held(after)
        return self._held

    def went_to(self, request: str) -> list[int]:
        """Where the connections went that began with this request, such as `GET /_event/`."""
        return [port for line, port in list(self.seen) if line == request]

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()
        return self

    def __exit__(self, *_error: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _start(self) -> None:
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", 0, limit=_BLOCK)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _stop(self) -> None:
        self._server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = [writer]
        try:
            head = await reader.read(_BLOCK)
            upstream, back, port = await self._connect()
            ends.append(back)
            self.seen.append((_first_request(head), port))
            both = [
                asyncio.create_task(self._forward(head, reader, back)),
                asyncio.create_task(_pump(upstream, writer)),
            ]
            _, left = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for task in left:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
        except OSError:
            pass  # one of the two ends is gone: the other shall see it
        finally:
            for end in ends:
                end.close()
                with suppress(OSError):
                    await end.wait_closed()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, int]:
        """To the first server that takes the connection. Raises OSError when none does."""
        turn = next(self._turns)
        order = [self.servers[(turn + n) % len(self.servers)] for n in range(len(self.servers))]
        order.sort(key=lambda port: port != self.first)
        for port in order:
            with suppress(OSError):
                return *(await asyncio.open_connection("127.0.0.1", port, limit=_BLOCK)), port
        raise ConnectionRefusedError("no server takes the connection")

    async def _forward(self, head: bytes, reader: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """From the browser to the server. A browser sends the head of a request in a block of its own."""
        block, held, passed = head, None, 0
        while block:
            if block.startswith(_UPLOAD) and self._held is not None:
                held, self._held = self._held, None
            if held is not None:
                passed += len(block)
                block = block[: max(0, len(block) - max(0, passed - held.after))]
            back.write(block)
            await back.drain()
            if held is not None and passed >= held.after:
                held.arrived.set()
                await self._never.wait()  # until one of the ends is closed
            block = await reader.read(_BLOCK)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while block := await reader.read(_BLOCK):
        writer.write(block)
        await writer.drain()


def _first_request(head: bytes) -> str:
    line = head.split(b"\r\n", 1)[0].decode("latin-1")
    return " ".join(line.split(" ")[:2]).partition("?")[0]
