"""The API describes itself truly, and its documentation page works in a browser without any other server."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from tests.integration.conftest import Api

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
OPEN = {"signIn", "getLimits", "getLive", "getReady", "listProblems", "getProblem"}
"""Operations that need no credential."""


@pytest.fixture
def document(api: Api) -> dict[str, Any]:
    answer = api.client().get("/api/openapi.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method.upper(), operation


def test_every_operation_has_a_name_a_text_a_tag_and_says_who_may_use_it(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    found = list(operations(document))
    names = [operation["operationId"] for _, _, operation in found]
    assert len(set(names)) == len(names)
    for _, _, operation in found:
        assert operation["description"]
        assert len(operation["tags"]) == 1
        expected = None if operation["operationId"] in OPEN else [{"token": []}, {"session": []}]
        assert operation.get("security") == expected, operation["operationId"]


def test_what_needs_a_credential_is_refused_without_one(api: Api, document: dict[str, Any]) -> None:
    client = api.client()
    for path, method, operation in operations(document):
        if operation["operationId"] not in OPEN:
            answer = client.request(method, path.replace("{", "").replace("}", ""))
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), (method, path)
            assert "401" in operation["responses"], (method, path)


def test_faults_are_described_as_problems_and_422_only_where_it_happens(document: dict[str, Any]) -> None:
    for _, method, operation in operations(document):
        for status, response in operation["responses"].items():
            if status.startswith("4"):
                assert list(response["content"]) == ["application/problem+json"], (method, operation["operationId"])
    with_422 = {o["operationId"] for _, _, o in operations(document) if "422" in o["responses"]}
    assert with_422 == {"uploadFile"}
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_there_is_no_operation_that_makes_an_image(document: dict[str, Any]) -> None:
    assert set(document["paths"]["/api/images"]) == {"get"}


def test_the_page_shows_every_operation_with_no_other_server_and_no_refused_script(
    api: Api, document: dict[str, Any]
) -> None:
    asked: list[str] = []
    said: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(f"{api.url}/api/docs")
        page.wait_for_selector(".opblock")
        assert page.locator(".opblock").count() == len(list(operations(document)))
        page.locator("#operations-server-getLimits button").first.click()
        page.get_by_role("button", name="Try it out").click()
        page.get_by_role("button", name="Execute").click()
        page.get_by_text("maxFileBytes").first.wait_for()
        browser.close()
    assert [url for url in asked if not url.startswith((api.url, "data:", "blob:"))] == []
    assert said == []
