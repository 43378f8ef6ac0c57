"""`aeontel token list`, `revoke`, and `create` for people who are not at the server's machine.

A token cannot list, make or revoke tokens: each of these asks for e-mail and password, for this one call.
"""

from datetime import UTC, datetime, timedelta

import typer

from images_app.cli.rest import options
from images_app.cli.rest.connection import Session, command, from_stdin
from images_app.cli.rest.lists import each_of
from images_app.cli.rest.output import Column, Form, dumps, form, line, safe, show_items, show_json

_COLUMNS: list[Column] = [
    ("id", lambda token: token.id),
    ("name", lambda token: token.name),
    ("begins", lambda token: token.hint),
    ("scopes", lambda token: token.scopes),
    ("expires", lambda token: token.expires_at),
    ("last used", lambda token: token.last_used_at),
]


def register(app: typer.Typer) -> None:
    """The commands of this module."""
    command(app, "list")(list_tokens)
    command(app, "revoke")(revoke_tokens)


def create(
    session: Session, name: str, scopes: list[str], workspaces: list[str], days: int | None, *, as_json: bool
) -> None:
    """Make a token over REST, and print its secret alone."""
    expires_at = None if days is None else datetime.now(UTC) + timedelta(days=days)
    with session.as_person() as client:
        made = client.tokens.create(name, scopes=scopes, workspace_ids=workspaces or None, expires_at=expires_at)
    if as_json:
        show_json(made.body)
    else:
        line(safe(made.secret))


def list_tokens(session: Session, as_json: options.Json = False, as_jsonl: options.Jsonl = False) -> None:
    """List your tokens, without their secrets. Asks for e-mail and password."""
    how = form(as_json, as_jsonl)
    with session.as_person() as client:
        page = client.tokens.page()
    if how is Form.JSON:
        show_json(page.body)
    elif how is Form.JSONL:
        for token in page:
            line(dumps(token.body))
    else:
        show_items(page, _COLUMNS)


def revoke_tokens(session: Session, ids: options.Ids, as_json: options.Json = False) -> None:
    """End tokens at once. Asks for e-mail and password."""
    wanted = from_stdin(ids)
    with session.as_person() as client:

        def revoke(id: str) -> None:
            done = client.tokens.revoke(id)
            if as_json:
                show_json(done.body)
            else:
                line(safe(id))

        each_of(wanted, revoke)
