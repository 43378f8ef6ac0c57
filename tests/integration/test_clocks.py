"""Clocks that are wrong by ten minutes: the client's, another server's, or this one's until it was set right."""

import uuid
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, SQLModel, update
from typeid import TypeID

from images_app.core import files
from images_app.core.files import NewFile
from images_app.models import IdempotencyKey, SignInFailure, Token, now
from images_app.models import Session as SignIn
from tests.integration.gallery import Gallery, problem
from tests.integration.uploading import upload
from tests.support.library import add_file, viewer_of

WRONG = [timedelta(minutes=10), timedelta(minutes=-10)]
pytestmark = pytest.mark.parametrize("wrong", WRONG, ids=["ahead", "behind"])


def file_id(at: datetime) -> str:
    """A file's id as made at that moment (UUIDv7: 48 bits of milliseconds, then chance)."""
    milliseconds = int(at.timestamp() * 1000)
    chance = uuid.uuid4().int & ((1 << 76) - 1)
    return str(TypeID.from_uuid(uuid.UUID(int=milliseconds << 80 | 0x7 << 76 | chance), prefix="fil"))


def test_a_file_from_a_server_with_a_wrong_clock_has_one_place_in_every_list(
    gallery: Gallery, wrong: timedelta
) -> None:
    world, ada = gallery.api.world, gallery.ada
    before = add_file(world, ada, gallery.workspace).id
    heard = gallery.client.get("/api/events").json()["pageInfo"]["endCursor"]
    new = NewFile(file_id(now() + wrong), gallery.workspace.id, "a.txt", "text/plain", 1, "0" * 64, "nowhere", False)
    with world.database.write() as session:
        files.register(session, world.queue, viewer_of(ada), new)
    after = add_file(world, ada, gallery.workspace).id
    expected = sorted([before, new.id, after], reverse=True)
    assert expected[0 if wrong > timedelta() else -1] == new.id

    there = gallery.client.get("/api/files?limit=1").json()
    seen = [file["id"] for file in there["data"]]
    while there["pageInfo"]["hasNextPage"]:
        cursor = there["pageInfo"]["endCursor"]
        there = gallery.client.get("/api/files", params={"limit": 1, "after": cursor}).json()
        seen += [file["id"] for file in there["data"]]
    assert seen == expected
    log = gallery.client.get("/api/events", params={"after": heard}).json()["data"]
    assert [event["fileId"] for event in log] == [new.id, after], "the log has the order of the commits"


def date(session: Session, table: type[SQLModel], column: str, at: datetime) -> None:
    assert session.exec(update(table).values({column: at})).rowcount > 0


def test_what_was_written_with_a_wrong_clock_still_holds(gallery: Gallery, wrong: timedelta) -> None:
    key = {"Idempotency-Key": "once"}
    browser = gallery.api.browser(gallery.ada)
    first = upload(gallery, **key)
    with gallery.api.world.database.write() as session:
        date(session, Token, "last_used_at", now() + wrong)
        date(session, SignIn, "last_used_at", now() + wrong)
        date(session, IdempotencyKey, "created_at", now() + wrong)
    for client in (gallery.client, browser):
        assert client.get("/api/me").json()["id"] == gallery.ada.id
    again = upload(gallery, **key)
    assert (again.status_code, again.json()) == (200, first.json())


def test_guessers_wait_no_longer_than_the_clock_was_wrong(gallery: Gallery, wrong: timedelta) -> None:
    guess = {"email": gallery.ada.email, "password": "wrong"}
    with gallery.api.world.database.write() as session:
        session.add_all(SignInFailure(subject=f"email:{gallery.ada.email}", at=now() + wrong) for _ in range(10))
    answer = gallery.api.client().post("/api/session", json=guess)
    assert problem(answer) == (429, "too_many_attempts")
    quarter = timedelta(minutes=15)
    assert 0 < int(answer.headers["retry-after"]) <= (quarter + wrong).total_seconds()


def test_the_clock_of_the_client_is_not_looked_at(gallery: Gallery, wrong: timedelta) -> None:
    path = f"/api/files/{add_file(gallery.api.world, gallery.ada, gallery.workspace).id}"
    theirs = (now() + wrong).strftime("%a, %d %b %Y %H:%M:%S GMT")
    headers = {"Date": theirs, "If-Modified-Since": theirs, "If-Unmodified-Since": theirs}
    assert gallery.client.get(path, headers=headers).status_code == 200
    assert gallery.client.get("/api/files", headers=headers).json()["pageInfo"]["total"] == 1
    assert upload(gallery, **headers).status_code == 201
    assert gallery.client.delete(path, headers=headers).status_code == 200
