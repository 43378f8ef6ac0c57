"""The server's own secrets, each for one purpose: generated once and kept in the data directory (mode 0600), or derived
from one secret that several servers are given (IMAGES_SECRET_KEY).

Servers on one PostgreSQL must have the same: what one signs, another checks. So the database remembers fingerprints,
and a server with other keys does not start. A SQLite file has one server, whose keys lie beside it, and is not asked:
whoever lost the keys gets new ones, and URLs that were signed with the old ones end before their time.
"""

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlmodel import Session, delete, select

from images_app.database import Database, lock
from images_app.errors import SettingsError
from images_app.models import KeyFingerprint


@dataclass(frozen=True)
class Keys:
    """Separate keys, so that a leak or a rotation of one touches nothing else."""

    presign: str
    """Signs presigned URLs of the disk object store (HS256)."""
    cloudflare_account_id: str
    cloudflare_account_hash: str
    cloudflare_api_token: str
    """Identity of the local Cloudflare's one account."""
    cloudflare_signing_key: str
    """The local account's signing key: signs delivery URLs with `exp` and `sig`."""
    delivery_token: str
    """Signs delivery URLs with `token` (HS256); its name is `delivery_token_id`."""

    @property
    def delivery_token_id(self) -> str:
        """Goes into tokens as `kid`. Follows the key, so that a new key has a new name."""
        return hashlib.sha256(self.delivery_token.encode()).hexdigest()[:16]


def load(directory: Path, secret: str) -> Keys:
    """The keys that follow from `secret`; when that is empty those under `directory`, made as far as they are not there
    yet."""
    if secret:
        return _made(
            lambda name, size: hmac.digest(secret.encode(), f"aeontel-images {name}".encode(), "sha512")[:size]
        )
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    kept = _made(lambda _name, size: secrets.token_bytes(size))
    return Keys(**{name: _kept(directory / name.replace("_", "-"), fresh) for name, fresh in asdict(kept).items()})


def _made(make: Callable[[str, int], bytes]) -> Keys:
    """Keys of so many bytes each, for their name; Cloudflare's in the form that Cloudflare has them."""

    def text(name: str, size: int) -> str:
        return base64.urlsafe_b64encode(make(name, size)).decode().rstrip("=")

    return Keys(
        presign=text("presign", 48),
        cloudflare_account_id=make("cloudflare_account_id", 16).hex(),
        cloudflare_account_hash=text("cloudflare_account_hash", 16),
        cloudflare_api_token=text("cloudflare_api_token", 30),
        cloudflare_signing_key=make("cloudflare_signing_key", 32).hex(),
        delivery_token=text("delivery_token", 48),
    )


def require_shared(database: Database, keys: Keys) -> None:
    """Be the first server of this database, or have the keys of the others. Raises SettingsError.

    On PostgreSQL only.
    """
    if database.engine.dialect.name != "postgresql":
        return
    with database.write() as session:
        lock(session, "keys")
        known = {row.name: row.fingerprint for row in session.exec(select(KeyFingerprint))}
        if not known:
            _remember(session, keys)
        elif known != _fingerprints(keys):
            raise SettingsError(
                "This server's keys are not those of the other servers on this database: give all of them one "
                "IMAGES_SECRET_KEY, or `aeontel keys adopt` makes these the right ones"
            )


def adopt(database: Database, keys: Keys) -> None:
    """From now on the servers of this database have these keys; those with others do not start again."""
    with database.write() as session:
        lock(session, "keys")
        session.exec(delete(KeyFingerprint))
        _remember(session, keys)


def _remember(session: Session, keys: Keys) -> None:
    session.add_all(KeyFingerprint(name=name, fingerprint=text) for name, text in _fingerprints(keys).items())


def _fingerprints(keys: Keys) -> dict[str, str]:
    """Of each key by its name. Keys are long and random, so nothing of them can be found from these."""
    return {
        name: hashlib.sha256(f"fingerprint {name} {key}".encode()).hexdigest() for name, key in asdict(keys).items()
    }


def _kept(path: Path, fresh: str) -> str:
    """The text in `path`; two processes that start at once agree on whichever was linked first."""
    if not path.exists():
        draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(fresh)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text()
