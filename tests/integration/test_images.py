"""`/api/images`: what an image looks like, who sees it, and the two ways of removing it."""

import httpx
import pytest
from sqlmodel import select

from images_app import ids
from images_app.api.images import ImageList
from images_app.models import Image, RemoteDeletion
from tests.integration.gallery import EXIF, Gallery, problem
from tests.support.library import add_failed, add_file, counted

NINE = {"id", "fileId", "workspaceId", "cfImageId", "width", "height", "size", "exif", "url"}


def test_an_image_has_exactly_the_nine_fields(gallery: Gallery) -> None:
    file = gallery.image()
    image_id = ids.image_of(file.id)
    answer = gallery.client.get(f"/api/images/{image_id}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "id": image_id,
        "fileId": file.id,
        "workspaceId": gallery.workspace.id,
        "cfImageId": f"cf-{file.id}",
        "width": 4000,
        "height": 3000,
        "size": file.size,
        "exif": EXIF,
        "url": gallery.api.world.delivery.url(f"cf-{file.id}", "public"),
    }
    assert set(answer.json()) == NINE


def test_every_way_to_an_image_leads_to_the_same(gallery: Gallery) -> None:
    file = gallery.image()
    image_id = ids.image_of(file.id)
    shown = gallery.client.get(f"/api/images/{image_id}").json()
    assert gallery.client.get(f"/api/images/{file.id}").json() == shown
    assert gallery.client.get(f"/api/images/by-file/{file.id}").json() == shown
    assert gallery.client.get("/api/images").json()["data"] == [shown]
    head = gallery.client.head(f"/api/images/{image_id}")
    assert (head.status_code, head.content) == (200, b"")


def test_more_comes_only_when_asked(gallery: Gallery) -> None:
    file = gallery.image("Übung.jpg")
    everything = {"include": "file,placeholder,variants"}
    shown = gallery.client.get(f"/api/images/{file.id}", params=everything).json()
    assert set(shown) == NINE | {"file", "placeholder", "variants"}
    assert shown["file"]["name"] == "Übung.jpg"
    assert shown["file"]["mime"] == "image/jpeg"
    assert shown["file"]["createdAt"].endswith("Z")
    assert shown["placeholder"] == {"thumbhash": "thumbhash", "takenAt": "2026-07-01T12:00:00.000Z"}
    assert set(shown["variants"]) == {"public", "thumb", "grid", "full"}
    assert shown["variants"]["public"] == shown["url"]
    listed = gallery.client.get("/api/images", params=everything).json()
    assert listed["data"] == [shown]
    ImageList.model_validate(listed)
    ImageList.model_validate(gallery.client.get("/api/images").json())
    assert set(gallery.client.get("/api/images?include=file").json()["data"][0]) == NINE | {"file"}


@pytest.mark.parametrize("include", ["", "secrets", "file,,variants", "file;variants"])
def test_nothing_else_can_be_included(gallery: Gallery, include: str) -> None:
    answer = gallery.client.get("/api/images", params={"include": include})
    assert problem(answer) == (400, "invalid_parameter")


def test_only_what_is_provisioned_is_an_image(gallery: Gallery) -> None:
    world, ada, workspace = gallery.api.world, gallery.ada, gallery.workspace
    pending = add_file(world, ada, workspace, "p.jpg", b"\xff\xd8\xff", mime="image/jpeg")
    others = [pending, add_failed(world, ada, workspace, retryable=True), add_file(world, ada, workspace)]
    assert gallery.client.get("/api/images").json()["data"] == []
    for file in others:
        for path in (
            f"/api/images/{file.id}",
            f"/api/images/{ids.image_of(file.id)}",
            f"/api/images/by-file/{file.id}",
        ):
            assert problem(gallery.client.get(path)) == (404, "not_found")


@pytest.mark.parametrize(
    "wrong",
    ["nonsense", "img_", "wsp_01m7vpggc6e7a834dncn5fcrp4", "img_01m7vpggc6e7a834dncn5fcrp4", "%00", "%ff%fe", "é"],
)
def test_what_does_not_exist_looks_like_what_is_foreign(standing: Gallery, outsider: httpx.Client, wrong: str) -> None:
    file = standing.image()
    for path in (f"/api/images/{wrong}", f"/api/images/by-file/{wrong}"):
        for method in ("GET", "HEAD"):
            assert standing.client.request(method, path).status_code == 404
    assert problem(standing.client.delete(f"/api/images/{wrong}")) == (404, "not_found")
    unknown = outsider.get(f"/api/images/{wrong}").json()
    for path in (ids.image_of(file.id), file.id, f"by-file/{file.id}"):
        foreign = outsider.get(f"/api/images/{path}").json()
        assert {**foreign, "instance": ""} == {**unknown, "instance": ""}
    for any_id in (file.id, ids.image_of(file.id)):
        assert outsider.delete(f"/api/images/{any_id}").status_code == 404
    assert standing.client.get(f"/api/images/{file.id}").status_code == 200


