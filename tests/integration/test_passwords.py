"""One-time links, one's own password, and where one is signed in."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import pytest
from sqlmodel import select, update

from images_app.core import passwords, throttle
from images_app.errors import TooManyAttempts
from images_app.models import PasswordLink, SignInFailure, User, now
from tests.integration.conftest import EMAIL, Api
from tests.integration.gallery import problem

OLD, NEW = "correct horse battery staple", "another long password"


@pytest.fixture
def admin(api: Api) -> httpx.Client:
    return api.browser(api.user("root@localhost", is_admin=True))


def new_link(admin: httpx.Client, user: User) -> str:
    """The secret of a link for this user."""
    answer = admin.post(f"/api/users/{user.id}/password-link")
    assert answer.status_code == 201
    return str(answer.json()["url"].split("#")[1])


def signs_in(api: Api, password: str, email: str = EMAIL) -> bool:
    return api.client().post("/api/session", json={"email": email, "password": password}).status_code == 200


def test_an_admin_adds_a_user_who_sets_a_password_and_is_in(api: Api, admin: httpx.Client) -> None:
    answer = admin.post("/api/users", json={"email": "New@Example.com"})
    assert answer.status_code == 201
    made = answer.json()
    assert (made["email"], made["isAdmin"], made["isPending"]) == ("new@example.com", False, True)
    assert answer.headers["location"] == f"/api/users/{made['id']}"
    assert made["link"]["purpose"] == "invite"
    token = made["link"]["url"].split("#")[1]

    browser = api.client()
    checked = browser.post("/api/password/check", json={"token": token}).json()
    assert checked == {
        "email": "new@example.com",
        "purpose": "invite",
        "expiresAt": made["link"]["expiresAt"],
    }
    used = browser.post("/api/password", json={"token": token, "password": NEW})
    assert used.json() == {"user": {"id": made["id"], "email": "new@example.com", "isAdmin": False}}
    assert browser.get("/api/me").json()["via"] == "session"
    assert signs_in(api, NEW, "new@example.com")
    shown = admin.get(f"/api/users/{made['id']}").json()
    assert shown == {key: made[key] for key in shown} | {"isPending": False}

    for answer in (
        browser.post("/api/password", json={"token": token, "password": "x" * 20}),
        browser.post("/api/password/check", json={"token": token}),
    ):
        assert problem(answer) == (404, "not_found")
    assert signs_in(api, NEW, "new@example.com")


def test_a_user_with_a_password_needs_no_link(api: Api, admin: httpx.Client) -> None:
    made = admin.post("/api/users", json={"email": "new@example.com", "password": NEW}).json()
    assert (made["link"], made["isPending"]) == (None, False)
    assert signs_in(api, NEW, "new@example.com")
    again = admin.post("/api/users", json={"email": "NEW@example.com"})
    assert problem(again) == (409, "conflict")


def test_users_come_in_pages_and_only_for_admins(api: Api, admin: httpx.Client) -> None:
    ada, bob = api.user(), api.user("bob@example.com")
    first = admin.get("/api/users", params={"limit": 2}).json()
    assert [user["id"] for user in first["data"]] == [bob.id, ada.id]
    assert (first["pageInfo"]["total"], first["pageInfo"]["hasNextPage"]) == (3, True)
    rest = admin.get("/api/users", params={"after": first["pageInfo"]["endCursor"]}).json()
    assert [user["email"] for user in rest["data"]] == ["root@localhost"]
    for answer in (
        (client := api.browser(ada)).get("/api/users"),
        client.get(f"/api/users/{ada.id}"),
        client.get(f"/api/users/{bob.id}"),
        client.post("/api/users", json={"email": "x@example.com", "password": NEW}),
        client.post(f"/api/users/{bob.id}/password-link"),
    ):
        assert problem(answer) == (403, "forbidden")


def test_an_admins_token_adds_users_but_takes_nobody_over(api: Api) -> None:
    root, ada = api.user("root@localhost", is_admin=True), api.user()
    space = api.workspace(ada)
    client = api.client(api.token(root)[1])
    assert client.post("/api/users", json={"email": "new@example.com", "password": NEW}).status_code == 201
    assert problem(client.post(f"/api/users/{ada.id}/password-link")) == (403, "forbidden")
    for narrow in ({"scopes": ("read",)}, {"workspace_ids": [space.id]}):
        answer = api.client(api.token(root, **narrow)[1]).get("/api/users")
        assert problem(answer) == (403, "forbidden")


def test_setting_a_password_by_link_ends_every_session_but_the_new_one(api: Api, admin: httpx.Client) -> None:
    ada = api.user(password=OLD)
    stolen, browser = api.browser(ada), api.client()
    token = new_link(admin, ada)
    assert stolen.get("/api/me").status_code == 200  # a link alone changes nothing
    assert signs_in(api, OLD)
    assert browser.post("/api/password", json={"token": token, "password": NEW}).status_code == 200
    assert stolen.get("/api/me").status_code == 401
    assert browser.get("/api/me").status_code == 200
    assert (signs_in(api, OLD), signs_in(api, NEW)) == (False, True)


def test_a_newer_link_ends_the_older_one_and_every_link_its_time(api: Api, admin: httpx.Client) -> None:
    ada = api.user()
    old, new = new_link(admin, ada), new_link(admin, ada)
    client = api.client()
    assert problem(client.post("/api/password", json={"token": old, "password": NEW})) == (404, "not_found")
    with api.world.database.write() as session:
        session.exec(update(PasswordLink).values(expires_at=now() - timedelta(seconds=1)))
    assert problem(client.post("/api/password", json={"token": new, "password": NEW})) == (404, "not_found")
    assert "set-cookie" not in client.post("/api/password", json={"token": new, "password": NEW}).headers
    assert not signs_in(api, NEW)


def test_a_password_that_is_too_short_leaves_the_link_good(api: Api, admin: httpx.Client) -> None:
    token, client = new_link(admin, api.user()), api.client()
    refused = client.post("/api/password", json={"token": token, "password": "short"})
    assert problem(refused) == (400, "invalid_parameter")
    assert refused.json()["errors"][0]["pointer"] == "/password"
    assert client.post("/api/password", json={"token": token, "password": NEW}).status_code == 200


def test_of_two_who_use_a_link_at_once_one_sets_the_password(api: Api, admin: httpx.Client) -> None:
    token = new_link(admin, api.user())
    chosen = [f"chosen by thread {number}" for number in range(4)]

    def use(password: str) -> int:
        return api.client().post("/api/password", json={"token": token, "password": password}).status_code

    with ThreadPoolExecutor(4) as threads:
        statuses = list(threads.map(use, chosen))
    assert sorted(statuses) == [200, 404, 404, 404]
    assert signs_in(api, chosen[statuses.index(200)])


@pytest.mark.parametrize("token", ["", "x", "é" * 50, "a" * 43])
def test_a_made_up_link_opens_nothing(api: Api, admin: httpx.Client, token: str) -> None:
    new_link(admin, api.user())
    for path, more in (("/api/password", {"password": NEW}), ("/api/password/check", {})):
        assert problem(api.client().post(path, json={"token": token, **more})) == (404, "not_found")


def test_guessing_links_from_one_public_address_is_throttled(api: Api) -> None:
    """Through core: on this machine every request comes from a local address, which may be a proxy's."""
    with api.world.database.write() as session:
        session.add_all(SignInFailure(subject="address:203.1.113.9") for _ in range(throttle.FAILURES_PER_ADDRESS))
    with pytest.raises(TooManyAttempts):
        passwords.set_by_link(api.world.database, "guess", NEW, address="203.1.113.9")


