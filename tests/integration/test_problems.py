"""Every failure is a problem document, whatever was wrong with the request."""

import logging

import pytest
from sqlalchemy import text

from images_app.models import User
from tests.integration.conftest import Api

pytestmark = pytest.mark.embedded


@pytest.fixture(scope="module")
def ada(shared_api: Api) -> User:
    return shared_api.user()


def test_an_unknown_address_is_not_found_even_for_a_browser(shared_api: Api) -> None:
    for path in ("/api", "/api/", "/api/nothing", "/api/me/", "/api/images/%2e%2e/me", "/api/%00", "/api//me"):
        answer = shared_api.client().get(path, headers={"Accept": "text/html"})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_problem_has_every_member_and_its_type_explains_it(shared_api: Api) -> None:
    problem = shared_api.client().get("/api/me").json()
    assert problem == {
        "type": "/api/problems/unauthenticated",
        "title": "Unauthenticated",
        "status": 401,
        "detail": "Send a bearer token or sign in.",
        "instance": problem["instance"],
        "code": "unauthenticated",
    }
    explained = shared_api.client().get(problem["type"]).json()
    assert (explained["code"], explained["status"]) == ("unauthenticated", 401)
    assert explained["meaning"]
    assert shared_api.client().get("/api/problems/nothing").status_code == 404


def test_every_code_is_listed_with_its_status(shared_api: Api) -> None:
    listed = {kind["code"]: kind["status"] for kind in shared_api.client().get("/api/problems").json()["data"]}
    assert listed["invalid_cursor"] == listed["missing_part"] == listed["empty_file"] == 400
    assert listed["bad_credentials"] == 401
    assert listed["not_retryable"] == listed["last_owner"] == 409
    assert listed["file_too_large"] == 413
    assert listed["idempotency_conflict"] == 422
    assert listed["too_many_attempts"] == 429
    assert listed["cloudflare_error"] == 502
    assert listed["media_unavailable"] == 503
    assert listed["internal_error"] == 500


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/api/images", {"GET", "HEAD"}),
        ("PUT", "/api/images", {"GET", "HEAD"}),
        ("PATCH", "/api/images/img_x", {"GET", "HEAD", "DELETE"}),
        ("POST", "/api/me", {"GET", "HEAD"}),
        ("GET", "/api/session", {"POST", "DELETE"}),
        ("HEAD", "/api/session", {"POST", "DELETE"}),
        ("PUT", "/api/tokens", {"GET", "HEAD", "POST"}),
        ("OPTIONS", "/api/files", {"GET", "HEAD", "POST", "DELETE"}),
        ("TRACE", "/api/me", {"GET", "HEAD"}),
        ("BREW", "/api/me", {"GET", "HEAD"}),
        ("POST", "/objects/x", {"GET", "HEAD"}),
    ],
)
def test_a_wrong_method_is_refused_with_the_right_ones(
    shared_api: Api, method: str, path: str, allowed: set[str]
) -> None:
    answer = shared_api.client().request(method, path)
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == allowed
    assert answer.headers["content-type"] == "application/problem+json"
    if method != "HEAD":
        assert answer.json()["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    "path", ["/api/images?limit=0", "/api/files?trash=x", "/api/events?limit=no", "/api/users?limit=0"]
)
def test_a_stranger_is_told_nothing_but_that(shared_api: Api, ada: User, path: str) -> None:
    """What is wrong with the parameters is only told to who may ask at all."""
    _, secret = shared_api.token(ada)
    assert shared_api.client().get(path).json()["code"] == "unauthenticated"
    assert shared_api.client(secret).get(path).json()["code"] == "invalid_parameter"


def test_head_answers_like_get_without_the_body(shared_api: Api, ada: User) -> None:
    _, secret = shared_api.token(ada)
    client = shared_api.client(secret)
    got, asked = client.get("/api/me"), client.head("/api/me")
    assert asked.status_code == 200
    assert asked.content == b""
    assert asked.headers["content-length"] == str(len(got.content))
    assert asked.headers["content-type"] == got.headers["content-type"]
    assert shared_api.client().head("/api/me").status_code == 401


