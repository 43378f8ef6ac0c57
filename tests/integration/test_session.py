"""Signing in and out: the cookie, the row behind it, guessing, and other sites' pages."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import pytest
from sqlmodel import col, select, update

from images_app.core import sessions, throttle, users
from images_app.errors import BadCredentials, TooManyAttempts
from images_app.models import Session, SignInFailure, User, now
from tests.integration.conftest import EMAIL, Api

PASSWORD = "correct horse battery staple"
WRONG = {"email": EMAIL, "password": "not that one"}
RIGHT = {"email": EMAIL, "password": PASSWORD}


@pytest.fixture
def ada(api: Api) -> User:
    return api.user(password=PASSWORD)


@pytest.fixture(scope="module")
def lasting(shared_api: Api) -> httpx.Client:
    """The browser of somebody who is signed in, for all cases of a test that is refused."""
    return shared_api.browser(shared_api.user(password=PASSWORD))


def sign_in(api: Api) -> httpx.Client:
    client = api.client()
    assert client.post("/api/session", json=RIGHT).status_code == 200
    return client


def rows(api: Api) -> list[Session]:
    with api.world.database.read() as session:
        return list(session.exec(select(Session)).all())


def age_failures(api: Api, by: timedelta) -> None:
    with api.world.database.write() as session:
        for failure in session.exec(select(SignInFailure)).all():
            failure.at -= by
            session.add(failure)


def test_signing_in_answers_the_user_and_sets_a_cookie_that_scripts_cannot_read(api: Api, ada: User) -> None:
    answer = api.client().post("/api/session", json=RIGHT)
    assert answer.status_code == 200
    assert answer.json() == {"user": {"id": ada.id, "email": EMAIL, "isAdmin": False}}
    cookie = answer.headers["set-cookie"]
    parts = {part.strip().lower() for part in cookie.split(";")}
    assert {"httponly", "samesite=lax", "path=/", "max-age=2592000"} <= parts
    assert "secure" not in parts  # plain http on this machine
    assert answer.headers["cache-control"] == "private, no-store"


def test_only_the_hash_of_the_secret_is_kept(api: Api, ada: User) -> None:
    client = sign_in(api)
    secret = client.cookies["aeontel_session"]
    assert len(secret) >= 43
    [row] = rows(api)
    assert secret not in str(row.model_dump())
    assert len(row.secret_hash) == 64


def test_the_email_is_recognised_however_it_is_written(api: Api, ada: User) -> None:
    answer = api.client().post("/api/session", json={"email": "  ADA@Example.COM ", "password": PASSWORD})
    assert answer.status_code == 200


def test_the_session_opens_the_api_until_it_is_ended_and_then_no_more(api: Api, ada: User) -> None:
    client = sign_in(api)
    secret = client.cookies["aeontel_session"]
    assert client.get("/api/me").json()["via"] == "session"

    ended = client.delete("/api/session")
    assert ended.status_code == 204
    assert ended.content == b""
    assert "max-age=0" in ended.headers["set-cookie"].lower()
    assert "aeontel_session" not in client.cookies
    assert rows(api) == []
    stolen = api.client().get("/api/me", headers={"Cookie": f"aeontel_session={secret}"})
    assert stolen.status_code == 401
    assert stolen.json()["code"] == "unauthenticated"


def test_ending_one_session_leaves_the_others(api: Api, ada: User) -> None:
    first, second = api.browser(ada), api.browser(ada)
    first.delete("/api/session")
    assert second.get("/api/me").status_code == 200


def test_signing_out_without_a_session_is_unauthenticated(api: Api) -> None:
    assert api.client().delete("/api/session").status_code == 401


@pytest.mark.parametrize("credentials", [WRONG, {"email": "nobody@example.com", "password": PASSWORD}])
def test_a_wrong_password_and_an_unknown_email_are_answered_alike(
    api: Api, ada: User, credentials: dict[str, str]
) -> None:
    answer = api.client().post("/api/session", json=credentials, headers={"X-Request-Id": "same"})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "set-cookie" not in answer.headers
    assert answer.json() == {
        "type": "/api/problems/bad_credentials",
        "title": "That email and password do not match",
        "status": 401,
        "detail": "That email and password do not match",
        "instance": "same",
        "code": "bad_credentials",
    }
    assert rows(api) == []


def test_a_user_without_a_password_cannot_sign_in(api: Api) -> None:
    api.user()
    for password in ("", "x", "None"):
        answer = api.client().post("/api/session", json={"email": EMAIL, "password": password})
        assert answer.json()["code"] == "bad_credentials"


def test_after_ten_failures_even_the_right_password_has_to_wait(api: Api, ada: User) -> None:
    client = api.client()
    for _ in range(10):
        assert client.post("/api/session", json=WRONG).status_code == 401
    for credentials in (WRONG, RIGHT):
        refused = client.post("/api/session", json=credentials)
        assert refused.status_code == 429
        assert refused.json()["code"] == "too_many_attempts"
        assert 0 < int(refused.headers["retry-after"]) <= 15 * 60

    age_failures(api, timedelta(minutes=15))
    assert client.post("/api/session", json=RIGHT).status_code == 200


def test_guesses_at_the_same_moment_are_counted_one_by_one(api: Api, ada: User) -> None:
    def guess(_number: int) -> int:
        try:
            sessions.sign_in(api.world.database, EMAIL, "not that one")
        except BadCredentials:
            return 401
        except TooManyAttempts:
            return 429
        return 200

    with ThreadPoolExecutor(16) as threads:
        assert sorted(threads.map(guess, range(16))) == [401] * 10 + [429] * 6


def test_many_may_sign_in_as_one_user_at_the_same_moment(api: Api, ada: User) -> None:
    with ThreadPoolExecutor(16) as threads:
        answers = threads.map(lambda _number: api.client().post("/api/session", json=RIGHT), range(16))
        assert [answer.status_code for answer in answers] == [200] * 16


def test_waiting_does_not_grow_with_attempts_while_waiting(api: Api, ada: User) -> None:
    client = api.client()
    for _ in range(10):
        client.post("/api/session", json=WRONG)
    age_failures(api, timedelta(minutes=10))
    for _ in range(3):
        refused = client.post("/api/session", json=WRONG)
        assert int(refused.headers["retry-after"]) <= 5 * 60


def test_an_unknown_email_is_throttled_like_a_known_one(api: Api) -> None:
    nobody = {"email": "nobody@example.com", "password": "guess"}
    client = api.client()
    statuses = [client.post("/api/session", json=nobody).status_code for _ in range(11)]
    assert statuses == [401] * 10 + [429]


def test_a_success_wipes_the_failures_of_that_email_only(api: Api, ada: User) -> None:
    client = api.client()
    for _ in range(9):
        client.post("/api/session", json=WRONG)
    client.post("/api/session", json={**WRONG, "email": "bob@example.com"})
    assert client.post("/api/session", json=RIGHT).status_code == 200
    with api.world.database.read() as session:
        assert session.exec(select(SignInFailure.subject)).all() == ["email:bob@example.com"]


def test_failures_from_one_public_address_are_throttled_over_many_emails(api: Api) -> None:
    """Through core: on this machine every request comes from a local address, which may be a proxy's."""
    with api.world.database.write() as session:
        session.add_all(SignInFailure(subject="address:203.1.113.9") for _ in range(throttle.FAILURES_PER_ADDRESS))
    with pytest.raises(TooManyAttempts):
        sessions.sign_in(api.world.database, "new@example.com", "x", address="203.1.113.9")
    with pytest.raises(BadCredentials):
        sessions.sign_in(api.world.database, "new@example.com", "x", address="203.1.113.8")


