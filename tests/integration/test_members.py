"""Workspaces are made and changed, people come and go; everything holds with the next request."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from sqlmodel import select

from images_app.core.access import SCOPES
from images_app.models import Membership, PasswordLink, User, Workspace
from tests.integration.conftest import EMAIL, Api
from tests.integration.gallery import problem


@pytest.fixture
def ada(api: Api) -> User:
    return api.user()


@pytest.fixture
def space(api: Api, ada: User) -> Workspace:
    return api.workspace(ada)


def role_of(api: Api, space: Workspace, user: User) -> str | None:
    with api.world.database.read() as session:
        found = session.get(Membership, (space.id, user.id))
        return None if found is None else found.role


def as_role(api: Api, space: Workspace, role: str) -> httpx.Client:
    user = api.user(f"{role}@example.com")
    api.member(space, user, role)
    return api.browser(user)


def test_whoever_makes_a_workspace_owns_it(api: Api, ada: User) -> None:
    client = api.browser(ada)
    answer = client.post("/api/workspaces", json={"name": "  Holidays 2026 "})
    assert answer.status_code == 201
    made = answer.json()
    assert answer.headers["location"] == f"/api/workspaces/{made['id']}"
    nothing = {"bytes": None, "files": None}
    assert {key: made[key] for key in made if key not in ("id", "createdAt")} == {
        "name": "Holidays 2026",
        "role": "owner",
        "images": 0,
        "files": 0,
        "trash": 0,
        "bytes": 0,
        "quota": nothing,
        "ownQuota": nothing,
    }
    assert client.get(answer.headers["location"]).json() == made
    assert client.get("/api/workspaces").json()["data"] == [made]


def test_a_repeated_request_with_its_key_makes_one_workspace(api: Api, ada: User) -> None:
    client = api.browser(ada)
    key = {"Idempotency-Key": "once"}
    first, again = (client.post("/api/workspaces", json={"name": "One"}, headers=key).json()["id"] for _ in range(2))
    assert first == again
    assert problem(client.post("/api/workspaces", json={"name": "Two"}, headers=key)) == (422, "idempotency_conflict")
    other = api.browser(api.user("bob@example.com")).post("/api/workspaces", json={"name": "One"}, headers=key).json()
    assert other["id"] != first
    assert client.get("/api/workspaces").json()["pageInfo"]["total"] == 1


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": " "}, {"name": "x" * 121}, {"name": "a\nb"}, {"name": 1}])
def test_a_workspace_needs_a_name_of_one_line(api: Api, ada: User, body: dict[str, object]) -> None:
    answer = api.browser(ada).post("/api/workspaces", json=body)
    assert problem(answer) == (400, "invalid_parameter")
    assert answer.json()["errors"][0]["pointer"] == "/name"


def test_owners_rename_and_only_admins_set_quotas(api: Api, ada: User, space: Workspace) -> None:
    address = f"/api/workspaces/{space.id}"
    owner, admin = api.browser(ada), api.browser(api.user("root@localhost", is_admin=True))
    assert owner.patch(address, json={"name": "Better"}).json()["name"] == "Better"
    assert problem(owner.patch(address, json={"quotaBytes": 10})) == (403, "forbidden")
    assert problem(owner.patch(address, json={"name": "Worse", "quotaFiles": None})) == (403, "forbidden")
    assert problem(as_role(api, space, "editor").patch(address, json={"name": "Mine"})) == (403, "forbidden")
    changed = admin.patch(address, json={"quotaBytes": 1000, "quotaFiles": 0}).json()
    assert changed["ownQuota"] == {"bytes": 1000, "files": 0}
    assert changed["quota"] == {"bytes": 1000, "files": None}
    assert changed["name"] == "Better"
    assert admin.patch(address, json={"quotaBytes": None}).json()["ownQuota"] == {"bytes": None, "files": 0}


@pytest.mark.parametrize(
    "body", [{}, {"name": None}, {"bucket": "mine"}, {"quotaBytes": -1}, {"quotaFiles": 1.5}, {"quotaBytes": 2**63}]
)
def test_a_change_that_cannot_be_used_changes_nothing(api: Api, space: Workspace, body: dict[str, object]) -> None:
    admin = api.browser(api.user("root@localhost", is_admin=True))
    before = admin.get(f"/api/workspaces/{space.id}").json()
    assert problem(admin.patch(f"/api/workspaces/{space.id}", json=body)) == (400, "invalid_parameter")
    assert admin.get(f"/api/workspaces/{space.id}").json() == before


def test_every_member_sees_who_else_is_one(api: Api, ada: User, space: Workspace) -> None:
    viewer = as_role(api, space, "viewer")
    answer = viewer.get(f"/api/workspaces/{space.id}/members").json()
    assert [(m["email"], m["role"], m["isPending"]) for m in answer["data"]] == [
        ("viewer@example.com", "viewer", True),
        (EMAIL, "owner", True),
    ]
    assert answer["pageInfo"]["total"] == 2
    page = viewer.get(f"/api/workspaces/{space.id}/members", params={"limit": 1, "after": answer["data"][0]["userId"]})
    assert [m["userId"] for m in page.json()["data"]] == [ada.id]
    assert page.json()["pageInfo"]["hasPreviousPage"]


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_who_is_no_owner_changes_nobody(api: Api, ada: User, space: Workspace, role: str) -> None:
    client, address = as_role(api, space, role), f"/api/workspaces/{space.id}/members"
    eve = api.user("eve@example.com")
    assert problem(client.put(f"{address}/{eve.id}", json={"role": "viewer"})) == (403, "forbidden")
    assert problem(client.put(f"{address}/{ada.id}", json={"role": "viewer"})) == (403, "forbidden")
    assert problem(client.post(address, json={"email": "new@example.com", "role": "viewer"})) == (403, "forbidden")
    assert problem(client.delete(f"{address}/{ada.id}")) == (403, "forbidden")
    assert role_of(api, space, ada) == "owner"


def test_outside_a_workspace_there_are_no_members(api: Api, ada: User, space: Workspace) -> None:
    eve = api.user("eve@example.com")
    client, address = api.browser(eve), f"/api/workspaces/{space.id}/members"
    for answer in (
        client.get(address),
        client.post(address, json={"email": "eve@example.com", "role": "owner"}),
        client.put(f"{address}/{eve.id}", json={"role": "owner"}),
        client.delete(f"{address}/{ada.id}"),
        client.delete(f"{address}/{eve.id}"),
        client.patch(f"/api/workspaces/{space.id}", json={"name": "Mine"}),
        client.get(f"/api/workspaces/{space.id}"),
    ):
        assert problem(answer) == (404, "not_found")
        assert answer.json()["detail"] == "Not found"


def test_a_role_is_given_changed_and_taken(api: Api, ada: User, space: Workspace) -> None:
    bob = api.user("bob@example.com")
    owner, client = api.browser(ada), api.browser(bob)
    address = f"/api/workspaces/{space.id}/members/{bob.id}"
    for role in ("viewer", "owner", "editor"):
        assert owner.put(address, json={"role": role}).json()["role"] == role
        assert client.get("/api/me").json()["workspaces"][0]["role"] == role
    assert owner.delete(address).json() == {"success": True}
    assert client.get("/api/me").json()["workspaces"] == []
    assert problem(owner.delete(address)) == (404, "not_found")


@pytest.mark.parametrize("user_id", ["usr_00000000000000000000000000", "nobody", "img_00000000000000000000000000"])
def test_somebody_who_does_not_exist_cannot_be_added(api: Api, ada: User, space: Workspace, user_id: str) -> None:
    answer = api.browser(ada).put(f"/api/workspaces/{space.id}/members/{user_id}", json={"role": "viewer"})
    assert problem(answer) == (404, "not_found")


def test_the_last_owner_stays_until_there_is_another(api: Api, ada: User, space: Workspace) -> None:
    bob = api.user("bob@example.com")
    owner, address = api.browser(ada), f"/api/workspaces/{space.id}/members"
    admin = api.browser(api.user("root@localhost", is_admin=True))
    for client in (owner, admin):
        assert problem(client.delete(f"{address}/{ada.id}")) == (409, "last_owner")
        assert problem(client.put(f"{address}/{ada.id}", json={"role": "editor"})) == (409, "last_owner")
    owner.put(f"{address}/{bob.id}", json={"role": "owner"})
    assert owner.delete(f"{address}/{ada.id}").status_code == 200
    assert problem(owner.get(address)) == (404, "not_found")


def test_of_two_owners_who_leave_at_once_one_stays(api: Api, ada: User, space: Workspace) -> None:
    bob = api.user("bob@example.com")
    api.member(space, bob, "owner")
    leaving = [(api.browser(user), user.id) for user in (ada, bob)]
    with ThreadPoolExecutor(2) as threads:
        answers = threads.map(lambda who: who[0].delete(f"/api/workspaces/{space.id}/members/{who[1]}"), leaving)
        assert sorted(answer.status_code for answer in answers) == [200, 409]


def test_a_member_leaves_by_themselves(api: Api, space: Workspace) -> None:
    client = as_role(api, space, "viewer")
    me = client.get("/api/me").json()["id"]
    assert client.delete(f"/api/workspaces/{space.id}/members/{me}").status_code == 200
    assert client.get("/api/me").json()["workspaces"] == []


def test_an_invitation_makes_the_user_and_shows_a_link_once(api: Api, ada: User, space: Workspace) -> None:
    owner, address = api.browser(ada), f"/api/workspaces/{space.id}/members"
    answer = owner.post(address, json={"email": " New@Example.com", "role": "editor"})
    assert answer.status_code == 201
    made = answer.json()
    assert answer.headers["location"] == f"{address}/{made['member']['userId']}"
    assert (made["member"]["email"], made["member"]["role"], made["member"]["isPending"]) == (
        "new@example.com",
        "editor",
        True,
    )
    assert (made["link"]["purpose"], made["link"]["sentTo"]) == ("invite", None)
    page, secret = made["link"]["url"].split("#")
    assert page == f"{api.world.settings.public_url}/password"
    with api.world.database.read() as session:
        [row] = session.exec(select(PasswordLink)).all()
    assert secret not in str(row.model_dump())
    again = owner.post(address, json={"email": "new@example.com", "role": "viewer"})
    assert problem(again) == (409, "conflict")


def test_of_somebody_known_already_no_link_is_shown(api: Api, ada: User, space: Workspace) -> None:
    """Otherwise anybody could take over a person who was invited elsewhere and has not set a password yet."""
    first = api.browser(ada).post(
        f"/api/workspaces/{space.id}/members", json={"email": "new@example.com", "role": "viewer"}
    )
    eve = api.user("eve@example.com")
    trap = api.workspace(eve, "Trap")
    second = api.browser(eve).post(
        f"/api/workspaces/{trap.id}/members", json={"email": "new@example.com", "role": "viewer"}
    )
    assert second.status_code == 201
    assert second.json()["link"] is None
    token = first.json()["link"]["url"].split("#")[1]
    assert api.client().post("/api/password/check", json={"token": token}).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"email": "nobody", "role": "viewer"},
        {"email": "a@b", "role": "admin"},
        {"email": "a@b"},
        {"email": "a" * 330 + "@b", "role": "viewer"},
        {"email": "a@b", "role": "viewer", "isAdmin": True},
    ],
)
def test_an_invitation_that_cannot_be_used_makes_nobody(
    api: Api, ada: User, space: Workspace, body: dict[str, object]
) -> None:
    answer = api.browser(ada).post(f"/api/workspaces/{space.id}/members", json=body)
    assert problem(answer) == (400, "invalid_parameter")
    with api.world.database.read() as session:
        assert [user.email for user in session.exec(select(User)).all()] == [EMAIL]


def test_a_token_manages_with_every_scope_and_only_where_it_reaches(api: Api, ada: User, space: Workspace) -> None:
    other, bob = api.workspace(ada, "Other"), api.user("bob@example.com")
    _, full = api.token(ada)
    _, writing = api.token(ada, scopes=("read", "write"))
    _, bound = api.token(ada, workspace_ids=[other.id])
    address = f"/api/workspaces/{space.id}/members/{bob.id}"
    assert problem(api.client(writing).put(address, json={"role": "viewer"})) == (403, "forbidden")
    assert problem(api.client(writing).post("/api/workspaces", json={"name": "x"})) == (403, "forbidden")
    assert problem(api.client(bound).put(address, json={"role": "viewer"})) == (404, "not_found")
    assert problem(api.client(bound).post("/api/workspaces", json={"name": "x"})) == (403, "forbidden")
    assert api.client(full).put(address, json={"role": "viewer"}).status_code == 200
    assert api.client(full).post("/api/workspaces", json={"name": "x"}).status_code == 201
    assert set(SCOPES) == {"read", "write", "delete"}
