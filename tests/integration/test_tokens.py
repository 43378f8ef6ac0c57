"""Bearer tokens: what they can do, for how long, and who may make them."""

from datetime import datetime, timedelta

import httpx
import pytest
from sqlmodel import col, delete, select, update

from images_app.core import tokens
from images_app.ids import new
from images_app.models import Membership, Token, User, now
from tests.integration.conftest import Api


@pytest.fixture
def ada(api: Api) -> User:
    return api.user()


@pytest.fixture
def browser(api: Api, ada: User) -> httpx.Client:
    return api.browser(ada)


@pytest.fixture(scope="module")
def lasting(shared_api: Api) -> httpx.Client:
    """The browser of somebody without a token, for all cases of tests that make none."""
    return shared_api.browser(shared_api.user())


def test_a_token_is_made_shown_once_and_works(api: Api, browser: httpx.Client, ada: User) -> None:
    made = browser.post("/api/tokens", json={"name": "  laptop "})
    assert made.status_code == 201
    token = made.json()
    assert made.headers["location"] == f"/api/tokens/{token['id']}"
    secret = token.pop("secret")
    assert token["name"] == "laptop"
    assert token["hint"] == secret[:8]
    assert (token["scopes"], token["workspaceIds"]) == (["read", "write", "delete"], None)
    assert (token["expiresAt"], token["lastUsedAt"]) == (None, None)

    me = api.client(secret).get("/api/me").json()
    assert (me["id"], me["via"], me["scopes"]) == (ada.id, "token", ["read", "write", "delete"])
    [listed] = browser.get("/api/tokens").json()["data"]
    assert listed["lastUsedAt"] is not None
    assert {**listed, "lastUsedAt": None} == token
    with api.world.database.read() as session:
        stored = session.exec(select(Token)).one()
    assert secret not in str(stored.model_dump())


def test_the_list_is_of_ones_own_tokens_newest_first_in_pages(api: Api, browser: httpx.Client, ada: User) -> None:
    api.token(api.user("bob@example.com"))
    made = [browser.post("/api/tokens", json={"name": str(number)}).json()["id"] for number in range(3)]
    first = browser.get("/api/tokens", params={"limit": 2})
    assert [token["id"] for token in first.json()["data"]] == [made[2], made[1]]
    assert first.json()["pageInfo"]["total"] == 3
    assert first.json()["pageInfo"]["hasNextPage"] is True
    assert 'rel="next"' in first.headers["link"]
    second = browser.get("/api/tokens", params={"after": first.json()["pageInfo"]["endCursor"]}).json()
    assert [token["id"] for token in second["data"]] == [made[0]]


def test_a_revoked_token_is_refused_at_once(api: Api, browser: httpx.Client) -> None:
    token = browser.post("/api/tokens", json={"name": "x"}).json()
    client = api.client(token["secret"])
    assert client.get("/api/me").status_code == 200
    assert browser.delete(f"/api/tokens/{token['id']}").json() == {"success": True}
    assert client.get("/api/me").status_code == 401
    assert browser.delete(f"/api/tokens/{token['id']}").status_code == 404


def test_somebody_elses_token_does_not_exist_for_me(api: Api, browser: httpx.Client) -> None:
    token, secret = api.token(api.user("bob@example.com"))
    same = {"X-Request-Id": "same"}
    foreign = browser.delete(f"/api/tokens/{token.id}", headers=same)
    unknown = browser.delete(f"/api/tokens/{new('tok')}", headers=same)
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.content == unknown.content
    assert api.client(secret).get("/api/me").status_code == 200


def test_a_token_can_neither_make_nor_see_nor_end_tokens(api: Api, ada: User) -> None:
    token, secret = api.token(ada)
    client = api.client(secret)
    for answer in (
        client.post("/api/tokens", json={"name": "child"}),
        client.get("/api/tokens"),
        client.delete(f"/api/tokens/{token.id}"),
        client.delete("/api/session"),
    ):
        assert answer.status_code == 403
        assert answer.json()["code"] == "forbidden"


def test_an_expired_token_is_refused(api: Api, browser: httpx.Client) -> None:
    soon = (now() + timedelta(hours=1)).isoformat()
    token = browser.post("/api/tokens", json={"name": "x", "expiresAt": soon}).json()
    assert datetime.fromisoformat(token["expiresAt"]) > now()
    assert api.client(token["secret"]).get("/api/me").status_code == 200
    with api.world.database.write() as session:
        session.exec(update(Token).values(expires_at=now()))
    refused = api.client(token["secret"]).get("/api/me")
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == "Bearer"


def test_use_is_recorded_once_a_minute_at_most(api: Api, ada: User) -> None:
    token, secret = api.token(ada)

    def last_use() -> datetime | None:
        with api.world.database.read() as session:
            return session.exec(select(Token.last_used_at).where(Token.id == token.id)).one()

    client = api.client(secret)
    client.get("/api/me")
    first = last_use()
    client.get("/api/me")
    assert last_use() == first
    assert first is not None
    with api.world.database.write() as session:
        session.exec(update(Token).values(last_used_at=first - timedelta(minutes=2)))
    client.get("/api/me")
    again = last_use()
    assert again is not None
    assert again >= first