def test_a_session_ends_thirty_days_after_its_last_use(api: Api, ada: User) -> None:
    client = api.browser(ada)
    two_hours_ago = now() - timedelta(hours=2)
    with api.world.database.write() as session:
        session.exec(update(Session).values(last_used_at=two_hours_ago, expires_at=now() + timedelta(minutes=1)))
    renewed = client.get("/api/me")
    assert "max-age=2592000" in renewed.headers["set-cookie"].lower()
    [row] = rows(api)
    assert row.expires_at > now() + timedelta(days=29, hours=23)
    assert "set-cookie" not in client.get("/api/me").headers  # at most once an hour

    with api.world.database.write() as session:
        session.exec(update(Session).values(expires_at=now()))
    assert client.get("/api/me").status_code == 401


def test_expired_sessions_of_a_user_go_when_they_sign_in_again(api: Api, ada: User) -> None:
    sign_in(api)
    with api.world.database.write() as session:
        session.exec(update(Session).values(expires_at=now()))
    sign_in(api)
    assert len(rows(api)) == 1


def test_who_signs_in_everywhere_is_signed_out_where_it_is_longest_ago(api: Api, ada: User) -> None:
    first, second = api.browser(ada), api.browser(ada)
    with api.world.database.write() as session:
        for _ in range(sessions.MAX_PER_USER - 1):
            sessions.open(session, ada)
    assert first.get("/api/me").status_code == 401
    listed = second.get("/api/sessions").json()
    assert listed["pageInfo"]["total"] == len(listed["data"]) == sessions.MAX_PER_USER


