"""What the doctor found may not be so any more: then nothing is changed. And totals, counted while others write."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlmodel import col, select, update

from images_app import ids
from images_app.bootstrap import World
from images_app.core import counters, files, images, repair, users, workspaces
from images_app.core.recount import recount
from images_app.doctor import totals
from images_app.jobs.queue import DurableQueue
from images_app.models import Counter, File, Image, RemoteDeletion, User, Workspace
from tests.support import library


class Place:
    """A world with a user and their workspace."""

    def __init__(self, world: World) -> None:
        assert isinstance(world.queue, DurableQueue)
        world.queue.prepare(1)
        self.world = world
        with world.database.write() as session:
            self.user: User = users.create(session, "ada@example.com", None, is_admin=True)
            self.workspace: Workspace = workspaces.create(session, self.user.id, "Photos")

    def image(self) -> tuple[str, str]:
        """(file, its image at Cloudflare)."""
        file = library.add_image(self.world, self.user, self.workspace)
        return file.id, f"cf-{file.id}"

    def text(self) -> str:
        return library.add_file(self.world, self.user, self.workspace).id

    def file(self, file_id: str) -> File:
        with self.world.database.read() as session:
            return session.get_one(File, file_id)

    def shown(self, file_id: str) -> Image | None:
        with self.world.database.read() as session:
            return session.exec(select(Image).where(Image.file_id == file_id)).first()

    def doomed(self) -> set[str]:
        with self.world.database.read() as session:
            return set(session.exec(select(RemoteDeletion.cf_image_id)))

    def trash(self, file_id: str) -> None:
        with self.world.database.write() as session:
            files.trash(session, self.world.queue, library.viewer_of(self.user), file_id)

    def remove(self, file_id: str) -> None:
        with self.world.database.write() as session:
            images.remove(session, self.world.queue, library.viewer_of(self.user), ids.image_of(file_id))

    def make_again(self, file_id: str, gone: str | None) -> bool:
        with self.world.database.write() as session:
            return repair.make_again(session, self.world.queue, file_id, gone)

    def adopt(self, file_id: str) -> bool:
        with self.world.database.write() as session:
            return repair.adopt(session, self.world.queue, file_id)

    def replace(self, file_id: str, before: str, after: str) -> bool:
        with self.world.database.write() as session:
            return repair.replace(
                session, self.world.queue, file_id, before, after, private=True, workspace_id=self.workspace.id
            )

    def delete_image(self, cf_image_id: str, file_id: str, workspace_id: str | None = None) -> bool:
        with self.world.database.write() as session:
            home = workspace_id or self.workspace.id
            return repair.delete_image(session, self.world.queue, cf_image_id, file_id=file_id, workspace_id=home)


@pytest.fixture
def place(world: World) -> Place:
    return Place(world)


def test_an_image_is_made_again_once_and_only_while_it_is_the_one(place: Place) -> None:
    file_id, cf_id = place.image()
    assert not place.make_again(file_id, "another")
    assert not place.make_again(file_id, None)
    assert place.make_again(file_id, cf_id)
    assert place.shown(file_id) is None
    assert (place.file(file_id).provisioning_state, place.file(file_id).is_tried) == ("pending", True)
    assert not place.make_again(file_id, cf_id)
    thrown, cf_id = place.image()
    place.trash(thrown)
    assert not place.make_again(thrown, cf_id)
    assert not place.make_again(ids.new("fil"), "x")


def test_what_is_under_way_thrown_away_or_removed_is_not_adopted(place: Place) -> None:
    failed = library.add_failed(place.world, place.user, place.workspace, retryable=True).id
    assert place.adopt(failed)
    assert not place.adopt(failed)
    file_id, _ = place.image()
    assert not place.adopt(file_id)
    place.remove(file_id)
    assert not place.adopt(file_id)
    place.trash(file_id)
    assert not place.adopt(file_id)


def test_another_id_at_cloudflare_is_followed_or_deleted_when_the_image_has_gone_here(place: Place) -> None:
    file_id, cf_id = place.image()
    assert place.replace(file_id, cf_id, "new")
    assert place.replace(file_id, cf_id, "new")  # the same once more
    shown = place.shown(file_id)
    assert shown is not None
    assert (shown.cf_image_id, shown.is_private) == ("new", True)
    assert place.doomed() == set()
    assert not place.replace(file_id, "long ago", "other")
    assert place.doomed() == {"other"}
    place.remove(file_id)
    assert not place.replace(file_id, "new", "newer")
    assert place.doomed() == {"other", "new", "newer"}
    second, cf_id = place.image()
    assert place.replace(second, cf_id, "other")  # which is about to be deleted: so it is made again
    assert place.file(second).provisioning_state == "pending"
    assert not place.replace(second, cf_id, "third")  # the attempt finds it
    assert "third" not in place.doomed()


def test_only_an_image_that_nobody_wants_is_deleted(place: Place) -> None:
    file_id, cf_id = place.image()
    unknown = ids.new("fil")
    assert not place.delete_image(cf_id, file_id)
    assert not place.delete_image(cf_id, unknown)
    assert not place.delete_image("x", unknown, ids.new("wsp"))
    with place.world.database.write() as session:
        other = workspaces.create(session, place.user.id, "Other")
    assert not place.delete_image("x", file_id, other.id)
    waiting = library.add_file(place.world, place.user, place.workspace, "a.jpg", mime="image/jpeg").id
    assert not place.delete_image("x", waiting)
    assert place.delete_image("x", file_id)
    assert not place.delete_image("x", file_id)
    assert place.delete_image("y", unknown)
    assert place.doomed() == {"x", "y"}


def test_the_bytes_of_a_file_that_is_there_are_never_erased(place: Place) -> None:
    file_id = place.text()
    key = place.file(file_id).object_key
    with place.world.database.write() as session:
        assert not repair.erase_object(session, place.world.queue, key, file_id=file_id)
        assert repair.erase_object(session, place.world.queue, key, file_id=ids.new("fil"))


def test_missing_bytes_are_told_once_and_taken_back_once(place: Place) -> None:
    file_id, (shown, _) = place.text(), place.image()

    def flag(which: str) -> bool:
        with place.world.database.write() as session:
            return repair.flag(session, which, repair.MISSING, "They are away.")

    def clear() -> bool:
        with place.world.database.write() as session:
            return repair.clear(session, place.world.queue, file_id)

    assert not clear()
    assert flag(file_id)
    assert not flag(file_id)
    assert not flag(shown)  # its picture is there
    assert (place.file(file_id).status, place.file(file_id).error_code) == ("error", "object_missing")
    assert library.counted(place.world, place.workspace, ["files:error", "files:ready"]) == {
        "files:error": 1,
        "files:ready": 1,
    }
    assert clear()
    assert not clear()
    assert (place.file(file_id).status, place.file(file_id).error_code) == ("ready", None)


def test_totals_are_right_however_often_they_are_counted_while_files_come_and_go(place: Place) -> None:
    done = threading.Event()

    def come_and_go() -> int:
        for _ in range(8):
            place.trash(place.text())
            place.text()
        return 16

    def count() -> int:
        wrong = 0
        while not done.is_set():
            wrong += len(totals.recount(place.world.database, apply=True))
        return wrong

    with ThreadPoolExecutor(4) as pool:
        counting = pool.submit(count)
        writing = [pool.submit(come_and_go) for _ in range(2)]
        assert sum(one.result() for one in writing) == 32
        done.set()
        assert counting.result() == 0
    names = ["files", "files:ready", "trash", "bytes", "event:file.ready", "event:file.deleted", "members"]
    expected = [16, 16, 16, 32 * len(b"some bytes"), 32, 16, 1]
    assert library.counted(place.world, place.workspace, names) == dict(zip(names, expected, strict=True))
    with place.world.database.write() as session:
        wrong = col(Counter.workspace_id) == counters.SERVER, col(Counter.name) == "users"
        session.exec(update(Counter).where(*wrong).values(n=9))
        assert recount(session, counters.SERVER) == {"users": (9, 1)}
