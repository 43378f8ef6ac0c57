"""Builds the world once: which database, object store, Cloudflare, decoder and queue this process uses."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from images_app import keys
from images_app.cloudflare.base import CloudflareImages
from images_app.cloudflare.client import HttpCloudflareImages
from images_app.cloudflare.delivery import CloudflareSignature, Delivery, Signature, TokenSignature
from images_app.core import learnt
from images_app.core.letters import Mailer
from images_app.core.media.base import Media
from images_app.core.media.pool import DecoderPool
from images_app.core.pace import Pace
from images_app.core.provisioning import Queue
from images_app.core.quota import Quota
from images_app.database import Database
from images_app.jobs.queue import DurableQueue
from images_app.mail import SmtpMailer
from images_app.settings import Settings, settings
from images_app.storage.base import ObjectStore
from images_app.storage.disk import DiskObjectStore
from images_app.wakeups.base import Wakeups
from images_app.wakeups.local import LocalWakeups

if TYPE_CHECKING:
    from images_app.shared import Shared


@dataclass(frozen=True)
class World:
    """Everything that a request or a job may need. Tests build another."""

    settings: Settings
    keys: keys.Keys
    database: Database
    objects: ObjectStore
    cloudflare: CloudflareImages
    delivery: Delivery
    media: Media
    queue: Queue
    mail: Mailer | None
    """None: links to set a password are shown for copying."""
    wakeups: Wakeups
    shared: "Shared | None"
    """None: this is the only server, or each does for itself."""

    @property
    def quota(self) -> Quota:
        """What a workspace may hold unless it has numbers of its own."""
        return Quota.of_numbers(self.settings.quota_bytes, self.settings.quota_files)

    @property
    def password_page(self) -> str:
        """Where a password is set with a link."""
        return f"{self.settings.public_url}/password"

    def close(self) -> None:
        """End child processes and return connections."""
        self.wakeups.close()
        self.media.close()
        self.queue.close()
        self.cloudflare.close()
        self.database.close()


def build(settings: Settings) -> World:
    """The world that these settings describe."""
    own = keys.load(settings.make_data_dir() / "keys", settings.secret_key)
    database = Database(settings.database_url)
    cloudflare = cloudflare_images(settings, own, database)
    return World(
        settings=settings,
        keys=own,
        database=database,
        objects=object_store(settings, own),
        cloudflare=cloudflare,
        delivery=delivery(settings, own, _account_hash(settings, own, database, cloudflare.account)),
        media=DecoderPool(settings.decoder_processes),
        queue=DurableQueue(settings.database_url),
        mail=_mailer(settings),
        wakeups=_wakeups(settings, database),
        shared=_shared(settings),
    )


def _wakeups(settings: Settings, database: Database) -> Wakeups:
    if not settings.redis_url:
        return LocalWakeups(database)
    from images_app.wakeups.redis import RedisWakeups  # the client takes time to load, and most have no Redis

    return RedisWakeups(database, settings.redis_url)


def _shared(settings: Settings) -> "Shared | None":
    if not settings.redis_url:
        return None
    from images_app.shared import Shared  # as above

    return Shared(settings.redis_url)


def object_store(settings: Settings, own: keys.Keys) -> ObjectStore:
    """Where these settings keep originals."""
    if settings.storage == "s3":
        from images_app.storage.s3 import S3ObjectStore  # the SDK takes time to load, and a disk needs none

        return S3ObjectStore(
            endpoint=settings.s3_endpoint,
            region=settings.s3_region,
            bucket=settings.s3_bucket,
            access_key_id=settings.s3_access_key_id,
            secret_access_key=settings.s3_secret_access_key,
            largest=settings.max_file_bytes,
        )
    return disk_store(settings.data_dir, settings, own)


def disk_store(data_dir: Path, settings: Settings, own: keys.Keys) -> ObjectStore:
    """Originals in a data directory."""
    return DiskObjectStore(
        data_dir / "objects",
        signing_key=own.presign,
        public_url=settings.public_url,
        internal_url=settings.internal_url,
    )


def _mailer(settings: Settings) -> Mailer | None:
    if not settings.smtp_host:
        return None
    return SmtpMailer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        security=settings.smtp_security,
        user=settings.smtp_user,
        password=settings.smtp_password,
        sender=settings.smtp_from,
    )


def cloudflare_images(settings: Settings, own: keys.Keys, database: Database | None = None) -> CloudflareImages:
    """The client of the Cloudflare Images that these settings name: the same for the real one and our own. Without a
    database it does not keep pace with the servers: for a few questions only."""
    pace = Pace(database, settings.provision_rate).wait if database and settings.provision_rate else None
    if settings.cloudflare == "local":
        return HttpCloudflareImages(
            api_base=f"{settings.internal_url}/cloudflare/client/v4",
            account_id=own.cloudflare_account_id,
            api_token=own.cloudflare_api_token,
            pace=pace,
        )
    return HttpCloudflareImages(
        api_base=settings.cloudflare_api_base,
        account_id=settings.cloudflare_account_id,
        api_token=settings.cloudflare_api_token,
        batch_base=settings.cloudflare_batch_base if settings.cloudflare_batch else "",
        pace=pace,
    )


def _account_hash(settings: Settings, own: keys.Keys, database: Database, account: str) -> Callable[[], str]:
    """What the account is called in delivery URLs. Until the first image has told it, no URL could work anyway."""
    if settings.cloudflare == "local":
        return lambda: own.cloudflare_account_hash
    if settings.cloudflare_account_hash:
        return lambda: settings.cloudflare_account_hash
    learning = learnt.Recollection(database, learnt.account_hash_of(account))
    return lambda: learning() or "account-hash-not-known-yet"


def delivery(settings: Settings, own: keys.Keys, account_hash: Callable[[], str]) -> Delivery:
    """How URLs of pictures are made."""
    return Delivery(
        settings.delivery_base,
        account_hash,
        signature=_signature(settings, own),
        validity_s=settings.url_validity_seconds,
    )


def _signature(settings: Settings, own: keys.Keys) -> Signature:
    """How private images are signed. Also with `none`: what was made private before stays so, and is still shown; by
    whoever still can, the Worker where no signing key is set."""
    key = own.cloudflare_signing_key if settings.cloudflare == "local" else settings.cloudflare_signing_key
    if settings.url_signing == "jwt" or not key:
        return TokenSignature(own.delivery_token, key_id=own.delivery_token_id)
    return CloudflareSignature(key)


@lru_cache(maxsize=1)
def world() -> World:
    """The world of this server process. Reflex builds its states itself, so they reach it here."""
    return build(settings())
