"""Migrations run on the database of the settings, or on the URL that `images_app.migrations` passes."""

from sqlmodel import SQLModel

from alembic import context
from images_app import models
from images_app.database import make_engine
from images_app.settings import settings

OURS = set(SQLModel.metadata.tables)


def ours(name: str | None, kind: str, _parents: object) -> bool:
    """The durable engine keeps its tables in the same file; autogenerate must not wish to drop them."""
    return kind != "table" or name in OURS


def render(kind: str, value: object, _context: object) -> str | bool:
    """Name our own column types by their module, so that migrations read like the models."""
    if kind != "type":
        return False
    named = {id(models.ID): "models.ID", id(models.BIG): "models.BIG"}
    return "models.UtcDateTime()" if isinstance(value, models.UtcDateTime) else named.get(id(value), False)


def run() -> None:
    url = context.config.attributes.get("url") or settings().database_url
    engine = make_engine(url).execution_options(aeontel_writes=True)
    try:
        # All in one transaction, which nobody else may have at the same time: several servers can start at once.
        with engine.connect() as connection, connection.begin():
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtextextended('migrations', 0))")
            context.configure(
                connection=connection,
                target_metadata=SQLModel.metadata,
                render_as_batch=engine.dialect.name == "sqlite",
                include_name=ours,
                render_item=render,
                compare_type=True,
            )
            context.run_migrations()
    finally:
        engine.dispose()


run()
