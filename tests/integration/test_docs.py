"""The API describes itself truly, and its documentation page works in a browser without any other server."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect
from pydantic import BaseModel

from images_app.api.examples import EXAMPLES
from images_app.api.schemas import Input, Schema
from tests.integration.conftest import Api
from tests.support.chromium import chromium

pytestmark = pytest.mark.embedded
OPEN = {
    *("signIn", "setPassword", "checkPasswordLink", "forgetPassword"),
    *("getLimits", "getLive", "getReady", "listProblems", "getProblem"),
}
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
    assert with_422 == {"uploadFile", "createWorkspace"}
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_every_body_has_an_example_that_is_one(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    bodies = {name for name in schemas if f"'#/components/schemas/{name}'" in str(document["paths"])}
    assert bodies == EXAMPLES.keys()
    known = {schema.__name__: schema for base in (Schema, Input) for schema in descendants(base)}
    for name in bodies:
        [example] = schemas[name]["examples"]
        read = known[name].model_validate(example)
        written = read.model_dump(mode="json", by_alias=True, exclude_unset=True)
        assert {**written, "expiresAt": ""} == {**example, "expiresAt": ""}, name


def descendants(base: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for schema in base.__subclasses__():
        yield schema
        yield from descendants(schema)


def test_every_answer_says_what_comes_with_it(document: dict[str, Any]) -> None:
    headers = document["components"]["headers"]
    for path, method, operation in operations(document):
        for parameter in operation.get("parameters", ()):
            assert parameter["description"] if parameter["in"] != "path" else parameter["example"], (path, parameter)
        for status, response in operation["responses"].items():
            assert response["description"], (method, path, status)
            assert "X-Request-Id" in response["headers"]
            for name, found in response["headers"].items():
                assert (name in headers, found) == (True, {"$ref": f"#/components/headers/{name}"})
        if "/health/" not in path:
            assert "Retry-After" in operation["responses"]["429"]["headers"], (method, path)


def test_what_an_answer_carries_is_what_the_document_says(api: Api, document: dict[str, Any]) -> None:
    client = api.client(api.token(api.user())[1])
    for path in ("/api/images", "/api/files", "/api/workspaces", "/api/me", "/api/limits", "/api/problems"):
        described = document["paths"][path]["get"]["responses"]["200"]["headers"]
        answer = client.get(path)
        missing = {name for name in described if name not in answer.headers}
        assert missing <= {"Link"}, path


def test_there_is_no_operation_that_makes_an_image(document: dict[str, Any]) -> None:
    assert set(document["paths"]["/api/images"]) == {"get"}


def test_the_page_shows_every_operation_with_no_other_server_and_no_refused_script(
    api: Api, document: dict[str, Any]
) -> None:
    asked: list[str] = []
    said: list[str] = []
    with chromium() as browser:
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(f"{api.url}/api/docs")
        expect(page.locator(".opblock")).to_have_count(len(list(operations(document))), timeout=30_000)
        page.locator("#operations-server-getLimits button").first.click()
        page.get_by_role("button", name="Try it out").click()
        page.get_by_role("button", name="Execute").click()
        page.get_by_text("maxFileBytes").first.wait_for()
    assert [url for url in asked if not url.startswith((api.url, "data:", "blob:"))] == []
    assert said == []
