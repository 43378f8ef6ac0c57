"""Packages of npm that tests use, as a folder's lock file names them."""

import fcntl
import json
import subprocess
import sys
from pathlib import Path

BIN = Path(sys.executable).parent


def install(folder: Path) -> Path:
    """What `package.json` in this folder depends on, installed once for each clone; the folder that has it."""
    modules = folder / "node_modules"
    with (folder / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        described = json.load(lock)
        wanted = described.get("dependencies", {}) | described.get("devDependencies", {})
        if any(_version(modules / name) != version for name, version in wanted.items()):
            subprocess.run([BIN / "npm", "ci", "--no-audit", "--no-fund"], cwd=folder, check=True, capture_output=True)
    return modules


def _version(package: Path) -> str | None:
    found = package / "package.json"
    return json.loads(found.read_text())["version"] if found.exists() else None
