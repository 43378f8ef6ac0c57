"""Where the user is signed in: address and token of each profile, in the user's config directory, for them alone."""

import contextlib
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import typer

from images_app.cli.fault import fail

DEFAULT = "default"


@dataclass(frozen=True)
class Profile:
    """A server and the token for it."""

    url: str
    token: str


def path() -> Path:
    """Such as `~/.config/aeontel/profiles.json`."""
    return Path(typer.get_app_dir("aeontel")) / "profiles.json"


def load() -> dict[str, Profile]:
    """Every profile by its name."""
    try:
        found = json.loads(path().read_text())
        return {str(name): Profile(url=str(each["url"]), token=str(each["token"])) for name, each in found.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        fail(f"{path()} cannot be read ({type(error).__name__}). Delete it and use `aeontel login` again.")


def put(name: str, profile: Profile) -> None:
    """Keep a profile, in the place of one with its name."""
    with _only_one():
        _write({**load(), name: profile})


def remove(name: str) -> bool:
    """Forget a profile; whether there was one."""
    with _only_one():
        kept = load()
        if kept.pop(name, None) is None:
            return False
        _write(kept)
    return True


@contextlib.contextmanager
def _only_one() -> Iterator[None]:
    """Of two commands that change profiles at once, one comes after the other."""
    folder = path().parent
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        fail(f"{folder} cannot be written ({error.strerror}).")
    try:
        with contextlib.suppress(ImportError):  # Windows has no fcntl
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _write(profiles: dict[str, Profile]) -> None:
    """Never readable by others, not even for a moment, and never half there."""
    draft = path().with_name(f".profiles-{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump({name: asdict(profile) for name, profile in profiles.items()}, file, indent=2)
    draft.replace(path())
