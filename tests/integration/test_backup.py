"""`aeontel backup` and `restore`: everything comes back, and an older database finds its way with newer data."""

import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlmodel import col, update

from images_app.models import File, now
from tests.support.photos import photo_jpeg
from tests.support.pipeline import Pipeline, running_pipeline, wait_for
from tests.support.server import RunningServer


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    with running_pipeline(tmp_path / "data") as running:
        yield running


def backup(server: RunningServer, folder: Path, *arguments: str) -> Path:
    result = server.aeontel("backup", str(folder), *arguments)
    assert result.returncode == 0, result.stderr
    return Path(result.stdout.strip())


def manifest(snapshot: Path) -> Any:
    return json.loads((snapshot / "manifest.json").read_text())


def photo(pipeline: Pipeline, seed: int) -> str:
    file_id = pipeline.upload(photo_jpeg(320, 240, seed=seed), f"{seed}.jpg")
    pipeline.wait_for_state(file_id, "done")
    return file_id


def purge(pipeline: Pipeline, *file_ids: str) -> list[str]:
    """Delete files for good, and wait until their bytes and images are gone; their keys."""
    with pipeline.beside.database.read() as session:
        keys = [session.get_one(File, file_id).object_key for file_id in file_ids]
    for file_id in file_ids:
        pipeline.http.delete(f"/api/files/{file_id}").raise_for_status()
        with pipeline.beside.database.write() as session:  # or its end would wait for what may be under way
            session.exec(update(File).where(col(File.id) == file_id).values(trashed_at=now() - timedelta(days=2)))
        pipeline.http.delete(f"/api/files/{file_id}", params={"trash": "1"}).raise_for_status()
    wait_for(lambda: not objects(pipeline) & set(keys))
    wait_for(lambda: not any(pipeline.remote(file_id) for file_id in file_ids))
    return keys


def objects(pipeline: Pipeline) -> set[str]:
    return {entry.key for entry in pipeline.beside.objects.list("")}


def test_a_backup_of_a_running_server_comes_back_on_another_machine(pipeline: Pipeline, tmp_path: Path) -> None:
    first, folder = photo(pipeline, 1), tmp_path / "kept"
    assert manifest(backup(pipeline.server, folder))["copied"] == 2
    second = photo(pipeline, 2)
    newest = backup(pipeline.server, folder)
    assert manifest(newest)["copied"] == 2  # only what is new
    assert (manifest(newest)["objects"], manifest(newest)["images"], manifest(newest)["missing"]) == (2, 2, 0)

    refused = pipeline.server.aeontel("restore", str(folder))
    assert refused.returncode == 1
    assert "Another server uses" in refused.stderr

    other = RunningServer(tmp_path / "other")
    restored = other.aeontel("restore", str(folder))
    assert restored.returncode == 0, restored.stderr
    assert "aeontel doctor" in restored.stdout
    again = other.aeontel("restore", str(folder))
    assert (again.returncode, "nothing is overwritten" in again.stderr) == (1, True)
    with other, other.client() as http:
        there = http.get("/api/images", params={"include": "file"}).json()["data"]
        assert {image["fileId"] for image in there} == {first, second}
        for image in there:
            url = image["url"].replace(f":{pipeline.server.port}/", f":{other.port}/")
            assert httpx.get(url, timeout=30).headers["content-type"].startswith("image/")
            assert http.get(f"/api/files/{image['fileId']}/content", follow_redirects=True).status_code == 200
        result = other.aeontel("doctor")
        assert result.returncode == 0, result.stdout + result.stderr


