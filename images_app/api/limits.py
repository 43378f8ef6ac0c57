"""What the server takes."""

from fastapi import APIRouter
from pydantic import Field

from images_app.api.deps import WorldDep
from images_app.api.edge import MAX_BODY_BYTES
from images_app.api.schemas import Schema
from images_app.core.media.limits import READ
from images_app.core.paging import MAX_LIMIT

router = APIRouter(prefix="/limits", tags=["server"])


class Limits(Schema):
    """What a client can rely on."""

    max_file_bytes: int = Field(description="Largest file that can be uploaded.")
    max_page_size: int = Field(description="Largest `limit` of a list.")
    max_body_bytes: int = Field(description="Largest body of every other request.")
    formats: list[str] = Field(description="Images that appear in the gallery. Any other file is kept as a file.")
    trash_days: int = Field(description="How long a deleted file can be restored.")
    quota_bytes: int | None = Field(description="Most bytes of a workspace unless it has its own; null: no limit.")
    quota_files: int | None = Field(description="Most files of a workspace unless it has its own; null: no limit.")
    requests_per_minute: int | None = Field(description="Most requests with one credential; null: no limit.")
    mail: bool = Field(description="Whether the server mails invitations and forgotten passwords.")


@router.get("")
def get_limits(world: WorldDep) -> Limits:
    """The limits of this server. Needs no credential."""
    return Limits(
        max_file_bytes=world.settings.max_file_bytes,
        max_page_size=MAX_LIMIT,
        max_body_bytes=MAX_BODY_BYTES,
        formats=sorted(READ),
        trash_days=world.settings.trash_days,
        quota_bytes=world.quota.bytes,
        quota_files=world.quota.files,
        requests_per_minute=world.settings.rate_limit_per_token or None,
        mail=world.mail is not None,
    )
