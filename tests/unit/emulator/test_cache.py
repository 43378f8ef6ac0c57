"""The cache of finished variants: one computation for many, a byte cap, and a life after a restart."""

import asyncio
import shutil
from pathlib import Path

import pytest

from images_app.emulator.cache import VariantCache
from images_app.emulator.services import Threads

SHA = "ab" * 32


@pytest.fixture
def threads():
    threads = Threads(2)
    yield threads
    threads.executor.shutdown()


class Maker:
    """Writes `data` when the gate opens, and counts."""

    def __init__(self, data: bytes = b"x" * 100) -> None:
        self.data = data
        self.gate = asyncio.Event()
        self.gate.set()
        self.entered = asyncio.Event()
        self.begun = 0
        self.ended = 0

    async def __call__(self, path: Path) -> None:
        self.begun += 1
        self.entered.set()
        await self.gate.wait()
        path.write_bytes(self.data)  # noqa: ASYNC240 - a hundred bytes
        self.ended += 1


def files(root: Path) -> list[str]:
    return sorted(path.name for path in root.rglob("*") if path.is_file())


def test_equal_requests_share_one_computation(tmp_path, threads):
    async def scenario():
        cache, maker = VariantCache(tmp_path, 1000, threads), Maker()
        maker.gate.clear()
        many = [asyncio.create_task(cache.get(SHA, "k", maker)) for _ in range(200)]
        await maker.entered.wait()
        maker.gate.set()
        assert set(await asyncio.gather(*many)) == {(maker.data, False)}
        assert await cache.get(SHA, "k", maker) == (maker.data, True)
        assert maker.begun == 1

    asyncio.run(scenario())


def test_the_least_recently_used_goes_first(tmp_path, threads):
    async def scenario():
        cache, maker = VariantCache(tmp_path, 250, threads), Maker()
        await cache.get(SHA, "a", maker)
        await cache.get(SHA, "b", maker)
        await cache.get(SHA, "a", maker)
        await cache.get(SHA, "c", maker)
        assert files(tmp_path) == ["a", "c"]
        assert cache.bytes == 200

    asyncio.run(scenario())


def test_what_is_larger_than_the_cap_is_served_and_not_kept(tmp_path, threads):
    async def scenario():
        cache, maker = VariantCache(tmp_path, 50, threads), Maker()
        assert await cache.get(SHA, "a", maker) == (maker.data, False)
        assert (files(tmp_path), cache.bytes) == ([], 0)

    asyncio.run(scenario())


def test_entries_survive_a_restart_and_the_cap_holds_for_them(tmp_path, threads):
    async def scenario():
        before, maker = VariantCache(tmp_path, 1000, threads), Maker()
        for key in "abc":
            await before.get(SHA, key, maker)
        after = VariantCache(tmp_path, 200, threads)
        await after.load()
        assert (len(files(tmp_path)), after.bytes) == (2, 200)
        kept = files(tmp_path)[0]
        assert (await after.get(SHA, kept, maker))[1]
        assert maker.begun == 3

    asyncio.run(scenario())


def test_a_failure_reaches_everybody_and_is_not_kept(tmp_path, threads):
    async def fail(_path: Path) -> None:
        raise ValueError("broken")

    async def scenario():
        cache, maker = VariantCache(tmp_path, 1000, threads), Maker()
        both = await asyncio.gather(cache.get(SHA, "a", fail), cache.get(SHA, "a", fail), return_exceptions=True)
        assert [type(error) for error in both] == [ValueError, ValueError]
        assert await cache.get(SHA, "a", maker) == (maker.data, False)
        assert files(tmp_path) == ["a"]

    asyncio.run(scenario())


