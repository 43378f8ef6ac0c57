"""The emulator by itself: a port and a directory, and the account in that directory.

Several of these may use one directory at the same time: rows are in SQLite, files are moved into place, and what must
be done by one process at a time is done under a file lock.
"""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from images_app.emulator.config import EmulatorConfig

_FILE = "credentials.json"


@dataclass(frozen=True)
class Credentials:
    """The account's identity; made once and kept, mode 0600."""

    account_id: str
    account_hash: str
    api_token: str


def credentials(data_dir: Path, *, account_id: str = "", api_token: str = "") -> Credentials:
    """Those in the directory, made when there are none. Two processes that start at once agree on the first.

    A new account gets the id and token that are given. Raises ValueError when the one in the directory has others.
    """
    path = data_dir / _FILE
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = Credentials(
            account_id or secrets.token_hex(16), secrets.token_urlsafe(16), api_token or secrets.token_urlsafe(30)
        )
        draft = data_dir / f".{_FILE}.{secrets.token_hex(4)}"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(vars(fresh), file)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    found = Credentials(**json.loads(path.read_text()))
    if account_id not in ("", found.account_id) or api_token not in ("", found.api_token):
        raise ValueError(f"{data_dir} holds an account with another id or token")
    return found


def configure(
    data_dir: Path, own: Credentials, *, public_url: str, fetch_bases: tuple[str, ...], allowance: int | None = None
) -> EmulatorConfig:
    """The account in a directory, seen from outside at `public_url`."""
    return EmulatorConfig(
        data_dir=data_dir,
        account_id=own.account_id,
        account_hash=own.account_hash,
        api_token=own.api_token,
        public_delivery_base=f"{public_url}/imagedelivery",
        fetch_bases=fetch_bases,
        allowance=allowance,
        page=True,
    )


def shown(config: EmulatorConfig, public_url: str) -> dict[str, str]:
    """What a client needs."""
    return {
        "apiBase": f"{public_url}/cloudflare/client/v4",
        "batchBase": f"{public_url}/cloudflare/batch",
        "accountId": config.account_id,
        "accountHash": config.account_hash,
        "apiToken": config.api_token,
        "readToken": config.read_token,
        "deliveryBase": config.public_delivery_base,
    }
