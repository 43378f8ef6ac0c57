"""What handlers work with, and the emulator's own threads."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import ParamSpec, TypeVar

from images_app.emulator.auth import Meter
from images_app.emulator.cache import VariantCache
from images_app.emulator.calls import Calls
from images_app.emulator.config import EmulatorConfig
from images_app.emulator.content import Content
from images_app.emulator.faults import Faults
from images_app.emulator.fetch import Fetcher
from images_app.emulator.pixels.pool import PixelPool
from images_app.emulator.store import Store

P = ParamSpec("P")
T = TypeVar("T")


class Threads:
    """Runs blocking work off the event loop.

    The loop's default executor is not used: the host application may fill it with calls that wait for us.
    """

    def __init__(self, workers: int) -> None:
        self.executor = ThreadPoolExecutor(workers, thread_name_prefix="cloudflare-images")

    async def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Await `function` in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self.executor, partial(function, *args, **kwargs))


@dataclass(frozen=True)
class Services:
    """One running account."""

    config: EmulatorConfig
    threads: Threads
    store: Store
    content: Content
    pool: PixelPool
    cache: VariantCache
    fetcher: Fetcher
    faults: Faults
    calls: Calls
    meter: Meter
