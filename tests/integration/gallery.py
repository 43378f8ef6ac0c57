"""A workspace with somebody in it, as the tests of the API's data use it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import httpx

from images_app.jobs.queue import DurableQueue
from images_app.models import File, User, Workspace
from tests.support.library import add_image

if TYPE_CHECKING:
    from tests.integration.conftest import Api  # whose fixtures make galleries

EXIF = {"Make": "Camera <b>&\u202e", "FNumber": 2.8, "GPSLatitude": [47.0, 22.0, 1.5]}


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a failure, which must be a problem document."""
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


@dataclass
class Gallery:
    """A workspace of Ada's, and her client. Images wait in the durable queue, at which nobody works."""

    api: "Api"
    ada: User
    workspace: Workspace
    client: httpx.Client

    @classmethod
    def of(cls, api: "Api") -> Self:
        queue = api.world.queue
        assert isinstance(queue, DurableQueue)
        queue.prepare(1)
        ada = api.user()
        return cls(api, ada, api.workspace(ada), api.client(api.token(ada)[1]))

    def image(self, name: str = "photo.jpg") -> File:
        """A provisioned image."""
        return add_image(self.api.world, self.ada, self.workspace, name, exif=EXIF)

    def outsider(self) -> httpx.Client:
        """The client of somebody without any workspace."""
        return self.api.client(self.api.token(self.api.user("eve@example.com"))[1])

    def as_member(self, role: str) -> httpx.Client:
        """The client of a member with that role."""
        user = self.api.user(f"{role}@example.com")
        self.api.member(self.workspace, user, role)
        return self.api.client(self.api.token(user)[1])

    def events(self, file_id: str) -> list[dict[str, Any]]:
        """What the log says about a file."""
        data: list[dict[str, Any]] = self.client.get("/api/events", params={"file_id": file_id}).json()["data"]
        return data

    def queued(self) -> list[str]:
        """Ids of the workflows that wait."""
        queue = self.api.world.queue
        assert isinstance(queue, DurableQueue)
        return [workflow.workflow_id for workflow in queue.client().list_workflows()]
