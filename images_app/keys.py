"""The server's own secrets: generated once, kept in the data directory, each for one purpose, mode 0600."""

import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path


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


def load(directory: Path) -> Keys:
    """Read the keys under `directory`, making those that are not there yet."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Keys(
        presign=_key(directory / "presign", secrets.token_urlsafe(48)),
        cloudflare_account_id=_key(directory / "cloudflare-account-id", secrets.token_hex(16)),
        cloudflare_account_hash=_key(directory / "cloudflare-account-hash", secrets.token_urlsafe(16)),
        cloudflare_api_token=_key(directory / "cloudflare-api-token", secrets.token_urlsafe(30)),
        cloudflare_signing_key=_key(directory / "cloudflare-signing-key", secrets.token_hex(32)),
        delivery_token=_key(directory / "delivery-token", secrets.token_urlsafe(48)),
    )


def _key(path: Path, fresh: str) -> str:
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
