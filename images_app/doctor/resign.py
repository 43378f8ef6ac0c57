"""Images that were made private or public under another IMAGES_URL_SIGNING, brought to today's.

Cloudflare gives an image another id when its privacy changes. A run that is killed between that and our own commit
leaves a row with an id that is gone; the next one finds the image by its file.
"""

from collections.abc import Iterator

from sqlmodel import Session, col, func, select

from images_app.bootstrap import World
from images_app.cloudflare.base import RemoteImage
from images_app.core import repair
from images_app.errors import CloudflareError
from images_app.models import Image

_PAGE = 200


def count(session: Session, *, private: bool) -> int:
    """How many images are otherwise."""
    return session.exec(select(func.count()).select_from(Image).where(col(Image.is_private).is_not(private))).one()


def resign(world: World, *, private: bool, limit: int) -> int:
    """Make up to `limit` images private, or public; how many. Raises CloudflareError: what was done stays done.

    Until our own commit, a moment after Cloudflare's answer, the old URL of that image shows nothing.
    """
    done = 0
    for image in _others(world, private):
        if done >= limit:
            break
        done += _change(world, image, private)
    return done


def _others(world: World, private: bool) -> Iterator[Image]:
    after = ""
    while True:
        with world.database.read() as session:
            page = session.exec(
                select(Image)
                .where(col(Image.is_private).is_not(private), col(Image.id) > after)
                .order_by(col(Image.id))
                .limit(_PAGE)
            ).all()
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1].id


def _change(world: World, image: Image, private: bool) -> bool:
    changed = _at_cloudflare(world, image, private)
    if changed is None:
        return False  # gone altogether: that is for the comparison
    with world.database.write() as session:
        return repair.replace(
            session,
            world.queue,
            image.file_id,
            image.cf_image_id,
            changed.id,
            private=changed.require_signed_urls,
            workspace_id=image.workspace_id,
        )


def _at_cloudflare(world: World, image: Image, private: bool) -> RemoteImage | None:
    try:
        return world.cloudflare.set_private(image.cf_image_id, private)
    except CloudflareError as error:
        if error.upstream_code != 5404 and not error.ambiguous:
            raise
    found = world.cloudflare.find(image.file_id)
    return next((one for one in found if one.require_signed_urls == private), None)
