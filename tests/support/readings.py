"""Every list that there is, read by the product's own functions: for tests of how a database goes about it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import Engine, event
from sqlmodel import Session

from images_app import ids
from images_app.core import counters, events, files, images, members, sessions, tokens, users, workspaces
from images_app.core.access import Viewer
from images_app.core.paging import Kind, Listing, Page, Window
from images_app.models import File, Image, Membership, Token, User, Workspace, now
from images_app.models import Session as SignIn

WORKSPACES = 120
FILES = 400
MEMBERSHIPS = {"one": 1, "three": 3, "fifty": 50, "many": WORKSPACES}
VIEWERS = {
    name: Viewer(ids.new("usr"), f"{name}@example.com", name == "admin", "session", "ses_1")
    for name in (*MEMBERSHIPS, "admin")
}
_PLACES = [ids.new("wsp") for _ in range(WORKSPACES)]
HOME = _PLACES[0]
"""A workspace that every viewer owns."""

Reader = Callable[[Window], Page[Any]]


@dataclass(frozen=True)
class Reading:
    """A list, and how it is read."""

    begin: Callable[[Session, Viewer], Reader]
    """Finds out what must be known before, such as some ids."""
    kind: Kind
    viewers: tuple[str, ...] = tuple(VIEWERS)


def _files(**which: Any) -> Reading:
    return Reading(lambda s, v: partial(files.list_page, s, v, files.Filter(**which)), files.KIND)


def _files_by_id(**which: Any) -> Reading:
    def begin(session: Session, viewer: Viewer) -> Reader:
        wanted = [file.id for file in files.list_page(session, viewer, files.Filter(**which), Window()).items]
        return partial(files.list_page, session, viewer, files.Filter(ids=wanted, **which))

    return Reading(begin, files.KIND)


def _images(listing: Listing[Any], **which: Any) -> Reading:
    return Reading(lambda s, v: partial(images.list_page, s, v, listing=listing, **which), images.KIND)


def _images_by_id(session: Session, viewer: Viewer) -> Reader:
    wanted = [image.id for image in images.list_page(session, viewer, Window(), images.NAMED).items]
    return partial(images.list_page, session, viewer, listing=images.PLAIN, ids=wanted)


def _events(**which: Any) -> Reading:
    return Reading(lambda s, v: partial(events.list_page, s, v, events.Filter(**which)), events.KIND)


def _file(session: Session, viewer: Viewer) -> str:
    """The id of one that is in the gallery, so that something has happened to it."""
    return images.list_page(session, viewer, Window(1), images.NAMED, workspace_id=HOME).items[0].file_id


def _events_of_file(session: Session, viewer: Viewer) -> Reader:
    return partial(events.list_page, session, viewer, events.Filter(file_id=_file(session, viewer)))


def _typed_events_of_file(session: Session, viewer: Viewer) -> Reader:
    which = events.Filter(file_id=_file(session, viewer), types=("file.ready", "image.created"))
    return partial(events.list_page, session, viewer, which)


def _history(session: Session, viewer: Viewer) -> Reader:
    return partial(files.history, session, viewer, _file(session, viewer))


READINGS: dict[str, Reading] = {
    "images": _images(images.PLAIN),
    "images with details": _images(images.NAMED),
    "images of a workspace": _images(images.PLAIN, workspace_id=HOME),
    "images by id": Reading(_images_by_id, images.KIND),
    "files": _files(),
    "files of a workspace": _files(workspace_id=HOME),
    "files by id": _files_by_id(),
    "failed files by id": _files_by_id(status="error"),
    "trash by id": _files_by_id(is_trashed=True),
    **{f"{status} files": _files(status=status) for status in ("ready", "error")},
    **{f"{status} files of a workspace": _files(workspace_id=HOME, status=status) for status in ("ready", "error")},
    "trash": _files(is_trashed=True),
    "trash of a workspace": _files(workspace_id=HOME, is_trashed=True),
    "events": _events(),
    "events of a workspace": _events(workspace_id=HOME),
    "events and audit": _events(audit=True),
    "events and audit of a workspace": _events(workspace_id=HOME, audit=True),
    "events of a type": _events(types=("file.ready",)),
    "events of a type and workspace": _events(workspace_id=HOME, types=("file.ready",)),
    "events of two types": _events(types=("file.ready", "image.created")),
    "audit of a type": _events(types=("member.added",)),
    "audit of a type and workspace": _events(workspace_id=HOME, types=("member.added",)),
    "events and audit of some types": _events(types=("file.ready", "member.added")),
    "events of a file": Reading(_events_of_file, events.KIND),
    "events of a file and types": Reading(_typed_events_of_file, events.KIND),
    "history of a file": Reading(_history, events.KIND),
    "members": Reading(lambda s, v: partial(members.list_page, s, v, HOME), members.KIND),
    "workspaces": Reading(lambda s, v: partial(workspaces.list_page, s, v), workspaces.KIND),
    "users": Reading(lambda s, v: partial(users.list_page, s, v), users.KIND, ("admin",)),
    "tokens": Reading(lambda s, v: partial(tokens.list_page, s, v), tokens.KIND),
    "sessions": Reading(lambda s, v: partial(sessions.list_page, s, v), sessions.KIND),
}


def furnish(session: Session) -> None:
    """People, and some of everything that is listed."""
    session.add_all(User(id=viewer.user_id, email=viewer.email) for viewer in VIEWERS.values())
    crowd = [User(id=ids.new("usr"), email=f"{n}@example.com") for n in range(200)]
    session.add_all(crowd)
    counters.add(session, counters.SERVER, "users", len(VIEWERS) + len(crowd))
    session.add_all(Workspace(id=place, name="A", bucket=str(n)) for n, place in enumerate(_PLACES))
    counters.add(session, counters.SERVER, "workspaces", WORKSPACES)
    session.flush()
    for place in _PLACES:
        counters.create(session, place)
    for name, number in MEMBERSHIPS.items():
        _join(session, VIEWERS[name].user_id, _PLACES[:number])
    for user in crowd:
        _join(session, user.id, [HOME])
    for viewer in VIEWERS.values():
        for n in range(60):
            session.add(Token(user_id=viewer.user_id, name="A", secret_hash=f"{viewer.user_id}{n}", hint="", scopes=[]))
            at = now() + timedelta(days=1)
            session.add(SignIn(user_id=viewer.user_id, secret_hash=f"{viewer.user_id}{n}", expires_at=at))
    for n in range(FILES):
        upload(session, n, _PLACES, created_by=VIEWERS["one"].user_id)


def _join(session: Session, user_id: str, places: list[str]) -> None:
    for place in places:
        session.add(Membership(workspace_id=place, user_id=user_id, role="owner"))
        counters.add(session, place, "members", 1)
        events.record(session, "member.added", place, actor_id=None, data={})


def upload(session: Session, n: int, places: Sequence[str], *, created_by: str) -> None:
    """File `n`: half of them in the first of these workspaces, every tenth failed, every fifteenth in the trash."""
    file = File(
        workspace_id=places[n % len(places) if n % 2 else 0],
        created_by=created_by,
        name=f"{n}.jpg",
        mime="image/jpeg",
        size=1,
        sha256="0" * 64,
        object_key=str(n),
        status="error" if n % 10 == 0 else "ready",
        is_trashed=n % 15 == 0,
    )
    session.add(file)
    session.flush()
    names = ["trash"] if file.is_trashed else ["files", f"files:{file.status}"]
    events.emit(session, "file.ready", file)
    if file.status == "ready" and not file.is_trashed:
        image_id = ids.image_of(file.id)
        session.add(Image(id=image_id, file_id=file.id, workspace_id=file.workspace_id, cf_image_id=str(n)))
        events.emit(session, "image.created", file, image_id=image_id)
        names.append("images")
    for name in names:
        counters.add(session, file.workspace_id, name, 1)


@contextmanager
def statements(engine: Engine) -> Iterator[list[tuple[str, Any]]]:
    """Every statement that is sent meanwhile, with its parameters."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        sent.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)
