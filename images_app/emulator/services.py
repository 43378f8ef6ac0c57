"""What handlers work with, and the emulator's own threads."""

import asyncio
import errno
import sqlite3
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
from images_app.emulator.errors import NoRoom
from images_app.emulator.faults import Faults
from images_app.emulator.fetch import Fetcher
from images_app.emulator.pixels.pool import PixelPool
from images_app.emulator.store import Store

P = ParamSpec("P")
T = TypeVar("T")

_FULL = (errno.ENOSPC, errno.EDQUOT)
_FULL_DATABASE = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)


class Threads:
    """Runs blocking work off the event loop.

    The loop's default executor is not used: the host application may fill it with calls that wait for us.
    """

    def __init__(self, workers: int) -> None:
        self.executor = ThreadPoolExecutor(workers, thread_name_prefix="cloudflare-images")

    async def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Await `function` in a thread. Raises what it raises, and NoRoom when the disk is full."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self.executor, partial(function, *args, **kwargs))
        except (OSError, sqlite3.Error) as error:
            if not _is_full(error):
                raise
            raise NoRoom(str(error)) from None


def _is_full(error: OSError | sqlite3.Error) -> bool:
    """A used-up quota is as good as a full disk."""
    if isinstance(error, OSError):
        return error.errno in _FULL
    return getattr(error, "sqlite_errorcode", None) in _FULL_DATABASE


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
