"""`aeontel events`: what happened, and with --follow what happens."""

from typing import Annotated

import typer

from images_app.cli.fault import fail
from images_app.cli.rest import options
from images_app.cli.rest.connection import EXIT_USAGE, Session
from images_app.cli.rest.lists import Wish, show, workspace_id
from images_app.cli.rest.output import Column, Form, cell, dumps, form, line, safe

_COLUMNS: list[Column] = [
    ("seq", lambda event: event.seq),
    ("time", lambda event: event.created_at),
    ("type", lambda event: event.type),
    ("file", lambda event: event.file_id),
    ("data", lambda event: dumps(event.data) if event.data else None),
]


def events(
    session: Session,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="What happens, until Ctrl-C.")] = False,
    workspace: options.Workspace = "",
    type: Annotated[str, typer.Option(help="Only these types, with commas, such as image.created.")] = "",
    file: Annotated[str, typer.Option(help="Only of this file.")] = "",
    audit: Annotated[bool, typer.Option("--audit", help="Also who changed members and workspaces.")] = False,
    limit: options.Limit = 100,
    after: options.After = "",
    before: options.Before = "",
    everything: options.All = False,
    as_json: options.Json = False,
    as_jsonl: options.Jsonl = False,
) -> None:
    """Show what happened, oldest first; with --follow what happens from now on, or after --after."""
    from images_app.client import calls

    how = form(as_json, as_jsonl)
    types = type.split(",") if type else None
    chosen = workspace_id(session, workspace)
    if not follow:
        call = calls.list_events(
            workspace_id=chosen,
            types=types,
            file_id=file or None,
            audit=audit,
            limit=limit,
            after=after or None,
            before=before or None,
        )
        show(session, call, Wish(how, everything), _COLUMNS)
        return
    if how is Form.JSON or before or everything:
        fail("--follow goes with --jsonl and --after, not with --json, --before or --all.", EXIT_USAGE)
    stream = session.client.events.follow(
        workspace_id=chosen, types=types, file_id=file or None, audit=audit, after=after or None
    )
    for event in stream:
        texts = "\t".join(safe(cell(get(event))) for _, get in _COLUMNS)
        line(dumps(event.body) if how is Form.JSONL else texts)
