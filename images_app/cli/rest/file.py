"""`aeontel file`: originals. `upload` and `download` have modules of their own."""

from typing import Annotated, Any

import typer

from images_app.cli.fault import fail
from images_app.cli.rest import options
from images_app.cli.rest.connection import EXIT_USAGE, Session, command, confirm, from_stdin
from images_app.cli.rest.lists import Wish, chosen_ids, each_of, show, workspace_id
from images_app.cli.rest.output import Column, Form, dumps, form, line, safe, show_json, show_one

app = typer.Typer(no_args_is_help=True, help="Files as they were uploaded.")

_STATUS = ("uploading", "ready", "error")
_COLUMNS: list[Column] = [
    ("id", lambda file: file.id),
    ("name", lambda file: file.name),
    ("bytes", lambda file: file.size),
    ("image", lambda file: file.error.code if file.error else file.provisioning.state),
    ("uploaded", lambda file: file.created_at),
]


@command(app, "list")
def list_files(
    session: Session,
    workspace: options.Workspace = "",
    ids: options.OnlyIds = "",
    status: Annotated[str, typer.Option(help=f"Only files in this state: {', '.join(_STATUS)}.")] = "",
    trash: Annotated[bool, typer.Option("--trash", help="What is in the trash, instead of what is not.")] = False,
    limit: options.Limit = 100,
    after: options.After = "",
    before: options.Before = "",
    everything: options.All = False,
    as_json: options.Json = False,
    as_jsonl: options.Jsonl = False,
) -> None:
    """List files, newest upload first."""
    from images_app.client import calls

    if status and status not in _STATUS:
        fail(f"--status is one of {', '.join(_STATUS)}.", EXIT_USAGE)
    call = calls.list_files(
        workspace_id=workspace_id(session, workspace),
        ids=chosen_ids(ids),
        status=status or None,  # type: ignore[arg-type] # checked above
        trash=trash,
        limit=limit,
        after=after or None,
        before=before or None,
    )
    show(session, call, Wish(form(as_json, as_jsonl), everything), _COLUMNS)


@command(app, "get")
def get_file(
    session: Session, ids: options.Ids, as_json: options.Json = False, as_jsonl: options.Jsonl = False
) -> None:
    """Show files, and how far their images are. With --json each is one body."""
    how = form(as_json, as_jsonl)
    each_of(from_stdin(ids), lambda id: _show(session.client.files.get(id), how))


@command(app, "delete")
def delete_files(
    session: Session,
    ids: options.Ids,
    yes: options.Yes = False,
    for_good: Annotated[bool, typer.Option("--for-good", help="Out of the trash: it cannot be restored.")] = False,
    as_json: options.Json = False,
) -> None:
    """Move files to the trash, from where they can be restored for a while; their images go. Asks first."""
    wanted = from_stdin(ids)
    what = safe(wanted[0]) if len(wanted) == 1 else f"{len(wanted)} files"
    confirm(f"Delete {what} for good?" if for_good else f"Move {what} to the trash?", yes=yes)

    def delete(id: str) -> None:
        done = session.client.files.delete(id, for_good=for_good)
        if as_json:
            show_json(done.body)
        else:
            line(safe(id))

    each_of(wanted, delete)


@command(app, "restore")
def restore_files(
    session: Session, ids: options.Ids, as_json: options.Json = False, as_jsonl: options.Jsonl = False
) -> None:
    """Take files out of the trash. Their images come back by themselves."""
    how = form(as_json, as_jsonl)
    each_of(from_stdin(ids), lambda id: _done(session.client.files.restore(id), how))


@command(app, "retry")
def retry_files(
    session: Session, ids: options.Ids, as_json: options.Json = False, as_jsonl: options.Jsonl = False
) -> None:
    """Ask for the images of files again, after a failure or a removal."""
    how = form(as_json, as_jsonl)
    each_of(from_stdin(ids), lambda id: _done(session.client.files.retry(id), how))


def _done(file: Any, how: Form) -> None:
    if how is Form.TEXT:
        line(safe(file.id))
    else:
        _show(file, how)


def _show(file: Any, how: Form) -> None:
    if how is Form.JSON:
        show_json(file.body)
    elif how is Form.JSONL:
        line(dumps(file.body))
    else:
        why = {"error": f"{file.error.code}: {file.error.message}"} if file.error else {}
        show_one(
            {
                "id": file.id,
                "name": file.name,
                "workspace": file.workspace_id,
                "type": file.mime,
                "bytes": file.size,
                "sha256": file.sha256,
                "status": file.status,
                **why,
                "image": file.image_id or file.provisioning.state,
                "uploaded": file.created_at,
            }
        )