@pytest.mark.parametrize("path", ["/api/password", "/api/password/check", "/api/password/forgotten"])
def test_another_sites_page_sets_no_password(api: Api, path: str) -> None:
    body = {"token": "x", "password": NEW} if path == "/api/password" else {"token": "x"}
    body = {"email": EMAIL} if path.endswith("forgotten") else body
    answer = api.client().post(path, json=body, headers={"Origin": "https://evil.example"})
    assert problem(answer) == (403, "forbidden")


def test_without_a_mail_server_nobody_is_told_to_wait_for_a_letter(api: Api) -> None:
    api.user()
    assert api.client().get("/api/limits").json()["mail"] is False
    for email in (EMAIL, "nobody@example.com"):
        answer = api.client().post("/api/password/forgotten", json={"email": email})
        assert problem(answer) == (409, "conflict")


def test_changing_ones_password_signs_out_everywhere_else(api: Api) -> None:
    ada = api.user(password=OLD)
    here, there = api.browser(ada), api.browser(ada)
    wrong = here.post("/api/me/password", json={"current": NEW, "new": NEW})
    assert problem(wrong) == (400, "wrong_password")
    assert wrong.json()["errors"][0]["pointer"] == "/current"
    short = here.post("/api/me/password", json={"current": OLD, "new": "short"})
    assert problem(short) == (400, "invalid_parameter")
    assert short.json()["errors"][0]["pointer"] == "/new"
    assert there.get("/api/me").status_code == 200
    assert here.post("/api/me/password", json={"current": OLD, "new": NEW}).json() == {"success": True}
    assert (here.get("/api/me").status_code, there.get("/api/me").status_code) == (200, 401)
    assert (signs_in(api, OLD), signs_in(api, NEW)) == (False, True)