def test_a_damaged_backup_is_refused_and_older_ones_are_forgotten(pipeline: Pipeline, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    gone = pipeline.upload(b"first words", "a.txt", "text/plain")
    backup(pipeline.server, folder)
    (key,) = purge(pipeline, gone)
    pipeline.upload(b"second words", "b.txt", "text/plain")
    backup(pipeline.server, folder)
    assert (folder / "objects" / "data" / key).exists()
    backup(pipeline.server, folder, "--keep", "1")
    assert not (folder / "objects" / "data" / key).exists()
    assert len(list((folder / "snapshots").iterdir())) == 1

    (kept,) = (folder / "objects" / "data").rglob("b.txt")
    kept.unlink()
    kept.write_bytes(b"SECOND words")
    other = RunningServer(tmp_path / "other")
    refused = other.aeontel("restore", str(folder))
    assert refused.returncode == 1
    assert "b.txt" in refused.stderr
    assert not (other.data_dir / "aeontel.db").exists()


def test_yesterdays_database_with_todays_objects_and_images_ends_consistent(pipeline: Pipeline, tmp_path: Path) -> None:
    """Restored alone, it meets what was uploaded, thrown away, restored and deleted for good since."""
    folder, http, server = tmp_path / "kept", pipeline.http, pipeline.server
    stays, thrown, purged, rescued, redone = (photo(pipeline, n) for n in range(5))
    note = pipeline.upload(b"plain words", "notes.txt", "text/plain")
    http.delete(f"/api/files/{rescued}").raise_for_status()
    wait_for(lambda: not pipeline.remote(rescued))
    backup(server, folder)
    seq = http.get("/api/events", params={"limit": 100}).json()["data"][-1]["seq"]

    later = photo(pipeline, 10)
    http.post(f"/api/files/{rescued}/restore").raise_for_status()
    pipeline.wait_for_state(rescued, "done")
    http.delete(f"/api/files/{thrown}").raise_for_status()
    http.delete(f"/api/images/{pipeline.image(redone)['id']}").raise_for_status()
    wait_for(lambda: not pipeline.remote(redone))
    http.post(f"/api/files/{redone}/retry").raise_for_status()
    pipeline.wait_for_state(redone, "done")
    with pipeline.beside.database.read() as session:
        new_key = session.get_one(File, later).object_key
    purge(pipeline, purged, note)
    end = http.get("/api/events", params={"limit": 100}).json()["data"][-1]["seq"]
    assert end > seq

    pipeline.beside.database.close()
    assert server.stop() == 0
    for path in server.data_dir.glob("aeontel.db*"):
        path.unlink()
    restored = server.aeontel("restore", str(folder), "--database-only")
    assert restored.returncode == 0, restored.stderr
    server.start()

    # Whoever has seen more than there is now goes on with what happens next.
    with http.stream(
        "GET", "/api/events", headers={"Accept": "text/event-stream", "Last-Event-ID": str(end)}
    ) as stream:
        applied = doctor(pipeline, "--apply", "--yes")
        assert applied["applied"]["done"] > 0
        said = next(line for line in stream.iter_lines() if line.startswith("id:"))
        assert int(said.removeprefix("id:")) > seq

    for file_id in (stays, thrown, redone):
        wait_for(lambda file_id=file_id: len(pipeline.remote(file_id)) == 1 and pipeline.image(file_id))  # type: ignore[misc]
        assert http.get(f"/api/files/{file_id}/content", follow_redirects=True).status_code == 200
        url = pipeline.image(file_id)["url"]
        assert httpx.get(url, timeout=30).status_code == 200
    wait_for(lambda: pipeline.state(purged) == "failed")
    for file_id in (purged, note):
        assert pipeline.file(file_id)["error"]["code"] == "object_missing"
    wait_for(lambda: not pipeline.remote(rescued) and not pipeline.remote(later))
    wait_for(lambda: new_key not in objects(pipeline))
    assert http.get(f"/api/files/{later}").status_code == 404
    assert [file["id"] for file in http.get("/api/files?trash=1").json()["data"]] == [rescued]
    assert http.get("/api/files").json()["pageInfo"]["total"] == 5
    assert http.get("/api/images").json()["pageInfo"]["total"] == 3
    assert server.aeontel("doctor", "--recount").returncode == 0

    before = http.get("/api/events", params={"limit": 100}).json()["pageInfo"]["total"]
    second = doctor(pipeline, "--apply")
    assert {finding["subject"] for finding in second["findings"]} == {purged, note}
    assert {finding["action"] for finding in second["findings"]} == {"report"}
    assert http.get("/api/events", params={"limit": 100}).json()["pageInfo"]["total"] == before


def doctor(pipeline: Pipeline, *arguments: str) -> Any:
    result = pipeline.server.aeontel("doctor", "--json", "--grace-hours", "0", *arguments)
    assert result.stdout, result.stderr
    return json.loads(result.stdout)


def test_an_interrupted_restore_does_not_start_and_can_be_repeated(pipeline: Pipeline, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    photo(pipeline, 1)
    backup(pipeline.server, folder)
    other = RunningServer(tmp_path / "other")
    assert other.aeontel("restore", str(folder)).returncode == 0
    (other.data_dir / "restoring").write_text("x")
    (other.data_dir / "aeontel.db").unlink()  # it comes last
    shutil.rmtree(other.data_dir / "objects" / "types")
    refused = other.aeontel("serve", "--headless")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "aeontel restore" in refused.stderr
    assert other.aeontel("restore", str(folder)).returncode == 0
    with other, other.client() as http:
        (image,) = http.get("/api/images").json()["data"]
        assert http.get(f"/api/files/{image['fileId']}/content", follow_redirects=True).status_code == 200
