"""A process that works and serves nothing: the durable engine as a server runs it, without the server around it."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from images_app.cli.serving import built_to_stay

_ROOT = Path(__file__).parents[2]


class RunningWorker:
    """Started on `start` and on enter; `kill()` ends it with SIGKILL."""

    def __init__(self, data_dir: Path, settings: dict[str, Any]) -> None:
        self._arguments = json.dumps({**settings, "data_dir": str(data_dir)}, default=str)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen([sys.executable, "-m", "tests.support.worker", self._arguments], cwd=_ROOT)

    def kill(self) -> None:
        process = self._process  # whoever sees that it has ended may have started the next one before it is waited for
        assert process is not None
        process.kill()
        process.wait()

    @property
    def has_ended(self) -> bool:
        """Whether it is dead."""
        return self._process is None or self._process.poll() is not None

    def __enter__(self) -> "RunningWorker":
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        if not self.has_ended:
            self.kill()


async def _work(settings: dict[str, Any]) -> None:
    with built_to_stay():
        from images_app import bootstrap  # in here, as in the server, since tests start many of these
        from images_app.jobs.lifespan import jobs
        from images_app.settings import load

    async def ready() -> None:
        """At once: whoever is called is somewhere else."""

    async with jobs(bootstrap.build(load(_env_file=None, **settings)), ready):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_work(json.loads(sys.argv[1])))
