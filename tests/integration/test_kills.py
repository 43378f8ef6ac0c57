"""The server killed with SIGKILL in the middle of what people do: uploading, removing, deleting for good."""

import socket
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlmodel import col, update

from images_app.models import File, now
from tests.support.engines import Engines
from tests.support.gate import Hold
from tests.support.photos import photo_jpeg
from tests.support.pipeline import Pipeline, pipeline_on, wait_for

DELETE = r"DELETE /cloudflare/client/v4/accounts/[^/]+/images/v1/.*"
HALF = 9 * 1024 * 1024
"""So many bytes that a bucket has got the first part of them."""


@pytest.fixture(scope="module")
def pipeline(engines: Engines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    with pipeline_on(engines, tmp_path_factory.mktemp("kills") / "data", alone=True) as running:
        yield running


def keys(pipeline: Pipeline) -> set[str]:
    return {entry.key for entry in pipeline.beside.objects.list("")}


def half_an_upload(pipeline: Pipeline) -> socket.socket:
    """Sent over a connection that stays open."""
    boundary = "frontier"
    form = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="workspaceId"\r\n\r\n{pipeline.workspace_id}\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
    ).encode()
    head = (
        f"POST /api/files HTTP/1.1\r\nHost: localhost\r\nAuthorization: {pipeline.http.headers['authorization']}\r\n"
        f"Content-Type: multipart/form-data; boundary={boundary}\r\nContent-Length: {2 * HALF}\r\n\r\n"
    ).encode()
    connection = socket.create_connection(("127.0.0.1", pipeline.server.port), timeout=60)
    connection.sendall(head + form + b"\xff\xd8\xff" + b"x" * HALF)
    return connection


def test_a_kill_in_the_middle_of_an_upload_leaves_no_file_and_no_object(pipeline: Pipeline) -> None:
    before, files = keys(pipeline), pipeline.http.get("/api/files").json()
    with half_an_upload(pipeline):
        pipeline.server.kill()
    pipeline.server.start()
    assert pipeline.http.get("/api/files").json() == files
    assert keys(pipeline) == before
    pipeline.wait_for_state(pipeline.upload(), "done")


def test_a_kill_while_images_are_deleted_at_cloudflare_deletes_them_all_the_same(pipeline: Pipeline) -> None:
    files = [pipeline.upload() for _ in range(2)]
    for file_id in files:
        pipeline.wait_for_state(file_id, "done")
    holds = Hold(after=False), Hold(after=True)
    pipeline.gate.next(DELETE, *holds)
    for file_id in files:
        assert pipeline.http.delete(f"/api/images/{pipeline.image(file_id)['id']}").json() == {"success": True}
    for hold in holds:
        hold.wait()
    pipeline.server.kill()
    for hold in holds:
        hold.drop()
    pipeline.server.start()
    for file_id in files:
        wait_for(lambda file_id=file_id: pipeline.remote(file_id) == [])  # type: ignore[misc]
        assert pipeline.state(file_id) == "removed"
        assert pipeline.event_types(file_id).count("image.deleted") == 1


def test_a_kill_right_after_files_were_deleted_for_good_leaves_nothing_of_them(pipeline: Pipeline) -> None:
    before = keys(pipeline)
    files = [pipeline.upload(photo_jpeg(64, 48, seed=seed)) for seed in range(3)]
    for file_id in files:
        pipeline.wait_for_state(file_id, "done")
    hold = Hold(after=False)
    pipeline.gate.next(DELETE, hold)
    for file_id in files:
        assert pipeline.http.delete(f"/api/files/{file_id}").status_code == 200
    hold.wait()
    long_ago = now() - timedelta(days=8)  # of what has just gone there an attempt may still bring an image
    with pipeline.beside.database.write() as session:
        session.exec(update(File).where(col(File.id).in_(files)).values(trashed_at=long_ago))
    for file_id in files:
        assert pipeline.http.delete(f"/api/files/{file_id}", params={"trash": "1"}).status_code == 200
    pipeline.server.kill()
    hold.drop()
    pipeline.server.start()
    wait_for(lambda: keys(pipeline) == before and not any(pipeline.remote(file_id) for file_id in files))
    assert pipeline.http.get("/api/files", params={"trash": "1"}).json()["pageInfo"]["total"] == 0
