"""Who did what to whom: in the log, for those who answer for it and nobody else."""

from typing import Any

import httpx
import pytest
from sqlmodel import func, select

from images_app.core import counters, events
from images_app.models import Event, User, Workspace
from tests.integration.conftest import Api
from tests.integration.gallery import Gallery, problem
from tests.support.library import add_file


def log(client: httpx.Client, **params: str) -> list[dict[str, Any]]:
    """The events of all pages, whose total must be true."""
    found: list[dict[str, Any]] = []
    while True:
        cursor = {"after": str(found[-1]["seq"])} if found else {}
        answer = client.get("/api/events", params={**params, **cursor, "limit": 2}).json()
        found += answer["data"]
        if not answer["pageInfo"]["hasNextPage"]:
            assert answer["pageInfo"]["total"] == len(found)
            return found


def types(client: httpx.Client, **params: str) -> list[str]:
    return [event["type"] for event in log(client, **params)]


def busy(gallery: Gallery) -> User:
    """Somebody comes, changes and goes; a file is uploaded in between."""
    bob, address = gallery.api.user("bob@example.com"), f"/api/workspaces/{gallery.workspace.id}"
    owner = gallery.api.browser(gallery.ada)
    owner.patch(address, json={"name": "Better"})
    owner.put(f"{address}/members/{bob.id}", json={"role": "viewer"})
    add_file(gallery.api.world, gallery.ada, gallery.workspace)
    owner.put(f"{address}/members/{bob.id}", json={"role": "editor"})
    owner.put(f"{address}/members/{bob.id}", json={"role": "editor"})  # no change, no event
    owner.delete(f"{address}/members/{bob.id}")
    return bob


def test_an_owner_reads_who_changed_their_workspace(gallery: Gallery) -> None:
    bob = busy(gallery)
    found = log(gallery.client, audit="1", workspace_id=gallery.workspace.id)
    assert [event["type"] for event in found] == [
        "workspace.created",
        "workspace.changed",
        "member.added",
        "file.ready",
        "member.role_changed",
        "member.removed",
    ]
    assert {event["actorId"] for event in found} == {gallery.ada.id}
    assert {event["workspaceId"] for event in found} == {gallery.workspace.id}
    who = {"userId": bob.id, "email": "bob@example.com"}
    assert [event["data"] for event in found if event["type"] != "file.ready"] == [
        {"name": "Photos"},
        {"name": "Better"},
        {**who, "role": "viewer"},
        {**who, "role": "editor", "before": "viewer"},
        {**who, "role": "editor"},
    ]


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_other_members_see_only_what_happened_to_files(gallery: Gallery, role: str) -> None:
    member = gallery.as_member(role)
    busy(gallery)
    assert types(member, audit="1") == ["file.ready"]
    for type in (*events.WORKSPACE_TYPES, *events.ACCOUNT_TYPES):
        assert types(member, type=type) == [], type
    added = log(gallery.client, type="member.added")[0]
    assert problem(member.get("/api/events", params={"after": added["id"]})) == (400, "invalid_cursor")


def test_an_owner_elsewhere_sees_nothing_of_it(gallery: Gallery) -> None:
    busy(gallery)
    eve = gallery.api.user("eve@example.com")
    gallery.api.workspace(eve, "Eve's")
    gallery.api.member(gallery.workspace, eve, "viewer")
    client = gallery.api.client(gallery.api.token(eve)[1])
    assert types(client, audit="1") == ["file.ready", "workspace.created"]
    assert [event["data"] for event in log(client, type="workspace.created")] == [{"name": "Eve's"}]
    assert types(client, type="member.added,member.removed") == []


def test_without_asking_for_the_audit_the_log_is_about_files(gallery: Gallery) -> None:
    busy(gallery)
    admin = gallery.api.browser(gallery.api.user("root@localhost", is_admin=True))
    assert types(gallery.client) == types(admin) == ["file.ready"]


