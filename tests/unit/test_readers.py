"""Reads of SQLite take turns: what waits is read in one go, and a slow read holds up nobody else."""

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest
from starlette.responses import Response

from images_app.api.readers import InTurns

NEVER_SLOW = 3600.0
AT_ONCE_SLOW = 0.001


class Gate:
    """A read that goes on until it is let go."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.open = threading.Event()

    def __call__(self) -> Response:
        self.begun.set()
        assert self.open.wait(60)
        return Response(b"late")


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 60))  # type: ignore[arg-type]


async def begun(gate: Gate) -> None:
    assert await asyncio.to_thread(gate.begun.wait, 60)


async def settled() -> None:
    """Whoever can go on in the event loop, has."""
    for _ in range(10):
        await asyncio.sleep(0)


def ask(readers: InTurns, *reads: Callable[[], Response]) -> list[asyncio.Task[Response]]:
    return [asyncio.create_task(readers.run(read)) for read in reads]


def saying(text: str) -> Callable[[], Response]:
    return lambda: Response(text.encode())


async def texts(answers: list[asyncio.Task[Response]]) -> list[str]:
    return [bytes(answer.body).decode() for answer in await asyncio.gather(*answers)]


def test_everybody_gets_their_own_answer() -> None:
    async def test() -> None:
        wanted = [str(number) for number in range(200)]
        assert await texts(ask(InTurns(), *map(saying, wanted))) == wanted

    run(test)


def test_one_thread_reads_at_a_time() -> None:
    readers, inside, most = InTurns(NEVER_SLOW), threading.Semaphore(1), []

    def alone() -> Response:
        most.append(inside.acquire(blocking=False))
        threading.Event().wait(0.001)
        inside.release()
        return Response()

    async def test() -> None:
        for _ in range(5):
            await asyncio.gather(*ask(readers, *[alone] * 10))
        assert most == [True] * 50

    run(test)


def test_what_comes_in_during_a_turn_is_the_next_turn() -> None:
    readers, gate, threads = InTurns(NEVER_SLOW), Gate(), []

    def note() -> Response:
        threads.append(threading.current_thread().name)
        return Response()

    async def test() -> None:
        (first,) = ask(readers, gate)
        await begun(gate)
        later = ask(readers, *[note] * 20)
        await settled()
        assert not threads
        gate.open.set()
        await asyncio.gather(first, *later)
        assert len(threads) == 20

    run(test)


def test_a_slow_read_holds_up_nobody() -> None:
    readers, gate = InTurns(AT_ONCE_SLOW), Gate()

    async def test() -> None:
        (late, *with_it) = ask(readers, gate, saying("a"), saying("b"))
        await begun(gate)
        assert await texts(with_it) == ["a", "b"]
        assert await texts(ask(readers, *map(saying, "cde"))) == ["c", "d", "e"]
        assert not late.done()
        gate.open.set()
        assert await texts([late]) == ["late"]
        assert await texts(ask(readers, saying("f"))) == ["f"]

    run(test)


def test_what_was_read_before_a_slow_read_is_handed_back_meanwhile() -> None:
    readers, gate = InTurns(AT_ONCE_SLOW), Gate()

    async def test() -> None:
        before, late = ask(readers, saying("a"), gate)
        await begun(gate)
        assert await texts([before]) == ["a"]
        gate.open.set()
        assert await texts([late]) == ["late"]

    run(test)


def test_when_all_threads_are_kept_the_others_wait_and_are_read_in_the_end() -> None:
    readers, gates = InTurns(AT_ONCE_SLOW), [Gate() for _ in range(10)]

    async def test() -> None:
        late = ask(readers, *gates)
        waiting = ask(readers, *map(saying, "ab"))
        for gate in gates[:4]:
            await begun(gate)
        await asyncio.sleep(0.05)
        assert sum(gate.begun.is_set() for gate in gates) == 4
        for gate in gates:
            gate.open.set()
        assert await texts(waiting) == ["a", "b"]
        assert await texts(late) == ["late"] * 10

    run(test)


def test_a_fault_is_that_of_its_own_read() -> None:
    def fail() -> Response:
        raise KeyError("mine")

    async def test() -> None:
        readers = InTurns()
        before, wrong, after = ask(readers, saying("a"), fail, saying("b"))
        with pytest.raises(KeyError, match="mine"):
            await wrong
        assert await texts([before, after]) == ["a", "b"]

    run(test)


def test_a_read_that_nobody_waits_for_any_more_is_not_begun() -> None:
    readers, gate, done = InTurns(NEVER_SLOW), Gate(), []

    def note() -> Response:
        done.append(1)
        return Response()

    async def test() -> None:
        left, gone = ask(readers, gate, note)
        await begun(gate)
        for task in (left, gone):
            task.cancel()
        await asyncio.gather(left, gone, return_exceptions=True)
        gate.open.set()
        assert await texts(ask(readers, saying("a"))) == ["a"]
        assert not done

    run(test)


@pytest.mark.parametrize("slow_s", [AT_ONCE_SLOW, NEVER_SLOW])
def test_many_at_many_moments_are_all_answered(slow_s: float) -> None:
    """Threads that are relieved in the middle of their turn, and those that relieve them."""
    readers = InTurns(slow_s)

    def read(number: int) -> Callable[[], Response]:
        def wait() -> Response:
            threading.Event().wait(0.003 if number % 7 == 0 else 0)
            return Response(str(number).encode())

        return wait

    async def client(number: int) -> None:
        for step in range(30):
            wanted = number * 100 + step
            assert await texts(ask(readers, read(wanted))) == [str(wanted)]

    async def test() -> None:
        await asyncio.gather(*(client(number) for number in range(20)))

    run(test)
