"""`aeontel keys`: the keys that several servers share."""

import typer

from images_app.cli.fault import plain_errors

app = typer.Typer(no_args_is_help=True, help="The keys that the servers of one database share.")


@app.callback()
def _group() -> None:
    """Keep `adopt` a subcommand while it is the only one."""


@app.command()
def adopt() -> None:
    """Make the keys of this machine the right ones for its database; servers with others will not start again."""
    from images_app.cli.local import adopt_keys

    with plain_errors():
        adopt_keys()
