"""Retry for every file of a workspace that failed for a reason which may have passed."""

import pytest

from images_app.core import files
from images_app.core.access import Viewer
from images_app.jobs.queue import DurableQueue
from images_app.models import User, Workspace
from tests.integration.conftest import Api
from tests.support.library import add_failed, add_file, add_image, counted, viewer_of

TOTALS = ("files", "files:ready", "files:error")


@pytest.fixture(autouse=True)
def _queue(api: Api) -> None:
    assert isinstance(api.world.queue, DurableQueue)
    api.world.queue.prepare(1)


@pytest.fixture
def owner(api: Api) -> User:
    return api.user()


@pytest.fixture
def workspace(api: Api, owner: User) -> Workspace:
    return api.workspace(owner)


def trash(api: Api, viewer: Viewer, file_id: str) -> None:
    with api.world.database.write() as session:
        files.trash(session, api.world.queue, viewer, file_id)


def test_those_that_may_succeed_are_on_their_way_again_and_nothing_else(
    api: Api, owner: User, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("images_app.api.files._RETRY_BATCH", 2)
    failed = [add_failed(api.world, owner, workspace, retryable=True).id for _ in range(5)]
    hopeless = add_failed(api.world, owner, workspace, retryable=False).id
    elsewhere = add_failed(api.world, owner, api.workspace(owner, "Other"), retryable=True).id
    discarded = add_failed(api.world, owner, workspace, retryable=True).id
    trash(api, viewer_of(owner), discarded)
    others = [add_image(api.world, owner, workspace).id, add_file(api.world, owner, workspace).id]
    before = counted(api.world, workspace, TOTALS)
    http = api.browser(owner)

    answer = http.post("/api/files/retry", json={"workspaceId": workspace.id})
    assert answer.status_code == 202
    assert answer.json() == {"retried": 5}
    states = {file["id"]: file["provisioning"]["state"] for file in http.get("/api/files").json()["data"]}
    assert states == {
        **dict.fromkeys(failed, "pending"),
        **dict.fromkeys((hopeless, elsewhere), "failed"),
        **dict(zip(others, ("done", "none"), strict=True)),
    }
    for file_id in failed:
        events = http.get(f"/api/files/{file_id}/events").json()["data"]
        assert [event["type"] for event in events].count("image.provision_requested") == 2
        assert events[-1]["actorId"] == owner.id
    assert isinstance(api.world.queue, DurableQueue)
    enqueued = {workflow.workflow_id for workflow in api.world.queue.client().list_workflows(status="ENQUEUED")}
    assert {f"provision:{file_id}:2:1" for file_id in failed} <= enqueued
    assert counted(api.world, workspace, TOTALS) == {
        "files": before["files"],
        "files:ready": before["files:ready"] + 5,
        "files:error": before["files:error"] - 5,
    }
    assert http.post("/api/files/retry", json={"workspaceId": workspace.id}).json() == {"retried": 0}


@pytest.mark.parametrize("body", [{}, {"workspaceId": 7}, {"workspaceId": None}, {"workspaceId": "x", "more": 1}, []])
def test_a_body_that_names_no_workspace_is_refused(api: Api, owner: User, body: object) -> None:
    answer = api.browser(owner).post("/api/files/retry", json=body)
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_parameter"
