"""Every list of the API asked for what it does not have: limits, cursors and ids that nobody should send."""

import base64
from dataclasses import dataclass

import httpx
import pytest

from images_app import ids
from images_app.models import User
from tests.integration.conftest import Api
from tests.integration.gallery import Gallery, problem
from tests.support.library import add_file

LISTS = {
    "listImages": "/api/images",
    "listFiles": "/api/files",
    "listFiles in the trash": "/api/files?trash=1",
    "listFileEvents": "/api/files/{file}/events",
    "listEvents": "/api/events",
    "listTokens": "/api/tokens",
    "listSessions": "/api/sessions",
    "listWorkspaces": "/api/workspaces",
    "listMembers": "/api/workspaces/{workspace}/members",
    "listUsers": "/api/users",
}
"""Every list of the document by its operationId, and what follows the id is which part of it."""
SOME = 3


@dataclass(frozen=True)
class Scene:
    """A workspace with some of everything that can be listed, and an admin who owns it and may list it."""

    gallery: Gallery
    root: User
    admin: httpx.Client
    outsider: httpx.Client
    file: str

    def url(self, name: str) -> httpx.URL:
        path = LISTS[name].format(file=self.file, workspace=self.gallery.workspace.id)
        return httpx.URL(path)

    def ask(self, name: str, client: httpx.Client | None = None, **params: object) -> httpx.Response:
        return (client or self.admin).get(self.url(name).copy_merge_params(params))  # type: ignore[arg-type]

    def add(self, name: str) -> None:
        """Some more rows of a list, above all others."""
        api, gallery = self.gallery.api, self.gallery
        for _ in range(SOME):
            match name:
                case "listFiles in the trash":
                    file = add_file(api.world, gallery.ada, gallery.workspace)
                    assert gallery.client.delete(f"/api/files/{file.id}").status_code == 200
                case "listWorkspaces":
                    api.workspace(self.root)
                case "listMembers" | "listUsers":
                    api.member(gallery.workspace, api.user(f"{ids.new('usr')}@example.com"), "viewer")
                case "listTokens":
                    api.token(self.root)
                case "listSessions":
                    api.browser(self.root)
                case _:
                    gallery.image()


@pytest.fixture(scope="module")
def scene(shared_api: Api) -> Scene:
    gallery = Gallery.of(shared_api)
    root = shared_api.user("root@example.com", is_admin=True)
    scene = Scene(gallery, root, shared_api.browser(root), gallery.outsider(), gallery.image().id)
    for name in LISTS:
        scene.add(name)
    return scene


def test_every_list_of_the_document_is_here(scene: Scene) -> None:
    paths = scene.admin.get("/api/openapi.json").json()["paths"]
    lists = {
        operation["operationId"]
        for item in paths.values()
        for operation in item.values()
        if "limit" in {parameter["name"] for parameter in operation.get("parameters", ())}
    }
    assert lists == {name.split()[0] for name in LISTS}
    for name in LISTS:
        assert len(scene.ask(name).json()["data"]) >= SOME, name


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"limit": "0"}, "invalid_parameter"),
        ({"limit": "-1"}, "invalid_parameter"),
        ({"limit": "101"}, "invalid_parameter"),
        ({"limit": "1e9"}, "invalid_parameter"),
        ({"limit": "1000000000"}, "invalid_parameter"),
        ({"limit": "abc"}, "invalid_parameter"),
        ({"limit": ""}, "invalid_parameter"),
        ({"limit": "9" * 5000}, "invalid_parameter"),
        ({"after": ""}, "invalid_cursor"),
        ({"after": "nonsense"}, "invalid_cursor"),
        ({"before": "MWltZzo\u0001"}, "invalid_cursor"),
        ({"before": "MWltZzo\u0000"}, "invalid_parameter"),
        ({"after": "lnk_01m7vpggc6e7a834dncn5fcrp4"}, "invalid_cursor"),
        ({"after": "A" * 10_000}, "invalid_cursor"),
        ({"after": "x", "before": "y"}, "conflicting_cursors"),
    ],
)
def test_a_window_that_cannot_be_used_is_refused(scene: Scene, name: str, params: dict[str, str], code: str) -> None:
    assert problem(scene.ask(name, **params)) == (400, code)


