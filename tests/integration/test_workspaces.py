"""Which workspaces somebody sees, and as what."""

from sqlmodel import col, delete

from images_app.core import counters
from images_app.models import Membership
from tests.integration.conftest import Api


def test_a_member_sees_their_workspaces_newest_first_with_role_and_totals(api: Api) -> None:
    ada, bob = api.user(), api.user("bob@example.com")
    first, second = api.workspace(ada, "First"), api.workspace(bob, "Second")
    api.workspace(bob, "Bob's own")
    api.member(second, ada, "viewer")
    with api.world.database.write() as session:
        counters.add(session, first.id, "images", 2)
        counters.add(session, first.id, "files", 3)
        counters.add(session, first.id, "bytes", 5_000_000_000)

    answer = api.browser(ada).get("/api/workspaces").json()
    assert [(w["id"], w["name"], w["role"]) for w in answer["data"]] == [
        (second.id, "Second", "viewer"),
        (first.id, "First", "owner"),
    ]
    assert {name: answer["data"][1][name] for name in ("images", "files", "bytes")} == {
        "images": 2,
        "files": 3,
        "bytes": 5_000_000_000,
    }
    assert answer["data"][1]["createdAt"].endswith("Z")
    assert (answer["pageInfo"]["total"], answer["pageInfo"]["hasNextPage"]) == (2, False)


def test_an_admin_sees_every_workspace_as_an_owner(api: Api) -> None:
    bob = api.user("bob@example.com")
    made = {api.workspace(bob, name).id for name in ("One", "Two")}
    admin = api.user("root@localhost", is_admin=True)
    answer = api.browser(admin).get("/api/workspaces").json()
    assert {w["id"] for w in answer["data"]} == made
    assert {w["role"] for w in answer["data"]} == {"owner"}
    assert answer["pageInfo"]["total"] == 2


def test_workspaces_come_in_pages(api: Api) -> None:
    ada = api.user()
    made = [api.workspace(ada, str(number)).id for number in range(5)][::-1]
    client = api.browser(ada)
    seen, after = [], None
    for _ in range(3):
        params = {"limit": 2} | ({} if after is None else {"after": after})
        page = client.get("/api/workspaces", params=params).json()
        seen += [w["id"] for w in page["data"]]
        after = page["pageInfo"]["endCursor"]
    assert seen == made
    assert page["pageInfo"]["hasNextPage"] is False
    assert page["pageInfo"]["total"] == 5


def test_a_removed_member_loses_the_workspace_with_the_next_request(api: Api) -> None:
    ada, bob = api.user(), api.user("bob@example.com")
    space = api.workspace(bob)
    api.member(space, ada, "editor")
    client = api.browser(ada)
    assert client.get("/api/workspaces").json()["pageInfo"]["total"] == 1
    with api.world.database.write() as session:
        session.exec(delete(Membership).where(col(Membership.user_id) == ada.id))
    assert client.get("/api/workspaces").json()["data"] == []
    assert client.get("/api/me").json()["workspaces"] == []


def test_me_names_the_workspaces_in_order_of_their_names(api: Api) -> None:
    ada = api.user(is_admin=True)
    zebra, apple = api.workspace(ada, "Zebra"), api.workspace(ada, "apple")
    me = api.browser(ada).get("/api/me").json()
    assert me == {
        "id": ada.id,
        "email": ada.email,
        "isAdmin": True,
        "workspaces": [
            {"id": apple.id, "name": "apple", "role": "owner"},
            {"id": zebra.id, "name": "Zebra", "role": "owner"},
        ],
        "via": "session",
        "scopes": ["read", "write", "delete"],
    }


def test_nobody_sees_workspaces_without_a_credential(api: Api) -> None:
    for path in ("/api/workspaces", "/api/me", "/api/tokens"):
        answer = api.client().get(path)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
