"""`aeontel image`: the pictures of a gallery."""

from typing import Annotated

import typer

from images_app.cli.rest import options
from images_app.cli.rest.connection import Session, command, confirm, from_stdin
from images_app.cli.rest.lists import Wish, chosen_ids, each_of, show, workspace_id
from images_app.cli.rest.output import Column, Form, amount, dumps, form, line, safe, show_json, show_one

app = typer.Typer(no_args_is_help=True, help="The pictures of a gallery.")

_COLUMNS: list[Column] = [
    ("id", lambda image: image.id),
    ("size", lambda image: f"{image.width}x{image.height}" if image.width else None),
    ("bytes", lambda image: image.size),
    ("url", lambda image: image.url),
]


@command(app, "list")
def list_images(
    session: Session,
    workspace: options.Workspace = "",
    ids: options.OnlyIds = "",
    include: Annotated[str, typer.Option(help="More of each: file, placeholder, variants, with commas.")] = "",
    limit: options.Limit = 100,
    after: options.After = "",
    before: options.Before = "",
    everything: options.All = False,
    as_json: options.Json = False,
    as_jsonl: options.Jsonl = False,
) -> None:
    """List images, newest upload first."""
    from images_app.client import calls

    call = calls.list_images(
        workspace_id=workspace_id(session, workspace),
        ids=chosen_ids(ids),
        include=include.split(",") if include else None,  # type: ignore[arg-type] # the server says what there is
        limit=limit,
        after=after or None,
        before=before or None,
    )
    show(session, call, Wish(form(as_json, as_jsonl), everything), _COLUMNS)


@command(app, "get")
def get_image(
    session: Session,
    ids: options.Ids,
    include: Annotated[str, typer.Option(help="More of it: file, placeholder, variants, with commas.")] = "",
    as_json: options.Json = False,
    as_jsonl: options.Jsonl = False,
) -> None:
    """Show images, by their own ids or their files'. With --json each is one body."""
    how = form(as_json, as_jsonl)

    def get(id: str) -> None:
        image = session.client.images.get(id, include=include.split(",") if include else None)  # type: ignore[arg-type]
        if how is Form.TEXT:
            show_one(
                {
                    "id": image.id,
                    "file": image.file_id,
                    "workspace": image.workspace_id,
                    "size": f"{image.width}x{image.height}" if image.width else None,
                    "bytes": amount(image.size),
                    "url": image.url,
                    **{f"exif {name}": value for name, value in (image.exif or {}).items()},
                }
            )
        elif how is Form.JSONL:
            line(dumps(image.body))
        else:
            show_json(image.body)

    each_of(from_stdin(ids), get)


@command(app, "delete")
def delete_image(session: Session, ids: options.Ids, yes: options.Yes = False, as_json: options.Json = False) -> None:
    """Remove images from the gallery; their files stay. By a file's id: the file goes to the trash, which is asked."""
    wanted = from_stdin(ids)
    if files := [id for id in wanted if id.startswith("fil_")]:
        confirm(f"Move {_files(files)} and what the gallery shows of it to the trash?", yes=yes)

    def delete(id: str) -> None:
        done = session.client.images.delete(id)
        if as_json:
            show_json(done.body)
        else:
            line(safe(id))

    each_of(wanted, delete)


def _files(ids: list[str]) -> str:
    return safe(ids[0]) if len(ids) == 1 else f"{len(ids)} files"
