"""One attempt at an image: taking the work, and the part of it that touches the network.

    begin    one short transaction: the file is `running`, or there is nothing to do (stale)
    perform  no transaction: bytes -> metadata and derivative -> Cloudflare; answers an Outcome, whatever happened
    settle   one transaction, guarded (`settle.py`)

The engine may execute an attempt again after a crash, so `perform` looks for an image that an earlier try left behind
whenever there may have been one: Cloudflare's create is not idempotent.
"""

import hashlib
import logging
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Literal, Self

from sqlmodel import Session, col, select

from images_app.cloudflare.base import CloudflareImages, RemoteImage
from images_app.core import pause
from images_app.core.media.base import Media, MediaInfo, Prepared
from images_app.core.provisioning import IN_PROGRESS
from images_app.errors import (
    CloudflareError,
    MediaError,
    MediaUnavailable,
    ObjectDamaged,
    ObjectMissing,
    StorageUnavailable,
)
from images_app.models import File, RemoteDeletion, now
from images_app.storage.base import ObjectStore

log = logging.getLogger(__name__)

_URL_VALID_S = 15 * 60
_COPY_CHUNK = 1024 * 1024
_EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif"}


@dataclass(frozen=True)
class Work:
    """What an attempt needs to know of its file."""

    file_id: str
    workspace_id: str
    object_key: str
    sha256: str
    """Of the bytes that were uploaded; hexadecimal."""
    run: int
    attempt: int
    look_first: bool
    """An earlier execution may have left an image at Cloudflare."""
    doomed: frozenset[str] = frozenset()
    """Images of this file that are about to be deleted at Cloudflare: never to be adopted."""


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended. `done` has the image, `retry` and `failed` say why there is none."""

    kind: Literal["done", "retry", "failed"]
    cf_image_id: str | None = None
    is_private: bool = False
    info: MediaInfo | None = None
    code: str = ""
    message: str = ""
    retryable: bool = True
    """Whether a person may ask again after the run has been given up."""
    retry_after: float | None = None
    """Seconds that the service asked us to wait."""
    is_patient: bool = False
    """Says nothing about this file (rate limit, credentials, no connection): does not use the run up."""
    stops: Literal["full", "refused"] | None = None
    """Cloudflare refuses us as a whole: nothing is provisioned until that is over (`pause.py`)."""
    account: str = ""
    """Which account has the image (`CloudflareImages.account`)."""
    account_hash: str | None = None
    """That account's part of delivery URLs, as Cloudflare told it with the image."""
    looked: bool = False
    """Earlier executions may have left images behind: sweep for duplicates afterwards."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as the durable engine keeps them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The outcome that `to_dict` described."""
        info = values["info"]
        return cls(**{**values, "info": MediaInfo(**info) if info else None})


def begin(session: Session, file_id: str, run: int, attempt: int) -> Work | None:
    """Take the work of this attempt, or None when there is none: it is settled or withdrawn, the file is in the trash,
    or provisioning is paused, and then the file is parked."""
    file = session.exec(select(File).where(File.id == file_id).with_for_update()).first()
    if file is None or file.is_trashed or (file.run, file.attempt) != (run, attempt):
        return None
    if file.provisioning_state not in IN_PROGRESS:
        return None
    if not pause.may_begin(session, file):
        pause.park(file)
        return None
    look_first = file.is_tried
    file.provisioning_state = "running"
    file.is_tried = True
    file.updated_at = now()
    doomed = session.exec(select(RemoteDeletion.cf_image_id).where(col(RemoteDeletion.file_id) == file_id)).all()
    return Work(
        file_id=file.id,
        workspace_id=file.workspace_id,
        object_key=file.object_key,
        sha256=file.sha256,
        run=run,
        attempt=attempt,
        look_first=look_first,
        doomed=frozenset(doomed),
    )


def perform(
    objects: ObjectStore,
    cloudflare: CloudflareImages,
    media: Media,
    work: Work,
    *,
    scratch: Path,
    private: bool = False,
) -> Outcome:
    """Make the image at Cloudflare. Never raises: a fault is an Outcome, so that it is counted, shown and retried.

    `scratch` is a folder for temporary copies; `private` asks for requireSignedURLs.
    """
    try:
        with _folder(scratch) as folder:
            return _perform(objects, cloudflare, media, work, folder, private)
    except CloudflareError as error:
        return _refused(error, looked=work.look_first)
    except MediaError as error:
        return Outcome("failed", code=error.code, message=error.detail, retryable=False, looked=work.look_first)
    except ObjectMissing as error:
        message = "The file's bytes are not in the object store."
        return Outcome("failed", code=error.code, message=message, looked=work.look_first)
    except (MediaUnavailable, ObjectDamaged) as error:
        return Outcome("retry", code=error.code, message=error.detail, looked=work.look_first)
    except (StorageUnavailable, OSError) as error:  # OSError: the disk of the temporary copies
        # Also when it is a derivative that could not be deleted: then the image is there, and the next attempt looks.
        log.warning("attempt %s of %s (run %s): %s", work.attempt, work.file_id, work.run, error)
        return Outcome(
            "retry",
            code=StorageUnavailable.code,
            message="The file store is not available.",
            is_patient=True,
            looked=True,
        )
    except Exception:
        log.exception("attempt %s of %s (run %s) broke", work.attempt, work.file_id, work.run)
        return Outcome("retry", code="internal_error", message="Something went wrong on the server.", looked=True)


