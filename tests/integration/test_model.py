"""Random histories of a few people in a few workspaces, against a plain Python model of what there should be.

The model has lists and dicts, and no queries, counters or cursors. After every step somebody looks, and sees exactly
what the model says, in pages of any size and in both directions.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlmodel import Session

from images_app import ids
from images_app.bootstrap import World
from images_app.core import counters, events, files, images, members, trash, users, workspaces
from images_app.core.access import Role, Viewer
from images_app.core.attempt import Outcome
from images_app.core.media.base import MediaInfo
from images_app.core.paging import Page, Window
from images_app.errors import AeontelError, Conflict, Forbidden, LastOwner, NotFound, NotRetryable
from images_app.jobs.queue import DurableQueue
from images_app.models import File, User, Workspace
from tests.integration.conftest import made_world
from tests.support.engines import Engines
from tests.support.library import add_file, end_attempt, viewer_of

PEOPLE, WORKSPACES = 3, 2
INFO = MediaInfo("image/jpeg", 4, 3, None, None, "thumbhash")

person, place = st.integers(0, PEOPLE - 1), st.integers(0, WORKSPACES - 1)
actor = st.integers(0, 2 * PEOPLE)
"""A person; beyond those, whoever owns the place, so that most of what is tried also happens."""
which = st.integers(0, 1_000)
"""A file: of those that there are, counted round."""


@dataclass
class Made:
    """A file as the model knows it."""

    id: str
    place: int
    is_image: bool
    state: str
    size: int
    status: str = "ready"
    is_trashed: bool = False
    may_retry: bool = True


@dataclass
class Model:
    """Everything that there should be."""

    roles: dict[tuple[int, int], Role] = field(default_factory=dict)
    """By person and workspace."""
    files: list[Made] = field(default_factory=list)
    """Oldest first."""
    log: list[tuple[int, str, str]] = field(default_factory=list)
    """Workspace, type and file of each event, oldest first."""

    def refusal(self, who: int, where: int, *roles: Role) -> type[AeontelError] | None:
        """What somebody gets who needs one of these roles."""
        role = self.roles.get((who, where))
        return NotFound if role is None else None if role in roles else Forbidden

    def seen(self, who: int) -> list[Made]:
        """The files in this person's workspaces, newest first."""
        return [file for file in reversed(self.files) if (who, file.place) in self.roles]

    def lists(self, who: int) -> dict[str, list[Any]]:
        """What each list shows this person."""
        seen = self.seen(who)
        kept = [file for file in seen if not file.is_trashed]
        return {
            "images": [ids.image_of(file.id) for file in kept if file.state == "done"],
            "files": [file.id for file in kept],
            "ready": [file.id for file in kept if file.status == "ready"],
            "error": [file.id for file in kept if file.status == "error"],
            "trash": [file.id for file in seen if file.is_trashed],
            "events": [(type, file_id) for where, type, file_id in self.log if (who, where) in self.roles],
        }


def page_of(session: Session, viewer: Viewer, name: str, window: Window) -> Page[Any]:
    """The same list from the program."""
    match name:
        case "images":
            return images.list_page(session, viewer, window, images.NAMED).map(lambda row: row.id)
        case "events":
            log = events.list_page(session, viewer, events.Filter(), window)
            return log.map(lambda event: (event.type, event.file_id))
        case "trash":
            return files.list_page(session, viewer, files.Filter(is_trashed=True), window).map(lambda file: file.id)
    status = None if name == "files" else name
    return files.list_page(session, viewer, files.Filter(status=status), window).map(lambda file: file.id)  # type: ignore[arg-type]


