"""Brings the database to the newest shape."""

from pathlib import Path

from alembic.config import Config

from alembic import command

_ROOT = Path(__file__).resolve().parent.parent


def upgrade(database_url: str) -> None:
    """Run every migration that this database has not seen; nothing when there is none."""
    config = Config(_ROOT / "alembic.ini")
    config.attributes["url"] = database_url
    command.upgrade(config, "head")