@pytest.mark.parametrize("name", LISTS)
def test_a_cursor_is_taken_only_whole_and_of_today(scene: Scene, name: str) -> None:
    cursor = scene.ask(name, limit=2).json()["pageInfo"]["endCursor"]
    plain = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    assert plain[0] == "1"
    older = base64.urlsafe_b64encode(f"0{plain[1:]}".encode()).decode().rstrip("=")
    forged = base64.urlsafe_b64encode(f"{plain} OR 1=1".encode()).decode().rstrip("=")
    for wrong in (cursor[:-1], cursor[: len(cursor) // 2], cursor[1:], cursor + "A", cursor + "=", older, forged):
        for way in ("after", "before"):
            assert problem(scene.ask(name, **{way: wrong})) == (400, "invalid_cursor"), wrong
    assert scene.ask(name, after=cursor).status_code == 200


@pytest.mark.parametrize("name", LISTS)
def test_a_cursor_of_another_list_is_refused(scene: Scene, name: str) -> None:
    def kind(of: str) -> str:
        cursor = scene.ask(of).json()["pageInfo"]["endCursor"]
        return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition(":")[0]

    for other in LISTS:
        answer = scene.ask(name, after=scene.ask(other).json()["pageInfo"]["endCursor"])
        if kind(other) == kind(name):  # a list of the same things in the same order, otherwise filtered
            assert answer.status_code == 200
        else:
            assert problem(answer) == (400, "invalid_cursor"), other


@pytest.mark.parametrize("name", ["listImages", "listFiles", "listFiles in the trash", "listEvents"])
def test_a_cursor_of_a_foreign_workspace_is_a_place_and_shows_nothing_of_it(scene: Scene, name: str) -> None:
    api = scene.gallery.api
    eve = api.user(f"eve-{ids.new('usr')}@example.com")
    home = api.workspace(eve)
    client = api.client(api.token(eve)[1])
    own = [add_file(api.world, eve, home).id for _ in range(2)]
    for way in ("after", "before"):
        for cursor in (
            scene.ask(name).json()["pageInfo"]["startCursor"],
            scene.ask(name).json()["pageInfo"]["endCursor"],
        ):
            answer = scene.ask(name, client, **{way: cursor})
            assert answer.status_code == 200
            assert {row["workspaceId"] for row in answer.json()["data"]} <= {home.id}
            total = {"listFiles": len(own), "listEvents": len(own)}.get(name, 0)
            assert answer.json()["pageInfo"]["total"] == total


def test_a_foreign_event_as_a_cursor_is_like_one_that_is_not_there(scene: Scene) -> None:
    foreign = scene.ask("listEvents").json()["data"][0]["id"]
    there, nowhere = (scene.ask("listEvents", scene.outsider, after=cursor) for cursor in (foreign, ids.new("evt")))
    assert problem(there) == (400, "invalid_cursor")
    assert there.json() | {"instance": ""} == nowhere.json() | {"instance": ""}


def test_a_cursor_of_the_same_list_otherwise_filtered_is_the_same_place(scene: Scene) -> None:
    everything = [file["id"] for file in scene.ask("listFiles").json()["data"]]
    trashed = [file["id"] for file in scene.ask("listFiles in the trash").json()["data"]]
    cursor = scene.ask("listFiles", limit=2).json()["pageInfo"]["endCursor"]
    assert cursor != scene.ask("listFiles in the trash", limit=2).json()["pageInfo"]["endCursor"]
    older = scene.ask("listFiles in the trash", after=cursor).json()["data"]
    assert [file["id"] for file in older] == [file_id for file_id in trashed if file_id < everything[1]]
    ready = scene.ask("listFiles", after=cursor, status="ready").json()["data"]
    assert {file["id"] for file in ready} <= set(everything[2:])


def test_a_well_formed_cursor_that_nobody_gave_out_is_a_place_in_the_list(scene: Scene) -> None:
    everything = [image["id"] for image in scene.ask("listImages").json()["data"]]
    for cursor, listed in (("img_" + "0" * 26, []), ("img_7" + "z" * 25, everything)):
        answer = scene.ask("listImages", after=cursor)
        assert [image["id"] for image in answer.json()["data"]] == listed


GONE = {
    "listFiles in the trash": "/api/files/{id}?trash=1",
    "listTokens": "/api/tokens/{id}",
    "listSessions": "/api/sessions/{id}",
    "listMembers": "/api/workspaces/{workspace}/members/{userId}",
}
"""How a row of a list is deleted for good. Deleted images and files: `test_paging_http.py`."""


@pytest.mark.parametrize("name", GONE)
def test_a_cursor_goes_on_after_its_row_is_gone(scene: Scene, name: str) -> None:
    scene.add(name)
    before = scene.ask(name).json()
    first, second, third = before["data"][:3]
    cursor = scene.ask(name, limit=2).json()["pageInfo"]["endCursor"]
    path = GONE[name].format(**{"workspace": scene.gallery.workspace.id, **second})
    assert scene.admin.delete(path).status_code == 200
    after = scene.ask(name, after=cursor, limit=1).json()
    assert (after["data"], after["pageInfo"]["hasPreviousPage"]) == ([third], True)
    back = scene.ask(name, before=cursor).json()
    assert (back["data"], back["pageInfo"]["hasNextPage"]) == ([first], True)
    assert back["pageInfo"]["total"] == before["pageInfo"]["total"] - 1


@pytest.mark.parametrize("name", ["listImages", "listFiles"])
def test_ids_are_one_to_a_hundred_and_never_widen_the_view(scene: Scene, name: str) -> None:
    everything = [row["id"] for row in scene.ask(name).json()["data"]]
    other = ids.image_of(everything[0]) if name == "listFiles" else ids.file_of(everything[0])

    def found(client: httpx.Client, *wanted: str) -> list[str]:
        answer = scene.ask(name, client, ids=",".join(wanted)).json()
        assert answer["pageInfo"]["total"] == len(answer["data"])
        return [row["id"] for row in answer["data"]]

    assert found(scene.admin, everything[1]) == [everything[1]]
    assert found(scene.admin, everything[1], everything[0], everything[1]) == everything[:2]
    assert found(scene.admin, *everything[:1] * 100) == everything[:1]
    assert found(scene.admin, other, everything[2], scene.gallery.workspace.id, "'; --", "é") == [everything[2]]
    assert found(scene.outsider, *everything) == []
    for wrong in ([""], everything[:1] * 101, ["i"] * 10_000, ["", everything[0]]):
        for ids_sent in (",".join(wrong), wrong):
            assert problem(scene.ask(name, ids=ids_sent)) == (400, "invalid_parameter"), len(wrong)