class Histories(RuleBasedStateMachine):
    """What people do, at random."""

    world: World  # set by the test

    @initialize()
    def begin(self) -> None:
        self.model = Model()
        self.turn = 0
        with self.world.database.write() as session:
            self.people: list[User] = [
                users.create(session, f"{ids.new('usr')}@example.com", None) for _ in range(PEOPLE)
            ]
            self.places: list[Workspace] = []
            for n in range(WORKSPACES):
                self.places.append(workspaces.create(session, self.people[n].id, f"Workspace {n}"))
                self.model.roles[n, n] = "owner"
        for n in range(4):
            self.upload(0, 0, is_image=n > 0, size=1)
        self.work(0, succeeds=True, may_retry=True)
        self.work(0, succeeds=False, may_retry=True)

    def attempt(self, expected: type[AeontelError] | None, do: Callable[[Session], object]) -> bool:
        """Do it in a transaction of its own; whether the model says that it works."""
        if expected is None:
            with self.world.database.write() as session:
                do(session)
            return True
        with pytest.raises(expected) as caught, self.world.database.write() as session:
            do(session)
        assert caught.type is expected
        return False

    def acting(self, who: int, where: int) -> int:
        if who < PEOPLE:
            return who
        return next(whose for (whose, at), role in self.model.roles.items() if (at, role) == (where, "owner"))

    def pick(self, number: int, *states: str) -> Made:
        """A file, of those in one of these states if there are any."""
        files = [file for file in self.model.files if file.state in states] or self.model.files
        return files[number % len(files)]

    def note(self, file: Made, *types: str) -> None:
        self.model.log.extend((file.place, type, file.id) for type in types)

    has_files = precondition(lambda self: bool(self.model.files))

    @rule(who=actor, where=place, is_image=st.booleans(), size=st.integers(1, 50))
    def upload(self, who: int, where: int, is_image: bool, size: int) -> None:
        mime = "image/jpeg" if is_image else "text/plain"
        who = self.acting(who, where)
        refusal = self.model.refusal(who, where, "owner", "editor")

        def add() -> File:
            return add_file(self.world, self.people[who], self.places[where], "a.jpg", b"x" * size, mime=mime)

        if refusal is not None:
            with pytest.raises(refusal):
                add()
            return
        made = Made(add().id, where, is_image, "pending" if is_image else "none", size)
        self.model.files.append(made)
        self.note(made, "file.ready", *(["image.provision_requested"] if is_image else []))

    @has_files
    @rule(number=which, succeeds=st.booleans(), may_retry=st.booleans())
    def work(self, number: int, succeeds: bool, may_retry: bool) -> None:
        made = self.pick(number, "pending")
        if made.state != "pending":
            return
        with self.world.database.read() as session:
            file = session.get_one(File, made.id)
        if succeeds:
            end_attempt(self.world, file, Outcome("done", cf_image_id=ids.new("img"), info=INFO))
            made.state = "done"
            self.note(made, "image.created")
        else:
            end_attempt(self.world, file, Outcome("failed", code="image_damaged", message="x", retryable=may_retry))
            made.state, made.status, made.may_retry = "failed", "error", may_retry
            self.note(made, "image.provision_failed")

    @has_files
    @rule(who=actor, number=which)
    def throw_away(self, who: int, number: int) -> None:
        made = self.pick(number)
        who = self.acting(who, made.place)
        refusal = self.model.refusal(who, made.place, "owner", "editor") or (NotFound if made.is_trashed else None)
        viewer = viewer_of(self.people[who])
        if self.attempt(refusal, lambda session: files.trash(session, self.world.queue, viewer, made.id)):
            self.note(made, *(["image.deleted"] if made.state == "done" else []), "file.deleted")
            made.is_trashed = True
            if made.state in ("pending", "done"):
                made.state = "none"

    @has_files
    @rule(who=actor, number=which)
    def restore(self, who: int, number: int) -> None:
        made = self.pick(number)
        who = self.acting(who, made.place)
        refusal = self.model.refusal(who, made.place, "owner", "editor") or (None if made.is_trashed else Conflict)
        viewer = viewer_of(self.people[who])
        if self.attempt(refusal, lambda session: files.restore(session, self.world.queue, viewer, made.id)):
            again = made.is_image and made.state == "none"
            self.note(made, "file.restored", *(["image.provision_requested"] if again else []))
            made.is_trashed = False
            made.state = "pending" if again else made.state

    @has_files
    @rule(who=actor, number=which)
    def purge(self, who: int, number: int) -> None:
        """One file in the trash, for good."""
        made = self.pick(number)
        who = self.acting(who, made.place)
        refusal = self.model.refusal(who, made.place, "owner", "editor") or (None if made.is_trashed else NotFound)
        viewer = viewer_of(self.people[who])
        if self.attempt(refusal, lambda session: trash.delete(session, self.world.queue, viewer, made.id)):
            self.model.files.remove(made)
            self.note(made, "file.purged")

    @has_files
    @rule(who=actor, number=which)
    def remove_image(self, who: int, number: int) -> None:
        made = self.pick(number)
        who = self.acting(who, made.place)
        refusal = self.model.refusal(who, made.place, "owner", "editor") or (None if made.state == "done" else NotFound)
        viewer, image_id = viewer_of(self.people[who]), ids.image_of(made.id)
        if self.attempt(refusal, lambda session: images.remove(session, self.world.queue, viewer, image_id)):
            made.state = "removed"
            self.note(made, "image.deleted")

    @has_files
    @rule(who=actor, number=which)
    def retry(self, who: int, number: int) -> None:
        made = self.pick(number, *(["failed", "removed"] if number % 4 else []))
        is_possible = made.state == "removed" or (made.state == "failed" and made.may_retry)
        who = self.acting(who, made.place)
        refusal = self.model.refusal(who, made.place, "owner", "editor") or (
            NotFound if made.is_trashed else None if is_possible else NotRetryable
        )
        viewer = viewer_of(self.people[who])
        if self.attempt(refusal, lambda session: files.retry(session, self.world.queue, viewer, made.id)):
            made.state, made.status = "pending", "ready"
            self.note(made, "image.provision_requested")

    @rule(who=actor, whom=person, where=place, role=st.sampled_from(["owner", "editor", "viewer", None]))
    def set_role(self, who: int, whom: int, where: int, role: Role | None) -> None:
        who = self.acting(who, where)
        before = self.model.roles.get((whom, where))
        refusal = self.model.refusal(who, where, "owner")
        if role is None and who == whom and before is not None:
            refusal = None  # everybody may leave
        if refusal is None and role is None and before is None:
            refusal = NotFound
        if refusal is None and before == "owner" != role and self.owners(where) == 1:
            refusal = LastOwner
        viewer, user_id, place_id = viewer_of(self.people[who]), self.people[whom].id, self.places[where].id
        if role is None:
            if self.attempt(refusal, lambda session: members.remove(session, viewer, place_id, user_id)):
                del self.model.roles[whom, where]
        elif self.attempt(refusal, lambda session: members.put(session, viewer, place_id, user_id, role)):
            self.model.roles[whom, where] = role

    def owners(self, where: int) -> int:
        return sum(role == "owner" for (_, place), role in self.model.roles.items() if place == where)

    @rule(who=person, limit=st.integers(1, 4), name=st.sampled_from(sorted(Model().lists(0))))
    def walk(self, who: int, limit: int, name: str) -> None:
        """Through a whole list, and back."""
        expected, viewer = self.model.lists(who)[name], viewer_of(self.people[who])
        with self.world.database.read() as session:
            at, page = 0, page_of(session, viewer, name, Window(limit))
            while self.is_slice(page, expected, at, at + limit) and page.has_next:
                at += limit
                page = page_of(session, viewer, name, Window(limit, after=page.end_cursor))
            while self.is_slice(page, expected, max(at, 0), at + limit) and page.has_previous:
                at -= limit
                page = page_of(session, viewer, name, Window(limit, before=page.start_cursor))

    def is_slice(self, page: Page[Any], expected: list[Any], start: int, end: int) -> bool:
        assert list(page.items) == expected[start:end]
        assert (page.has_previous, page.has_next) == (start > 0, end < len(expected))
        return True

    @invariant()
    def somebody_sees_what_there_is(self) -> None:
        self.turn = (self.turn + 1) % PEOPLE
        viewer = viewer_of(self.people[self.turn])
        with self.world.database.read() as session:
            for name, expected in self.model.lists(self.turn).items():
                page = page_of(session, viewer, name, Window(100))
                assert (list(page.items), page.total) == (expected[:100], len(expected)), name
            for where, workspace in enumerate(self.places):
                size = sum(file.size for file in self.model.files if file.place == where)
                assert counters.total(session, [workspace.id], "bytes") == size


@pytest.fixture(scope="module")
def busy_world(tmp_path_factory: pytest.TempPathFactory, engines: Engines) -> Iterator[World]:
    with made_world(tmp_path_factory.mktemp("model"), engines) as world:
        assert isinstance(world.queue, DurableQueue)
        world.queue.prepare(1)
        yield world


def test_every_history_leaves_what_the_model_says(busy_world: World) -> None:
    class Here(Histories):
        world = busy_world

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=25,
            stateful_step_count=40,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
