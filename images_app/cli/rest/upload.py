"""`aeontel file upload`: files, folders and globs; with bars on a terminal, and to be killed and repeated at will."""

import glob
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from images_app.cli.fault import fail
from images_app.cli.rest import options
from images_app.cli.rest.connection import EXIT_FAULT, EXIT_USAGE, Session, command, from_stdin
from images_app.cli.rest.lists import own_workspace
from images_app.cli.rest.output import Form, dumps, form, is_for_people, line, safe, say, show_json

if TYPE_CHECKING:
    from images_app.cli.rest.journal import Local
    from images_app.cli.rest.sending import Done, Failed, Sender

Watch = Callable[["Local"], Callable[[int], None]]


def register(app: typer.Typer) -> None:
    """The command of this module."""
    command(app, "upload")(upload)


def upload(
    session: Session,
    paths: Annotated[list[str], typer.Argument(help="Files, folders and globs; - reads paths from stdin.")],
    workspace: options.Workspace = "",
    parallel: Annotated[int, typer.Option("--parallel", "-p", min=1, max=32, help="So many at a time.")] = 4,
    again: Annotated[bool, typer.Option("--again", help="Also what is already there.")] = False,
    cache: Annotated[
        Path | None, typer.Option("--cache", envvar="XDG_CACHE_HOME", hidden=True, show_default=False)
    ] = None,
    as_json: options.Json = False,
    as_jsonl: options.Jsonl = False,
) -> None:
    """Upload, and print the id of every file. What is already there is skipped; killed, it goes on when repeated.

    Folders are searched to their depth, hidden names left out. With --json the body of the one file that was named, or
    {"data": [...]} for several or a folder.
    """
    how = form(as_json, as_jsonl)
    given = from_stdin(paths)
    files = found(given)
    chosen = own_workspace(session, workspace)
    is_single = len(files) == 1 and len(given) == 1 and files[0].path == Path(given[0]).absolute()
    folder = (cache or Path.home() / ".cache") / "aeontel"
    try:
        with _sender(session, chosen, folder, again, files) as sender:
            _show(sender.send(files, parallel), how, is_single=is_single)
    except KeyboardInterrupt:
        say("Stopped. What was sent is there: the same command goes on with the rest.")
        raise


@contextmanager
def _sender(
    session: Session, workspace: str, folder: Path, again: bool, files: Sequence["Local"]
) -> Iterator["Sender"]:
    """With its journal in `folder`, and its bars."""
    import sqlite3

    from images_app.cli.rest.journal import Journal
    from images_app.cli.rest.sending import Sender

    try:
        journal = Journal(folder, session.client.url, workspace)
    except (OSError, sqlite3.Error) as error:
        fail(f"{folder}, where uploads are noted to be able to resume them, cannot be used: {error}", EXIT_FAULT)
    with closing(journal), closing(session.client), _bars(files) as watch:
        yield Sender(session.client, workspace, journal, again, watch)


def _show(ends: Iterable["Done | Failed"], how: Form, *, is_single: bool) -> None:
    from images_app.cli.rest.sending import Failed

    bodies, new, failed = [], 0, 0
    for end in ends:
        if isinstance(end, Failed):
            failed += 1
            _complain(end)
            continue
        new += end.is_new
        if how is Form.JSON:
            bodies.append(end.file.body)
        elif how is Form.JSONL:
            line(dumps(end.file.body))
        elif is_for_people():
            line(f"{safe(end.file.id)}  {safe(end.local.path.name)}{'' if end.is_new else '  (was there)'}")
        else:
            line(safe(end.file.id))
    if how is Form.JSON and (bodies or not is_single):
        show_json(bodies[0] if is_single else {"data": bodies})
    if sys.stderr.isatty() or failed:
        say(f"{new} uploaded{f', {failed} failed: the same command tries those again' if failed else ''}.")
    if failed:
        raise typer.Exit(EXIT_FAULT)


def _complain(end: "Failed") -> None:
    """Say what is wrong with one file. What is wrong with all of them ends the command."""
    from images_app import client

    if isinstance(end.error, client.SignedOut | client.Forbidden | client.NotFound | client.NoAnswer):
        raise end.error
    say(f"{end.local.path}: {end.error}")


def found(given: Sequence[str]) -> list["Local"]:
    """The files of all paths, each once. Ends the command when one names nothing, or when there is nothing at all."""
    from images_app.cli.rest.journal import Local

    files: dict[Path, Local] = {}
    for text in given:
        for path in _expand(text):
            absolute = path.absolute()
            facts = absolute.stat()
            if stat.S_ISREG(facts.st_mode):
                files[absolute] = Local(absolute, facts.st_mtime_ns, facts.st_size)
    if not files:
        fail("There is no file here to upload.", EXIT_USAGE)
    return list(files.values())


def _expand(text: str) -> Iterator[Path]:
    path = Path(text)
    if path.is_dir():
        yield from _inside(path)
    elif path.exists():
        yield path
    else:
        matches = sorted(glob.glob(text, recursive=True)) if glob.has_magic(text) else []
        if not matches:
            fail(f"{text}: there is no such file.", EXIT_USAGE)
        for each in map(Path, matches):
            yield from _inside(each) if each.is_dir() else [each]


def _inside(folder: Path) -> Iterator[Path]:
    """Files below a folder in their order, without hidden ones; links to folders are not followed."""
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        fail(f"{folder}: {error.strerror}.", EXIT_USAGE)
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            if not entry.is_symlink():
                yield from _inside(entry)
        elif entry.is_file():
            yield entry


@contextmanager
def _bars(files: Sequence["Local"]) -> Iterator[Watch]:
    """Bars on stderr: one for all, one for each file that is being sent. Nothing without a terminal there."""
    if not sys.stderr.isatty():
        yield lambda local: lambda sent: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        everything = progress.add_task(f"{len(files)} files", total=sum(local.size for local in files))

        def watch(local: "Local") -> Callable[[int], None]:
            task = progress.add_task(safe(local.path.name)[:40], total=local.size)
            before = 0

            def tell(sent: int) -> None:
                nonlocal before
                progress.advance(everything, sent - before)
                progress.update(task, completed=sent, visible=sent < local.size)
                before = sent

            return tell

        yield watch
