"""A disk without room for one more byte, at each place where something is written: nothing is lost, and nothing is left
that nobody asked for."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from images_app.core.attempt import Work, perform
from tests.integration.conftest import made_world, served_api
from tests.integration.gallery import Gallery, problem
from tests.integration.uploading import kept, part, send, upload
from tests.support.engines import Engines
from tests.support.full import SmallDisk, small_disk
from tests.support.library import new_file
from tests.support.photos import avif

pytestmark = pytest.mark.embedded
PAGE = 4096
"""What a tmpfs gives to a file at a time; the picture and its derivative take one each."""
MORE_THAN_A_BLOCK = b"x" * 700_000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk") as made:
        yield made


@pytest.fixture
def gallery(disk: SmallDisk, engines: Engines) -> Iterator[Gallery]:
    """Everything that the server keeps is on that disk."""
    with made_world(disk.folder, engines) as world, served_api(world) as api:
        yield Gallery.of(api)


def incoming(gallery: Gallery) -> list[Path]:
    return list((gallery.api.world.settings.data_dir / "objects" / "incoming").iterdir())


def test_an_upload_that_finds_no_room_is_told_to_come_again_and_leaves_nothing(
    gallery: Gallery, disk: SmallDisk
) -> None:
    first = upload(gallery).json()
    before = kept(gallery)
    disk.fill()
    for data in (b"few", MORE_THAN_A_BLOCK):
        answer = upload(gallery, data)
        assert problem(answer) == (503, "storage_unavailable")
        assert answer.headers["retry-after"] == "5"
    assert gallery.client.get("/api/files").json()["data"] == [first]
    assert kept(gallery) == before
    assert incoming(gallery) == []
    disk.free()
    assert upload(gallery, MORE_THAN_A_BLOCK).status_code == 201


def test_a_file_that_comes_before_its_workspace_finds_no_room_either(gallery: Gallery, disk: SmallDisk) -> None:
    late = (part("file", MORE_THAN_A_BLOCK, '; filename="a.txt"'), part("workspaceId", gallery.workspace.id.encode()))
    disk.fill()
    assert problem(send(gallery, *late)) == (503, "storage_unavailable")
    disk.free()
    assert send(gallery, *late).status_code == 201


def test_a_database_without_room_says_so_and_keeps_what_it_has_answered(gallery: Gallery, disk: SmallDisk) -> None:
    names = [f"Workspace {number}" for number in range(2000)]
    disk.fill()
    made = []
    for name in names:  # the log of the database may still have room for some
        answer = gallery.client.post("/api/workspaces", json={"name": name})
        if answer.status_code != 201:
            break
        made.append(name)
    assert problem(answer) == (503, "database_unavailable")
    listed = [each["name"] for each in gallery.client.get("/api/me").json()["workspaces"]]
    assert sorted(listed) == sorted([gallery.workspace.name, *made])
    disk.free()
    assert gallery.client.post("/api/workspaces", json={"name": "At last"}).status_code == 201


@pytest.mark.parametrize(
    ("pages", "code"),
    [(0, "storage_unavailable"), (1, "media_unavailable"), (2, "storage_unavailable")],
    ids=["the copy", "the derivative", "the derivative in the store"],
)
def test_an_attempt_without_room_is_repeated_and_says_nothing_about_the_file(
    gallery: Gallery, disk: SmallDisk, pages: int, code: str
) -> None:
    world = gallery.api.world
    data = avif(96, 72, seed=1)
    new = new_file(world, gallery.workspace, data, name="a.avif", mime="image/avif")
    work = Work(new.id, new.workspace_id, new.object_key, hashlib.sha256(data).hexdigest(), 1, 1, False)
    scratch = disk.folder / "scratch"
    scratch.mkdir()
    disk.fill(but=pages * PAGE)
    outcome = perform(world.objects, world.cloudflare, world.media, work, scratch=scratch)
    assert (outcome.kind, outcome.code) == ("retry", code)
    assert list(scratch.iterdir()) == []
    assert list(world.objects.list(f"{gallery.workspace.bucket}/derived/")) == []
