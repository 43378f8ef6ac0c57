"""A whole server whose originals are in a bucket."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support import seaweed
from tests.support.front import Front, refuse
from tests.support.photos import photo_jpeg
from tests.support.pipeline import Pipeline, running_pipeline, wait_for
from tests.support.seaweed import Weed
from tests.support.server import RunningServer

PAGE = b"<html><script>alert(1)</script></html>"


@pytest.fixture(scope="module")
def weed() -> Weed:
    return seaweed.shared()


@pytest.fixture(scope="module")
def bucket(weed: Weed) -> Iterator[dict[str, Any]]:
    with weed.settings() as settings:
        yield settings


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory, bucket: dict[str, Any]) -> Iterator[Pipeline]:
    with running_pipeline(tmp_path_factory.mktemp("pipeline") / "data", **bucket) as running:
        yield running


def keys(pipeline: Pipeline, file_id: str) -> list[str]:
    return [entry.key for entry in pipeline.beside.objects.list("") if file_id in entry.key]


def test_an_original_goes_to_the_bucket_and_becomes_a_picture_from_there(pipeline: Pipeline) -> None:
    photo = photo_jpeg(320, 240)
    file_id = pipeline.upload(photo)
    pipeline.wait_for_state(file_id, "done")
    assert len(keys(pipeline, file_id)) == 1
    assert not (pipeline.server.data_dir / "objects").exists()
    delivered = httpx.get(pipeline.image(file_id)["url"], timeout=30)
    assert (delivered.status_code, delivered.headers["content-type"]) == (200, "image/jpeg")


def test_a_derivative_is_pulled_from_the_bucket_and_leaves_nothing_there(pipeline: Pipeline) -> None:
    file_id = pipeline.upload(photo_jpeg(13_000, 20), "wide.jpg")
    pipeline.wait_for_state(file_id, "done")
    assert [key.rsplit("/", 1)[-1] for key in keys(pipeline, file_id)] == ["wide.jpg"]


def test_the_bytes_come_from_the_bucket_itself_and_never_as_a_page(pipeline: Pipeline, bucket: dict[str, Any]) -> None:
    file_id = pipeline.upload(PAGE, 'evil ".html', "text/html")
    for parameters, name in (({}, "evil."), ({"download": "1"}, "evil _.html")):
        answer = pipeline.http.get(f"/api/files/{file_id}/content", params=parameters)
        assert (answer.status_code, answer.headers["cache-control"]) == (302, "no-store")
        target = answer.headers["location"]
        assert target.startswith(f"{bucket['s3_endpoint']}/{bucket['s3_bucket']}/")
        fetched = httpx.get(target, timeout=30)
        assert fetched.content == PAGE
        assert fetched.headers["content-disposition"].startswith(f'attachment; filename="{name}')


def test_nothing_is_served_under_objects(pipeline: Pipeline) -> None:
    file_id = pipeline.upload(b"text", "a.txt", "text/plain")
    target = urlsplit(pipeline.http.get(f"/api/files/{file_id}/content").headers["location"])
    for path in (f"/objects/a.txt?{target.query}", "/objects/a.txt?token=x", f"/objects{target.path}?{target.query}"):
        assert httpx.get(f"{pipeline.server.url}{path}", timeout=30).status_code == 404


def test_what_leaves_the_trash_for_good_leaves_the_bucket(pipeline: Pipeline) -> None:
    file_id = pipeline.upload(b"text", "a.txt", "text/plain")
    assert keys(pipeline, file_id)
    pipeline.http.delete(f"/api/files/{file_id}").raise_for_status()
    assert keys(pipeline, file_id)
    workspace = pipeline.workspace_id
    pipeline.http.delete("/api/files", params={"trash": "1", "workspace_id": workspace}).raise_for_status()
    wait_for(lambda: keys(pipeline, file_id) == [])


def test_an_upload_that_is_refused_leaves_nothing_in_the_bucket(tmp_path: Path, weed: Weed) -> None:
    with weed.settings() as own, RunningServer(tmp_path, max_file_bytes=9_000_000, **own) as server:
        with server.client() as client:
            workspace_id = client.get("/api/me").json()["workspaces"][0]["id"]
            answer = client.post(
                "/api/files", data={"workspaceId": workspace_id}, files={"file": ("a.bin", b"x" * 10_000_000)}
            )
        assert answer.status_code == 413
        client = weed.client()
        assert "Contents" not in client.list_objects_v2(Bucket=own["s3_bucket"], Prefix="ws-")
        assert "Uploads" not in client.list_multipart_uploads(Bucket=own["s3_bucket"])


def ready(server: RunningServer) -> str:
    """What the check of the bucket says: "timeout" also when the machine is too busy for it."""
    return str(httpx.get(f"{server.url}/api/health/ready", timeout=30).json()["checks"]["objects"])


def test_a_bucket_that_goes_away_is_seen_and_told_and_nothing_is_lost_by_it(tmp_path: Path) -> None:
    with (
        Weed(seaweed.require()) as own,
        own.settings() as bucket,
        running_pipeline(tmp_path / "d", **bucket) as running,
    ):
        server = running.server
        wait_for(lambda: ready(server) == "ok")
        kept = running.upload(b"text", "a.txt", "text/plain")
        own.kill()
        wait_for(lambda: ready(server) == "failed")
        refused = running.http.post(
            "/api/files", data={"workspaceId": running.workspace_id}, files={"file": ("b.txt", b"more")}
        )
        assert (refused.status_code, refused.json()["code"]) == (503, "storage_unavailable")
        assert refused.headers["retry-after"] == "5"
        assert own.endpoint not in refused.text
        own.start()
        wait_for(lambda: ready(server) == "ok")
        photo = running.upload(photo_jpeg(64, 48))
        running.wait_for_state(photo, "done")
        target = running.http.get(f"/api/files/{kept}/content").headers["location"]
        assert httpx.get(target, timeout=30).content == b"text"
        assert own.secret_access_key not in server.log
        assert "X-Amz-Signature" not in server.log


def test_a_picture_whose_bucket_is_away_waits_for_it(tmp_path: Path, weed: Weed) -> None:
    with Front(weed.endpoint) as front, weed.settings() as bucket:
        away = [refuse(503, "SlowDown")] * 3  # as many tries as one call makes
        front.next("GET .*photo.jpg", *away)
        with running_pipeline(tmp_path / "data", **{**bucket, "s3_endpoint": front.url}) as running:
            photo = running.upload(photo_jpeg(64, 48))
            running.wait_for_state(photo, "done")
            retrying = [event for event in running.events(photo) if event["type"] == "image.provision_retrying"]
            assert [event["data"]["code"] for event in retrying] == ["storage_unavailable"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"s3_bucket": "there-is-none"}, "IMAGES_S3_BUCKET=there-is-none at .* It says: NoSuchBucket"),
        ({"s3_secret_access_key": "not-this-one"}, "It says: SignatureDoesNotMatch"),
        ({"s3_access_key_id": "NOBODY"}, "It says: InvalidAccessKeyId"),
    ],
)
def test_a_bucket_that_cannot_be_used_stops_the_start_and_says_why(
    tmp_path: Path, bucket: dict[str, Any], wrong: dict[str, str], said: str
) -> None:
    server = RunningServer(tmp_path, **{**bucket, **wrong})
    with pytest.raises(RuntimeError, match=said):
        server.start()
    assert "Traceback" not in server.log
    assert "not-this-one" not in server.log


def test_a_service_that_does_not_answer_does_not_stop_the_start(tmp_path: Path, bucket: dict[str, Any]) -> None:
    away = {**bucket, "s3_endpoint": "http://127.0.0.1:1"}
    with RunningServer(tmp_path, **away) as server:
        assert "The file store at http://127.0.0.1:1 does not work now" in server.log
        wait_for(lambda: ready(server) == "failed")
