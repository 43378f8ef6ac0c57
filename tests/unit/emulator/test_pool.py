"""The pool of pixel children: bounded, limited, and whole again after a death."""

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

from images_app.emulator.pixels.pool import PixelCrash, PixelFault, PixelPool
from images_app.emulator.services import Threads
from tests.support import photos

GIB = 1024**3


def job(path, **changes):
    return {"do": "inspect", "source": str(path), "format": "jpeg", "max_side": 12_000, "max_pixels": 10**8} | changes


@pytest.fixture
def threads():
    threads = Threads(4)
    yield threads
    threads.executor.shutdown()


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo"
    path.write_bytes(photos.quadrants(6))
    return path


def run(scenario, threads, processes=1, memory_bytes=GIB, seconds=10.0):
    async def whole():
        pool = PixelPool(processes, memory_bytes=memory_bytes, seconds=seconds, threads=threads.executor)
        try:
            return await scenario(pool)
        finally:
            await pool.close()
            assert pool.pids == []

    return asyncio.run(whole())


@asynccontextmanager
async def read_for_ever(pool: PixelPool, pipe: Path) -> AsyncIterator[asyncio.Task]:
    """A job that has begun to read a file, and waits for bytes that never come."""
    os.mkfifo(pipe)
    stuck = asyncio.create_task(pool.run(job(pipe, format="svg")))
    async with asyncio.timeout(60):
        while True:
            with suppress(OSError):  # nobody reads yet
                end = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
                break
            await asyncio.sleep(0.01)
    try:
        yield stuck
    finally:
        os.close(end)


def children() -> set[int]:
    """Process ids of all that this process has started and not buried."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # ended meanwhile
            if int(stat.read_text().rpartition(")")[2].split()[1]) == os.getpid():
                found.add(int(stat.parent.name))
    return found


def test_at_most_so_many_children_work_and_they_are_used_again(threads, photo):
    async def scenario(pool):
        answers = await asyncio.gather(*(pool.run(job(photo)) for _ in range(20)))
        assert {(a["width"], a["height"]) for a in answers} == {(120, 80)}
        assert len(pool.pids) <= 2

    run(scenario, threads, processes=2)


def test_a_child_that_is_killed_idle_or_at_work_is_replaced(threads, photo, tmp_path):
    async def scenario(pool):
        await pool.run(job(photo))
        (idle,) = pool.pids
        os.kill(idle, signal.SIGKILL)
        assert (await pool.run(job(photo)))["width"] == 120
        (busy,) = pool.pids
        assert busy != idle
        async with read_for_ever(pool, tmp_path / "pipe") as stuck:
            os.kill(busy, signal.SIGKILL)
            with pytest.raises(PixelCrash, match="died"):
                await stuck
        assert (await pool.run(job(photo)))["width"] == 120

    run(scenario, threads)


def test_a_job_that_never_ends_is_stopped(threads, photo, tmp_path):
    async def scenario(pool):
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        with pytest.raises(PixelCrash, match="no answer within 2 s"):
            await pool.run(job(pipe, format="svg"))
        async with asyncio.timeout(60):
            while True:
                with suppress(PixelCrash):  # on a busy machine even this may take so long
                    assert (await pool.run(job(photo)))["width"] == 120
                    return

    run(scenario, threads, seconds=1)


def test_a_cancelled_job_frees_its_place(threads, photo, tmp_path):
    async def scenario(pool):
        async with read_for_ever(pool, tmp_path / "pipe") as stuck:
            stuck.cancel()
            with pytest.raises(asyncio.CancelledError):
                await stuck
            assert (await pool.run(job(photo)))["width"] == 120

    run(scenario, threads)


def test_a_child_that_is_started_for_somebody_who_has_left_is_ended(photo):
    started, gate = threading.Event(), threading.Event()

    class Late(ThreadPoolExecutor):
        """Has done the work before anybody hears of it."""

        def submit(self, function, /, *args, **kwargs):
            def work():
                result = function(*args, **kwargs)
                started.set()
                assert gate.wait(60)
                return result

            return super().submit(work)

    async def scenario(pool):
        nobodys = asyncio.create_task(pool.run(job(photo)))
        assert await asyncio.to_thread(started.wait, 60)
        nobodys.cancel()
        with pytest.raises(asyncio.CancelledError):
            await nobodys
        gate.set()
        assert (await pool.run(job(photo)))["width"] == 120

    before = children()
    with Late(2) as executor:
        run(scenario, SimpleNamespace(executor=executor))
    assert children() <= before


def test_memory_is_limited_by_the_kernel(threads, tmp_path):
    async def scenario(pool):
        big = tmp_path / "big"
        big.write_bytes(photos.png(9000, 9000))
        target = str(tmp_path / "out")
        turn = {"do": "render", "source": str(big), "target": target, "action": "render", "format": "png"}
        turn |= {"animated": False, "trim": [0, 0, 8999, 8999], "resize": [8999, 8999], "crop": None, "canvas": None}
        turn |= {"background": None, "flip": "", "rotate": 90, "blur": 0, "sharpen": 0, "quality": 85}
        turn |= {"brightness": 1, "contrast": 1, "gamma": 1, "saturation": 1, "palette": False, "fast": True}
        with pytest.raises((PixelFault, PixelCrash)) as caught:
            await pool.run(turn)
        assert getattr(caught.value, "kind", "memory") == "memory"

    run(scenario, threads, memory_bytes=450 * 1024**2, seconds=20)


def test_children_know_nothing_of_the_parents_environment(threads, photo, monkeypatch):
    monkeypatch.setenv("IMAGES_SECRET_FOR_TEST", "leak")

    async def scenario(pool):
        await pool.run(job(photo))
        return Path(f"/proc/{pool.pids[0]}/environ").read_text()  # noqa: ASYNC240

    assert "leak" not in run(scenario, threads)


@pytest.mark.parametrize(
    ("data", "format"),
    [
        (photos.truncated(photos.photo_jpeg(800, 600), 0.5), "jpeg"),
        (photos.truncated(photos.png(), 0.5), "png"),
        (photos.truncated(photos.webp(), 0.5), "webp"),
        (photos.truncated(photos.animation(), 0.5), "gif"),
        (b"<svg", "svg"),
    ],
)
def test_damaged_files_are_found_out(threads, tmp_path, data, format):
    path = tmp_path / "damaged"
    path.write_bytes(data)

    async def scenario(pool):
        with pytest.raises(PixelFault) as caught:
            await pool.run(job(path, format=format))
        assert caught.value.kind == "pixels"

    run(scenario, threads)
