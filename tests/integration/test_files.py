"""`/api/files`: look, list, fetch, throw away, bring back, try again. How files come in: `test_uploads.py`."""

from typing import Any

import httpx
import pytest

from images_app import ids
from tests.integration.gallery import Gallery, problem
from tests.support.library import add_failed, add_file, counted

TOTALS = ["files", "files:ready", "files:error", "trash", "images", "bytes"]


def types(gallery: Gallery, file_id: str) -> list[str]:
    return [event["type"] for event in gallery.events(file_id)]


def totals(gallery: Gallery) -> list[int]:
    return list(counted(gallery.api.world, gallery.workspace, TOTALS).values())


def test_a_file_has_exactly_its_fields(gallery: Gallery) -> None:
    file = add_file(gallery.api.world, gallery.ada, gallery.workspace)
    shown = gallery.client.get(f"/api/files/{file.id}").json()
    times = [shown.pop("createdAt"), shown.pop("updatedAt")]
    assert all(len(time) == 24 and time.endswith("Z") for time in times)
    assert shown == {
        "id": file.id,
        "workspaceId": gallery.workspace.id,
        "imageId": None,
        "name": "notes.txt",
        "mime": "text/plain",
        "size": 10,
        "sha256": file.sha256,
        "status": "ready",
        "error": None,
        "provisioning": {"state": "none", "attempt": 0, "nextAttemptAt": None},
        "createdBy": gallery.ada.id,
    }


def test_a_file_shows_how_far_its_image_is(gallery: Gallery) -> None:
    world, ada, workspace = gallery.api.world, gallery.ada, gallery.workspace
    pending = add_file(world, ada, workspace, "p.jpg", b"\xff\xd8\xff", mime="image/jpeg")
    failed = add_failed(world, ada, workspace, retryable=True)
    done = gallery.image()

    def look(file_id: str) -> dict[str, Any]:
        return gallery.client.get(f"/api/files/{file_id}").json()  # type: ignore[no-any-return]

    assert look(pending.id)["provisioning"]["state"] == "pending"
    assert look(pending.id)["provisioning"]["nextAttemptAt"].endswith("Z")
    assert look(failed.id)["status"] == "error"
    assert look(failed.id)["error"] == {
        "code": "image_damaged",
        "message": "The picture is damaged.",
        "retryable": True,
    }
    assert look(done.id)["imageId"] == ids.image_of(done.id)
    assert look(done.id)["provisioning"] == {"state": "done", "attempt": 1, "nextAttemptAt": None}


def test_lists_filter_by_status_ids_and_trash(gallery: Gallery) -> None:
    world, ada, workspace = gallery.api.world, gallery.ada, gallery.workspace
    text = add_file(world, ada, workspace)
    failed = add_failed(world, ada, workspace, retryable=True)
    image = gallery.image()
    gone = add_file(world, ada, workspace)
    gallery.client.delete(f"/api/files/{gone.id}")

    def listed(**params: object) -> tuple[list[str], int]:
        answer = gallery.client.get("/api/files", params=params).json()  # type: ignore[arg-type]
        return [file["id"] for file in answer["data"]], answer["pageInfo"]["total"]

    assert listed() == ([image.id, failed.id, text.id], 3)
    assert listed(workspace_id=workspace.id) == ([image.id, failed.id, text.id], 3)
    assert listed(status="ready") == ([image.id, text.id], 2)
    assert listed(status="error") == ([failed.id], 1)
    assert listed(status="uploading") == ([], 0)
    assert listed(trash=1) == ([gone.id], 1)
    assert listed(ids=f"{text.id},{gone.id}, {image.id} ,fil_x") == ([image.id, text.id], 2)
    assert listed(ids=f"{text.id},{image.id},{failed.id}", status="ready", limit=1) == ([image.id], 2)
    assert listed(ids=f"{text.id},{gone.id}", trash=1) == ([gone.id], 1)
    for wrong in ({"status": "done"}, {"trash": "maybe"}, {"trash": 1, "status": "ready"}, {"ids": ""}):
        assert problem(gallery.client.get("/api/files", params=wrong)) == (400, "invalid_parameter")  # type: ignore[arg-type]