def test_a_borrowed_browser_cannot_guess_the_password(api: Api) -> None:
    here = api.browser(api.user(password=OLD))
    guesses = [here.post("/api/me/password", json={"current": "guess", "new": NEW}) for _ in range(10)]
    assert {guess.status_code for guess in guesses} == {400}
    refused = here.post("/api/me/password", json={"current": OLD, "new": NEW})
    assert problem(refused) == (429, "too_many_attempts")
    assert int(refused.headers["retry-after"]) > 0


def test_a_token_has_neither_password_nor_sessions(api: Api) -> None:
    ada = api.user(password=OLD)
    row = api.browser(ada).get("/api/sessions").json()["data"][0]
    client = api.client(api.token(ada)[1])
    for answer in (
        client.post("/api/me/password", json={"current": OLD, "new": NEW}),
        client.get("/api/sessions"),
        client.delete("/api/sessions"),
        client.delete(f"/api/sessions/{row['id']}"),
        client.delete("/api/session"),
    ):
        assert problem(answer) == (403, "forbidden")
    assert signs_in(api, OLD)


def test_sessions_are_listed_and_ended_one_by_one(api: Api) -> None:
    ada, eve = api.user(), api.user("eve@example.com")
    old, here, foreign = api.browser(ada), api.browser(ada), api.browser(eve)
    listed = here.get("/api/sessions").json()
    assert [row["isCurrent"] for row in listed["data"]] == [True, False]
    assert listed["pageInfo"]["total"] == 2
    assert {len(row["expiresAt"]) for row in listed["data"]} == {24}
    other = listed["data"][1]["id"]
    assert problem(foreign.delete(f"/api/sessions/{other}")) == (404, "not_found")
    assert here.delete(f"/api/sessions/{other}").json() == {"success": True}
    assert (old.get("/api/me").status_code, here.get("/api/me").status_code) == (401, 200)
    assert problem(here.delete(f"/api/sessions/{other}")) == (404, "not_found")


@pytest.mark.parametrize(("params", "here"), [({}, 401), ({"others": "1"}, 200)])
def test_signing_out_everywhere(api: Api, params: dict[str, str], here: int) -> None:
    ada, eve = api.user(), api.user("eve@example.com")
    mine, others, foreign = api.browser(ada), [api.browser(ada) for _ in range(2)], api.browser(eve)
    token = api.client(api.token(ada)[1])
    answer = mine.delete("/api/sessions", params=params)
    assert (answer.status_code, answer.content) == (204, b"")
    assert ("set-cookie" in answer.headers) is (here == 401)
    assert mine.get("/api/me").status_code == here
    assert [client.get("/api/me").status_code for client in (*others, foreign, token)] == [401, 401, 200, 200]


def test_no_secret_is_ever_in_the_log_of_events(api: Api, admin: httpx.Client) -> None:
    ada = api.user(password=OLD)
    token = new_link(admin, ada)
    api.client().post("/api/password", json={"token": token, "password": NEW})
    text = admin.get("/api/events", params={"audit": "1"}).text
    with api.world.database.read() as session:
        hashes = [user.password_hash for user in session.exec(select(User)).all() if user.password_hash]
    for secret in (token, OLD, NEW, *hashes):
        assert secret not in text
    assert '"password.changed"' in text
