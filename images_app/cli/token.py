"""`aeontel token`: bearer tokens, made on the server's own machine."""

from typing import Annotated

import typer

from images_app.cli.fault import plain_errors

app = typer.Typer(no_args_is_help=True, help="Bearer tokens.")


@app.callback()
def _group() -> None:
    """Keep `create` a subcommand while it is the only one."""


@app.command()
def create(
    email: Annotated[str, typer.Option(help="Whose token it is.")],
    scopes: Annotated[str, typer.Option(help="Comma-separated: read, write, delete.")] = "read,write,delete",
    name: Annotated[str, typer.Option(help="To recognise it in the list.")] = "command line",
) -> None:
    """Print a new bearer token and nothing else. Works before the first start of the server, too."""
    from images_app.cli.local import local_database
    from images_app.core import tokens, users

    with plain_errors(), local_database() as database, database.write() as session:
        user = users.by_email(session, email)
        wanted = [scope.strip() for scope in scopes.split(",") if scope.strip()]
        _, secret = tokens.create(session, user, name=name, scopes=wanted)
    typer.echo(secret)
