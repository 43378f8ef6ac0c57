"""Whether the bucket takes us, asked before the server starts."""

import typer

from images_app import bootstrap, keys
from images_app.errors import SettingsError, StorageRefused, StorageUnavailable
from images_app.settings import Settings


def require_storage(settings: Settings) -> None:
    """Raise SettingsError when the service says that bucket or keys cannot work.

    When it does not answer, or only for now, the server starts all the same: it serves everything but originals.
    """
    if settings.storage == "disk":
        return
    store = bootstrap.object_store(settings, keys.load(settings.make_data_dir() / "keys", settings.secret_key))
    at = settings.s3_endpoint or "AWS"
    try:
        store.check()
    except StorageRefused as error:
        raise SettingsError(
            f"IMAGES_S3_BUCKET={settings.s3_bucket} at {at} cannot be used with IMAGES_S3_ACCESS_KEY_ID and "
            f"IMAGES_S3_SECRET_ACCESS_KEY. It says: {error.reason}."
        ) from None
    except StorageUnavailable as error:
        typer.echo(f"The file store at {at} does not work now ({error.reason}). Starting all the same.", err=True)
