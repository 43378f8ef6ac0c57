"""`aeontel cloudflare`: the local Cloudflare Images."""

import json

import typer

from images_app.cli.fault import plain_errors

app = typer.Typer(no_args_is_help=True, help="The local Cloudflare Images.")


@app.callback()
def _group() -> None:
    """Keep `credentials` a subcommand while it is the only one."""


@app.command()
def credentials() -> None:
    """Print what any Cloudflare client needs to use the local one, as JSON."""
    from images_app import keys
    from images_app.settings import settings

    with plain_errors():
        own = keys.load(settings().data_dir / "keys")
        shown = {
            "apiBase": f"{settings().public_url}/cloudflare/client/v4",
            "accountId": own.cloudflare_account_id,
            "accountHash": own.cloudflare_account_hash,
            "apiToken": own.cloudflare_api_token,
            "deliveryBase": settings().delivery_base,
        }
    typer.echo(json.dumps(shown, indent=2))
