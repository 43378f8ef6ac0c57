"""`aeontel user`: people, on the server's own machine."""

from typing import Annotated

import typer

from images_app.cli.fault import plain_errors

app = typer.Typer(no_args_is_help=True, help="People who may sign in.")


@app.callback()
def _group() -> None:
    """Keep `create` a subcommand while it is the only one."""


@app.command()
def create(
    email: Annotated[str, typer.Option(help="What they sign in with.")],
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)],
    admin: Annotated[bool, typer.Option("--admin", help="Sees and manages every workspace.")] = False,
    workspace: Annotated[str, typer.Option(help="Name of a first workspace of their own.")] = "",
) -> None:
    """Add a user and print their id."""
    from images_app.cli.local import local_database
    from images_app.core import users, workspaces

    with plain_errors(), local_database() as database, database.write() as session:
        user = users.create(session, email, password, is_admin=admin)
        if workspace:
            workspaces.create(session, user.id, workspace)
    typer.echo(user.id)
