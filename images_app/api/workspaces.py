"""The workspaces that the caller may see, and making and changing one."""

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field

from images_app.api.deps import IdempotencyKey, ViewerDep, WorldDep
from images_app.api.lists import PageQuery, links, page_info
from images_app.api.reading import Look, ReadingRoute, reading
from images_app.api.schemas import Input, Name, PageInfo, Schema, Timestamp, fails
from images_app.bootstrap import World
from images_app.core import quota as quotas
from images_app.core import workspaces
from images_app.core.access import Role
from images_app.core.workspaces import Seen

router = APIRouter(prefix="/workspaces", tags=["workspaces"], route_class=ReadingRoute)

_MAX_BIG = 2**63 - 1
_Amount = Annotated[int, Field(strict=True, ge=0, le=_MAX_BIG)]


class QuotaShown(Schema):
    """The most that a workspace may hold, its trash included."""

    bytes: int | None
    files: int | None


class WorkspaceShown(Schema):
    """A workspace and what is in it."""

    id: str
    name: str
    role: Role = Field(description="Yours.")
    images: int = Field(description="Images in the gallery.")
    files: int = Field(description="Files outside the trash.")
    trash: int = Field(description="Files in the trash.")
    bytes: int = Field(description="Bytes of all originals, the trash included.")
    quota: QuotaShown = Field(description="What holds; null: no limit. `files` and `trash` count together.")
    own_quota: QuotaShown = Field(description="What an admin set here; null: the server's default, 0: no limit.")
    created_at: Timestamp


class WorkspaceList(Schema):
    """Newest first."""

    data: list[WorkspaceShown]
    page_info: PageInfo


class NewWorkspace(Input):
    """What the workspace shall be called."""

    name: Name


class WorkspaceChange(Input):
    """What shall be different; what is left out stays."""

    name: Name = Field(default="")
    quota_bytes: _Amount | None = Field(
        default=None, description="For admins. Null: the server's default. 0: no limit."
    )
    quota_files: _Amount | None = Field(
        default=None, description="For admins. Null: the server's default. 0: no limit."
    )


@router.get("", responses=fails(400, 401, 403))
@reading
def list_workspaces(look: Look, query: PageQuery) -> WorkspaceList:
    """List the workspaces that you may see."""
    page = workspaces.list_page(look.session, look.viewer, query.window)
    look.headers.update(links(look.request, page))
    return WorkspaceList(data=[_shown(look.world, seen) for seen in page.items], page_info=page_info(page))


@router.post("", status_code=201, responses=fails(400, 401, 403, 422))
def create_workspace(
    wanted: NewWorkspace,
    response: Response,
    world: WorldDep,
    viewer: ViewerDep,
    idempotency_key: IdempotencyKey = None,
) -> WorkspaceShown:
    """Make a workspace. You are its owner."""
    with world.database.write() as session:
        made = workspaces.make(session, viewer, wanted.name, idempotency_key=idempotency_key)
        session.flush()
        seen = workspaces.seen(session, viewer, made.id)
    response.headers["Location"] = f"/api/workspaces/{made.id}"
    return _shown(world, seen)


@router.get("/{id}", responses=fails(401, 403, 404))
@reading
def get_workspace(look: Look, id: str) -> WorkspaceShown:
    """Get a workspace."""
    return _shown(look.world, workspaces.get(look.session, look.viewer, id))


@router.patch("/{id}", responses=fails(400, 401, 403, 404))
def change_workspace(id: str, wanted: WorkspaceChange, world: WorldDep, viewer: ViewerDep) -> WorkspaceShown:
    """Rename a workspace (its owners), or set how much it may hold (admins)."""
    with world.database.write() as session:
        workspaces.change(session, viewer, id, wanted.model_dump(exclude_unset=True))
        session.flush()
        seen = workspaces.seen(session, viewer, id)
    return _shown(world, seen)


def _shown(world: World, seen: Seen) -> WorkspaceShown:
    workspace = seen.workspace
    holds = quotas.of(workspace, world.quota)
    return WorkspaceShown(
        id=workspace.id,
        name=workspace.name,
        role=seen.role,
        images=seen.totals.get("images", 0),
        files=seen.totals.get("files", 0),
        trash=seen.totals.get("trash", 0),
        bytes=seen.totals.get("bytes", 0),
        quota=QuotaShown(bytes=holds.bytes, files=holds.files),
        own_quota=QuotaShown(bytes=workspace.quota_bytes, files=workspace.quota_files),
        created_at=workspace.created_at,
    )
