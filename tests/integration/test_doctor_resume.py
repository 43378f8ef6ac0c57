"""A comparison that ends in the middle, wherever that is, goes on where it stood and finds the same."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from images_app import ids
from images_app.bootstrap import World
from images_app.cloudflare.base import RemoteImage
from images_app.cloudflare.client import HttpCloudflareImages
from images_app.core import users, workspaces
from images_app.doctor import compare
from images_app.doctor.compare import Comparison
from images_app.doctor.judge import Judge
from images_app.doctor.notes import Finding, Notes
from images_app.doctor.survey import survey
from images_app.errors import CloudflareError, StorageUnavailable
from images_app.jobs.queue import DurableQueue
from images_app.models import Workspace
from images_app.storage.base import ObjectEntry, ObjectInfo
from tests.support import library
from tests.support.emulator import ACCOUNT_ID, TOKEN, RunningEmulator
from tests.support.photos import photo_jpeg


class Ends:
    """A store that is away from the `count`-th entry of a list on."""

    def __init__(self, world: World, count: int) -> None:
        self._objects = world.objects
        self._count = count

    def list(self, prefix: str, *, after: str = "") -> Iterator[ObjectEntry]:
        for number, entry in enumerate(self._objects.list(prefix, after=after)):
            if number == self._count:
                raise StorageUnavailable("away")
            yield entry

    def stat(self, key: str) -> ObjectInfo:
        return self._objects.stat(key)


def fill(world: World) -> None:
    """Three workspaces of files of which some have no object, and objects of which some have no file."""
    assert isinstance(world.queue, DurableQueue)
    world.queue.prepare(1)
    with world.database.write() as session:
        user = users.create(session, "ada@example.com", None, is_admin=True)
        rooms = [workspaces.create(session, user.id, str(number)) for number in range(3)]
    for room in rooms:
        for number in range(5):
            file = library.add_file(world, user, room, f"{number}.txt")
            if number % 2:
                world.objects.delete(file.object_key)
            else:
                put(world, f"{room.bucket}/{ids.new('fil')}/x")
                put(world, f"{room.bucket}/derived/{file.id}/x.jpg")
        put(world, f"{room.bucket}/not/ours/at/all")
    put(world, f"ws-{ids.new('wsp').removeprefix('wsp_')}/{ids.new('fil')}/of-no-workspace")


def put(world: World, key: str) -> None:
    writer = world.objects.create(key, "text/plain")
    writer.write(b"x")
    writer.commit()


def found(notes: Notes) -> list[Finding]:
    return sorted((finding for _, finding, _ in notes.findings()), key=lambda one: (one.kind, one.subject))


def test_wherever_a_comparison_ends_the_next_one_finds_the_rest(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare, "_PAGE", 2)
    fill(world)
    judge = Judge(datetime.now(UTC) + timedelta(seconds=2), timedelta(0))
    with world.database.read() as session:
        room = session.exec(select(Workspace)).first()
    assert room is not None
    strange = RemoteImage("one", meta={"fileId": ids.new("fil")}, creator=room.id, uploaded="2026-07-01T00:00:00Z")
    notes = Notes(tmp_path / "notes")

    def begin() -> None:
        notes.begin(left={}, seen={})
        notes.add_remotes([strange])

    begin()
    Comparison(world.database, world.objects, notes, judge).run()
    whole = found(notes)
    kinds = {"missing_bytes": 6, "unknown_object": 10, "old_derivative": 9, "unknown_image": 1}
    assert {kind: sum(one.kind == kind for one in whole) for kind in kinds} == kinds
    assert len(whole) == sum(kinds.values())
    for count in range(len(list(world.objects.list("")))):
        begin()
        with pytest.raises(StorageUnavailable):
            Comparison(world.database, Ends(world, count), notes, judge).run()  # type: ignore[arg-type]
        Comparison(world.database, world.objects, notes, judge).run()
        assert found(notes) == whole, count
        assert notes.get("seen")["files"] == 15
    notes.close()


def test_cloudflares_list_is_gone_on_with_from_its_token_or_from_the_beginning(tmp_path: Path) -> None:
    with RunningEmulator(tmp_path / "cloudflare") as emulator:
        made = {emulator.uploaded(photo_jpeg(16, 16, seed=n)) for n in range(25)}
        client = HttpCloudflareImages(emulator.api_base, ACCOUNT_ID, TOKEN, page_size=10)
        notes = Notes(tmp_path / "notes")
        for token in ("", "of long ago"):
            notes.begin()
            images, following = client.list_page(None)
            notes.add_remotes(images, token=token or following)
            assert notes.count_remotes() == 10
            survey(client, notes)
            assert set(notes.listed(sorted(made))) == made
            assert (notes.count_remotes(), notes.get("listed")) == (25, True)
        notes.close()
        wrong = HttpCloudflareImages(emulator.api_base, ACCOUNT_ID, "another token")
        notes = Notes(tmp_path / "others")
        with pytest.raises(CloudflareError):
            survey(wrong, notes)
        assert notes.get("listed") is None
        notes.close()
        wrong.close()
        client.close()
