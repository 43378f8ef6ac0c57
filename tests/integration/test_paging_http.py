"""Paging as a client of the API meets it: cursors, flags, links. What is refused: `test_bad_lists.py`."""

import httpx
import pytest
from sqlmodel import col, delete

from images_app import ids
from images_app.models import Membership
from tests.integration.gallery import Gallery, problem
from tests.support.library import add_file, add_image


def seven(gallery: Gallery) -> list[str]:
    """Ids of seven images, newest first."""
    return [ids.image_of(gallery.image(f"{n}.jpg").id) for n in range(7)][::-1]


def test_pages_follow_each_other_in_both_directions(gallery: Gallery) -> None:
    everything = seven(gallery)
    first = gallery.client.get("/api/images", params={"limit": 3}).json()
    assert [image["id"] for image in first["data"]] == everything[:3]
    assert {**first["pageInfo"], "startCursor": "", "endCursor": ""} == {
        "total": 7,
        "hasNextPage": True,
        "hasPreviousPage": False,
        "startCursor": "",
        "endCursor": "",
    }
    after = {"limit": 3, "after": first["pageInfo"]["endCursor"]}
    second = gallery.client.get("/api/images", params=after).json()
    assert [image["id"] for image in second["data"]] == everything[3:6]
    assert (second["pageInfo"]["hasNextPage"], second["pageInfo"]["hasPreviousPage"]) == (True, True)
    before = {"limit": 3, "before": second["pageInfo"]["startCursor"]}
    back = gallery.client.get("/api/images", params=before).json()
    assert back["data"] == first["data"]
    assert (back["pageInfo"]["hasNextPage"], back["pageInfo"]["hasPreviousPage"]) == (True, False)


def test_links_lead_through_the_whole_list_and_back(gallery: Gallery) -> None:
    everything = seven(gallery)
    there, addresses = [], []
    answer = gallery.client.get(
        "/api/images", params={"limit": 2, "include": "file", "workspace_id": gallery.workspace.id, "evil": "x\r\ny"}
    )
    while True:
        there += [image["id"] for image in answer.json()["data"]]
        assert all("file" in image for image in answer.json()["data"])
        assert "evil" not in answer.headers.get("link", "")
        addresses.append(answer.links.get("prev", {}).get("url"))
        if "next" not in answer.links:
            break
        answer = gallery.client.get(answer.links["next"]["url"])
    assert there == everything
    assert addresses[0] is None
    back = [image["id"] for image in answer.json()["data"]]
    while "prev" in answer.links:
        answer = gallery.client.get(answer.links["prev"]["url"])
        back = [image["id"] for image in answer.json()["data"]] + back
    assert back == everything


def test_a_page_past_the_end_is_empty_and_says_where_it_lies(gallery: Gallery) -> None:
    everything = seven(gallery)
    answer = gallery.client.get("/api/images", params={"after": everything[-1]})
    assert answer.json() == {
        "data": [],
        "pageInfo": {
            "total": 7,
            "hasNextPage": False,
            "hasPreviousPage": True,
            "startCursor": None,
            "endCursor": None,
        },
    }
    assert "link" not in answer.headers
    answer = gallery.client.get("/api/images", params={"before": everything[0]}).json()
    assert (answer["data"], answer["pageInfo"]["hasNextPage"]) == ([], True)


def test_a_cursor_goes_on_after_its_image_is_gone(gallery: Gallery) -> None:
    everything = seven(gallery)
    first = gallery.client.get("/api/images", params={"limit": 2}).json()
    assert gallery.client.delete(f"/api/images/{everything[1]}").status_code == 200
    for cursor in (first["pageInfo"]["endCursor"], everything[1]):
        answer = gallery.client.get("/api/images", params={"after": cursor, "limit": 2}).json()
        assert [image["id"] for image in answer["data"]] == everything[2:4]
        assert answer["pageInfo"]["total"] == 6


