"""`aeontel migrate --from`: everything that one server kept in SQLite and on its disk goes on in PostgreSQL and S3."""

import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, text
from sqlmodel import SQLModel, col, update

from images_app import moving
from images_app.bootstrap import World
from images_app.core import counters, events, users, workspaces
from images_app.core.idempotency import remember
from images_app.core.provisioning import doom
from images_app.database import Database
from images_app.errors import Conflict, SettingsError
from images_app.models import Event, File, PasswordLink, RemoteDeletion, SignInFailure, now, table
from tests.integration.conftest import made_world
from tests.support import library, seaweed
from tests.support.engines import Embedded
from tests.support.photos import photo_jpeg
from tests.support.pipeline import wait_for
from tests.support.postgres import Postgres
from tests.support.server import RunningServer


@pytest.fixture
def old(tmp_path: Path) -> Iterator[World]:
    """A world on SQLite with something in every table."""
    with made_world(tmp_path / "old", Embedded(tmp_path)) as world:
        world.queue.prepare(1)  # type: ignore[attr-defined]
        with world.database.write() as session:
            user = users.create(session, "ada@example.com", None, is_admin=True)
            workspace = workspaces.create(session, user.id, "Photos é")
            session.add(SignInFailure(subject="somebody"))
            session.add(PasswordLink(user_id=user.id, purpose="invite", expires_at=now()))
        for number in range(3):
            library.add_image(world, user, workspace, f"{number}.jpg", exif={"Make": "é", "Number": [1, 2.5, None]})
        file = library.add_file(world, user, workspace)
        with world.database.write() as session:
            remember(session, library.viewer_of(user), "key", "0" * 64, file.id)
            doom(session, world.queue, "some-image", file_id=file.id, workspace_id=workspace.id)
        yield world


@pytest.fixture
def target(postgres: Postgres) -> Iterator[str]:
    with postgres.database() as url:
        yield url


def rows(url: str, name: str) -> list[Any]:
    kept = SQLModel.metadata.tables[name]
    database = Database(url)
    try:
        with database.read() as session:
            return [tuple(row) for row in session.execute(select(kept).order_by(*kept.primary_key))]
    finally:
        database.close()


def test_every_row_arrives_as_it_was_and_numbers_go_on(old: World, target: str) -> None:
    source = old.settings.database_url
    moved = moving.move(source, target)
    assert {name for name, n in moved.items() if n} >= {"event", "file", "image", "counter", "remote_deletion"}
    for name in moved:
        assert rows(target, name) == rows(source, name), name

    database = Database(target)
    with database.write() as session:
        file = session.exec(select(File).limit(1)).scalar_one()  # type: ignore[call-overload]
        before = session.execute(select(func.max(col(Event.seq)))).scalar_one()
        events.emit(session, "file.restored", file)
        session.add(SignInFailure(subject="another"))
    with database.read() as session:
        assert session.execute(select(func.max(col(Event.seq)))).scalar_one() == before + 1
        assert counters.total(session, None, "images") == 3
        assert [tuple(row) for row in session.execute(text("SELECT to_regnamespace('dbos')"))] == [(None,)]
    database.close()


def test_a_number_whose_row_has_gone_is_not_given_again(old: World, target: str) -> None:
    with old.database.write() as session:
        last = events.latest(session)
        session.execute(table(Event).delete().where(table(Event).c.seq == last))
    moving.move(old.settings.database_url, target)
    database = Database(target)
    with database.write() as session:
        events.emit(session, "file.restored", session.exec(select(File).limit(1)).scalar_one())  # type: ignore[call-overload]
    with database.read() as session:
        assert events.latest(session) == last + 1
    database.close()


def test_what_cannot_be_moved_is_refused_and_nothing_is_changed(old: World, target: str, tmp_path: Path) -> None:
    source = old.settings.database_url
    for wrong_source, wrong_target in ((source, source), (target, target), (f"sqlite:///{tmp_path}/none.db", target)):
        with pytest.raises(SettingsError):
            moving.move(wrong_source, wrong_target)
    with (old.settings.data_dir / "server.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Conflict, match="stop it"):
            moving.move(source, target)
    moving.move(source, target)
    events_before = rows(target, "event")
    with pytest.raises(Conflict, match="not empty"):
        moving.move(source, target)
    assert rows(target, "event") == events_before


def test_a_server_goes_on_with_everything_that_was_pending(target: str, tmp_path: Path) -> None:
    """Also with what its old engine would have done next: the engine's own tables stay behind."""
    first = RunningServer(tmp_path / "old", internal_url="http://127.0.0.1:9")  # its Cloudflare answers nobody
    with first, first.client() as http:
        workspace_id = http.get("/api/me").json()["workspaces"][0]["id"]
        answer = http.post(
            "/api/files",
            data={"workspaceId": workspace_id},
            files={"file": ("a.jpg", photo_jpeg(320, 240), "image/jpeg")},
        )
        file_id = answer.json()["id"]
        token = str(http.headers["authorization"]).removeprefix("Bearer ")
        wait_for(lambda: http.get(f"/api/files/{file_id}").json()["provisioning"]["state"] == "waiting")
    source = f"sqlite:///{first.data_dir}/aeontel.db"
    database = Database(source)
    with database.write() as session:
        file = session.get_one(File, file_id)
        session.add(RemoteDeletion(cf_image_id="of-nobody", workspace_id=file.workspace_id, file_id=file.id))
        session.execute(update(File).values(next_attempt_at=now()))
    database.close()

    with seaweed.shared().settings() as bucket:
        second = RunningServer(tmp_path / "new", database_url=target, **bucket)
        result = second.aeontel("migrate", "--from", source)
        assert result.returncode == 0, result.stderr
        refused = second.aeontel("serve", "--headless")
        assert (refused.returncode, "IMAGES_S3_BUCKET" in refused.stderr) == (1, True)
        for copied in ("2 of 2", "0 of 2"):
            result = second.aeontel("migrate", "--objects-from", str(first.data_dir))
            assert (result.returncode, copied in result.stderr) == (0, True), result.stderr
        with second, second.client(token) as http:
            wait_for(lambda: http.get(f"/api/files/{file_id}").json()["provisioning"]["state"] == "done", within=120)
            image = http.get(f"/api/images/{file_id}").json()
            assert httpx.get(image["url"], timeout=30).headers["content-type"].startswith("image/")
            content = http.get(f"/api/files/{file_id}/content", follow_redirects=True)
            assert content.headers["content-type"] == "image/jpeg"
            database = Database(target)
            try:
                wait_for(lambda: not _deletions(database))
            finally:
                database.close()


def _deletions(database: Database) -> list[Any]:
    with database.read() as session:
        return list(session.execute(select(RemoteDeletion)))