def test_the_work_stops_when_the_last_who_waits_goes_away(tmp_path, threads):
    async def scenario():
        cache, maker = VariantCache(tmp_path, 1000, threads), Maker()
        maker.gate.clear()
        one, two = (asyncio.create_task(cache.get(SHA, "a", maker)) for _ in range(2))
        await maker.entered.wait()
        one.cancel()
        await asyncio.gather(one, return_exceptions=True)
        maker.gate.set()
        assert (await two)[0] == maker.data
        maker.gate.clear()
        maker.entered.clear()
        lonely = asyncio.create_task(cache.get(SHA, "b", maker))
        await maker.entered.wait()
        lonely.cancel()
        await asyncio.gather(lonely, return_exceptions=True)
        await cache.close()
        assert maker.ended == 1
        assert files(tmp_path) == ["a"]

    asyncio.run(scenario())


def test_purging_a_content_leaves_the_others(tmp_path, threads):
    async def scenario():
        cache, maker = VariantCache(tmp_path, 1000, threads), Maker()
        await cache.get(SHA, "a", maker)
        await cache.get("cd" * 32, "b", maker)
        await cache.purge(SHA)
        assert (files(tmp_path), cache.bytes) == (["b"], 100)
        assert await cache.get(SHA, "a", maker) == (maker.data, False)

    asyncio.run(scenario())


def test_a_file_that_vanished_is_made_again(tmp_path, threads):
    async def scenario():
        cache, maker = VariantCache(tmp_path, 1000, threads), Maker()
        await cache.get(SHA, "a", maker)
        next(tmp_path.rglob("a")).unlink()
        assert await cache.get(SHA, "a", maker) == (maker.data, False)
        assert cache.bytes == 100

    asyncio.run(scenario())


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_result_whose_folder_vanishes_is_served_and_not_kept(tmp_path, threads, when):
    """With the last of its files, which somebody else removed, or with its image."""

    async def scenario():
        cache, maker = VariantCache(tmp_path, 1000, threads), Maker()

        async def make(path: Path) -> None:
            if when == "before":
                shutil.rmtree(tmp_path, ignore_errors=True)
            await maker(path)
            if when == "after":
                shutil.rmtree(tmp_path, ignore_errors=True)

        assert await cache.get(SHA, "a", make) == (maker.data, False)
        assert (files(tmp_path), cache.bytes) == ([], 0)

    asyncio.run(scenario())


def test_two_processes_share_a_folder_and_what_they_made(tmp_path, threads):
    async def scenario():
        one, two, maker = VariantCache(tmp_path, 10_000, threads), VariantCache(tmp_path, 10_000, threads), Maker()
        await one.get(SHA, "a", maker)
        assert two.peek(SHA, "a") == maker.data
        assert two.peek(SHA, "b") is None
        assert await two.get(SHA, "a", maker) == (maker.data, True)
        assert (maker.begun, two.bytes) == (1, 100)
        await one.purge(SHA)
        assert await two.get(SHA, "a", maker) == (maker.data, False)

    asyncio.run(scenario())


def test_the_cap_holds_for_all_who_share_a_folder(tmp_path, threads):
    """But for the sixteenth that each may add before it looks again."""

    async def scenario():
        cap = 3200
        one, two, maker = VariantCache(tmp_path, cap, threads), VariantCache(tmp_path, cap, threads), Maker()
        for n in range(100):
            await (one, two)[n % 2].get(SHA, f"{n:03}", maker)
            assert len(files(tmp_path)) * 100 <= cap + 2 * (cap // 16 + 100)
        assert files(tmp_path)[-1] == "099"
        assert len(files(tmp_path)) > 20

    asyncio.run(scenario())


def test_the_order_of_use_is_kept_for_results_that_were_only_looked_at(tmp_path, threads):
    async def scenario():
        cache, maker = VariantCache(tmp_path, 250, threads), Maker()
        await cache.get(SHA, "a", maker)
        await cache.get(SHA, "b", maker)
        data = cache.peek(SHA, "a")
        cache.used(SHA, "a", len(data))
        await cache.get(SHA, "c", maker)
        assert files(tmp_path) == ["a", "c"]
        assert (cache.figures.computed, cache.figures.found, cache.figures.shared) == (3, 1, 0)

    asyncio.run(scenario())