def _perform(
    objects: ObjectStore, cloudflare: CloudflareImages, media: Media, work: Work, folder: Path, private: bool
) -> Outcome:
    source = folder / "original"
    _fetch(objects, work, source)
    prepared = media.prepare(source, folder)
    image = _left_behind(cloudflare, work) if work.look_first else None
    looked = work.look_first
    if image is None:
        try:
            image = _create(objects, cloudflare, work, prepared, private)
        except CloudflareError as error:
            # The answer may have been lost after success: one look now often saves the wait and the second copy.
            image = _left_behind(cloudflare, work) if error.ambiguous else None
            looked = looked or error.ambiguous
            if image is None:
                raise
    return Outcome(
        "done",
        cf_image_id=image.id,
        is_private=image.require_signed_urls,
        account=cloudflare.account,
        account_hash=image.account_hash,
        info=prepared.info,
        looked=looked,
    )


def _fetch(objects: ObjectStore, work: Work, to: Path) -> None:
    """Copy the original. Raises ObjectDamaged when these are not the bytes that were uploaded: what a store or the way
    to it did to them must not look like a broken picture."""
    digest = hashlib.sha256()
    with objects.open(work.object_key) as original, to.open("wb") as copy:
        while chunk := original.read(_COPY_CHUNK):
            digest.update(chunk)
            copy.write(chunk)
    if digest.hexdigest() != work.sha256:
        raise ObjectDamaged


@contextmanager
def _folder(scratch: Path) -> Iterator[Path]:
    """A folder of our own. Not TemporaryDirectory, which warns when the process ends in the middle: that is allowed."""
    folder = Path(mkdtemp(dir=scratch, prefix="attempt-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _left_behind(cloudflare: CloudflareImages, work: Work) -> RemoteImage | None:
    """The oldest image that an earlier execution made of this file, if it is there to stay."""
    return next((image for image in cloudflare.find(work.file_id) if image.id not in work.doomed), None)


def _create(
    objects: ObjectStore, cloudflare: CloudflareImages, work: Work, prepared: Prepared, private: bool
) -> RemoteImage:
    with _reachable(objects, work, prepared) as key:
        return cloudflare.create_from_url(
            objects.presign_get(key, expires_in=_URL_VALID_S, reach="internal"),
            metadata={"fileId": work.file_id, "workspaceId": work.workspace_id},
            creator=work.workspace_id,
            require_signed_urls=private,
        )


@contextmanager
def _reachable(objects: ObjectStore, work: Work, prepared: Prepared) -> Iterator[str]:
    """The key under which Cloudflare finds what it shall pull: the original, or a derivative for as long as needed."""
    if prepared.derivative is None or prepared.derivative_mime is None:
        yield work.object_key
        return
    name = f"{work.run}-{work.attempt}-{secrets.token_hex(4)}.{_EXTENSIONS.get(prepared.derivative_mime, 'img')}"
    key = derived_prefix(work.object_key, work.file_id) + name
    writer = objects.create(key, prepared.derivative_mime)
    try:
        with prepared.derivative.open("rb") as derivative:
            while chunk := derivative.read(_COPY_CHUNK):
                writer.write(chunk)
        writer.commit()
    except BaseException:
        writer.abort()
        raise
    try:
        yield key
    finally:
        objects.delete(key)


def derived_prefix(object_key: str, file_id: str) -> str:
    """Where the derivatives of a file live while Cloudflare pulls them; the bucket is the key's first segment."""
    return f"{object_key.split('/', 1)[0]}/derived/{file_id}/"


def _refused(error: CloudflareError, *, looked: bool) -> Outcome:
    """What Cloudflare's refusal means: about this file, about the moment, or about our account."""
    no_connection = error.status is None and not error.ambiguous
    about_us = error.account is not None or error.status in (401, 403, 429) or no_connection
    kind: Literal["retry", "failed"] = "retry" if error.retryable or about_us else "failed"
    return Outcome(
        kind,
        code=_code(error),
        message=_without_urls(error.detail),
        retryable=error.retryable or about_us,
        retry_after=error.retry_after,
        is_patient=about_us,
        stops=error.account,
        looked=looked or error.ambiguous,
    )


def _code(error: CloudflareError) -> str:
    if error.upstream_code is not None:
        return f"cloudflare_{error.upstream_code}"
    if error.status is not None:
        return f"cloudflare_http_{error.status}"
    return "cloudflare_no_answer" if error.ambiguous else "cloudflare_unreachable"


def _without_urls(message: str) -> str:
    """Cloudflare may quote the presigned URL, which is a credential for as long as it is valid."""
    return re.sub(r"\b[a-z]+://\S+", "(address)", message)[:500]
