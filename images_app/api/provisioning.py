"""Whether files are provisioned at present, or wait for Cloudflare to take us again."""

from typing import Literal

from fastapi import APIRouter
from pydantic import Field

from images_app.api.deps import ViewerDep, WorldDep
from images_app.api.reading import Look, ReadingRoute, reading
from images_app.api.schemas import Schema, Success, Timestamp, fails
from images_app.core import access, pause
from images_app.errors import NotFound
from images_app.models import ProvisioningPause

router = APIRouter(prefix="/provisioning", tags=["server"], route_class=ReadingRoute)


class PauseShown(Schema):
    """Why nothing is provisioned, and until when at least."""

    reason: Literal["full", "refused"] = Field(
        description="`full`: a limit of the Cloudflare account is reached. `refused`: our account or token is refused."
    )
    code: str
    message: str
    since: Timestamp
    next_probe_at: Timestamp = Field(description="When one file is tried again; its image ends the pause.")


class ProvisioningShown(Schema):
    """Uploads are kept in any case."""

    state: Literal["running", "paused"]
    pause: PauseShown | None


@router.get("", responses=fails(401))
@reading
def get_provisioning(look: Look) -> ProvisioningShown:
    """Tell whether uploads are provisioned at present."""
    found = pause.current(look.session)
    return ProvisioningShown(state="running" if found is None else "paused", pause=_shown(found))


@router.delete("/pause", responses=fails(401, 403, 404))
def end_provisioning_pause(world: WorldDep, viewer: ViewerDep) -> Success:
    """Go on now, when what Cloudflare refused has been put right. For admins; if it still refuses, it pauses again."""
    access.require_admin(viewer)
    with world.database.write() as session:
        if not pause.resume(session, world.queue, actor_id=viewer.user_id):
            raise NotFound
    return Success()


def _shown(found: ProvisioningPause | None) -> PauseShown | None:
    if found is None:
        return None
    return PauseShown.model_validate(
        {name: getattr(found, name) for name in ("reason", "code", "message", "since", "next_probe_at")}
    )
