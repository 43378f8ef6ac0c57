"""Whether the real Cloudflare takes us, asked before the server starts."""

import typer

from images_app import bootstrap, keys
from images_app.errors import CloudflareError, SettingsError
from images_app.settings import Settings


def require_cloudflare(settings: Settings) -> None:
    """Raise SettingsError when Cloudflare says that account or token cannot work.

    When it does not answer, or only for now, the server starts all the same: uploads are durable.
    """
    if settings.cloudflare == "local":
        return
    client = bootstrap.cloudflare_images(settings, keys.load(settings.make_data_dir() / "keys", settings.secret_key))
    try:
        client.check()
        client.check_may_write()
    except CloudflareError as error:
        if error.account == "refused":
            raise SettingsError(
                "IMAGES_CLOUDFLARE_ACCOUNT_ID or IMAGES_CLOUDFLARE_API_TOKEN cannot work with "
                f"{settings.cloudflare_api_base}. {error.detail}"
            ) from None
        typer.echo(f"{error.detail} Starting all the same: uploads are kept until Cloudflare takes them.", err=True)
    finally:
        client.close()
