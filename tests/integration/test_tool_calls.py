"""Calls of MCP tools in the audit: who, which tool, what was asked; for admins and for owners of the workspace that was
asked about, and before there is an answer."""

from typing import Any

import httpx
import pytest

from images_app.ids import image_of
from tests.integration.conftest import Api
from tests.integration.gallery import Gallery, problem
from tests.integration.test_database_faults import reading_only

TOOL = {"Aeontel-Tool": "get_image"}


@pytest.fixture
def admin(api: Api) -> httpx.Client:
    return api.client(api.token(api.user("root@localhost", is_admin=True))[1])


def called(admin: httpx.Client) -> list[dict[str, Any]]:
    answer = admin.get("/api/events", params={"type": "mcp.called"}).json()
    assert answer["pageInfo"]["total"] == len(answer["data"])
    found: list[dict[str, Any]] = answer["data"]
    return found


def test_a_call_is_recorded_with_its_owner_token_and_request(gallery: Gallery, admin: httpx.Client) -> None:
    image = gallery.image()
    assert gallery.client.get(f"/api/images/{image.id}", params={"include": "file"}, headers=TOOL).status_code == 200
    assert gallery.client.get("/api/images/img_ü%20", headers=TOOL).status_code == 404
    token = gallery.api.browser(gallery.ada).get("/api/tokens").json()["data"][0]["id"]
    first, second = called(admin)
    assert first["data"] == {
        "tool": "get_image",
        "tokenId": token,
        "request": f"GET /api/images/{image.id}?include=file",
    }
    assert (first["actorId"], first["workspaceId"], first["fileId"]) == (gallery.ada.id, gallery.workspace.id, None)
    assert second["data"]["request"] == "GET /api/images/img_%C3%BC%20"
    assert second["workspaceId"] is None


def test_owners_see_the_calls_about_their_workspace_and_no_others(gallery: Gallery, admin: httpx.Client) -> None:
    file, place = gallery.image().id, gallery.workspace.id
    viewer = gallery.as_member("viewer")
    stranger = gallery.api.client(gallery.api.token(gallery.api.user("eve@localhost"))[1])
    for client in (viewer, stranger):
        client.get(f"/api/images/{image_of(file)}", headers=TOOL)
        client.get(f"/api/files/{file}", headers={"Aeontel-Tool": "get_file"})
        client.get("/api/images", params={"workspace_id": place}, headers={"Aeontel-Tool": "list_images"})
        client.get("/api/images", headers={"Aeontel-Tool": "list_images"})
    seen = called(gallery.client)
    assert [event["data"]["tool"] for event in seen] == ["get_image", "get_file", "list_images"]
    assert {event["workspaceId"] for event in seen} == {place}
    assert len({event["actorId"] for event in seen}) == 1
    assert len(called(admin)) == 8
    for client in (viewer, stranger):
        assert called(client) == []


def test_what_is_no_call_of_a_tool_is_not_recorded(gallery: Gallery, admin: httpx.Client) -> None:
    gallery.client.get("/api/images")
    gallery.client.get("/api/images", headers={"Aeontel-Tool": "format_disk"})
    gallery.client.get("/api/images", headers={"Aeontel-Tool": "x" * 10_000})
    gallery.api.browser(gallery.ada).get("/api/images", headers=TOOL)
    assert problem(gallery.api.client().get("/api/images", headers=TOOL)) == (401, "unauthenticated")
    assert problem(gallery.api.client("aeo_nonsense").get("/api/images", headers=TOOL)) == (401, "unauthenticated")
    assert called(admin) == []


@pytest.mark.embedded
def test_a_call_that_cannot_be_recorded_is_not_answered(
    gallery: Gallery, admin: httpx.Client, request: pytest.FixtureRequest
) -> None:
    image = gallery.image()
    gallery.client.get("/api/images")
    with reading_only(gallery.api.world.database, lambda: request.getfixturevalue("postgres")):
        assert gallery.client.get(f"/api/images/{image.id}").status_code == 200
        answer = gallery.client.get(f"/api/images/{image.id}", headers=TOOL)
        assert problem(answer) == (503, "database_unavailable")
    assert called(admin) == []
    assert gallery.client.get(f"/api/images/{image.id}", headers=TOOL).status_code == 200
    assert len(called(admin)) == 1
