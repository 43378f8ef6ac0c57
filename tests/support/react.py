"""The React package: its tools, and the file that people install."""

import fcntl
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support import npm
from tests.support.server import ROOT

FOLDER = ROOT / "packages" / "react"


def run(*command: str, folder: Path = FOLDER, **environment: str) -> subprocess.CompletedProcess[str]:
    """A tool of npm's, such as `npx vitest run`."""
    done = subprocess.run(
        [npm.BIN / command[0], *command[1:]],
        cwd=folder,
        env={**os.environ, "PATH": f"{npm.BIN}{os.pathsep}{os.environ['PATH']}", "CI": "1", **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-20_000:]}\n{done.stderr[-5_000:]}"
    return done


def pack(into: Path) -> Path:
    """The package as npm would publish it, built on the way."""
    with _alone():
        [packed] = json.loads(run("npm", "pack", "--json", "--silent", f"--pack-destination={into}").stdout)
    return into / packed["filename"].replace("@", "").replace("/", "-")


def sizes() -> dict[str, int]:
    """Bytes, gzipped, that each hook brings to a page, and all of them together, of what was packed."""
    with _alone():
        lines = run("npm", "run", "-s", "size").stdout.splitlines()
    return {line.split()[0]: int(line.split()[3]) for line in lines}


@contextmanager
def _alone() -> Iterator[None]:
    """All processes build in one place, and begin with deleting what is there."""
    npm.install(FOLDER)
    with (FOLDER / "package-lock.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
