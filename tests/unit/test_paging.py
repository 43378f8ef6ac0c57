"""The pager against a plain list, on a real SQLite file. What the planner makes of it: `test_query_plans.py`."""

import base64
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, SQLModel, col, delete, select

from images_app import ids
from images_app.core import counters, events, files, images, paging
from images_app.core.access import Viewer
from images_app.core.paging import Page, Window
from images_app.database import Database
from images_app.errors import ConflictingCursors, InvalidCursor, InvalidParameter, NotFound
from images_app.models import Event, File, Image, Membership, User, Workspace
from tests.support.readings import FILES, WORKSPACES, upload

PLACES = [f"wsp_{n}" for n in range(WORKSPACES)]
MEMBERSHIPS = {"none": 0, "one": 1, "three": 3, "fifty": 50, "many": WORKSPACES}
VIEWERS = {
    name: Viewer(f"usr_{name}", f"{name}@localhost", name == "admin", "session", "ses_1")
    for name in (*MEMBERSHIPS, "admin")
}

Lister = Callable[[Session, Viewer, Window], Page[Any]]
LISTS: dict[str, tuple[Lister, paging.Kind]] = {
    "images": (lambda s, v, w: images.list_page(s, v, w, images.NAMED), images.KIND),
    "files": (lambda s, v, w: files.list_page(s, v, files.Filter(), w), files.KIND),
    "errors": (lambda s, v, w: files.list_page(s, v, files.Filter(status="error"), w), files.KIND),
    "trash": (lambda s, v, w: files.list_page(s, v, files.Filter(is_trashed=True), w), files.KIND),
    "events": (lambda s, v, w: events.list_page(s, v, events.Filter(), w), events.KIND),
    "created": (lambda s, v, w: events.list_page(s, v, events.Filter(types=("image.created",)), w), events.KIND),
}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('paging') / 'test.db'}")
    SQLModel.metadata.create_all(database.engine)
    with database.write() as session:
        _people(session)
    for n in range(FILES):
        with database.write() as session:
            upload(session, n, PLACES, created_by="usr_one")
    yield database
    database.close()


def _people(session: Session) -> None:
    session.add_all(User(id=viewer.user_id, email=viewer.email) for viewer in VIEWERS.values())
    session.add_all(Workspace(id=place, name="A", bucket=place) for place in PLACES)
    session.flush()
    for name, number in MEMBERSHIPS.items():
        for place in PLACES[:number]:
            session.add(Membership(workspace_id=place, user_id=f"usr_{name}", role="editor"))
    for place in PLACES:
        counters.create(session, place)


def _all_keys(session: Session, name: str, viewer: Viewer) -> list[Any]:
    """The whole list, said without the pager."""
    key, workspace, condition = {
        "images": (Image.id, Image.workspace_id, True),
        "files": (File.id, File.workspace_id, col(File.is_trashed).is_(False)),
        "errors": (File.id, File.workspace_id, col(File.is_trashed).is_(False) & (col(File.status) == "error")),
        "trash": (File.id, File.workspace_id, col(File.is_trashed).is_(True)),
        "events": (Event.seq, Event.workspace_id, True),
        "created": (Event.seq, Event.workspace_id, col(Event.type) == "image.created"),
    }[name]
    rows = session.exec(select(key, workspace).where(condition)).all()  # type: ignore[call-overload]
    number = MEMBERSHIPS.get(viewer.user_id.removeprefix("usr_"), WORKSPACES)
    return sorted((key for key, home in rows if home in PLACES[:number]), reverse=LISTS[name][1].newest_first)