def test_a_password_hash_of_older_parameters_is_renewed_at_sign_in(api: Api, ada: User) -> None:
    from argon2 import PasswordHasher

    weak = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    with api.world.database.write() as session:
        session.exec(update(User).where(col(User.id) == ada.id).values(password_hash=weak))
    sign_in(api)
    with api.world.database.read() as session:
        stored = users.by_email(session, EMAIL).password_hash
    assert stored is not None
    assert stored != weak
    assert not users.is_outdated(stored)
    sign_in(api)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": EMAIL},
        {"email": EMAIL, "password": 5},
        {"email": EMAIL, "password": "x" * 1025},
        {"email": "x" * 321, "password": "x"},
        {"email": EMAIL, "password": "x", "isAdmin": True},
        {"email": {"$ne": ""}, "password": "x"},
        [],
    ],
)
def test_a_body_of_another_form_is_an_invalid_parameter(shared_api: Api, body: object) -> None:
    answer = shared_api.client().post("/api/session", json=body)
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_parameter"
    assert answer.json()["errors"]


@pytest.mark.parametrize("secret", ["", "x", "é", '"', "x" * 4000, "a=b", "%00"])
def test_a_made_up_cookie_is_unauthenticated(shared_api: Api, secret: str) -> None:
    answer = shared_api.client().get("/api/me", headers={"Cookie": b"aeontel_session=" + secret.encode()})
    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthenticated"


FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": "http://127.0.0.1.evil.example"},
    {"Origin": "http://[bad"},
    {"Referer": "https://evil.example/page"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_a_write_by_cookie_from_another_sites_page_is_forbidden(
    shared_api: Api, lasting: httpx.Client, headers: dict[str, str]
) -> None:
    for method, path in (("POST", "/api/tokens"), ("DELETE", "/api/session"), ("DELETE", "/api/tokens/tok_x")):
        answer = lasting.request(method, path, headers=headers)
        assert answer.status_code == 403
        assert answer.json()["code"] == "forbidden"
    assert lasting.get("/api/me", headers=headers).status_code == 200
    assert shared_api.client().post("/api/session", json=RIGHT, headers=headers).status_code == 403


def test_a_write_by_cookie_from_our_own_page_or_from_no_browser_is_done(api: Api, ada: User) -> None:
    client = api.browser(ada)
    public = api.world.settings.public_url
    for headers in (
        {"Origin": api.url, "Sec-Fetch-Site": "same-origin"},
        {"Origin": public},
        {"Referer": f"{api.url}/login"},
        {"Sec-Fetch-Site": "same-origin"},
        {},
    ):
        assert client.post("/api/tokens", json={"name": "x"}, headers=headers).status_code == 201


def test_a_bearer_token_needs_no_origin(api: Api, ada: User) -> None:
    _, secret = api.token(ada)
    answer = api.client(secret).post("/api/tokens", json={"name": "x"}, headers={"Origin": "https://evil.example"})
    assert answer.json()["detail"].startswith("A token cannot")


def test_the_cookie_is_for_https_only_when_the_public_address_is(api: Api, ada: User) -> None:
    object.__setattr__(api.world.settings, "public_url", "https://images.example")
    answer = api.client().post("/api/session", json=RIGHT)
    assert "; secure" in answer.headers["set-cookie"].lower()