def test_ids_narrow_the_list_within_what_the_caller_sees(gallery: Gallery) -> None:
    everything = seven(gallery)
    eve = gallery.api.user("eve@example.com")
    foreign = ids.image_of(add_image(gallery.api.world, eve, gallery.api.workspace(eve)).id)
    wanted = [everything[4], foreign, everything[1], "img_01m7vpggc6e7a834dncn5fcrp4", everything[1], "'; --", "é"]
    answer = gallery.client.get("/api/images", params={"ids": ",".join(wanted)}).json()
    assert [image["id"] for image in answer["data"]] == [everything[1], everything[4]]
    assert answer["pageInfo"]["total"] == 2
    answer = gallery.client.get("/api/images", params={"ids": ",".join(wanted), "limit": 1}).json()
    assert [image["id"] for image in answer["data"]] == [everything[1]]
    assert (answer["pageInfo"]["total"], answer["pageInfo"]["hasNextPage"]) == (2, True)
    repeated = gallery.client.get("/api/images", params={"ids": [everything[0], everything[2]]}).json()
    assert repeated["pageInfo"]["total"] == 2
    hundred = [f"img_{n}" for n in range(99)] + [everything[0]]
    assert gallery.client.get("/api/images", params={"ids": ",".join(hundred)}).json()["pageInfo"]["total"] == 1
    for too_many in (",".join([*hundred, "img_1"]), ",".join(["i"] * 10_000), "", ",", "a,"):
        assert problem(gallery.client.get("/api/images", params={"ids": too_many})) == (400, "invalid_parameter")


def test_a_list_over_several_workspaces_is_one_list(gallery: Gallery) -> None:
    world, ada = gallery.api.world, gallery.ada
    homes = [gallery.workspace, *(gallery.api.workspace(ada, f"Home {n}") for n in range(4))]
    made = [add_file(world, ada, homes[n % 5], f"{n}.txt").id for n in range(12)][::-1]
    seen: list[str] = []
    params: dict[str, object] = {"limit": 5}
    while True:
        answer = gallery.client.get("/api/files", params=params).json()  # type: ignore[arg-type]
        assert answer["pageInfo"]["total"] == 12
        seen += [file["id"] for file in answer["data"]]
        if not answer["pageInfo"]["hasNextPage"]:
            break
        params["after"] = answer["pageInfo"]["endCursor"]
    assert seen == made
    one = gallery.client.get("/api/files", params={"workspace_id": homes[3].id}).json()
    assert ([file["id"] for file in one["data"]], one["pageInfo"]["total"]) == ([made[3], made[8]], 2)


def test_a_member_who_is_removed_between_two_pages_sees_no_more(gallery: Gallery) -> None:
    everything = seven(gallery)
    bob = gallery.api.user("bob@example.com")
    gallery.api.member(gallery.workspace, bob, "viewer")
    client = gallery.api.client(gallery.api.token(bob)[1])
    first = client.get("/api/images", params={"limit": 3}).json()
    assert first["pageInfo"]["total"] == len(everything)
    with gallery.api.world.database.write() as session:
        session.exec(delete(Membership).where(col(Membership.user_id) == bob.id))
    answer = client.get("/api/images", params={"after": first["pageInfo"]["endCursor"]}).json()
    assert (answer["data"], answer["pageInfo"]["total"], answer["pageInfo"]["hasPreviousPage"]) == ([], 0, False)
    answer = client.get("/api/images", params={"workspace_id": gallery.workspace.id})
    assert problem(answer) == (404, "not_found")


@pytest.mark.parametrize("workspace_id", ["", "nonsense", "wsp_01m7vpggc6e7a834dncn5fcrp4", "\x01", "é"])
@pytest.mark.parametrize("path", ["/api/images", "/api/files", "/api/events"])
def test_an_unknown_workspace_is_not_found(
    standing: Gallery, outsider: httpx.Client, path: str, workspace_id: str
) -> None:
    for client in (standing.client, outsider):
        assert problem(client.get(path, params={"workspace_id": workspace_id})) == (404, "not_found")


def test_unknown_parameters_are_ignored(gallery: Gallery) -> None:
    everything = seven(gallery)
    answer = gallery.client.get("/api/images", params={"page": "7", "sort": "name", "token": "secret"}).json()
    assert [image["id"] for image in answer["data"]] == everything
