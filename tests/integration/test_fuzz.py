"""Every operation of the OpenAPI document with made-up input, good and bad: the API keeps what its document says.

Half of the time ids are those of things that are there, since made-up ones only ever find the way to 404.
"""

from dataclasses import dataclass
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import APIOperation, BaseSchema
from schemathesis.specs.openapi import checks as openapi_checks

from images_app import ids
from images_app.api.problems import MEDIA_TYPE
from images_app.core import files, pause, sessions
from images_app.models import User, Workspace
from tests.integration.conftest import Api
from tests.support.library import add_failed, add_image, viewer_of

CHECKS = [
    not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_headers_conformance,
    openapi_checks.response_schema_conformance,
]
JSON_CHECKS = [*CHECKS, openapi_checks.negative_data_rejection]
"""Only of JSON: in a query everything is text, and a number where a list of ids belongs is an id that nothing has."""
EXAMPLES = 8
SLOW = {"signIn": 3, "createUser": 5}
"""Passwords are hashed there."""
NOT_READY = "getReady"
"""Answers 503 here, without a Cloudflare, and that is no fault."""
CANNOT_WORK = {NOT_READY, "signIn", "changePassword", "checkPasswordLink", "setPassword", "forgetPassword"}
"""Takes a secret, or a mail server."""


@dataclass(frozen=True)
class Fuzzed:
    """The API with somebody who may do everything."""

    api: Api
    admin: User
    workspace: Workspace
    schema: BaseSchema

    def session(self) -> requests.Session:
        """A browser of the admin's: it may sign itself out."""
        with self.api.world.database.write() as database:
            secret, _ = sessions.open(database, self.admin)
        session = requests.Session()
        session.cookies.set("aeontel_session", secret)
        return session

    def real(self, operation: APIOperation) -> dict[str, Any]:
        """Parts of the request that find something, each made for this operation."""
        real: dict[str, Any] = {}
        path = operation.path
        if names := [part[1:-1] for part in path.split("/") if part.startswith("{")]:
            real["path_parameters"] = {name: self._named(path, name) for name in names}
        if "workspace_id" in {parameter.name for parameter in operation.query}:
            real["query"] = {"workspace_id": self.workspace.id}
        match _name(operation):
            case "emptyTrash":
                real["query"]["trash"] = "1"
            case "endProvisioningPause":
                self._pause()
            case "uploadFile":
                real["body"] = {"workspaceId": self.workspace.id, "file": b"some bytes"}
            case "retryFailedFiles":
                real["body"] = {"workspaceId": self.workspace.id}
            case "inviteMember":
                real["body"] = {"email": "somebody@example.com", "role": "viewer"}
            case "createUser":
                real["body"] = {"email": "somebody.else@example.com"}
        return real

    def _pause(self) -> None:
        """Provisioning stands still; `real` has nothing to add to the request that ends that."""
        file = add_failed(self.api.world, self.admin, self.workspace, retryable=True)
        with self.api.world.database.write() as database:
            pause.stop(database, file, reason="full", code="cloudflare_full", message="Full.")

    def _named(self, path: str, name: str) -> str:
        """What a parameter in this path can be."""
        world = self.api.world
        match name, path.split("/")[2]:
            case "code", _:
                return "not_found"
            case "user_id", _:
                user = self.api.user(f"{ids.new('usr')}@example.com")
                self.api.member(self.workspace, user, "viewer")
                return user.id
            case _, "workspaces":
                return self.workspace.id
            case _, "users":
                return self.api.user(f"{ids.new('usr')}@example.com").id
            case _, "tokens":
                return self.api.token(self.admin)[0].id
            case _, "sessions":
                with world.database.write() as database:
                    return sessions.open(database, self.admin)[1].credential_id
        if path.endswith("/retry"):
            return add_failed(world, self.admin, self.workspace, retryable=True).id
        file = add_image(world, self.admin, self.workspace)
        if path.endswith("/restore"):
            with world.database.write() as database:
                files.trash(database, world.queue, viewer_of(self.admin), file.id)
        return ids.image_of(file.id) if path == "/api/images/{id}" else file.id


def _name(operation: APIOperation) -> str:
    return str(operation.definition.raw["operationId"])


@pytest.fixture(scope="module")
def fuzzed(shared_api: Api) -> Fuzzed:
    admin = shared_api.user(is_admin=True)
    document = shared_api.client().get("/api/openapi.json").json()
    config = schemathesis.Config.from_dict({"generation": {"with-security-parameters": False}})
    schema = schemathesis.openapi.from_dict(document, config=config)
    return Fuzzed(shared_api, admin, shared_api.workspace(admin), schema)


def test_every_operation_keeps_its_promise(fuzzed: Fuzzed, subtests: pytest.Subtests) -> None:
    worked = set()
    for found in fuzzed.schema.get_all_operations():
        operation = found.ok()
        for mode in GenerationMode:
            with subtests.test(operation.label, mode=mode.value), fuzzed.session() as session:
                statuses = _fuzz(fuzzed, operation, mode, session)
                if any(status < 400 for status in statuses):
                    worked.add(_name(operation))
        if _name(operation) not in CANNOT_WORK:
            assert _name(operation) in worked, "nothing but failures: this has tried too little"


def _fuzz(fuzzed: Fuzzed, operation: APIOperation, mode: GenerationMode, session: requests.Session) -> set[int]:
    """The statuses that there were."""
    name = _name(operation)
    cases: st.SearchStrategy[Case] = operation.as_strategy(mode)
    if real := fuzzed.real(operation):
        cases = operation.as_strategy(mode, **real) | cases
    statuses = set()

    @seed(20261120)
    @settings(
        max_examples=SLOW.get(name, EXAMPLES),
        deadline=None,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(cases)
    def keeps(case: Case) -> None:
        answer = case.call(base_url=fuzzed.api.url, session=session, allow_redirects=False)
        if name == NOT_READY:
            case.validate_response(answer, checks=[check for check in CHECKS if check is not not_a_server_error])
            return
        case.validate_response(answer, checks=JSON_CHECKS if case.media_type == "application/json" else CHECKS)
        if answer.status_code >= 400:
            _is_problem(answer)
        statuses.add(answer.status_code)

    try:
        keeps()
    except Unsatisfiable:
        assert mode.is_negative  # an operation that takes no input cannot be given a wrong one
    return statuses


def _is_problem(answer: schemathesis.Response) -> None:
    assert answer.headers["content-type"] == [MEDIA_TYPE]
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["type"] == f"/api/problems/{problem['code']}"
    assert problem["title"]
    assert problem["detail"]
    assert [problem["instance"]] == answer.headers["x-request-id"]
