"""Brings the database to the newest shape.

While one server migrates, those that start beside it wait, and servers of the version before still run. So a migration
only adds (a table, a column that may be null or has a default, an index); what nobody uses any more goes in a later
release than the code that used it.
"""

from pathlib import Path

from alembic.config import Config

from alembic import command
from images_app.database import told

_ROOT = Path(__file__).resolve().parent.parent


def upgrade(database_url: str) -> None:
    """Run every migration that this database has not seen; nothing when there is none. Raises DatabaseUnavailable."""
    config = Config(_ROOT / "alembic.ini")
    config.attributes["url"] = database_url
    with told():
        command.upgrade(config, "head")
