"""Pages of other origins: none unless a setting names them, and then without the cookie."""

import pytest

from tests.integration.conftest import Api

pytestmark = pytest.mark.embedded
PAGE, OTHER = "https://app.example.com", "https://app.example.com:8443"
named = pytest.mark.parametrize("options", [{"cors_origins": f"http://localhost:5173, {PAGE}"}])


def _asks(origin: str, method: str = "DELETE") -> dict[str, str]:
    return {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,idempotency-key",
    }


def test_unless_a_setting_names_them_nothing_is_said_of_origins(api: Api) -> None:
    answer = api.client().options("/api/images/img_1", headers=_asks(PAGE))
    assert answer.status_code == 405
    read = api.client(api.token(api.user())[1]).get("/api/me", headers={"Origin": PAGE})
    assert read.status_code == 200
    for headers in (answer.headers, read.headers):
        assert not [name for name in headers if name.startswith("access-control-")]


@named
def test_a_named_page_is_told_what_it_may_send_and_read(api: Api) -> None:
    answer = api.client().options("/api/images/img_1", headers=_asks(PAGE))
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert "DELETE" in answer.headers["access-control-allow-methods"]
    allowed = {name.strip().lower() for name in answer.headers["access-control-allow-headers"].split(",")}
    assert {"authorization", "idempotency-key", "last-event-id"} <= allowed
    assert "origin" in answer.headers["vary"].lower()
    read = api.client(api.token(api.user())[1]).get("/api/me", headers={"Origin": PAGE})
    assert read.headers["access-control-allow-origin"] == PAGE
    assert "Retry-After" in read.headers["access-control-expose-headers"]


@named
def test_a_failure_can_be_read_too(api: Api) -> None:
    answer = api.client().get("/api/me", headers={"Origin": PAGE, "Authorization": "Bearer wrong"})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (401, PAGE)


@named
@pytest.mark.parametrize("origin", [OTHER, "null", "https://app.example.com.evil.example", PAGE.upper()])
def test_any_other_page_is_not(api: Api, origin: str) -> None:
    answer = api.client().options("/api/images/img_1", headers=_asks(origin))
    read = api.client(api.token(api.user())[1]).get("/api/me", headers={"Origin": origin})
    assert (answer.status_code, read.status_code) == (405, 200)
    for headers in (answer.headers, read.headers):
        assert not [name for name in headers if name.startswith("access-control-")]
        assert "origin" in headers["vary"].lower()  # no cache answers one origin with what another one got


@named
def test_the_cookie_is_never_part_of_it(api: Api) -> None:
    for answer in (
        api.client().options("/api/me", headers=_asks(PAGE, "GET")),
        api.client().get("/api/me", headers={"Origin": PAGE}),
    ):
        assert "access-control-allow-credentials" not in answer.headers


@named
def test_stored_objects_and_figures_are_not_shared(api: Api) -> None:
    for path in ("/objects/x", "/metrics"):
        assert "access-control-allow-origin" not in api.client().get(path, headers={"Origin": PAGE}).headers
