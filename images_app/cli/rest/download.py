"""`aeontel file download`: originals, whole and verified, under names that are safe here."""

import errno
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from images_app.cli.fault import fail
from images_app.cli.rest import options
from images_app.cli.rest.connection import EXIT_USAGE, Session, command, from_stdin
from images_app.cli.rest.lists import Skipped, each_of
from images_app.cli.rest.output import line, safe

_MOST_BYTES = 200


def register(app: typer.Typer) -> None:
    """The command of this module."""
    command(app, "download")(download)


def download(
    session: Session,
    ids: options.Ids,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A folder, or with one id a file; here unless said.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
) -> None:
    """Save originals under their own names, and print the paths. Size and SHA-256 are checked.

    One that is there already, or cannot be had, is named on stderr, and the others are saved all the same.
    """
    wanted = from_stdin(ids)
    place = output or Path()
    is_folder = place.is_dir()
    if len(wanted) != 1 and not is_folder:
        fail(f"{place} is no folder, and there are {len(wanted)} files.", EXIT_USAGE)

    def save(id: str) -> None:
        target = place
        if is_folder:
            target = place / local_name(session.client.files.get(id).name, id)
        if target.exists() and not force:
            raise Skipped(f"{target} is there already. Say --force to replace it.")
        with _bar(target.name) as tell:
            try:
                session.client.files.download(id, target, progress=tell)
            except OSError as error:
                if error.errno == errno.ENOSPC:
                    fail(f"{safe(target)} cannot be written: {error.strerror}.")
                raise Skipped(f"{target} cannot be written: {error.strerror}.") from None
        line(safe(target))

    each_of(wanted, save)


def local_name(name: str, id: str) -> str:
    """A stranger's file name as one of this folder's: no way out of it, nothing hidden, nothing unprintable."""
    clean = "".join("_" if char in '/\\:*?"<>|' or not char.isprintable() else char for char in name).strip(" .")
    if not clean or name.startswith("."):
        clean = f"{id}_{clean}"
    stem, dot, end = clean.rpartition(".")
    if len(clean.encode()) > _MOST_BYTES:
        keep = _MOST_BYTES - len(end[:20].encode()) - 1
        clean = (stem or clean).encode()[:keep].decode("utf-8", "ignore") + (dot + end[:20] if stem else "")
    return clean


@contextmanager
def _bar(name: str) -> Iterator[Callable[[int], None] | None]:
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}", markup=False), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(safe(name)[:40], total=None)
        yield lambda done: progress.update(task, completed=done)
