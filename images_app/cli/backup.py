"""`aeontel backup` and `aeontel restore`, for the data of one server with SQLite."""

import shutil
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from images_app.cli.fault import fail, plain_errors

if TYPE_CHECKING:
    from images_app.backup.layout import Place
    from images_app.settings import Settings


def backup(
    folder: Annotated[Path, typer.Argument(help="Where backups are kept; made when it is not there.")],
    keep: Annotated[int | None, typer.Option(min=1, help="Keep so many, and forget older ones.")] = None,
) -> None:
    """Copy database, originals, local Cloudflare and keys, also while the server runs.

    Again into the same folder, only what is new is copied. Ends with 1 when originals are missing.
    """
    from images_app.backup.make import back_up
    from images_app.settings import settings

    with plain_errors():
        own = settings()
        place = _place(own)
        if not place.database.is_file():
            fail(f"There is no database {place.database}.")
        try:
            snapshot, manifest = back_up(place, folder.absolute(), keep=keep)
        except (OSError, sqlite3.Error) as error:
            fail(f"The backup is not complete: {error}")
    typer.echo(str(snapshot))
    typer.echo(
        f"{max(0, manifest.objects)} originals and {max(0, manifest.images)} images, {manifest.copied} of them new.",
        err=True,
    )
    if manifest.objects < 0:
        typer.echo("Originals are in a bucket: they are not in this backup.", err=True)
    if manifest.missing:
        fail(f"{manifest.missing} of them are missing: `aeontel doctor` says which.")


def restore(
    folder: Annotated[Path, typer.Argument(help="Where backups are kept.")],
    at: Annotated[str, typer.Option(help="Which snapshot, by its name; the newest unless said.")] = "",
    database_only: Annotated[
        bool, typer.Option("--database-only", help="Leave originals, local Cloudflare and keys as they are.")
    ] = False,
) -> None:
    """Put a backup in the place of data that is not there. Nothing is overwritten; the server must not run."""
    from images_app.backup.layout import snapshots
    from images_app.backup.putback import restore, verify
    from images_app.cli.lock import hold
    from images_app.settings import settings

    with plain_errors():
        own, folder = settings(), folder.absolute()
        place = _place(own)
        known = {snapshot.name: snapshot for snapshot in snapshots(folder)}
        if not known or (at and at not in known):
            fail(f"There is no {'snapshot ' + at if at else 'complete backup'} in {folder}.", 4)
        snapshot = known[at or max(known)]
        with hold(own.make_data_dir()):
            wrong = verify(folder, snapshot, database_only=database_only)
            if wrong:
                fail("This backup is damaged, nothing was restored:\n" + "\n".join(wrong))
            try:
                count = restore(folder, snapshot, place, own.data_dir, database_only=database_only)
            except (OSError, shutil.Error) as error:
                fail(f"Not everything was restored, try again: {error}")
    typer.echo(f"Restored {snapshot.name} with {count} originals and images. Start the server, then: aeontel doctor")


def _place(settings: "Settings") -> "Place":
    from images_app.backup.layout import Place
    from images_app.database import url_of

    url = url_of(settings.database_url)
    if url.get_backend_name() != "sqlite":
        fail("The database is PostgreSQL: use its own tools (pg_dump, or its write-ahead log), see docs/operations.md.")
    return Place(
        database=Path(str(url.database)).absolute(),
        keys=settings.data_dir / "keys",
        objects=settings.data_dir / "objects" if settings.storage == "disk" else None,
        cloudflare=settings.data_dir / "cloudflare" if settings.cloudflare == "local" else None,
    )
