"""Whether this is the data that the server had before, asked before it starts."""

from pathlib import Path

import typer

from images_app import bootstrap, keys
from images_app.backup.layout import RESTORING
from images_app.cli.local import local_database
from images_app.core import instance
from images_app.database import url_of
from images_app.errors import SettingsError, StorageUnavailable
from images_app.settings import Settings
from images_app.storage.base import ObjectStore


def require_data(settings: Settings) -> None:
    """Raise SettingsError for data that was restored in part only, and with IMAGES_REQUIRE_DATA for data that no server
    has used. Makes nothing."""
    if (settings.data_dir / RESTORING).exists():
        raise SettingsError("A restore into this data directory was interrupted: run `aeontel restore` again.")
    if not settings.require_data:
        return
    url = url_of(settings.database_url)
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).is_file():
        raise SettingsError(_unused(settings))
    with local_database() as database:
        if instance.known(database) is None:
            raise SettingsError(_unused(settings))


def _unused(settings: Settings) -> str:
    is_file = url_of(settings.database_url).get_backend_name() == "sqlite"
    where = f"in {settings.data_dir}" if is_file else "in the database"
    return f"There is no data {where}, and IMAGES_REQUIRE_DATA says there must be. Is its volume mounted?"


def require_same_store(settings: Settings) -> None:
    """Raise SettingsError when database and object store do not belong together.

    When the store does not answer, the server starts all the same: it serves everything but originals.
    """
    with local_database() as database:
        try:
            instance.require_same(database, _objects(settings))
        except StorageUnavailable as error:
            typer.echo(f"Whether this is the right file store could not be asked ({error.reason}).", err=True)


def adopt_store(settings: Settings) -> None:
    """Make the object store that these settings name the one of their database."""
    with local_database() as database:
        instance.adopt(database, _objects(settings))


def _objects(settings: Settings) -> ObjectStore:
    return bootstrap.object_store(settings, keys.load(settings.make_data_dir() / "keys", settings.secret_key))
