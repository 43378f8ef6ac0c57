"""The front end is built once and served from disk; it is built again only when something it is made of changed.

The bundle knows no address: a browser speaks to wherever the page came from. So one build serves every port, host and
scheme, and a container image can carry it.
"""

import fcntl
import gzip
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from images_app.settings import Settings, reflex_environment

_ROOT = Path(__file__).resolve().parent.parent
_SOURCES = ("rxconfig.py", "assets", "reflex.lock", "images_app/images_app.py")
_FACE = ("images_app/pages", "images_app/components", "images_app/state", "packages/react/src/client")
PLACEHOLDER = "aeontel.invalid"
"""The host that Reflex is told when it builds; RFC 2606 keeps it from being anybody's."""
_ADDRESS = re.compile(rf"""(["'`])(http|ws)://{re.escape(PLACEHOLDER)}(/[^"'`]*)\1""")
_ORIGIN = {"http": "location.origin", "ws": 'location.origin.replace(/^http/,"ws")'}


def is_current(settings: Settings) -> bool:
    """Whether the built front end is made of today's sources."""
    stamp = _stamp(settings)
    return stamp.exists() and stamp.read_text() == _fingerprint()


def build(settings: Settings) -> None:
    """Export the front end into its directory. Raises RuntimeError with the end of the build's output."""
    stamp = _stamp(settings)
    stamp.parent.mkdir(parents=True, exist_ok=True)
    with _one_build_at_a_time(), _lock_kept_as_it_is():
        if is_current(settings):
            return  # somebody else built it while we waited
        stamp.unlink(missing_ok=True)
        wanted = _fingerprint()
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
        _forget_the_address(Path(settings.web_dir) / "build" / "build" / "client" / "assets")
        stamp.write_text(wanted)


def _forget_the_address(assets: Path) -> None:
    """Let the bundle's one module of addresses take them from the page's own."""
    holders = [path for path in assets.glob("*.js") if PLACEHOLDER in path.read_text()]
    if len(holders) != 1:
        raise RuntimeError(f"{len(holders)} modules of the bundle hold the server's address, and not one.")
    text = _ADDRESS.sub(lambda found: f'{_ORIGIN[found[2]]}+"{found[3]}"', holders[0].read_text())
    if PLACEHOLDER in text:
        raise RuntimeError(f"{holders[0].name} holds the server's address in an unknown form.")
    holders[0].write_text(text)
    packed = holders[0].with_name(f"{holders[0].name}.gz")
    if packed.exists():
        packed.write_bytes(gzip.compress(text.encode()))


@contextmanager
def _one_build_at_a_time() -> Iterator[None]:
    """Each directory has its own build, but Reflex links assets and keeps its lock file in the source folder."""
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
    return Path(settings.web_dir) / "stamp"


def _fingerprint() -> str:
    """Sources and Reflex's version."""
    digest = hashlib.sha256(version("reflex").encode())
    for name in (*_SOURCES, *_FACE):
        path = _ROOT / name
        files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
        for file in files:
            inside = file.relative_to(_ROOT)
            if "__pycache__" in inside.parts or inside.parts[:2] == ("assets", "external"):
                continue
            digest.update(str(inside).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()
