"""The workspaces that the caller may see."""

from fastapi import APIRouter, Request, Response
from pydantic import Field

from images_app.api.deps import ViewerDep, WorldDep
from images_app.api.lists import WindowDep, links, page_info
from images_app.api.schemas import PageInfo, Schema, Timestamp, fails
from images_app.core import workspaces
from images_app.core.workspaces import Seen

router = APIRouter(prefix="/workspaces", tags=["workspaces"])


class WorkspaceShown(Schema):
    """A workspace and what is in it."""

    id: str
    name: str
    role: str = Field(description="Yours: `owner`, `editor` or `viewer`.")
    images: int = Field(description="Images in the gallery.")
    files: int = Field(description="Files outside the trash.")
    bytes: int = Field(description="Bytes of all originals, the trash included.")
    created_at: Timestamp


class WorkspaceList(Schema):
    """Newest first."""

    data: list[WorkspaceShown]
    page_info: PageInfo


@router.get("", responses=fails(400, 401, 403))
def list_workspaces(
    request: Request, response: Response, world: WorldDep, viewer: ViewerDep, window: WindowDep
) -> WorkspaceList:
    """The workspaces that you may see."""
    with world.database.read() as session:
        page = workspaces.list_page(session, viewer, window)
    response.headers.update(links(request, page))
    return WorkspaceList(data=[_shown(seen) for seen in page.items], page_info=page_info(page))


def _shown(seen: Seen) -> WorkspaceShown:
    return WorkspaceShown(
        id=seen.workspace.id,
        name=seen.workspace.name,
        role=seen.role,
        images=seen.totals.get("images", 0),
        files=seen.totals.get("files", 0),
        bytes=seen.totals.get("bytes", 0),
        created_at=seen.workspace.created_at,
    )