def test_nobody_gets_in_without_a_credential(gallery: Gallery) -> None:
    file = gallery.image()
    anonymous = gallery.api.client()
    for method, path in (
        ("GET", ""),
        ("GET", f"/{file.id}"),
        ("GET", f"/by-file/{file.id}"),
        ("DELETE", f"/{file.id}"),
    ):
        answer = anonymous.request(method, f"/api/images{path}")
        assert problem(answer) == (401, "unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"


def test_an_image_cannot_be_created_or_changed(gallery: Gallery) -> None:
    for method, path in (("POST", "/api/images"), ("PUT", "/api/images"), ("PATCH", "/api/images/img_1")):
        answer = gallery.client.request(method, path, json={})
        assert problem(answer)[0] == 405
        assert "GET" in answer.headers["allow"]


def test_removing_the_image_keeps_the_file_and_stays_removed(gallery: Gallery) -> None:
    file = gallery.image()
    image_id = ids.image_of(file.id)
    answer = gallery.client.delete(f"/api/images/{image_id}")
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert problem(gallery.client.delete(f"/api/images/{image_id}")) == (404, "not_found")
    assert gallery.client.get("/api/images").json()["pageInfo"]["total"] == 0
    shown = gallery.client.get(f"/api/files/{file.id}").json()
    assert (shown["provisioning"]["state"], shown["imageId"], shown["status"]) == ("removed", None, "ready")
    last = gallery.events(file.id)[-1]
    assert (last["type"], last["actorId"], last["imageId"]) == ("image.deleted", gallery.ada.id, image_id)
    with gallery.api.world.database.read() as session:
        assert session.exec(select(Image)).all() == []
        assert [row.cf_image_id for row in session.exec(select(RemoteDeletion)).all()] == [f"cf-{file.id}"]
    # Asked for again, it comes again; its id is the same.
    assert gallery.client.post(f"/api/files/{file.id}/retry").status_code == 202


def test_removing_by_the_file_trashes_both(gallery: Gallery) -> None:
    file = gallery.image()
    answer = gallery.client.delete(f"/api/images/{file.id}")
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert gallery.client.get(f"/api/files/{file.id}").status_code == 404
    trash = gallery.client.get("/api/files?trash=1").json()
    assert [item["id"] for item in trash["data"]] == [file.id]
    assert counted(gallery.api.world, gallery.workspace, ["files", "files:ready", "images", "trash"]) == {
        "files": 0,
        "files:ready": 0,
        "images": 0,
        "trash": 1,
    }
    with gallery.api.world.database.read() as session:
        assert len(session.exec(select(RemoteDeletion)).all()) == 1


def test_removing_by_a_file_without_image_touches_nothing(gallery: Gallery) -> None:
    world = gallery.api.world
    for file in (
        add_file(world, gallery.ada, gallery.workspace),
        add_failed(world, gallery.ada, gallery.workspace, retryable=True),
    ):
        before = gallery.client.get(f"/api/files/{file.id}").json()
        assert problem(gallery.client.delete(f"/api/images/{file.id}")) == (404, "not_found")
        assert problem(gallery.client.delete(f"/api/images/{ids.image_of(file.id)}")) == (404, "not_found")
        assert gallery.client.get(f"/api/files/{file.id}").json() == before


def test_a_viewer_looks_and_an_editor_removes(gallery: Gallery) -> None:
    file = gallery.image()
    image_id = ids.image_of(file.id)
    viewer, editor = gallery.as_member("viewer"), gallery.as_member("editor")
    assert viewer.get(f"/api/images/{image_id}").status_code == 200
    for any_id in (image_id, file.id):
        assert problem(viewer.delete(f"/api/images/{any_id}")) == (403, "forbidden")
    assert editor.delete(f"/api/images/{image_id}").status_code == 200


@pytest.mark.parametrize(
    ("scopes", "reads", "deletes"), [(["read"], 200, 403), (["delete"], 403, 200), (["write"], 403, 403)]
)
def test_a_token_does_what_its_scopes_say(gallery: Gallery, scopes: list[str], reads: int, deletes: int) -> None:
    file = gallery.image()
    client = gallery.api.client(gallery.api.token(gallery.ada, scopes=scopes)[1])
    assert client.get("/api/images").status_code == reads
    assert client.get(f"/api/images/{file.id}").status_code == reads
    assert client.delete(f"/api/images/{ids.image_of(file.id)}").status_code == deletes


def test_an_admin_sees_every_image(gallery: Gallery) -> None:
    file = gallery.image()
    admin = gallery.api.client(gallery.api.token(gallery.api.user("root@example.com", is_admin=True))[1])
    listed = admin.get("/api/images").json()
    assert ([image["fileId"] for image in listed["data"]], listed["pageInfo"]["total"]) == ([file.id], 1)
    assert admin.get(f"/api/images?workspace_id={gallery.workspace.id}").json() == listed
    assert problem(admin.get("/api/images?workspace_id=wsp_01m7vpggc6e7a834dncn5fcrp4")) == (404, "not_found")