def _key(name: str, item: Any) -> Any:
    return item.seq if LISTS[name][1] is events.KIND else item.id


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(sorted(LISTS)),
    who=st.sampled_from(sorted(VIEWERS)),
    limit=st.integers(1, 100),
    backwards=st.booleans(),
    at=st.one_of(st.none(), st.floats(0, 1)),
    gone=st.booleans(),
)
def test_every_page_is_the_slice_that_a_plain_list_would_give(
    database: Database, name: str, who: str, limit: int, backwards: bool, at: float | None, gone: bool
) -> None:
    list_page, kind = LISTS[name]
    with database.read() as session:
        everything = _all_keys(session, name, VIEWERS[who])
        of_all = _all_keys(session, name, VIEWERS["admin"])
        cursor = None if at is None else of_all[int(at * (len(of_all) - 1))]
        if gone and cursor is not None and kind is not events.KIND:
            cursor = ids.new("img") if kind is images.KIND else ids.new("fil")
        text = None if cursor is None else paging.encode(kind, cursor)
        page = list_page(session, VIEWERS[who], Window(limit, *((None, text) if backwards else (text, None))))

    before = [key for key in everything if cursor is not None and (key > cursor) == kind.newest_first and key != cursor]
    after = [key for key in everything if key not in before and key != cursor]
    if backwards and cursor is not None:
        expected, has_next, has_previous = before[-limit:], len(before) < len(everything), len(before) > limit
    else:
        expected, has_next, has_previous = after[:limit], len(after) > limit, len(after) < len(everything)
    assert [_key(name, item) for item in page.items] == expected
    assert (page.has_next, page.has_previous, page.total) == (has_next, has_previous, len(everything))
    assert page.start_cursor == (paging.encode(kind, expected[0]) if expected else None)
    assert page.end_cursor == (paging.encode(kind, expected[-1]) if expected else None)


@pytest.mark.parametrize("who", ["one", "three", "fifty", "many", "admin"])
def test_walking_there_and_back_shows_everything_once(database: Database, who: str) -> None:
    viewer = VIEWERS[who]
    with database.read() as session:
        everything = _all_keys(session, "images", viewer)
        there: list[str] = []
        page = images.list_page(session, viewer, Window(7), images.NAMED)
        there += [row.id for row in page.items]
        while page.has_next:
            page = images.list_page(session, viewer, Window(7, after=page.end_cursor), images.NAMED)
            there += [row.id for row in page.items]
        back = [row.id for row in page.items]
        while page.has_previous:
            page = images.list_page(session, viewer, Window(7, before=page.start_cursor), images.NAMED)
            back = [row.id for row in page.items] + back
    assert there == back == everything


def test_a_cursor_outlives_its_row(database: Database) -> None:
    viewer = VIEWERS["admin"]
    with database.write() as session:
        keys = _all_keys(session, "images", viewer)
        session.exec(delete(Image).where(col(Image.id) == keys[9]))
        page = images.list_page(session, viewer, Window(5, after=paging.encode(images.KIND, keys[9])), images.NAMED)
        assert [row.id for row in page.items] == keys[10:15]
        assert page.has_previous
        page = images.list_page(session, viewer, Window(5, before=keys[9]), images.NAMED)
        assert [row.id for row in page.items] == keys[4:9]
        assert page.has_next
        session.rollback()


def test_plain_ids_are_cursors_of_their_own_list(database: Database) -> None:
    with database.read() as session:
        image_id = _all_keys(session, "images", VIEWERS["admin"])[3]
        by_image = images.list_page(session, VIEWERS["admin"], Window(5, after=image_id), images.NAMED)
        by_file = files.list_page(session, VIEWERS["admin"], files.Filter(), Window(5, after=ids.file_of(image_id)))
        again = files.list_page(session, VIEWERS["admin"], files.Filter(), Window(5, after=image_id))
        assert by_file.items == again.items
        assert all(row.id < image_id for row in by_image.items)
        event = session.exec(select(Event).where(Event.seq == 17)).one()
        log = events.list_page(session, VIEWERS["admin"], events.Filter(), Window(1, after=event.id))
        assert [item.seq for item in log.items] == [18]


