"""What nobody here owns any more, at Cloudflare and in the object store: finding it, and deleting it."""

import logging
from datetime import timedelta

from sqlmodel import Session, select

from images_app.cloudflare.base import CloudflareImages
from images_app.core import retry
from images_app.core.attempt import derived_prefix
from images_app.core.provisioning import IN_PROGRESS, Queue, doom
from images_app.errors import CloudflareError
from images_app.models import File, Image, RemoteDeletion, now
from images_app.storage.base import ObjectStore

log = logging.getLogger(__name__)


def delete_at_cloudflare(cloudflare: CloudflareImages, cf_image_id: str) -> dict[str, float | None] | None:
    """Delete the image there. None when it is gone, else `{"retry_after": seconds or None}`. No transaction."""
    try:
        cloudflare.delete(cf_image_id)
    except CloudflareError as error:
        log.info("image %s could not be deleted: %s", cf_image_id, error.upstream_code or error.status)
        return {"retry_after": error.retry_after}
    except Exception:
        log.exception("deleting image %s broke", cf_image_id)
        return {"retry_after": None}
    return None


def settle_deletion(
    session: Session, queue: Queue, cf_image_id: str, attempt: int, fault: dict[str, float | None] | None
) -> None:
    """Forget a confirmed deletion, or enqueue the next try. Never given up: an orphan is paid for every month."""
    row = session.get(RemoteDeletion, cf_image_id, with_for_update=True)
    if row is None or row.attempt != attempt:
        return
    if fault is None:
        session.delete(row)
        return
    postpone_deletion(session, queue, row, retry.delay(attempt, fault["retry_after"]))


def postpone_deletion(session: Session, queue: Queue, row: RemoteDeletion, wait: float) -> None:
    """Enqueue the next attempt of a deletion in `wait` seconds."""
    row.attempt += 1
    row.next_attempt_at = now() + timedelta(seconds=wait)
    session.add(row)
    queue.delete_remote(session, row.cf_image_id, row.attempt, wait)


def standing(session: Session, file_id: str) -> tuple[int, str | None, str] | None:
    """(run, id of the committed image at Cloudflare, object key), or None while an attempt may still adopt images."""
    file = session.exec(select(File).where(File.id == file_id).with_for_update()).first()
    if file is None or (file.provisioning_state in IN_PROGRESS and not file.is_trashed):
        return None
    image = session.exec(select(Image.cf_image_id).where(Image.file_id == file_id)).first()
    return file.run, image, file.object_key


def leftovers(
    objects: ObjectStore, cloudflare: CloudflareImages, file_id: str, object_key: str, committed: str | None
) -> list[str] | None:
    """Images of the file at Cloudflare besides the committed one; None when Cloudflare does not say. Derivatives that
    a killed attempt left in the object store are deleted on the way. No transaction."""
    try:
        for derivative in objects.list(derived_prefix(object_key, file_id)):
            objects.delete(derivative.key)
        return [image.id for image in cloudflare.find(file_id) if image.id != committed]
    except CloudflareError as error:
        log.info("leftovers of %s cannot be listed: %s", file_id, error.upstream_code or error.status)
    except Exception:
        log.exception("looking for leftovers of %s broke", file_id)
    return None


def settle_tidy(session: Session, queue: Queue, file_id: str, run: int, strays: list[str]) -> None:
    """Delete the strays, unless something began with the file since they were listed: then its end tidies again."""
    now_standing = standing(session, file_id)
    if now_standing is None or now_standing[0] != run:
        return
    for stray in strays:
        if stray != now_standing[1]:
            workspace_id = session.get_one(File, file_id).workspace_id
            doom(session, queue, stray, file_id=file_id, workspace_id=workspace_id)


def erase(objects: ObjectStore, cloudflare: CloudflareImages, file_id: str, object_key: str, *, look: bool) -> bool:
    """Delete everything that a purged file has outside the database; `look` also at Cloudflare, where an attempt under
    way may have brought an image after all. False when it must be tried again. No transaction."""
    try:
        objects.delete(object_key)
        for derivative in objects.list(derived_prefix(object_key, file_id)):
            objects.delete(derivative.key)
        for image in cloudflare.find(file_id) if look else ():
            cloudflare.delete(image.id)
    except CloudflareError as error:
        log.info("images of %s could not be deleted: %s", file_id, error.upstream_code or error.status)
    except Exception:
        log.exception("erasing %s broke", file_id)
    else:
        return True
    return False
