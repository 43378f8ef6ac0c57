"""`aeontel workspace`."""

from typing import Annotated

import typer

from images_app.cli.rest import options
from images_app.cli.rest.connection import Session, command
from images_app.cli.rest.lists import Wish, own_workspace, show
from images_app.cli.rest.output import Column, amount, form, line, safe, show_json

app = typer.Typer(no_args_is_help=True, help="Workspaces and who belongs to them.")

_COLUMNS: list[Column] = [
    ("id", lambda workspace: workspace.id),
    ("name", lambda workspace: workspace.name),
    ("role", lambda workspace: workspace.role),
    ("images", lambda workspace: workspace.images),
    ("files", lambda workspace: workspace.files),
    ("trash", lambda workspace: workspace.trash),
    ("size", lambda workspace: amount(workspace.bytes)),
]
_MEMBERS: list[Column] = [
    ("id", lambda member: member.user_id),
    ("e-mail", lambda member: member.email),
    ("role", lambda member: member.role),
    ("invited", lambda member: member.is_pending),
    ("since", lambda member: member.created_at),
]


@command(app, "list")
def list_workspaces(
    session: Session,
    limit: options.Limit = 100,
    after: options.After = "",
    before: options.Before = "",
    everything: options.All = False,
    as_json: options.Json = False,
    as_jsonl: options.Jsonl = False,
) -> None:
    """List the workspaces that you may see."""
    from images_app.client import calls

    call = calls.list_workspaces(limit=limit, after=after or None, before=before or None)
    show(session, call, Wish(form(as_json, as_jsonl), everything), _COLUMNS)


@command(app, "create")
def create_workspace(
    session: Session, name: Annotated[str, typer.Argument(help="What it is called.")], as_json: options.Json = False
) -> None:
    """Make a workspace, and print its id. You are its owner."""
    import secrets

    made = session.client.workspaces.create(name, idempotency_key=secrets.token_hex(16))
    if as_json:
        show_json(made.body)
    else:
        line(safe(made.id))


@command(app, "members")
def list_members(
    session: Session,
    workspace: Annotated[
        str, typer.Argument(envvar="AEONTEL_WORKSPACE", help="Id or name; the only one unless said.")
    ] = "",
    limit: options.Limit = 100,
    after: options.After = "",
    before: options.Before = "",
    everything: options.All = False,
    as_json: options.Json = False,
    as_jsonl: options.Jsonl = False,
) -> None:
    """List who belongs to a workspace."""
    from images_app.client import calls

    chosen = own_workspace(session, workspace)
    call = calls.list_members(chosen, limit=limit, after=after or None, before=before or None)
    show(session, call, Wish(form(as_json, as_jsonl), everything), _MEMBERS)
