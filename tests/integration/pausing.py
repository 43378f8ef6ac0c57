"""One attempt after another without a network, for tests of the pause of all provisioning."""

from collections.abc import Callable
from datetime import timedelta

from sqlmodel import col, select, update

from images_app.bootstrap import World
from images_app.core import pause, workspaces
from images_app.core.access import Viewer
from images_app.core.attempt import Outcome, Work, begin
from images_app.core.media.base import MediaInfo
from images_app.core.settle import settle
from images_app.jobs.queue import DurableQueue
from images_app.models import Event, File, ProvisioningPause, User, now
from tests.support.library import add_file, viewer_of

INFO = MediaInfo("image/jpeg", 40, 30, None, None, None)
FULL = Outcome("retry", code="cloudflare_5453", message="Full.", is_patient=True, stops="full")
REVOKED = Outcome("retry", code="cloudflare_9109", message="Revoked.", is_patient=True, stops="refused")
NO_ANSWER = Outcome("retry", code="cloudflare_no_answer", message="No answer.", looked=True)
DAMAGED = Outcome("failed", code="image_damaged", message="Damaged.", retryable=False)
MOST = 3
PAUSES = ("provisioning.paused", "provisioning.resumed")


def uploader(world: World) -> Callable[[], File]:
    """Makes new files of one person, each with its first attempt enqueued."""
    world.queue.prepare(1)  # type: ignore[attr-defined]
    with world.database.write() as session:
        owner = User(email="ada@example.com")
        session.add(owner)
        session.flush()
        workspace = workspaces.create(session, owner.id, "Photos")
    return lambda: add_file(world, owner, workspace, "a.jpg", b"\xff\xd8\xff", mime="image/jpeg")


def seen(world: World, file: File) -> File:
    with world.database.read() as session:
        return session.get_one(File, file.id)


def owner_of(world: World, file: File) -> Viewer:
    """Who uploaded it."""
    with world.database.read() as session:
        return viewer_of(session.get_one(User, file.created_by))


def begun(world: World, file: File) -> Work | None:
    """Begin the attempt that is due."""
    at = seen(world, file)
    with world.database.write() as session:
        return begin(session, file.id, at.run, at.attempt)


def settled(world: World, file: File, outcome: Outcome) -> bool:
    at = seen(world, file)
    with world.database.write() as session:
        return settle(session, world.queue, file.id, at.run, at.attempt, outcome, max_attempts=MOST)


def tried(world: World, file: File, outcome: Outcome) -> None:
    """A whole attempt, which must be allowed to begin and to commit."""
    assert begun(world, file) is not None
    assert settled(world, file, outcome)


def done(file: File, **more: str) -> Outcome:
    return Outcome("done", cf_image_id=f"cf-{file.id}", info=INFO, **more)  # type: ignore[arg-type]


def paused(world: World) -> ProvisioningPause | None:
    with world.database.read() as session:
        return pause.current(session)


def wait_until_probe(world: World) -> None:
    """As if the time until the next probe were over."""
    with world.database.write() as session:
        session.exec(update(ProvisioningPause).values(next_probe_at=now() - timedelta(seconds=1)))


def is_parked(world: World, file: File) -> bool:
    at = seen(world, file)
    return at.provisioning_state == "waiting" and at.next_attempt_at is None


def enqueued(world: World) -> set[str]:
    assert isinstance(world.queue, DurableQueue)
    return {workflow.workflow_id for workflow in world.queue.client().list_workflows()}


def deeds(world: World, *types: str) -> list[tuple[str, str | None]]:
    with world.database.read() as session:
        found = session.exec(select(Event).where(col(Event.type).in_(types)).order_by(col(Event.seq))).all()
        return [(event.type, event.actor_id) for event in found]
