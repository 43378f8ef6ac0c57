"""`aeontel token`: bearer tokens, made on the server's own machine or, by signing in, from anywhere."""

from typing import Annotated

import typer

from images_app.cli.fault import fail, plain_errors
from images_app.cli.rest import profiles
from images_app.cli.rest import token as over_rest
from images_app.cli.rest.connection import ProfileOption, Session, UrlOption, errors

app = typer.Typer(no_args_is_help=True, help="Bearer tokens.")
over_rest.register(app)


@app.command()
def create(
    email: Annotated[
        str, typer.Option(help="Whose token it is, on the server's own machine. Without it you are asked to sign in.")
    ] = "",
    scopes: Annotated[str, typer.Option(help="Comma-separated: read, write, delete.")] = "read,write,delete",
    name: Annotated[str, typer.Option(help="To recognise it in the list.")] = "command line",
    workspace: Annotated[list[str] | None, typer.Option(help="Id of one it reaches; may be given again.")] = None,
    days: Annotated[int | None, typer.Option(min=1, max=36500, help="How long it is valid; else without end.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the body of the REST answer.")] = False,
    profile: ProfileOption = profiles.DEFAULT,
    url: UrlOption = "",
) -> None:
    """Print a new bearer token and nothing else.

    With --email it is made in the database of this machine's server, also before its first start. Without, over REST:
    you sign in with e-mail and password for this one call, because a token cannot make tokens.
    """
    wanted = [scope.strip() for scope in scopes.split(",") if scope.strip()]
    if email:
        if as_json:
            fail("--json goes with a token made over REST, without --email.", 2)
        _create_here(email, name, wanted, workspace, days)
        return
    with errors():
        over_rest.create(Session(profile, url, ""), name, wanted, workspace or [], days, as_json=as_json)


def _create_here(email: str, name: str, scopes: list[str], workspaces: list[str] | None, days: int | None) -> None:
    from datetime import timedelta

    from images_app.cli.local import local_database
    from images_app.core import tokens, users
    from images_app.models import now

    expires_at = None if days is None else now() + timedelta(days=days)
    with plain_errors(), local_database() as database, database.write() as session:
        user = users.by_email(session, email)
        _, secret = tokens.create(
            session, user, name=name, scopes=scopes, workspace_ids=workspaces or None, expires_at=expires_at
        )
    typer.echo(secret)