def test_what_is_foreign_does_not_exist(gallery: Gallery) -> None:
    file = add_failed(gallery.api.world, gallery.ada, gallery.workspace, retryable=True)
    outsider = gallery.outsider()
    unknown = outsider.get("/api/files/fil_01m7vpggc6e7a834dncn5fcrp4").json()
    for method, path in (
        ("GET", ""),
        ("GET", "/content"),
        ("GET", "/events"),
        ("POST", "/retry"),
        ("POST", "/restore"),
        ("DELETE", ""),
    ):
        answer = outsider.request(method, f"/api/files/{file.id}{path}")
        assert problem(answer) == (404, "not_found")
        assert {**answer.json(), "instance": ""} == {**unknown, "instance": ""}
        assert problem(gallery.client.request(method, f"/api/files/img_nonsense{path}")) == (404, "not_found")
        assert problem(gallery.api.client().request(method, f"/api/files/{file.id}{path}")) == (401, "unauthenticated")
    assert outsider.get("/api/files", params={"ids": file.id}).json()["pageInfo"]["total"] == 0
    assert problem(outsider.get("/api/files", params={"workspace_id": gallery.workspace.id})) == (404, "not_found")


def test_a_viewer_may_look_but_not_touch(gallery: Gallery) -> None:
    file = add_failed(gallery.api.world, gallery.ada, gallery.workspace, retryable=True)
    viewer = gallery.as_member("viewer")
    before = viewer.get(f"/api/files/{file.id}").json()
    for method, path in (("POST", "/retry"), ("POST", "/restore"), ("DELETE", "")):
        assert problem(viewer.request(method, f"/api/files/{file.id}{path}")) == (403, "forbidden")
    assert viewer.get(f"/api/files/{file.id}").json() == before


def test_the_content_is_a_short_lived_address_of_the_bytes(gallery: Gallery) -> None:
    name = 'Ü "quoted"; \u202e.txt'
    file = add_file(gallery.api.world, gallery.ada, gallery.workspace, "plain.txt", b"the very bytes")
    with gallery.api.world.database.write() as session:
        session.merge(file).name = name
    answer = gallery.client.get(f"/api/files/{file.id}/content")
    assert (answer.status_code, answer.headers["cache-control"]) == (302, "no-store")
    url = answer.headers["location"].replace("http://localhost:", "http://127.0.0.1:")
    assert httpx.get(url, timeout=30).content == b"the very bytes"
    answer = gallery.client.get(f"/api/files/{file.id}/content", params={"download": 1})
    fetched = httpx.get(answer.headers["location"].replace("http://localhost:", "http://127.0.0.1:"), timeout=30)
    assert fetched.content == b"the very bytes"
    disposition = fetched.headers["content-disposition"]
    assert disposition.startswith("attachment;")
    assert "filename*=UTF-8''%C3%9C%20%22quoted%22%3B%20%E2%80%AE.txt" in disposition
    assert problem(gallery.client.get(f"/api/files/{file.id}/content?download=maybe")) == (400, "invalid_parameter")


def test_the_trash_takes_and_gives_back(gallery: Gallery) -> None:
    file = add_file(gallery.api.world, gallery.ada, gallery.workspace)
    assert totals(gallery) == [1, 1, 0, 0, 0, 10]
    answer = gallery.client.delete(f"/api/files/{file.id}")
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert totals(gallery) == [0, 0, 0, 1, 0, 10]
    assert problem(gallery.client.delete(f"/api/files/{file.id}")) == (404, "not_found")
    for path in ("", "/content", "/events"):
        assert problem(gallery.client.get(f"/api/files/{file.id}{path}")) == (404, "not_found")
    assert problem(gallery.client.post(f"/api/files/{file.id}/retry")) == (404, "not_found")

    answer = gallery.client.post(f"/api/files/{file.id}/restore")
    assert (answer.status_code, answer.json()["id"]) == (200, file.id)
    assert totals(gallery) == [1, 1, 0, 0, 0, 10]
    assert problem(gallery.client.post(f"/api/files/{file.id}/restore")) == (409, "conflict")
    assert types(gallery, file.id) == ["file.ready", "file.deleted", "file.restored"]
    assert gallery.queued() == []


def test_an_image_goes_into_the_trash_and_is_provisioned_again_when_it_returns(gallery: Gallery) -> None:
    file = gallery.image()
    gallery.client.delete(f"/api/files/{file.id}")
    assert totals(gallery) == [0, 0, 0, 1, 0, file.size]
    assert gallery.client.get("/api/images").json()["data"] == []
    answer = gallery.client.post(f"/api/files/{file.id}/restore").json()
    assert (answer["provisioning"]["state"], answer["imageId"]) == ("pending", None)
    assert types(gallery, file.id) == [
        "file.ready",
        "image.provision_requested",
        "image.created",
        "image.deleted",
        "file.deleted",
        "file.restored",
        "image.provision_requested",
    ]
    assert f"delete:cf-{file.id}:1" in gallery.queued()
    assert any(job.startswith(f"provision:{file.id}:3") for job in gallery.queued())


