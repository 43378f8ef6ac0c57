"""Brings the database to the newest shape.

While one server migrates, those that start beside it wait, and servers of the version before still run. So a migration
only adds (a table, a column that may be null or has a default, an index); what nobody uses any more goes in a later
release than the code that used it.
"""

from pathlib import Path

from sqlalchemy import inspect, text

from images_app.database import make_engine, told

NEWEST = "0001"
"""The last of the migrations in `alembic/versions`."""
_ROOT = Path(__file__).resolve().parent.parent


def upgrade(database_url: str) -> None:
    """Run every migration that this database has not seen; nothing when there is none. Raises DatabaseUnavailable."""
    if _is_newest(database_url):
        return
    from alembic.config import Config  # only now: most starts have nothing to migrate

    from alembic import command

    config = Config(_ROOT / "alembic.ini")
    config.attributes["url"] = database_url
    with told():
        command.upgrade(config, "head")


def _is_newest(database_url: str) -> bool:
    engine = make_engine(database_url)
    try:
        with told(), engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return False
            return bool(connection.scalar(text("SELECT version_num FROM alembic_version")) == NEWEST)
    finally:
        engine.dispose()
