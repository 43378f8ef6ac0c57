"""Who gets what answer: every operation of the OpenAPI document, asked by everybody, against one table.

The table has a row for each operation and a column for each kind of caller. An operation without a row fails, so
nobody adds one without saying who may use it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

import httpx
import pytest
from sqlmodel import col, delete, func, select, update

from images_app import ids
from images_app.core import files, sessions, tokens
from images_app.models import Event, Membership, ProvisioningPause, Token, User, now
from tests.integration.conftest import Api
from tests.support.library import add_failed, add_file, add_image, viewer_of

CALLERS = (
    *("anonymous", "outsider", "viewer", "editor", "owner", "admin"),  # with a session, but for the first
    *("full token", "read-only token", "bound token", "expired token", "revoked token"),  # of the owner
    "removed owner",  # whose session was good here a moment ago
)
BLIND = ("anonymous", "outsider", "bound token", "expired token", "revoked token", "removed owner")
"""Who must not learn a thing about the workspace. The bound token is for another one."""

# What callers get, in the order of CALLERS; `ok` is the status of the row.
OPEN = " ".join(["ok"] * len(CALLERS))
SEE = "401 404 ok ok ok ok ok ok 404 401 401 404"
WRITE = "401 404 403 ok ok ok ok 403 404 401 401 404"
MANAGE = "401 404 403 403 ok ok ok 403 404 401 401 404"
ADMIN = "401 403 403 403 403 ok 403 403 403 401 401 403"
SIGNED_IN = "401 ok ok ok ok ok ok ok ok 401 401 ok"
PERSON = "401 ok ok ok ok ok 403 403 403 401 401 ok"
OWN = "401 404 404 404 ok 404 403 403 403 401 401 404"
"""Something of the owner's that is nobody else's business, and no token's."""


@dataclass(frozen=True)
class Row:
    """How an operation is asked, and who gets what. Values are looked up in the scene when they start with `@`."""

    answers: str
    ok: int = 200
    path: dict[str, str] | None = None
    query: dict[str, str] | None = None
    json: dict[str, Any] | None = None
    files: dict[str, Any] | None = None

    def expected(self, caller: str) -> int:
        found = dict(zip(CALLERS, self.answers.split(), strict=True))[caller]
        return self.ok if found == "ok" else int(found)


HERE = {"workspace_id": "@workspace"}
SECRET = "Secret garden"
LONG = "correct horse battery staple"
ROWS = {
    # Needs no credential; `ok` is what is wrong with the request, the same for everybody.
    "signIn": Row(OPEN, 400, json={}),
    "checkPasswordLink": Row(OPEN, 404, json={"token": "unknown"}),
    "setPassword": Row(OPEN, 404, json={"token": "unknown", "password": LONG}),
    "forgetPassword": Row(OPEN, 409, json={"email": "ada@example.com"}),
    "getLimits": Row(OPEN),
    "getLive": Row(OPEN),
    "getReady": Row(OPEN, 503),  # no Cloudflare here
    "listProblems": Row(OPEN),
    "getProblem": Row(OPEN, path={"code": "not_found"}),
    # About the caller alone.
    "getMe": Row(SIGNED_IN),
    "listWorkspaces": Row(SIGNED_IN),
    "createWorkspace": Row("401 ok ok ok ok ok ok 403 403 401 401 ok", 201, json={"name": "New"}),
    "signOut": Row(PERSON, 204),
    "signOutEverywhere": Row(PERSON, 204),
    "listSessions": Row(PERSON),
    "endSession": Row(OWN, path={"id": "@session"}),
    "changePassword": Row(PERSON, 400, json={"current": "", "new": "short"}),
    "listTokens": Row(PERSON),
    "createToken": Row(
        "401 404 ok ok ok ok 403 403 403 401 401 404", 201, json={"name": "x", "workspaceIds": ["@workspace"]}
    ),
    "revokeToken": Row(OWN, path={"token_id": "@token"}),
    # Workspaces and their members.
    "getWorkspace": Row(SEE, path={"id": "@workspace"}),
    "changeWorkspace": Row(MANAGE, path={"id": "@workspace"}, json={"name": "@name"}),
    "listMembers": Row(SEE, path={"id": "@workspace"}),
    "inviteMember": Row(MANAGE, 201, path={"id": "@workspace"}, json={"email": "@email", "role": "viewer"}),
    "putMember": Row(MANAGE, path={"id": "@workspace", "user_id": "@somebody"}, json={"role": "owner"}),
    "removeMember": Row(MANAGE, path={"id": "@workspace", "user_id": "@somebody"}),
    # People.
    "listUsers": Row(ADMIN),
    "createUser": Row(ADMIN, 201, json={"email": "@email"}),
    "getUser": Row(ADMIN, path={"id": "@somebody"}),
    "createPasswordLink": Row(ADMIN, 201, path={"id": "@somebody"}),
    # What is in a workspace.
    "listImages": Row(SEE, query=HERE),
    "getImage": Row(SEE, path={"id": "@image"}),
    "getImageByFile": Row(SEE, path={"file_id": "@file"}),
    "deleteImage": Row(WRITE, path={"id": "@image"}),
    "listFiles": Row(SEE, query=HERE),
    "uploadFile": Row(WRITE, 201, files={"workspaceId": (None, "@workspace"), "file": ("a.txt", b"x", "text/plain")}),
    "getFile": Row(SEE, path={"id": "@file"}),
    "deleteFile": Row(WRITE, path={"id": "@file"}),
    "getFileContent": Row(SEE, 302, path={"id": "@file"}),
    "listFileEvents": Row(SEE, path={"id": "@file"}),
    "retryFile": Row(WRITE, 202, path={"id": "@failed"}),
    "retryFailedFiles": Row(WRITE, 202, query={"ignored": "@failed"}, json={"workspaceId": "@workspace"}),
    "restoreFile": Row(WRITE, path={"id": "@trashed"}),
    "emptyTrash": Row(WRITE, query=HERE | {"trash": "1", "ignored": "@trashed"}),
    "listEvents": Row(SEE, query=HERE | {"audit": "1"}),
    # The server as a whole.
    "getProvisioning": Row(SIGNED_IN),
    "endProvisioningPause": Row(ADMIN, query={"ignored": "@pause"}),
}