def test_an_image_on_its_way_loses_the_race_against_the_trash(gallery: Gallery) -> None:
    file = add_file(gallery.api.world, gallery.ada, gallery.workspace, "p.jpg", b"\xff\xd8\xff", mime="image/jpeg")
    gallery.client.delete(f"/api/files/{file.id}")
    assert types(gallery, file.id)[-1] == "file.deleted"
    assert gallery.client.post(f"/api/files/{file.id}/restore").json()["provisioning"]["state"] == "pending"


def test_what_was_removed_or_failed_is_not_provisioned_by_a_restore(gallery: Gallery) -> None:
    removed = gallery.image()
    gallery.client.delete(f"/api/images/{ids.image_of(removed.id)}")
    failed = add_failed(gallery.api.world, gallery.ada, gallery.workspace, retryable=True)
    for file, state, status in ((removed, "removed", "ready"), (failed, "failed", "error")):
        before = totals(gallery)
        gallery.client.delete(f"/api/files/{file.id}")
        answer = gallery.client.post(f"/api/files/{file.id}/restore").json()
        assert (answer["provisioning"]["state"], answer["status"]) == (state, status)
        assert totals(gallery) == before


def test_a_retry_begins_a_new_run_without_another_file_ready(gallery: Gallery) -> None:
    file = add_failed(gallery.api.world, gallery.ada, gallery.workspace, retryable=True)
    assert totals(gallery)[:3] == [1, 0, 1]
    answer = gallery.client.post(f"/api/files/{file.id}/retry")
    assert answer.status_code == 202
    shown = answer.json()
    assert (shown["status"], shown["error"], shown["provisioning"]["state"]) == ("ready", None, "pending")
    assert totals(gallery)[:3] == [1, 1, 0]
    assert types(gallery, file.id) == [
        "file.ready",
        "image.provision_requested",
        "image.provision_failed",
        "image.provision_requested",
    ]
    assert f"provision:{file.id}:2:1" in gallery.queued()
    assert problem(gallery.client.post(f"/api/files/{file.id}/retry")) == (409, "not_retryable")


def test_there_is_no_retry_of_what_is_done_hopeless_or_no_image(gallery: Gallery) -> None:
    world, ada, workspace = gallery.api.world, gallery.ada, gallery.workspace
    for file in (gallery.image(), add_failed(world, ada, workspace, retryable=False), add_file(world, ada, workspace)):
        before = gallery.client.get(f"/api/files/{file.id}").json()
        assert problem(gallery.client.post(f"/api/files/{file.id}/retry")) == (409, "not_retryable")
        assert gallery.client.get(f"/api/files/{file.id}").json() == before


def test_a_files_history_is_paged_like_every_list(gallery: Gallery) -> None:
    file = gallery.image()
    add_file(gallery.api.world, gallery.ada, gallery.workspace)
    first = gallery.client.get(f"/api/files/{file.id}/events", params={"limit": 2}).json()
    assert [event["type"] for event in first["data"]] == ["file.ready", "image.provision_requested"]
    assert (first["pageInfo"]["total"], first["pageInfo"]["hasNextPage"]) == (3, True)
    cursor = first["pageInfo"]["endCursor"]
    rest = gallery.client.get(f"/api/files/{file.id}/events", params={"after": cursor}).json()
    assert [event["type"] for event in rest["data"]] == ["image.created"]
    assert (rest["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasPreviousPage"]) == (False, True)
    assert rest["data"][0]["imageId"] == ids.image_of(file.id)


@pytest.mark.parametrize("scope", ["read", "write", "delete"])
def test_a_token_does_what_its_scope_says(gallery: Gallery, scope: str) -> None:
    file = add_failed(gallery.api.world, gallery.ada, gallery.workspace, retryable=True)
    client = gallery.api.client(gallery.api.token(gallery.ada, scopes=[scope])[1])
    assert client.get(f"/api/files/{file.id}").status_code == (200 if scope == "read" else 403)
    assert client.get("/api/files").status_code == (200 if scope == "read" else 403)
    assert client.get(f"/api/files/{file.id}/content").status_code == (302 if scope == "read" else 403)
    assert client.post(f"/api/files/{file.id}/retry").status_code == (202 if scope == "write" else 403)
    assert client.delete(f"/api/files/{file.id}").status_code == (200 if scope == "delete" else 403)