def test_a_token_is_bound_to_its_workspaces(api: Api, ada: User, browser: httpx.Client) -> None:
    here, there = api.workspace(ada, "Here"), api.workspace(ada, "There")
    made = browser.post("/api/tokens", json={"name": "x", "workspaceIds": [here.id, here.id]}).json()
    assert made["workspaceIds"] == [here.id]
    client = api.client(made["secret"])
    assert [w["id"] for w in client.get("/api/me").json()["workspaces"]] == [here.id]
    assert [w["id"] for w in client.get("/api/workspaces").json()["data"]] == [here.id]
    assert {w["id"] for w in browser.get("/api/workspaces").json()["data"]} == {here.id, there.id}


def test_a_bound_token_loses_a_workspace_with_its_owner(api: Api, ada: User) -> None:
    space = api.workspace(api.user("bob@example.com"))
    api.member(space, ada, "editor")
    _, secret = api.token(ada, workspace_ids=[space.id])
    client = api.client(secret)
    assert [w["role"] for w in client.get("/api/me").json()["workspaces"]] == ["editor"]
    with api.world.database.write() as session:
        session.exec(delete(Membership).where(col(Membership.user_id) == ada.id))
    assert client.get("/api/me").json()["workspaces"] == []
    assert client.get("/api/workspaces").json()["data"] == []


def test_a_workspace_that_the_owner_cannot_see_cannot_be_bound(api: Api, browser: httpx.Client) -> None:
    foreign = api.workspace(api.user("bob@example.com"))
    for workspace_id in (foreign.id, new("wsp"), "nonsense"):
        answer = browser.post("/api/tokens", json={"name": "x", "workspaceIds": [workspace_id]})
        assert answer.status_code == 404
    assert browser.get("/api/tokens").json()["data"] == []


def test_without_the_scope_read_nothing_is_listed(api: Api, ada: User) -> None:
    _, secret = api.token(ada, scopes=["write"])
    client = api.client(secret)
    assert client.get("/api/me").json()["scopes"] == ["write"]
    refused = client.get("/api/workspaces")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/name"),
        ({"name": ""}, "/name"),
        ({"name": "  "}, "/name"),
        ({"name": "x" * 121}, "/name"),
        ({"name": "a\nb"}, "/name"),
        ({"name": "a\x00b"}, "/name"),
        ({"name": None}, "/name"),
        ({"name": "x", "scopes": []}, "/scopes"),
        ({"name": "x", "scopes": ["admin"]}, "/scopes/0"),
        ({"name": "x", "scopes": "read"}, "/scopes"),
        ({"name": "x", "workspaceIds": []}, "/workspaceIds"),
        ({"name": "x", "workspaceIds": ["w" * 41]}, "/workspaceIds/0"),
        ({"name": "x", "expiresAt": "2020-01-01T00:00:00Z"}, "/expiresAt"),
        ({"name": "x", "expiresAt": "2099-01-01T00:00:00"}, "/expiresAt"),
        ({"name": "x", "expiresAt": "soon"}, "/expiresAt"),
        ({"name": "x", "expiresAt": "9999-12-31T23:59:59-12:00"}, "/expiresAt"),
        ({"name": "x", "userId": "usr_1"}, "/userId"),
        ({"name": "x", "expires_at": "2099-01-01T00:00:00Z"}, "/expires_at"),
    ],
)
def test_a_token_that_cannot_be_is_refused_by_name(
    lasting: httpx.Client, body: dict[str, object], pointer: str
) -> None:
    answer = lasting.post("/api/tokens", json=body)
    assert answer.status_code == 400
    problem = answer.json()
    assert problem["code"] == "invalid_parameter"
    assert [fault["pointer"] for fault in problem["errors"]] == [pointer]
    assert lasting.get("/api/tokens").json()["pageInfo"]["total"] == 0


def test_there_is_a_limit_to_the_number_of_tokens(api: Api, ada: User, browser: httpx.Client) -> None:
    with api.world.database.write() as session:
        for _ in range(tokens.MAX_PER_USER):
            tokens.create(session, ada, name="x")
    answer = browser.post("/api/tokens", json={"name": "x"})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer x", "bearer aeo_" + "0" * 36, "Bearer é", "Bearer " + "x" * 5000, "Bearer a b"],
)
def test_a_bad_bearer_token_is_unauthenticated_even_beside_a_good_cookie(lasting: httpx.Client, header: str) -> None:
    answer = lasting.get("/api/me", headers={"Authorization": header.encode()})
    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthenticated"
    assert answer.headers["www-authenticate"] == "Bearer"


def test_the_bearer_token_wins_over_the_cookie(api: Api, browser: httpx.Client) -> None:
    bob = api.user("bob@example.com")
    _, secret = api.token(bob)
    answer = browser.get("/api/me", headers={"Authorization": f"bearer {secret}"}).json()
    assert (answer["id"], answer["via"]) == (bob.id, "token")


def test_another_scheme_leaves_the_cookie_alone(browser: httpx.Client) -> None:
    assert browser.get("/api/me", headers={"Authorization": "Basic YTpi"}).json()["via"] == "session"


@pytest.mark.parametrize("name", ["token", "access_token", "authorization", "aeontel_session"])
def test_a_token_in_the_query_string_is_not_looked_at(api: Api, ada: User, name: str) -> None:
    _, secret = api.token(ada)
    assert api.client().get("/api/me", params={name: secret}).status_code == 401


def test_a_session_secret_is_no_bearer_token(api: Api, browser: httpx.Client) -> None:
    assert api.client(browser.cookies["aeontel_session"]).get("/api/me").status_code == 401
