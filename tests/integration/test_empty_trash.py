"""Somebody deletes for good, over HTTP: what is in the trash and nothing else, with true totals and a trace."""

import pytest

from images_app.api import files as files_api
from images_app.models import File
from tests.integration.gallery import Gallery, problem
from tests.support.library import add_file, counted


def thrown_away(gallery: Gallery) -> File:
    file = add_file(gallery.api.world, gallery.ada, gallery.workspace)
    gallery.client.delete(f"/api/files/{file.id}").raise_for_status()
    return file


def totals(gallery: Gallery) -> dict[str, int]:
    return counted(gallery.api.world, gallery.workspace, ["files", "trash", "bytes"])


def test_one_file_is_deleted_for_good(gallery: Gallery) -> None:
    gone, kept = thrown_away(gallery), thrown_away(gallery)
    path = f"/api/files/{gone.id}"
    assert gallery.client.delete(path, params={"trash": "1"}).json() == {"success": True}
    assert [file["id"] for file in gallery.client.get("/api/files?trash=1").json()["data"]] == [kept.id]
    assert totals(gallery) == {"files": 0, "trash": 1, "bytes": kept.size}
    last = gallery.events(gone.id)[-1]
    assert (last["type"], last["actorId"], last["data"]) == ("file.purged", gallery.ada.id, {"name": gone.name})
    assert f"erase:{gone.id}:1" in gallery.queued()
    for answer in (gallery.client.delete(path, params={"trash": "1"}), gallery.client.post(f"{path}/restore")):
        assert problem(answer) == (404, "not_found")


def test_a_file_outside_the_trash_is_not_deleted_for_good(gallery: Gallery) -> None:
    file = add_file(gallery.api.world, gallery.ada, gallery.workspace)
    assert problem(gallery.client.delete(f"/api/files/{file.id}?trash=1")) == (404, "not_found")
    assert gallery.client.get(f"/api/files/{file.id}").status_code == 200


def test_the_trash_of_one_workspace_is_emptied_and_nothing_else(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files_api, "_PURGE_BATCH", 2)
    kept = add_file(gallery.api.world, gallery.ada, gallery.workspace)
    other = gallery.api.workspace(gallery.ada, "Other")
    elsewhere = add_file(gallery.api.world, gallery.ada, other)
    gallery.client.delete(f"/api/files/{elsewhere.id}")
    for _ in range(5):
        thrown_away(gallery)
    params = {"trash": "1", "workspace_id": gallery.workspace.id}
    assert gallery.client.delete("/api/files", params=params).json() == {"success": True, "deleted": 5}
    assert totals(gallery) == {"files": 1, "trash": 0, "bytes": kept.size}
    assert [file["id"] for file in gallery.client.get("/api/files?trash=1").json()["data"]] == [elsewhere.id]
    assert [file["id"] for file in gallery.client.get("/api/files").json()["data"]] == [kept.id]
    assert gallery.client.delete("/api/files", params=params).json() == {"success": True, "deleted": 0}


@pytest.mark.parametrize("without", ["trash", "workspace_id"])
def test_nothing_is_emptied_by_mistake(gallery: Gallery, without: str) -> None:
    file = add_file(gallery.api.world, gallery.ada, gallery.workspace)
    thrown_away(gallery)
    params = {"trash": "1", "workspace_id": gallery.workspace.id}
    del params[without]
    assert problem(gallery.client.delete("/api/files", params=params)) == (400, "invalid_parameter")
    wrong = gallery.client.delete("/api/files", params={"trash": "0", "workspace_id": gallery.workspace.id})
    assert problem(wrong) == (400, "invalid_parameter")
    assert totals(gallery) == {"files": 1, "trash": 1, "bytes": 2 * file.size}


def test_who_may_not_delete_may_not_delete_for_good(gallery: Gallery) -> None:
    file = thrown_away(gallery)
    params = {"trash": "1", "workspace_id": gallery.workspace.id}
    for client, status in ((gallery.as_member("viewer"), 403), (gallery.outsider(), 404)):
        assert client.delete("/api/files", params=params).status_code == status
        assert client.delete(f"/api/files/{file.id}?trash=1").status_code == status
    assert totals(gallery)["trash"] == 1
    assert gallery.as_member("editor").delete("/api/files", params=params).json()["deleted"] == 1