def test_head_of_the_event_stream_ends(shared_api: Api, ada: User) -> None:
    _, secret = shared_api.token(ada)
    answer = shared_api.client(secret).head("/api/events", headers={"Accept": "text/event-stream"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"name": }', b"\xff\xfe", b'{"name": "\\ud800"}', b"null", b'"name"', b"1e999", b"[" * 100_000],
)
def test_a_body_that_is_no_json_object_is_an_invalid_parameter(shared_api: Api, ada: User, body: bytes) -> None:
    answer = shared_api.browser(ada).post("/api/tokens", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_parameter"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_body_that_does_not_say_it_is_json_is_not_read_as_json(shared_api: Api, ada: User, kind: str) -> None:
    """A form on another site's page can send these; it cannot send application/json."""
    answer = shared_api.browser(ada).post("/api/tokens", content=b'{"name": "x"}', headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter")


def test_every_fault_is_named_at_once(shared_api: Api, ada: User) -> None:
    answer = shared_api.browser(ada).post("/api/tokens", json={"name": 1, "scopes": ["x"], "a/b~c": 1})
    assert {fault["pointer"] for fault in answer.json()["errors"]} == {"/name", "/scopes/0", "/a~1b~0c"}


def test_a_parameter_fault_is_400_and_unknown_parameters_are_ignored(shared_api: Api, ada: User) -> None:
    _, secret = shared_api.token(ada)
    client = shared_api.client(secret)
    for limit in ("0", "-1", "101", "abc", "", "1.5", "1e9", "9" * 30):
        answer = client.get("/api/workspaces", params={"limit": limit})
        assert answer.status_code == 400, limit
        assert answer.json()["code"] == "invalid_parameter"
        assert answer.json()["errors"][0]["pointer"] == "limit"
    assert client.get("/api/workspaces", params={"colour": "red"}).status_code == 200
    nul = client.get("/api/workspaces?after=a%00b")
    assert (nul.status_code, nul.json()["code"]) == (400, "invalid_parameter")


def test_a_body_over_the_limit_is_refused_announced_or_not(shared_api: Api, ada: User) -> None:
    client = shared_api.browser(ada)
    big = b'{"name": "' + b"x" * (1024 * 1024) + b'"}'
    headers = {"Content-Type": "application/json"}
    announced = client.post("/api/tokens", content=big, headers=headers)
    streamed = client.post("/api/tokens", content=iter([big[:600_000], big[600_000:]]), headers=headers)
    for answer in (announced, streamed):
        assert answer.status_code == 413
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("given", ["abc-123", "0", "A.b_c-" * 10])
def test_a_request_id_is_taken_over(shared_api: Api, given: str) -> None:
    answer = shared_api.client().get("/api/me", headers={"X-Request-Id": given})
    assert answer.headers["x-request-id"] == answer.json()["instance"] == given


@pytest.mark.parametrize("given", ["", "a b", "é", "x" * 65, "<script>", '"', "../x"])
def test_a_request_id_that_is_no_harmless_word_is_replaced(shared_api: Api, given: str) -> None:
    answer = shared_api.client().get("/api/me", headers={"X-Request-Id": given.encode()})
    assert answer.json()["instance"] == answer.headers["x-request-id"] != given
    assert len(answer.headers["x-request-id"]) == 32


def test_every_request_has_an_id_of_its_own(shared_api: Api) -> None:
    client = shared_api.client()
    assert len({client.get("/api/limits").headers["x-request-id"] for _ in range(5)}) == 5


def test_a_fault_of_ours_tells_nothing_and_is_in_the_log(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    _, secret = api.token(api.user())
    with api.world.database.write() as session:
        session.execute(text("DROP TABLE token"))
    with caplog.at_level(logging.ERROR):
        answer = api.client(secret).get("/api/me", headers={"X-Request-Id": "find-me"})
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "internal_error"
    assert answer.json()["instance"] == answer.headers["x-request-id"] == "find-me"
    for inside in ("sqlite", "token", "SELECT", "Traceback", "/"):
        assert inside not in answer.json()["detail"]
    assert "find-me" in caplog.text
    assert "no such table" in caplog.text
    assert secret not in caplog.text


def test_answers_are_nobody_elses_and_asked_for_anew_each_time(shared_api: Api, ada: User) -> None:
    _, secret = shared_api.token(ada)
    assert shared_api.client(secret).get("/api/me").headers["cache-control"] == "private, no-cache"
    assert "no-store" in shared_api.client().get("/api/me").headers["cache-control"]
