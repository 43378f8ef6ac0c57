"""Builds the world once: which database, object store, Cloudflare, decoder and queue this process uses."""

from dataclasses import dataclass
from functools import lru_cache

from images_app import keys
from images_app.cloudflare.base import CloudflareImages
from images_app.cloudflare.client import HttpCloudflareImages
from images_app.cloudflare.delivery import CloudflareSignature, Delivery, Signature, TokenSignature
from images_app.core.letters import Mailer
from images_app.core.media.base import Media
from images_app.core.media.pool import DecoderPool
from images_app.core.provisioning import Queue
from images_app.core.quota import Quota
from images_app.database import Database
from images_app.jobs.queue import DurableQueue
from images_app.mail import SmtpMailer
from images_app.settings import Settings, settings
from images_app.storage.base import ObjectStore
from images_app.storage.disk import DiskObjectStore


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
        self.media.close()
        self.queue.close()
        self.cloudflare.close()
        self.database.close()


def build(settings: Settings) -> World:
    """The world that these settings describe."""
    own = keys.load(settings.make_data_dir() / "keys")
    return World(
        settings=settings,
        keys=own,
        database=Database(settings.database_url),
        objects=DiskObjectStore(
            settings.data_dir / "objects",
            signing_key=own.presign,
            public_url=settings.public_url,
            internal_url=settings.internal_url,
        ),
        cloudflare=HttpCloudflareImages(
            api_base=f"{settings.internal_url}/cloudflare/client/v4",
            account_id=own.cloudflare_account_id,
            api_token=own.cloudflare_api_token,
        ),
        delivery=Delivery(
            settings.delivery_base,
            own.cloudflare_account_hash,
            signature=_signature(settings, own),
            validity_s=settings.url_validity_seconds,
        ),
        media=DecoderPool(settings.decoder_processes),
        queue=DurableQueue(settings.database_url),
        mail=_mailer(settings),
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


def _signature(settings: Settings, own: keys.Keys) -> Signature:
    """How private images are signed. Also with `none`: what was made private before stays so, and is still shown."""
    if settings.url_signing == "jwt":
        account_hash = own.cloudflare_account_hash
        return TokenSignature(own.delivery_token, key_id=own.delivery_token_id, account_hash=account_hash)
    return CloudflareSignature(own.cloudflare_signing_key)


@lru_cache(maxsize=1)
def world() -> World:
    """The world of this server process. Reflex builds its states itself, so they reach it here."""
    return build(settings())