IMAGE_ID = "img_01m7vpggc6e7a834dncn5fcrp4"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "x",
        "0",
        "img_",
        "img_01m7vpggc6e7a834dncn5fcrp",
        "img_81m7vpggc6e7a834dncn5fcrp4",
        "IMG_01M7VPGGC6E7A834DNCN5FCRP4",
        IMAGE_ID + " ",
        IMAGE_ID + "\x00",
        "img_01m7vpggc6e7a834dncn5fcr\u0664",
        "fil_01m7vpggc6e7a834dncn5fcrp4",
        "\ud800",
        "é" * 20,
        "A" * 5000,
        "====",
        paging.encode(images.KIND, IMAGE_ID)[:-2],
        paging.encode(images.KIND, IMAGE_ID) + "=",
        paging.encode(images.KIND, IMAGE_ID) + "A",
        paging.encode(files.KIND, "fil_01m7vpggc6e7a834dncn5fcrp4"),
        paging.encode(events.KIND, 7),
        paging.encode(images.KIND, "img_x"),
        base64.urlsafe_b64encode(f"2img:{IMAGE_ID}".encode()).decode().rstrip("="),
        base64.urlsafe_b64encode(b"1img:\xff\xfe").decode().rstrip("="),
    ],
)
def test_what_is_not_a_cursor_of_this_list_is_refused(text: str) -> None:
    with pytest.raises(InvalidCursor):
        paging.decode(images.KIND, text)


@pytest.mark.parametrize("text", ["-1", "1.5", "1e3", "٣", str(2**63), "9" * 100, "evt_01m7vpggc6e7a834dncn5fcrp4", ""])
def test_what_is_not_a_place_in_the_log_is_refused(database: Database, text: str) -> None:
    with database.read() as session, pytest.raises(InvalidCursor):
        events.list_page(session, VIEWERS["one"], events.Filter(), Window(after=text))


def test_an_event_out_of_sight_is_no_cursor(database: Database) -> None:
    with database.read() as session:
        foreign = session.exec(select(Event.id).where(Event.workspace_id != "wsp_0")).first()
        with pytest.raises(InvalidCursor):
            events.list_page(session, VIEWERS["one"], events.Filter(), Window(after=foreign))


def test_after_and_before_exclude_each_other(database: Database) -> None:
    with database.read() as session, pytest.raises(ConflictingCursors):
        images.list_page(session, VIEWERS["one"], Window(after=IMAGE_ID, before=IMAGE_ID), images.NAMED)


@pytest.mark.parametrize("limit", [-1, 0, 101, 10**9])
def test_a_limit_out_of_range_is_refused(database: Database, limit: int) -> None:
    with database.read() as session, pytest.raises(InvalidParameter) as caught:
        images.list_page(session, VIEWERS["one"], Window(limit), images.NAMED)
    assert [fault.pointer for fault in caught.value.errors] == ["limit"]


def test_ids_narrow_to_what_is_in_sight(database: Database) -> None:
    with database.read() as session:
        mine = _all_keys(session, "images", VIEWERS["one"])
        foreign = [key for key in _all_keys(session, "images", VIEWERS["admin"]) if key not in mine][-3:]
        wanted = [mine[2], *foreign, IMAGE_ID, mine[0], mine[2], "nonsense", mine[3], "\x00'\""]
        page = images.list_page(session, VIEWERS["one"], Window(2), images.NAMED, ids=wanted)
        assert [row.id for row in page.items] == [mine[0], mine[2]]
        assert (page.total, page.has_next, page.has_previous) == (3, True, False)
        page = images.list_page(session, VIEWERS["one"], Window(2, after=page.end_cursor), images.NAMED, ids=wanted)
        assert [row.id for row in page.items] == [mine[3]]
        assert (page.total, page.has_next, page.has_previous) == (3, False, True)


@pytest.mark.parametrize("wanted", [[], [""], ["a", ""], [IMAGE_ID] * 101])
def test_too_few_or_too_many_ids_are_refused(database: Database, wanted: list[str]) -> None:
    with database.read() as session, pytest.raises(InvalidParameter):
        images.list_page(session, VIEWERS["one"], Window(), images.NAMED, ids=wanted)


def test_a_foreign_workspace_is_an_unknown_workspace(database: Database) -> None:
    with database.read() as session:
        for workspace_id in ("wsp_1", "wsp_nowhere", ""):
            with pytest.raises(NotFound):
                images.list_page(session, VIEWERS["one"], Window(), images.NAMED, workspace_id=workspace_id)
