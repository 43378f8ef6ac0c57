"""`aeontel cloudflare smoke`: one picture through everything that provisioning needs, and away again."""

import secrets
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from images_app.cli.fault import fail, plain_errors
from images_app.errors import AeontelError, CloudflareError

if TYPE_CHECKING:
    from images_app.cloudflare.base import CloudflareImages
    from images_app.keys import Keys
    from images_app.settings import Settings
    from images_app.storage.base import ObjectStore

_URL_VALID_S = 300
_WITHIN_S = 15.0
"""How long lists and delivery may lag behind what was just made or deleted."""


def smoke(
    delivery: Annotated[bool, typer.Option(help="Also fetch the picture as a browser does.")] = True,
) -> None:
    """Send one tiny picture through the object store and Cloudflare, look it up, and delete it again.

    With these settings and a real account it costs one stored image for some seconds and a few calls of the account's
    limit (1,200 in five minutes); with --delivery also one or two delivered images. Prints every step with its time,
    and ends with 1 at the first that fails. Nothing is left behind, and the database is not touched.
    """
    from images_app import bootstrap, keys
    from images_app.settings import settings

    with plain_errors():
        own = settings()
        kept = keys.load(own.make_data_dir() / "keys", own.secret_key)
        parts = _Parts(own, kept, bootstrap.object_store(own, kept), bootstrap.cloudflare_images(own, kept))
        try:
            _run(parts, delivery=delivery)
        finally:
            parts.cloudflare.close()
    typer.echo("Everything works.")


@dataclass(frozen=True)
class _Parts:
    """What of a server is tried. Not the database: its pace is for work, and this is a few questions."""

    settings: "Settings"
    keys: "Keys"
    objects: "ObjectStore"
    cloudflare: "CloudflareImages"


def _run(parts: _Parts, *, delivery: bool) -> None:
    cloudflare, is_private = parts.cloudflare, parts.settings.url_signing != "none"
    marker = f"smoke-{secrets.token_hex(8)}"
    key = f"{marker}/picture.png"
    with _step("credentials are taken"):
        cloudflare.check()
    with _step("an object is stored"):
        writer = parts.objects.create(key, "image/png")
        writer.write(_picture())
        writer.commit()
    made: list[str] = []
    try:
        with _step("Cloudflare copies it from its presigned URL"):
            image = cloudflare.create_from_url(
                parts.objects.presign_get(key, expires_in=_URL_VALID_S, reach="internal"),
                metadata={"fileId": marker},
                creator="aeontel-smoke",
                require_signed_urls=is_private,
            )
            made.append(image.id)
        with _step("it is found by its metadata"):
            _until(lambda: [found.id for found in cloudflare.find(marker)] == made, "the list does not have it")
        with _step("the account hash is known"):
            account_hash = _account_hash(parts, image.account_hash)
        if delivery:
            _deliver(parts, account_hash, image.id, is_private=is_private)
        with _step("it is deleted"):
            cloudflare.delete(image.id)
            _until(lambda: not cloudflare.find(marker), "the list still has it")
            made.clear()
    finally:
        for image_id in made:
            cloudflare.delete(image_id)
        parts.objects.delete(key)


def _deliver(parts: _Parts, account_hash: str, image_id: str, *, is_private: bool) -> None:
    from images_app import bootstrap

    links = bootstrap.delivery(parts.settings, parts.keys, lambda: account_hash)
    url = links.url(image_id, private=is_private)
    with _step("it is delivered"):
        _until(lambda: _get(url) == 200, f"{url.partition('?')[0]} does not answer with a picture")
    if is_private:
        with _step("it is not delivered without a signature"):
            status = _get(links.url(image_id))
            if status != 403:
                raise _Wrong(f"the answer was {status}, not 403")


def _account_hash(parts: _Parts, told: str | None) -> str:
    wanted = parts.settings.cloudflare_account_hash
    if told is None and not wanted:
        raise _Wrong("Cloudflare did not tell it: set IMAGES_CLOUDFLARE_ACCOUNT_HASH, see the dashboard")
    if parts.settings.cloudflare == "remote" and wanted and told not in (None, wanted):
        raise _Wrong(f"IMAGES_CLOUDFLARE_ACCOUNT_HASH is not this account's, which is {told}")
    return told or wanted


class _Wrong(Exception):
    """A step did something else than it should."""


@contextmanager
def _step(name: str) -> Iterator[None]:
    began = time.monotonic()
    try:
        yield
    except (AeontelError, _Wrong) as error:
        told = _advised(error) if isinstance(error, AeontelError) else error
        fail(f"FAILED {time.monotonic() - began:7.2f} s  {name}: {told}")
    typer.echo(f"ok     {time.monotonic() - began:7.2f} s  {name}")


def _advised(error: AeontelError) -> str:
    if isinstance(error, CloudflareError) and error.upstream_code == 5454:
        return f"{error.detail} Cloudflare must be able to reach the object store's presigned URLs."
    if isinstance(error, CloudflareError) and error.account == "full":
        return f"{error.detail} The plan has no room for another image."
    if isinstance(error, CloudflareError) and error.account == "refused":
        return f"{error.detail} The token needs the permission Cloudflare Images: Edit for this account."
    return error.detail


def _until(holds: Callable[[], bool], complaint: str) -> None:
    limit = time.monotonic() + _WITHIN_S
    while not holds():
        if time.monotonic() > limit:
            raise _Wrong(f"{complaint} after {_WITHIN_S:.0f} s")
        time.sleep(0.25)


def _get(url: str) -> int:
    """The status of a GET; 200 only for a picture. imagedelivery.net refuses urllib's own User-Agent."""
    import urllib.error
    import urllib.request

    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, headers={"User-Agent": "aeontel-images", "Accept": "image/*"})  # noqa: S310
    try:
        with opener.open(request, timeout=30) as answer:
            is_picture = answer.headers.get_content_maintype() == "image"
            return int(answer.status) if is_picture else 0
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except OSError as error:
        raise _Wrong(f"{url.partition('?')[0]} cannot be reached ({type(error).__name__})") from None


def _picture() -> bytes:
    """A PNG of 64 x 48 pixels in one random colour."""
    rows = (b"\0" + secrets.token_bytes(3) * 64) * 48

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", 64, 48, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
