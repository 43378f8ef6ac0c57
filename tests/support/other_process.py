"""Another server process beside that of the tests: it serves the API of worlds on the same database, bucket and Redis.

It lives as long as the tests' own, since starting one takes a second of a core. A request and an answer are a line of
JSON each: `{"open": settings}` is answered with a number, `{"close": number}` with that.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

from images_app.bootstrap import World
from tests.support.ports import free_port

_ROOT = Path(__file__).resolve().parents[2]


class OtherProcess:
    """Started on enter, ended on exit."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__], cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=60)  # the end of its input is the end of its work

    @contextmanager
    def serving(self, world: World, folder: Path) -> Iterator[int]:
        """The port of a second server of this world, whose data directory is `folder`."""
        port = free_port()
        same = world.settings.model_dump(mode="json")
        number = self._ask({"open": {**same, "port": port, "data_dir": str(folder)}})
        try:
            yield port
        finally:
            self._ask({"close": number})

    def _ask(self, request: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(request), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError("The other server process has ended; why is on stderr.")
        return json.loads(answer)


def _serve() -> None:
    """In that process: until the input ends."""
    from images_app import bootstrap, shared
    from images_app.settings import load
    from tests.support.serving import serving_api

    # Nobody takes Redis away from this process; on a machine that stands still for a moment it would seem so.
    shared._PATIENCE_S = 20.0
    opened: dict[int, ExitStack] = {}
    for line in sys.stdin:
        request = json.loads(line)
        if "open" in request:
            number = len(opened)
            stack = opened[number] = ExitStack()
            world = bootstrap.build(load(_env_file=None, **request["open"]))
            stack.callback(world.close)
            stack.enter_context(serving_api(world))
        else:
            number = request["close"]
            opened[number].close()
        print(json.dumps(number), flush=True)


if __name__ == "__main__":
    _serve()