def test_several_types_at_once(gallery: Gallery) -> None:
    busy(gallery)
    assert types(gallery.client, type="member.removed,file.ready, member.added,file.ready") == [
        "member.added",
        "file.ready",
        "member.removed",
    ]
    for unknown in ("file.exploded", "", "file.ready,"):
        answer = gallery.client.get("/api/events", params={"type": unknown})
        assert problem(answer) == (400, "invalid_parameter")
        assert answer.json()["errors"][0]["pointer"] == "type"


def test_what_concerns_accounts_is_for_admins_alone(gallery: Gallery) -> None:
    root = gallery.api.user("root@localhost", is_admin=True)
    admin = gallery.api.browser(root)
    made = admin.post("/api/users", json={"email": "new@example.com"}).json()
    row = admin.post("/api/tokens", json={"name": "backup", "scopes": ["read"]}).json()
    admin.delete(f"/api/tokens/{row['id']}")
    token = made["link"]["url"].split("#")[1]
    gallery.api.client().post("/api/password", json={"token": token, "password": "a long password"})
    mine = [e for e in log(admin, type=",".join(events.ACCOUNT_TYPES)) if e["actorId"] in (root.id, made["id"])]
    assert [(event["type"], event["actorId"]) for event in mine] == [
        ("session.started", root.id),
        ("user.created", root.id),
        ("password.link_made", root.id),
        ("token.created", root.id),
        ("token.revoked", root.id),
        ("password.changed", made["id"]),
        ("session.started", made["id"]),
    ]
    assert {event["workspaceId"] for event in mine} == {None}
    assert mine[3]["data"] == {"tokenId": row["id"], "name": "backup", "scopes": ["read"], "workspaceIds": None}
    everything = log(admin, audit="1")
    assert {event["id"] for event in mine} < {event["id"] for event in everything}
    assert [event["seq"] for event in everything] == sorted(event["seq"] for event in everything)
    for client in (gallery.client, gallery.as_member("viewer")):
        assert set(types(client, audit="1")) <= {*events.FILE_TYPES, *events.WORKSPACE_TYPES}


def test_an_admins_token_for_some_workspaces_sees_the_audit_of_those(gallery: Gallery) -> None:
    root = gallery.api.user("root@localhost", is_admin=True)
    gallery.api.workspace(gallery.ada, "Other")
    client = gallery.api.client(gallery.api.token(root, workspace_ids=[gallery.workspace.id])[1])
    assert [event["workspaceId"] for event in log(client, audit="1")] == [gallery.workspace.id]
    assert types(client, type="user.created") == []


def test_the_newest_page_is_reached_from_the_end(gallery: Gallery) -> None:
    busy(gallery)
    params = {"audit": "1", "limit": 2, "before": str(2**63 - 1)}
    newest = gallery.client.get("/api/events", params=params).json()
    assert [event["type"] for event in newest["data"]] == ["member.role_changed", "member.removed"]
    assert newest["pageInfo"]["hasPreviousPage"]
    assert not newest["pageInfo"]["hasNextPage"]
    link = gallery.client.get("/api/events", params=params).headers["link"]
    assert "audit=1" in link


def test_the_total_of_every_type_is_what_is_there(gallery: Gallery) -> None:
    busy(gallery)
    gallery.image()
    with gallery.api.world.database.read() as session:
        for type in events.TYPES:
            there = session.exec(select(func.count()).select_from(Event).where(Event.type == type)).one()
            assert counters.total(session, None, f"event:{type}") == there, type
        audit = session.exec(select(Event.type).where(Event.is_audit).distinct()).all()
    assert set(audit) & set(events.FILE_TYPES) == set()


def test_a_lost_role_ends_the_view_of_the_audit(gallery: Gallery, api: Api) -> None:
    bob, space = api.user("bob@example.com"), gallery.workspace
    api.member(space, bob, "owner")
    client = api.client(api.token(bob)[1])
    assert types(client, audit="1") == ["workspace.created"]
    lower(api, space, bob)
    assert types(client, audit="1") == []


def lower(api: Api, space: Workspace, user: User) -> None:
    root = api.browser(api.user("root@localhost", is_admin=True))
    answer = root.put(f"/api/workspaces/{space.id}/members/{user.id}", json={"role": "viewer"})
    assert answer.status_code == 200
