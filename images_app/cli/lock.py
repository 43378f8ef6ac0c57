"""One server per data directory: SQLite and the local Cloudflare belong to one process."""

import fcntl
from pathlib import Path
from typing import IO

from images_app.errors import SettingsError


def hold(data_dir: Path) -> IO[str]:
    """Lock the directory until the returned file is closed or the process ends, however it ends."""
    lock = open(data_dir / "server.lock", "w")  # noqa: SIM115 (held for the life of the server)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise SettingsError(
            f"Another server uses {data_dir}. Give this one its own: IMAGES_DATA_DIR=./other PORT=3001 make run"
        ) from None
    return lock
