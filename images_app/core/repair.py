"""Setting right what database, object store and Cloudflare disagree on, one thing at a time.

Whoever compares has looked some time ago and without a lock. So each function looks again, changes nothing (False) when
what was found is not so any more, and leaves the work itself to the pipeline.
"""

from typing import Final, Literal

from sqlmodel import Session, select

from images_app.core import events, provisioning
from images_app.core.provisioning import IDLE, IN_PROGRESS, Queue, clear_error, doom, mark
from images_app.models import File, Image, RemoteDeletion, Workspace

MISSING: Final = "object_missing"
"""`error_code` of a file without bytes: what an attempt says of it, too."""
DAMAGED: Final = "object_damaged"
ADOPTABLE = ("failed", "done")
"""States of a file without an image that may have one after all; `done` without one is a fault by itself."""


def _held(session: Session, file_id: str) -> File | None:
    """The file, locked."""
    held = select(File).where(File.id == file_id).with_for_update().execution_options(populate_existing=True)
    return session.exec(held).first()


def _image(session: Session, file_id: str) -> Image | None:
    return session.exec(select(Image).where(Image.file_id == file_id)).first()


def is_doomed(session: Session, cf_image_id: str) -> bool:
    """Whether its deletion at Cloudflare is on its way."""
    return session.get(RemoteDeletion, cf_image_id) is not None


def adopt(session: Session, queue: Queue, file_id: str) -> bool:
    """Cloudflare has an image of a file that has none here: ask for it; the attempt looks first, and finds it."""
    file = _held(session, file_id)
    if file is None or file.is_trashed or _image(session, file_id) is not None:
        return False
    if file.provisioning_state not in ADOPTABLE:
        return False
    _ask(session, queue, file)
    return True


def make_again(session: Session, queue: Queue, file_id: str, gone: str | None) -> bool:
    """The image `gone` of a file is not at Cloudflare any more (None: the file has no image, but should): make it
    again. Whatever else Cloudflare has of the file is found and kept."""
    file = _held(session, file_id)
    image = _image(session, file_id)
    if file is None or file.is_trashed or file.provisioning_state != "done":
        return False
    if (image.cf_image_id if image else None) != gone:
        return False
    image_id = provisioning.withdraw(session, queue, file, state="none")
    if image_id is not None:
        events.emit(session, "image.deleted", file, image_id=image_id)
        session.flush()
    _ask(session, queue, file)
    return True


def _ask(session: Session, queue: Queue, file: File) -> None:
    if file.provisioning_state == "done":
        file.provisioning_state = "none"
    file.is_tried = True
    session.add(file)
    provisioning.request(session, queue, file, actor_id=None)


def replace(
    session: Session, queue: Queue, file_id: str, before: str, after: str, *, private: bool, workspace_id: str
) -> bool:
    """The image of a file has another id at Cloudflare, or another privacy than the row says: follow it.

    When the image was removed here meanwhile, the new one goes as well, as the old one would have.
    """
    file = _held(session, file_id)
    image = _image(session, file_id)
    if file is not None and not file.is_trashed and file.provisioning_state in IN_PROGRESS:
        return False  # the attempt finds it, or sweeps it away
    if file is None or image is None or image.cf_image_id not in (before, after):
        if before != after:
            doom(session, queue, after, file_id=file_id, workspace_id=workspace_id)
        return False
    if is_doomed(session, after):
        return make_again(session, queue, file_id, image.cf_image_id)
    image.cf_image_id, image.is_private = after, private
    session.add(image)
    return True


def delete_image(session: Session, queue: Queue, cf_image_id: str, *, file_id: str, workspace_id: str) -> bool:
    """Delete an image at Cloudflare that says it is of this file and workspace of ours, but that no row names."""
    file = _held(session, file_id)
    if file is not None and file.workspace_id != workspace_id:
        return False
    if file is not None and not file.is_trashed:
        if file.provisioning_state in IN_PROGRESS:
            return False
        if file.provisioning_state in ADOPTABLE and _image(session, file_id) is None:
            return False
    if session.get(Workspace, workspace_id) is None or is_doomed(session, cf_image_id):
        return False
    if session.exec(select(Image.id).where(Image.cf_image_id == cf_image_id)).first() is not None:
        return False
    doom(session, queue, cf_image_id, file_id=file_id, workspace_id=workspace_id)
    return True


def erase_object(session: Session, queue: Queue, key: str, *, file_id: str) -> bool:
    """Delete an object of a file that is not there (any more)."""
    if session.get(File, file_id) is not None:
        return False
    queue.erase(session, file_id, key, False, 1)
    return True


def tidy(session: Session, queue: Queue, file_id: str) -> bool:
    """Have a file's left-over derivatives deleted."""
    file = _held(session, file_id)
    if file is None or (file.provisioning_state in IN_PROGRESS and not file.is_trashed):
        return False
    queue.tidy(session, file.id, file.run, 1)
    return True


def flag(session: Session, file_id: str, code: Literal["object_missing", "object_damaged"], message: str) -> bool:
    """Say of a file without an image that its bytes are not what they should be."""
    file = _held(session, file_id)
    if file is None or file.is_trashed or file.provisioning_state not in IDLE or file.error_code == code:
        return False
    mark(session, file, "error")
    file.error_code, file.error_message, file.error_retryable = code, message, file.provisioning_state != "none"
    session.add(file)
    return True


def clear(session: Session, queue: Queue, file_id: str) -> bool:
    """The bytes of such a file are there again: forget the error, and ask for the image where there should be one."""
    file = _held(session, file_id)
    if file is None or file.is_trashed or file.error_code not in (MISSING, DAMAGED):
        return False
    if file.provisioning_state == "failed":
        provisioning.request(session, queue, file, actor_id=None)
        return True
    if file.provisioning_state not in IDLE:
        return False
    clear_error(session, file)
    session.add(file)
    return True
