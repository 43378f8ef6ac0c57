"""The workspaces that the caller may see."""

from fastapi import APIRouter
from pydantic import Field

from images_app.api.deps import ViewerDep, WorldDep
from images_app.api.schemas import PageInfo, Schema, Timestamp, fails, whole
from images_app.core import workspaces

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


@router.get("", responses=fails(401, 403))
def list_workspaces(world: WorldDep, viewer: ViewerDep) -> WorkspaceList:
    """Every workspace that you may see."""
    with world.database.read() as session:
        seen = workspaces.list_seen(session, viewer)
    data = [
        WorkspaceShown(
            id=one.workspace.id,
            name=one.workspace.name,
            role=one.role,
            images=one.totals.get("images", 0),
            files=one.totals.get("files", 0),
            bytes=one.totals.get("bytes", 0),
            created_at=one.workspace.created_at,
        )
        for one in seen
    ]
    return WorkspaceList(data=data, page_info=whole([workspace.id for workspace in data]))
