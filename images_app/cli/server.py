"""`aeontel serve`, `aeontel build` and `aeontel migrate`."""

from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from images_app.cli import serving
from images_app.cli.fault import fail, plain_errors

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from images_app.settings import Settings


def migrate(
    source: Annotated[
        str, typer.Option("--from", help="Move everything from this SQLite database: sqlite:////path/aeontel.db.")
    ] = "",
    objects_from: Annotated[
        Path | None, typer.Option(help="Copy originals from this data directory into the object store that is set.")
    ] = None,
) -> None:
    """Bring the database to the newest shape; with --from, move a SQLite database into an empty PostgreSQL one."""
    from images_app import migrations
    from images_app.settings import settings

    with plain_errors():
        own = settings()
        own.make_data_dir()
        if source:
            _move(source, own)
        elif objects_from is None:
            migrations.upgrade(own.database_url)
        if objects_from is not None:
            _copy_objects(objects_from, own)


def _move(source: str, settings: "Settings") -> None:
    from images_app import moving

    moved = moving.move(source, settings.database_url)
    for table, count in moved.items():
        typer.echo(f"{count:9} {table}", err=True)


def _copy_objects(data_dir: Path, settings: "Settings") -> None:
    from images_app import bootstrap, keys, moving

    if not (data_dir / "objects" / "data").is_dir():
        fail(f"There are no originals in {data_dir}.")
    own = keys.load(settings.data_dir / "keys", settings.secret_key)
    copied, count = moving.copy_objects(
        bootstrap.disk_store(data_dir, settings, own), bootstrap.object_store(settings, own)
    )
    typer.echo(f"{copied} of {count} objects were copied; the others were there.", err=True)


def build() -> None:
    """Build the front end, as `serve` does when it is not there; for images of containers and machines."""
    from images_app.settings import settings

    with plain_errors():
        _build_front_end(settings())


def serve(
    headless: Annotated[
        bool, typer.Option("--headless", help="API, local Cloudflare and jobs, without pages.")
    ] = False,
) -> None:
    """Run the server: migrations, front end, then everything on one port until Ctrl-C."""
    with serving.built_to_stay():
        app, own, lock = _prepared(headless=headless)
    serving.serve(app, own.host, own.port)
    lock.close()


def _prepared(*, headless: bool) -> tuple["ASGIApp", "Settings", IO[str]]:
    """The server, when everything says that it can work; its settings, and the lock on its data directory."""
    from images_app.cli.instance import require_data, require_same_store
    from images_app.cli.local import first_start, require_shared_keys
    from images_app.cli.lock import hold
    from images_app.cli.remote import require_cloudflare
    from images_app.cli.storage import require_storage
    from images_app.settings import settings

    with plain_errors():
        own = settings()
        serving.require_free_port(own.host, own.port, "PORT=3001 make run")
        require_data(own)
        lock = hold(own.make_data_dir())
        require_shared_keys()
        require_storage(own)
        require_same_store(own)
        require_cloudflare(own)
        if not headless:
            _build_front_end(own)
        welcome = first_start()  # last, as a generated password is shown once: nothing after it may fail
    serving.announce(
        own.host, own.port, "\n".join(["", f"Aeontel Images: {own.public_url}", *welcome, "Ctrl-C ends it.", ""])
    )
    return _headless() if headless else _with_face(own), own, lock


def _build_front_end(settings: "Settings") -> None:
    from images_app import frontend

    if frontend.is_current(settings):
        return
    typer.echo("Building the front end. The first time this takes about half a minute.")
    try:
        frontend.build(settings)
    except RuntimeError as error:
        fail(str(error))


def _headless() -> "ASGIApp":
    from images_app.server import headless

    return headless()


def _with_face(settings: "Settings") -> "ASGIApp":
    """The server around the finished export."""
    from images_app.settings import enter_reflex_environment

    enter_reflex_environment(settings, serving=True)
    from images_app.images_app import app  # only now: Reflex reads its environment when it is loaded

    return app()