@dataclass(frozen=True)
class Operation:
    """One operation of the document."""

    method: str
    path: str
    described: dict[str, Any]


class Scene:
    """One workspace, everybody who may ask, and things to ask for, made when they are named; anew after a change."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self._numbers = count()
        self._made: dict[str, str] = {}
        self._clients: dict[str, httpx.Client] = {}
        self.owner, self.outsider = api.user("owner@example.com"), api.user("outsider@example.com")
        self.admin = api.user("admin@example.com", is_admin=True)
        self.workspace = api.workspace(self.owner, SECRET)
        self._elsewhere = api.workspace(self.owner, "Elsewhere")
        self.members = {role: api.user(f"{role}@example.com") for role in ("viewer", "editor")}
        for role, user in self.members.items():
            api.member(self.workspace, user, role)
        self._make: dict[str, Callable[[], str]] = {
            "workspace": lambda: self.workspace.id,
            "name": lambda: f"{SECRET} {next(self._numbers)}",
            "email": lambda: f"new-{next(self._numbers)}@example.com",
            "somebody": lambda: self._member("viewer").id,
            "session": self._session,
            "token": lambda: api.token(self.owner)[0].id,
            "file": lambda: add_image(api.world, self.owner, self.workspace).id,
            "image": lambda: ids.image_of(self.filled("@file")),
            "failed": lambda: add_failed(api.world, self.owner, self.workspace, retryable=True).id,
            "trashed": self._trashed,
            "pause": self._pause,
        }

    def filled(self, value: Any, *, unknown: bool = False) -> Any:
        """The same with every `@name` made; or, where it would be an id, with one that nothing has."""
        match value:
            case str() if value.startswith("@"):
                made = self._made.get(value) or self._make[value[1:]]()
                self._made[value] = made
                return _unknown(made) if unknown else made
            case dict():
                return {key: self.filled(item, unknown=unknown) for key, item in value.items()}
            case list() | tuple():
                return type(value)(self.filled(item, unknown=unknown) for item in value)
        return value

    def forget(self) -> None:
        """Something has changed: nothing that was made for it is used again."""
        self._made.clear()
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    def client(self, caller: str) -> httpx.Client:
        """A client with a credential of this caller."""
        if caller not in self._clients:
            self._clients[caller] = self._client(caller)
        return self._clients[caller]

    def _client(self, caller: str) -> httpx.Client:
        match caller.split():
            case ["anonymous"]:
                return self.api.client()
            case ["outsider" | "owner" | "admin"]:
                return self.api.browser(getattr(self, caller))
            case ["viewer" | "editor"]:
                return self.api.browser(self.members[caller])
            case ["removed", role]:
                return self._removed(role)
            case [kind, "token"]:
                return self.api.client(self._token(kind))
        raise AssertionError(caller)

    def last_event(self) -> int:
        """Changes whenever anything is changed."""
        with self.api.world.database.read() as session:
            return session.exec(select(func.max(Event.seq))).one() or 0

    def _member(self, role: str) -> User:
        user = self.api.user(f"member-{next(self._numbers)}@example.com")
        self.api.member(self.workspace, user, role)
        return user

    def _removed(self, role: str) -> httpx.Client:
        user = self._member(role)
        client = self.api.browser(user)
        assert client.get(f"/api/workspaces/{self.workspace.id}").status_code == 200
        with self.api.world.database.write() as session:
            session.exec(delete(Membership).where(col(Membership.user_id) == user.id))
        return client

    def _token(self, kind: str) -> str:
        wanted: dict[str, Any] = {
            "read-only": {"scopes": ["read"]},
            "bound": {"workspace_ids": [self._elsewhere.id]},
        }.get(kind, {})
        token, secret = self.api.token(self.owner, **wanted)
        with self.api.world.database.write() as session:
            if kind == "expired":
                past = now() - timedelta(seconds=1)
                session.exec(update(Token).where(col(Token.id) == token.id).values(expires_at=past))
            if kind == "revoked":
                tokens.revoke(session, viewer_of(self.owner), token.id)
        return secret

    def _session(self) -> str:
        with self.api.world.database.write() as session:
            return sessions.open(session, self.owner)[1].credential_id

    def _pause(self) -> str:
        with self.api.world.database.write() as session:
            session.merge(ProvisioningPause(reason="full", code="x", message="x", next_probe_at=now()))
        return "made"

    def _trashed(self) -> str:
        file = add_file(self.api.world, self.owner, self.workspace)
        with self.api.world.database.write() as session:
            files.trash(session, self.api.world.queue, viewer_of(self.owner), file.id)
        return file.id


def _unknown(made: str) -> str:
    prefix = made[:3]
    return ids.new(prefix) if ids.is_id(made, prefix) else made  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def scene(shared_api: Api) -> Scene:
    return Scene(shared_api)


@pytest.fixture(scope="module")
def operations(shared_api: Api) -> dict[str, Operation]:
    """What the document describes, by operationId."""
    document = shared_api.client().get("/api/openapi.json").json()
    return {
        described["operationId"]: Operation(method.upper(), path, described)
        for path, item in document["paths"].items()
        for method, described in item.items()
    }


def ask(scene: Scene, client: httpx.Client, operation: Operation, row: Row, *, unknown: bool = False) -> httpx.Request:
    """The request of this row, ready to be sent."""
    path = operation.path.format(**scene.filled(row.path or {}, unknown=unknown))
    query, json, sent = (scene.filled(part, unknown=unknown) for part in (row.query, row.json, row.files))
    return client.build_request(operation.method, path, params=query, json=json, files=sent)


def test_every_operation_has_its_row_and_says_the_same(operations: dict[str, Operation]) -> None:
    assert operations.keys() == ROWS.keys()
    for name, operation in operations.items():
        is_open = ROWS[name].answers == OPEN
        assert is_open == ("security" not in operation.described), name
        answers = {str(ROWS[name].expected(caller)) for caller in CALLERS}
        assert answers <= operation.described["responses"].keys(), name


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("name", ROWS)
def test_everybody_gets_the_answer_of_the_table(
    scene: Scene, operations: dict[str, Operation], name: str, caller: str
) -> None:
    row, operation = ROWS[name], operations[name]
    client = scene.client(caller)
    request = ask(scene, client, operation, row)
    before = scene.last_event()
    answer = client.send(request)
    assert answer.status_code == row.expected(caller), answer.text
    if answer.status_code == 401:
        assert answer.headers["www-authenticate"] == "Bearer"
    if answer.status_code >= 400 and name != "getReady":
        assert answer.headers["content-type"] == "application/problem+json"
    has_changed = operation.method != "GET" and answer.status_code < 400
    assert (scene.last_event() > before) == has_changed, "what is done is in the log; what is refused does nothing"
    if has_changed:
        scene.forget()
    if caller in BLIND:
        assert SECRET not in answer.text
        assert scene.workspace.id not in answer.text


@pytest.mark.parametrize("caller", ["outsider", "bound token", "removed owner"])
@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.expected("outsider") == 404 != row.ok])
def test_what_is_out_of_sight_is_answered_like_what_does_not_exist(
    scene: Scene, operations: dict[str, Operation], name: str, caller: str
) -> None:
    row, client = ROWS[name], scene.client(caller)
    there, nowhere = (client.send(ask(scene, client, operations[name], row, unknown=flag)) for flag in (False, True))
    assert there.status_code == nowhere.status_code
    assert there.json() | {"instance": ""} == nowhere.json() | {"instance": ""}


@pytest.mark.parametrize("caller", ["outsider", "bound token", "removed owner"])
@pytest.mark.parametrize("path", ["/api/images", "/api/files", "/api/files?trash=1", "/api/events?audit=1"])
def test_a_list_of_everything_is_of_what_is_in_sight(scene: Scene, path: str, caller: str) -> None:
    for name in ("file", "trashed"):
        scene.filled(f"@{name}")
    answer = scene.client(caller).get(path)
    assert answer.status_code == 200
    assert scene.workspace.id not in answer.text
