"""The threads in which endpoints read, and how they take turns with the event loop.

A thread that asks PostgreSQL mostly waits: each read has one of its own, as far as there are any. SQLite works in the
thread that asks, and its driver lets go of the interpreter with every statement and every row. As long as others want
it, somebody takes it each time, and one such change of threads costs more than most of what SQLite does meanwhile. So
on SQLite one thread reads whatever has come in, and hands it all back together; meanwhile the event loop has little to
do, and what comes in then is the next turn.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from starlette.responses import Response

Read = Callable[[], Response]

_SIDE_BY_SIDE = 16
_MOST_TURNS = 4
SLOW_S = 0.02
"""Many times what a read takes that is not waiting for its disk."""


class Readers(Protocol):
    """Where reads are done."""

    async def run(self, read: Read) -> Response:
        """What `read` returns, or raises, in a thread."""


def readers(engine: str) -> Readers:
    """Those for a database engine, by the name of its dialect."""
    return InTurns() if engine == "sqlite" else SideBySide()


class SideBySide:
    """Each read for itself."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="reader")

    async def run(self, read: Read) -> Response:
        """See `Readers`."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, read)


class InTurns:
    """One thread at a time reads all that waits. When a read is slow, another thread goes on with the others.

    All of it belongs to one event loop; threads touch the two deques, and look whether it is still their turn.
    """

    def __init__(self, slow_s: float = SLOW_S) -> None:
        self._threads = ThreadPoolExecutor(_MOST_TURNS, thread_name_prefix="reader")
        self._slow_s = slow_s
        self._waiting: deque[tuple[asyncio.Future[Response], Read]] = deque()
        self._read: deque[tuple[asyncio.Future[Response], Response | BaseException]] = deque()
        self._turn: object | None = None
        self._working = 0
        """Turns that have not ended: the present one, and those that a slow read keeps."""
        self._look_again: asyncio.TimerHandle | None = None

    async def run(self, read: Read) -> Response:
        """See `Readers`."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Response] = loop.create_future()
        self._waiting.append((answer, read))
        loop.call_soon(self._begin, loop)  # after whatever else has come in by now
        return await answer

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._turn is None and self._waiting:
            self._turn = object()
            self._working += 1
            self._threads.submit(self._work, loop, self._turn)
            self._look_again = loop.call_later(self._slow_s, self._look, loop)

    def _work(self, loop: asyncio.AbstractEventLoop, turn: object) -> None:
        """In a thread: read what waits now. What comes later waits, or else nobody would get an answer under load."""
        for _ in range(len(self._waiting)):
            if self._turn is not turn:
                break
            try:
                answer, read = self._waiting.popleft()
            except IndexError:
                break  # the next turn took the last one
            if not answer.cancelled():
                self._read.append((answer, _outcome(read)))
        loop.call_soon_threadsafe(self._end, loop, turn)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """While a turn lasts: hand back what it has; when that is nothing, let another thread go on."""
        if self._read or self._working == _MOST_TURNS:
            self._hand_back()
            self._look_again = loop.call_later(self._slow_s, self._look, loop)
        else:
            self._turn = None
            self._begin(loop)

    def _end(self, loop: asyncio.AbstractEventLoop, turn: object) -> None:
        self._working -= 1
        self._hand_back()
        if turn is self._turn:
            self._turn = None
            if self._look_again is not None:
                self._look_again.cancel()
            loop.call_soon(self._begin, loop)  # after those that have their answer

    def _hand_back(self) -> None:
        while self._read:
            answer, found = self._read.popleft()
            if answer.done():  # nobody waits for it any more
                continue
            if isinstance(found, BaseException):
                answer.set_exception(found)
            else:
                answer.set_result(found)


def _outcome(read: Read) -> Response | BaseException:
    try:
        return read()
    except BaseException as error:
        return error
