"""Many at the same moment: what must happen once happens once, and nobody waits for ever."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest
from sqlalchemy import text
from sqlmodel import Session, func, select

from images_app import database
from images_app.bootstrap import World
from images_app.core import counters, events, files, images, members, passwords, sessions, throttle, users, workspaces
from images_app.core.quota import Quota
from images_app.errors import AeontelError, Conflict, LastOwner, NotRetryable, QuotaExceeded, TooManyAttempts
from images_app.jobs.queue import DurableQueue
from images_app.models import Event, File, Membership, PasswordLink, User, Workspace
from tests.support.library import add_failed, add_file, add_image, new_file, viewer_of
from tests.support.pipeline import wait_for

T = TypeVar("T")
CROWD = 12


@pytest.fixture
def crowded(world: World) -> World:
    """A world whose queue takes work, at which nobody works."""
    assert isinstance(world.queue, DurableQueue)
    world.queue.prepare(1)
    return world


def person(world: World, email: str = "ada@example.com") -> User:
    with world.database.write() as session:
        return users.create(session, email, None)


def home(world: World, owner: User) -> Workspace:
    with world.database.write() as session:
        return workspaces.create(session, owner.id, "Photos")


def at_once(*acts: Callable[[], T]) -> list[T | AeontelError]:
    """What each of these answers or raises, all begun in the same moment."""
    barrier = threading.Barrier(len(acts))

    def run(act: Callable[[], T]) -> T | AeontelError:
        barrier.wait()
        try:
            return act()
        except AeontelError as error:
            return error

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def writing(world: World, change: Callable[[Session], T]) -> Callable[[], T]:
    def act() -> T:
        with world.database.write() as session:
            return change(session)

    return act


def kinds(outcomes: Sequence[Any]) -> list[str]:
    return sorted(type(outcome).__name__ for outcome in outcomes)


def test_whoever_follows_the_log_sees_every_event_once_and_in_order(crowded: World) -> None:
    ada = person(crowded)
    homes = [home(crowded, ada) for _ in range(4)]
    done = threading.Event()
    with crowded.database.read() as session:
        began = events.latest(session)

    def follow() -> list[Event]:
        seen: list[Event] = []
        while True:
            was_done = done.is_set()
            with crowded.database.read() as session:
                more = events.since(session, viewer_of(ada), events.Filter(), seen[-1].seq or 0 if seen else began)
            seen += more
            if was_done and not more:
                return seen

    def write(number: int) -> None:
        for _ in range(10):
            add_file(crowded, ada, homes[number % len(homes)])

    with ThreadPoolExecutor(CROWD + 1) as pool:
        following = pool.submit(follow)
        for future in [pool.submit(write, number) for number in range(CROWD)]:
            future.result()
        done.set()
        seen = following.result()
    assert [event.seq for event in seen] == sorted({event.seq for event in seen})
    assert len({event.file_id for event in seen}) == len(seen) == CROWD * 10


@pytest.mark.production
def test_no_event_is_overtaken_by_one_that_is_committed_earlier(world: World) -> None:
    ada = person(world)
    numbered, go_on = threading.Event(), threading.Event()

    def halt(_session: Session) -> None:
        numbered.set()
        assert go_on.wait(30)

    def early() -> None:
        with world.database.write() as session:
            events.record_account(session, "user.created", actor_id=ada.id, data={"n": "first"})
            database.last(session, halt, order=99)

    def late() -> None:  # of another type, whose total is another row
        with world.database.write() as session:
            events.record_account(session, "token.revoked", actor_id=ada.id, data={"n": "second"})

    def waits() -> bool:
        with world.database.read() as session:
            return bool(session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))

    def log() -> list[Any]:
        with world.database.read() as session:
            return [event.data.get("n") for event in session.exec(select(Event).order_by(Event.seq))]  # type: ignore[arg-type]

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(early)
        assert numbered.wait(30)
        second = pool.submit(late)
        wait_for(lambda: second.done() or waits())
        assert "second" not in log()
        go_on.set()
        first.result()
        second.result()
    assert log()[-2:] == ["first", "second"]


def test_totals_stay_exact_and_nobody_blocks_anybody_for_ever(crowded: World) -> None:
    ada = person(crowded)
    place = home(crowded, ada)
    there = [add_image(crowded, ada, place) for _ in range(CROWD)]

    def to_and_fro(file: File) -> None:
        for _ in range(3):
            writing(crowded, lambda session: files.trash(session, crowded.queue, viewer_of(ada), file.id))()
            writing(crowded, lambda session: files.restore(session, crowded.queue, viewer_of(ada), file.id))()
            add_file(crowded, ada, place)

    outcomes = at_once(*(lambda file=file: to_and_fro(file) for file in there))  # type: ignore[misc]
    assert outcomes == [None] * CROWD
    with crowded.database.read() as session:
        for name, wanted in {"files": 4 * CROWD, "trash": 0, "images": 0, "event:file.restored": 3 * CROWD}.items():
            assert counters.total(session, [place.id], name) == wanted, name


def test_of_many_uploads_with_one_key_one_makes_the_file(crowded: World) -> None:
    ada = person(crowded)
    place = home(crowded, ada)
    new = [new_file(crowded, place, b"the same bytes") for _ in range(CROWD)]

    def register(session: Session, number: int) -> str:
        viewer = viewer_of(ada)
        return files.register(session, crowded.queue, viewer, new[number], idempotency_key="key").id

    made = at_once(*(writing(crowded, lambda session, n=n: register(session, n)) for n in range(CROWD)))  # type: ignore[misc]
    assert len(set(made)) == 1
    with crowded.database.read() as session:
        assert session.exec(select(func.count()).select_from(File)).one() == 1
        assert counters.total(session, [place.id], "files") == 1


def test_of_many_requests_with_one_key_one_makes_the_workspace(world: World) -> None:
    ada = person(world)

    def make(session: Session) -> str:
        return workspaces.make(session, viewer_of(ada), "Photos", idempotency_key="key").id

    made = at_once(*[writing(world, make)] * CROWD)
    assert len(set(made)) == 1


def test_the_last_room_of_a_workspace_is_given_once(crowded: World) -> None:
    ada = person(crowded)
    place = home(crowded, ada)
    new = [new_file(crowded, place, b"12345678") for _ in range(CROWD)]

    def register(session: Session, number: int) -> File:
        return files.register(session, crowded.queue, viewer_of(ada), new[number], quota=Quota(bytes=8 * 3))

    outcomes = at_once(*(writing(crowded, lambda session, n=n: register(session, n)) for n in range(CROWD)))  # type: ignore[misc]
    assert kinds(outcomes) == ["File"] * 3 + ["QuotaExceeded"] * (CROWD - 3)
    assert all(isinstance(outcome, File | QuotaExceeded) for outcome in outcomes)


def test_a_workspace_keeps_an_owner_when_all_leave_at_once(world: World) -> None:
    owners = [person(world, f"{n}@example.com") for n in range(CROWD)]
    place = home(world, owners[0])
    with world.database.write() as session:
        for owner in owners[1:]:
            session.add(Membership(workspace_id=place.id, user_id=owner.id, role="owner"))

    def leave(session: Session, owner: User) -> None:
        members.remove(session, viewer_of(owner), place.id, owner.id)

    outcomes = at_once(*(writing(world, lambda session, owner=owner: leave(session, owner)) for owner in owners))  # type: ignore[misc]
    assert [outcome for outcome in outcomes if outcome is not None and not isinstance(outcome, LastOwner)] == []
    with world.database.read() as session:
        left = session.exec(select(Membership.role).where(Membership.workspace_id == place.id)).all()
    assert left == ["owner"]


def test_two_owners_who_remove_each_other_do_not_both_succeed(world: World) -> None:
    ada, bob = person(world), person(world, "bob@example.com")
    place = home(world, ada)
    with world.database.write() as session:
        session.add(Membership(workspace_id=place.id, user_id=bob.id, role="owner"))

    def remove(session: Session, who: User, whom: User) -> None:
        members.remove(session, viewer_of(who), place.id, whom.id)

    outcomes = at_once(
        writing(world, lambda session: remove(session, ada, bob)),
        writing(world, lambda session: remove(session, bob, ada)),
    )
    assert kinds(outcomes) == ["NoneType", "NotFound"]


def test_guesses_at_the_same_moment_are_counted_one_by_one(world: World) -> None:
    bounds = throttle.by_email("ada@example.com", "93.184.216.34")
    outcomes = at_once(*[writing(world, lambda session: throttle.count(session, bounds))] * 25)
    let_through = [outcome for outcome in outcomes if not isinstance(outcome, TooManyAttempts)]
    assert len(let_through) == throttle.FAILURES_PER_EMAIL


def test_a_person_who_signs_in_many_times_at_once_is_let_in_each_time(world: World) -> None:
    with world.database.write() as session:
        users.create(session, "ada@example.com", "correct horse")
    acts = [lambda: sessions.sign_in(world.database, "ada@example.com", "correct horse")] * 4
    outcomes = at_once(*acts)
    assert [outcome for outcome in outcomes if isinstance(outcome, AeontelError)] == []


def test_there_is_one_first_admin_with_one_workspace(world: World) -> None:
    outcomes = at_once(*[writing(world, lambda session: users.ensure_admin(session, "admin@example.com"))] * CROWD)
    assert kinds(outcomes) == ["NoneType"] * (CROWD - 1) + ["User"]
    with world.database.read() as session:
        assert session.exec(select(func.count()).select_from(Workspace)).one() == 1


def test_an_address_belongs_to_one_user(world: World) -> None:
    outcomes = at_once(*[writing(world, lambda session: users.create(session, "Bob@example.com", None))] * CROWD)
    assert kinds(outcomes) == ["Conflict"] * (CROWD - 1) + ["User"]
    assert all(isinstance(outcome, User | Conflict) for outcome in outcomes)


def test_a_link_sets_one_password(world: World) -> None:
    ada = person(world)

    def link(session: Session) -> str | None:
        return passwords.make_link(session, world.queue, ada, actor_id=None, by_mail=False).secret

    at_once(*[writing(world, link)] * CROWD)
    with world.database.read() as session:
        assert session.exec(select(func.count()).select_from(PasswordLink)).one() == 1, "each ends those before"
    secret = writing(world, link)()
    assert secret is not None
    acts = [lambda: passwords.set_by_link(world.database, secret, "a new password")] * 4
    assert kinds(at_once(*acts)) == ["NotFound"] * 3 + ["tuple"]


def test_an_image_is_taken_away_once_and_asked_for_once(crowded: World) -> None:
    ada = person(crowded)
    place = home(crowded, ada)
    image = add_image(crowded, ada, place)

    def remove(session: Session) -> None:
        images.remove(session, crowded.queue, viewer_of(ada), image.id.replace("fil_", "img_"))

    assert kinds(at_once(*[writing(crowded, remove)] * CROWD)) == ["NoneType"] + ["NotFound"] * (CROWD - 1)
    failed = add_failed(crowded, ada, place, retryable=True)

    def retry(session: Session) -> File:
        return files.retry(session, crowded.queue, viewer_of(ada), failed.id)

    outcomes = at_once(*[writing(crowded, retry)] * CROWD)
    assert kinds(outcomes) == ["File"] + ["NotRetryable"] * (CROWD - 1)
    assert all(isinstance(outcome, File | NotRetryable) for outcome in outcomes)
