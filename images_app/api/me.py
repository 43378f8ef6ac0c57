"""Who am I?"""

from typing import Literal

from fastapi import APIRouter

from images_app.api.reading import Look, ReadingRoute, reading
from images_app.api.schemas import Schema, fails
from images_app.core import workspaces
from images_app.core.access import SCOPES, Scope

router = APIRouter(prefix="/me", tags=["session"], route_class=ReadingRoute)


class MyWorkspace(Schema):
    """A workspace and the role in it."""

    id: str
    name: str
    role: str


class Me(Schema):
    """The caller, as the credential of this request shows them."""

    id: str
    email: str
    is_admin: bool
    workspaces: list[MyWorkspace]
    via: Literal["session", "token"]
    scopes: list[Scope]


@router.get("", responses=fails(401))
@reading
def get_me(look: Look) -> Me:
    """Who the credential belongs to, which workspaces it reaches and what it may do."""
    viewer = look.viewer
    rows = workspaces.all_with_roles(look.session, viewer)
    return Me(
        id=viewer.user_id,
        email=viewer.email,
        is_admin=viewer.is_admin,
        workspaces=[MyWorkspace(id=workspace.id, name=workspace.name, role=role) for workspace, role in rows],
        via=viewer.via,
        scopes=[scope for scope in SCOPES if scope in viewer.scopes],
    )
