"""`aeontel`: every command. Modules are imported inside the commands, so that `--help` stays fast."""

import atexit
import gc
import sys
from typing import Any

import typer

from images_app.cli import backup, cloudflare, doctor, keys, mcp, server, token, user
from images_app.cli.rest import account, download, events, file, image, upload, workspace
from images_app.cli.rest.connection import command

# httpx loads its own command line wherever click is installed, as it is with the server's packages: with rich and
# pygments, a quarter of what `aeontel image list` takes. None in its place is how Python is told not to.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]


_GARBAGE = 50_000
"""New objects before Python looks for garbage among them; 700 by default, which is for every other module it loads."""


class _Commands(typer.Typer):
    """Says what to install when a command needs the server's part, and only the client's is here."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        gc.set_threshold(_GARBAGE)
        atexit.register(gc.freeze)  # at the end nothing is garbage that is worth looking for
        try:
            return super().__call__(*args, **kwargs)
        except ModuleNotFoundError as error:
            missing = (error.name or "").partition(".")[0]
            if missing in ("", "images_app"):
                raise
            typer.echo(
                f"This command needs the server's part, which is not installed here ({missing} is missing). "
                "In a clone of the repository: pip install '.[server]'",
                err=True,
            )
            sys.exit(1)


app = _Commands(no_args_is_help=True, pretty_exceptions_enable=False, help="Aeontel Images.")
account.register(app)
command(app, "events")(events.events)
command(app, "mcp")(mcp.mcp)
app.add_typer(image.app, name="image")
upload.register(file.app)
download.register(file.app)
app.add_typer(file.app, name="file")
app.add_typer(workspace.app, name="workspace")
app.command("serve")(server.serve)
app.command("build")(server.build)
app.command("migrate")(server.migrate)
app.command("doctor")(doctor.doctor)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.add_typer(token.app, name="token")
app.add_typer(user.app, name="user")
app.add_typer(cloudflare.app, name="cloudflare")
app.add_typer(keys.app, name="keys")
