"""Files and images in a world, made by the product's own functions but without waiting for the pipeline."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from images_app import ids
from images_app.bootstrap import World
from images_app.core import counters, files, settle
from images_app.core.access import Viewer
from images_app.core.attempt import Outcome, begin
from images_app.core.files import NewFile
from images_app.core.media.base import MediaInfo
from images_app.models import File, User, Workspace


def viewer_of(user: User) -> Viewer:
    """The user as if signed in."""
    return Viewer(user.id, user.email, user.is_admin, "session", "ses_test")


def add_file(
    world: World,
    user: User,
    workspace: Workspace,
    name: str = "notes.txt",
    data: bytes = b"some bytes",
    *,
    mime: str = "text/plain",
) -> File:
    """A registered file with its bytes in the object store; an image is waiting to be provisioned."""
    new = new_file(world, workspace, data, name=name, mime=mime)
    with world.database.write() as session:
        return files.register(session, world.queue, viewer_of(user), new)


def new_file(
    world: World, workspace: Workspace, data: bytes, *, name: str = "notes.txt", mime: str = "text/plain"
) -> NewFile:
    """Bytes in the object store that are not a file yet."""
    file_id = ids.new("fil")
    key = f"{workspace.bucket}/{file_id}/{name}"
    writer = world.objects.create(key, mime)
    writer.write(data)
    writer.commit()
    sha256 = hashlib.sha256(data).hexdigest()
    return NewFile(file_id, workspace.id, name, mime, len(data), sha256, key, mime.startswith("image/"))


def add_image(
    world: World, user: User, workspace: Workspace, name: str = "photo.jpg", *, exif: dict[str, Any] | None = None
) -> File:
    """A file whose attempt has succeeded, as far as our database is concerned."""
    file = add_file(world, user, workspace, name, b"\xff\xd8\xff some picture", mime="image/jpeg")
    info = MediaInfo("image/jpeg", 4000, 3000, exif, datetime(2026, 7, 1, 12, 0, tzinfo=UTC), "thumbhash")
    end_attempt(world, file, Outcome("done", cf_image_id=f"cf-{file.id}", info=info))
    return file


def add_failed(world: World, user: User, workspace: Workspace, *, retryable: bool) -> File:
    """An image whose only attempt was given up."""
    file = add_file(world, user, workspace, "broken.jpg", b"\xff\xd8\xff broken", mime="image/jpeg")
    outcome = Outcome("failed", code="image_damaged", message="The picture is damaged.", retryable=retryable)
    end_attempt(world, file, outcome)
    return file


def end_attempt(world: World, file: File, outcome: Outcome) -> None:
    """Begin the attempt that waits in the queue, and settle it."""
    with world.database.write() as session:
        assert begin(session, file.id, file.run, file.attempt) is not None
        assert settle.settle(session, world.queue, file.id, file.run, file.attempt, outcome, max_attempts=file.attempt)


def counted(world: World, workspace: Workspace, names: Sequence[str]) -> dict[str, int]:
    """Totals of a workspace by name."""
    with world.database.read() as session:
        return {name: counters.total(session, [workspace.id], name) for name in names}
