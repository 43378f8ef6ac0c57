"""The front end is built once and served from disk; it is built again only when something it is made of changed."""

import fcntl
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from images_app.settings import Settings, reflex_environment

_ROOT = Path(__file__).resolve().parent.parent
_SOURCES = ("rxconfig.py", "assets", "reflex.lock", "images_app/images_app.py")
_FACE = ("images_app/pages", "images_app/components", "images_app/state")


def is_current(settings: Settings) -> bool:
    """Whether the front end in the data directory is made of today's sources."""
    stamp = _stamp(settings)
    return stamp.exists() and stamp.read_text() == _fingerprint(settings)


def build(settings: Settings) -> None:
    """Export the front end into the data directory. Raises RuntimeError with the end of the build's output."""
    stamp = _stamp(settings)
    stamp.unlink(missing_ok=True)
    stamp.parent.mkdir(parents=True, exist_ok=True)
    wanted = _fingerprint(settings)
    with _one_build_at_a_time(), _lock_kept_as_it_is():
        result = subprocess.run(
            [sys.executable, "-m", "reflex", "export", "--frontend-only", "--no-zip"],
            cwd=_ROOT,
            env=reflex_environment(settings),
            capture_output=True,
            text=True,
        )
    output = result.stdout + result.stderr
    log = stamp.with_name("build.log")
    log.write_text(output)
    if result.returncode != 0:
        raise RuntimeError(f"The front end could not be built; all of the output is in {log}.\n{output[-2000:]}")
    stamp.write_text(wanted)


@contextmanager
def _one_build_at_a_time() -> Iterator[None]:
    """Each data directory has its own build, but Reflex links assets and keeps its lock file in the source folder."""
    with (_ROOT / "rxconfig.py").open() as source:
        fcntl.flock(source, fcntl.LOCK_EX)
        yield


@contextmanager
def _lock_kept_as_it_is() -> Iterator[None]:
    """Reflex writes its lock back, now and then in another layout: that is no change, neither for git nor for the
    fingerprint. A real change (a new package) stays."""
    files = {path: path.read_text() for path in (_ROOT / "reflex.lock").glob("*.json")}
    yield
    for path, before in files.items():
        after = path.read_text()
        if after != before and json.loads(after) == json.loads(before):
            path.write_text(before)


def _stamp(settings: Settings) -> Path:
    return settings.data_dir / "web" / "stamp"


def _fingerprint(settings: Settings) -> str:
    """Sources, Reflex's version and the addresses, which the bundle contains."""
    digest = hashlib.sha256(f"{version('reflex')} {settings.port} {settings.public_url}".encode())
    for name in (*_SOURCES, *_FACE):
        path = _ROOT / name
        files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
        for file in files:
            inside = file.relative_to(_ROOT)
            if "__pycache__" in inside.parts or inside.parts[:2] == ("assets", "external"):
                continue
            digest.update(str(inside).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()
