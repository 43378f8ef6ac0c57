"""Links with which somebody sets their password, as the API shows them."""

from typing import Literal

from pydantic import Field

from images_app.api.schemas import Schema, Timestamp
from images_app.bootstrap import World
from images_app.core import passwords
from images_app.core.passwords import Link


class LinkShown(Schema):
    """A one-time link to set a password: shown here and never again, or on its way by mail."""

    url: str | None = Field(description="To hand over; null when the server mails it.")
    sent_to: str | None = Field(description="Where it is mailed; null when it is shown instead.")
    purpose: Literal["invite", "reset"]
    expires_at: Timestamp


def shown(world: World, link: Link) -> LinkShown:
    """A new link."""
    return LinkShown(
        url=None if link.secret is None else passwords.url(world.password_page, link.secret),
        sent_to=link.email if link.secret is None else None,
        purpose=link.row.purpose,
        expires_at=link.row.expires_at,
    )
