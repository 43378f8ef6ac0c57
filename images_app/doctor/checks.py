"""Whether what the server stands on can be used: object store, its presigned URLs, Cloudflare, named variants."""

import secrets
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from images_app.bootstrap import World
from images_app.doctor.objects import PROBES
from images_app.errors import AeontelError, CloudflareError

CREDENTIALS = "Cloudflare: credentials"
VARIANTS = "Cloudflare: named variants"
_BODY = b"aeontel probe"
_URL_VALID_S = 60


@dataclass(frozen=True)
class Check:
    """One thing that was tried; `problem` is empty when it works."""

    name: str
    problem: str = ""
    note: str = ""


def checks(world: World, *, cloudflare: bool) -> Iterator[Check]:
    """Try everything, one after the other. The only thing written is one object, which is deleted again."""
    key = PROBES + secrets.token_hex(16)
    yield _tried("object store: write", lambda: _write(world, key))
    yield _tried("object store: read", lambda: _read(world, key))
    yield _tried("object store: presigned URL", lambda: _fetch(world, key))
    yield _tried("object store: delete", lambda: world.objects.delete(key))
    if not cloudflare:
        return
    refused = _tried(CREDENTIALS, world.cloudflare.check)
    yield refused
    if not refused.problem:
        yield _tried("Cloudflare: permission to write", world.cloudflare.check_may_write)
        yield _variants(world)
        yield _flexible(world)


def _tried(name: str, act: Callable[[], None]) -> Check:
    try:
        act()
    except (AeontelError, OSError) as error:
        return Check(name, str(error) or type(error).__name__)
    return Check(name)


def _write(world: World, key: str) -> None:
    writer = world.objects.create(key, "text/plain")
    try:
        writer.write(_BODY)
        writer.commit()
    except BaseException:
        writer.abort()
        raise


def _read(world: World, key: str) -> None:
    with world.objects.open(key) as found:
        if found.read() != _BODY:
            raise OSError("other bytes came back than were written")


def _fetch(world: World, key: str) -> None:
    """As Cloudflare does, only from this machine."""
    url = world.objects.presign_get(key, expires_in=_URL_VALID_S, reach="internal")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=15) as answer:
            if answer.read(len(_BODY) + 1) != _BODY:
                raise OSError("it gives other bytes than were written")
    except urllib.error.HTTPError as error:
        with error:
            raise OSError(f"it answers {error.code}") from None
    except urllib.error.URLError as error:
        raise OSError(f"it cannot be reached ({error.reason})") from None


def _variants(world: World) -> Check:
    try:
        lacking = world.cloudflare.lacking_variants()
    except CloudflareError as error:
        return Check(VARIANTS, error.detail)
    return Check(VARIANTS, f"{', '.join(lacking)} must be made" if lacking else "")


def _flexible(world: World) -> Check:
    """No fault either way: the product shows named variants only."""
    try:
        is_on = world.cloudflare.flexible_variants()
    except CloudflareError:
        return Check("Cloudflare: flexible variants", note="unknown: Cloudflare does not say")
    return Check("Cloudflare: flexible variants", note="on" if is_on else "off: URLs with width=… are refused (9429)")
